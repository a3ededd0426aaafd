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
    std::vector<Descriptor> previews;
    PromptRequest prompt; ///< requester's part filled in
    std::optional<token::KeyId> only;
    std::string preselected;
    unsigned pin_min = 4;
    unsigned pin_max = 24;
};
struct Prepared {
    PromptRequest prompt;
    std::vector<token::TokenObject> objects;
    std::vector<Certificate> certificates; ///< to be imported
};
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
};
using Finished = std::function<void(protocol::Outcome<Done>)>;

struct Job {
    Consent consent;
    link::Request request; ///< typed parameters: format, scheme, signing time, recipients
    std::vector<Certificate> certificates;
    std::optional<token::Authorisation> proof;
    std::shared_ptr<std::atomic<bool>> given_up; ///< nothing more is signed once it is set
    Instant now{};
};
/// Has the token do it and calls `finished` once, on some thread of the pool. Items of a batch are signed
/// side by side, all or nothing.
void perform(Executor& executor, token::Token& token, Job job, Finished finished);

/// "mohr-auth-v1\0" ‖ SHA-256(origin) ‖ SHA-256(challenge)
[[nodiscard]] Bytes login_statement(std::string_view origin, ByteView challenge);

} // namespace mohr::core::operation_work
