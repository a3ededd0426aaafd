// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "certificate_choice.hpp"
#include "operations.hpp"
#include <mohr/base/x509.hpp>
#include <mohr/token/token.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The parts of an operation that block: all of it runs on the pool and knows nothing of who waits.
namespace mohr::core::operation_work {

/// What is known before the person is asked.
struct Order {
    link::Request request;
    std::vector<std::shared_ptr<const DocumentContent>> previews; ///< the message's descriptors
    PromptRequest prompt;                                         ///< requester's part filled in
    std::optional<token::KeyId> only;
    std::string preselected;
    std::vector<token::KeyId> session_keys; ///< generated in the page's session
    bool portal = false;
    unsigned pin_min = 4;
    unsigned pin_max = 24;
    unsigned admin_pin_min = 4;
    unsigned admin_pin_max = 24;
};
struct Prepared {
    PromptRequest prompt;
    std::vector<token::TokenObject> objects;
    std::vector<Certificate> certificates; ///< to be imported, the one that a key fits first
    bool unlocked = false;
};
/// Whether preparing takes microseconds and waits for nothing: then the I/O thread does it itself, since two
/// hops would cost more.
[[nodiscard]] bool is_quick(const token::Token& token, const Order& order) noexcept;
/// Looks at token and previews, and writes the prompt.
[[nodiscard]] protocol::Outcome<Prepared> prepare(const token::Token& token, const Order& order);

/// A yes to exactly one shown prompt; made from the broker's answer, used up by one run of the token (T20).
/// Digests, names and count of what is signed come from `shown` and from nowhere else.
struct Consent {
    PromptRequest shown;
    std::optional<token::TokenObject> object; ///< the certificate that was picked
    Consent(PromptRequest s, std::optional<token::TokenObject> o)
        : shown(std::move(s)), object(std::move(o)) {}
    Consent(Consent&&) = default;
    Consent& operator=(Consent&&) = default;
    Consent(const Consent&) = delete;
    Consent& operator=(const Consent&) = delete;
};

struct Done {
    link::Answer answer;                      ///< without its certificate view
    std::optional<token::TokenObject> object; ///< whose view goes into it
    std::optional<token::KeyId> made{};       ///< a key without a certificate
    std::optional<token::KeyId> gone{};       ///< or one that has got it, or was removed
    /// Takes a change of the token back that nobody waits for any more; on the pool.
    std::function<protocol::Outcome<void>()> undo{};
};
using Finished = std::function<void(protocol::Outcome<Done>)>;

struct Job {
    Consent consent;
    link::Request request; ///< typed parameters: format, scheme, signing time, recipients
    std::vector<Certificate> certificates;
    std::shared_ptr<token::Authorisation> proof; ///< a decrypt window may hold it too
    std::shared_ptr<Secret> new_pin;
    std::shared_ptr<Secret> password;
    Bytes file;
    bool confirmed = false;                        ///< a guessable new PIN
    std::shared_ptr<std::atomic<bool>> given_up{}; ///< nothing more is signed once it is set
    Instant now{};
};
/// Whether the token does it in the time that a hop to the pool and back takes: then the I/O thread may.
[[nodiscard]] bool is_quick(const token::Token& token, const Job& job) noexcept;
/// Has the token do it and calls `finished` once, on the calling thread or some thread of the pool. Items of a batch are signed
/// side by side, all or nothing.
void perform(Executor& executor, token::Token& token, Job job, Finished finished);

/// "mohr-auth-v1\0" ‖ SHA-256(origin) ‖ SHA-256(challenge)
[[nodiscard]] Bytes login_statement(std::string_view origin, ByteView challenge);

} // namespace mohr::core::operation_work
