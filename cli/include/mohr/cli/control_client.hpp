// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/cli/failure.hpp>
#include <mohr/cli/interrupts.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mohr::cli {

inline constexpr std::size_t max_message_bytes = 1024 * 1024;
inline constexpr std::size_t max_secret_bytes = 1024;
inline constexpr std::size_t max_message_depth = 16;
inline constexpr std::chrono::milliseconds connect_timeout{5'000};
inline constexpr std::chrono::milliseconds send_timeout{10'000};
/// How long an ordinary request may take.
inline constexpr std::chrono::milliseconds reply_timeout{15'000};
/// With a PIN check in it: Argon2id, and others before us.
inline constexpr std::chrono::milliseconds pin_reply_timeout{60'000};
/// Longest silence while the person is asked or a file is worked on: other prompts may come first.
inline constexpr std::chrono::milliseconds consent_reply_timeout{600'000};
/// After $/cancel.
inline constexpr std::chrono::milliseconds cancel_timeout{3'000};

/// A secret or a descriptor with its name in the message; they go in this order.
using NamedSecret = std::pair<std::string, Secret>;
using NamedDescriptor = std::pair<std::string, int>;

/// How a request waits for its reply.
struct Waiting {
    std::chrono::milliseconds limit = reply_timeout; ///< of silence: notifications and progress begin it anew
    /// A notification of the service that came meanwhile.
    std::function<void(std::string_view method, const nlohmann::json& params)> on_notification;
    /// Called about five times a second; true if work went on.
    std::function<bool()> on_tick;
    Interrupts* interrupts = nullptr; ///< SIGINT or SIGTERM cancels the request
};

/// One connection to the control socket (docs/control-api.md). Blocking, one thread, every wait limited.
class ControlClient {
public:
    /// Fails with service_not_running, or foreign_service if the listener is another user's: a PIN would go
    /// to them.
    [[nodiscard]] static Outcome<ControlClient> connect(const std::filesystem::path& socket);

    /// One request and its reply; the secrets are gone afterwards. Errors of the service become failures.
    [[nodiscard]] Outcome<nlohmann::json> call(std::string_view method, const nlohmann::json& params,
                                               std::vector<NamedSecret> secrets = {},
                                               const std::vector<NamedDescriptor>& descriptors = {},
                                               const Waiting& waiting = {});

    /// One JSON-RPC message as it is, with the secrets and descriptors named in it.
    [[nodiscard]] Outcome<void> send(nlohmann::json message, std::vector<NamedSecret> secrets = {},
                                     const std::vector<NamedDescriptor>& descriptors = {});
    /// The next whole message if it comes in time; a discarded JSON value if not. Fails with connection_lost
    /// or protocol_error.
    [[nodiscard]] Outcome<nlohmann::json> receive(std::chrono::milliseconds timeout);

    [[nodiscard]] int fd() const noexcept { return socket_.get(); }

private:
    explicit ControlClient(Descriptor socket) : socket_(std::move(socket)) {}
    [[nodiscard]] Outcome<void> send_frame(std::uint8_t kind, ByteView body,
                                           const std::vector<NamedDescriptor>& descriptors);
    [[nodiscard]] Outcome<nlohmann::json> take_buffered();
    [[nodiscard]] Outcome<nlohmann::json> await_reply(std::uint64_t id, const Waiting& waiting);

    Descriptor socket_;
    Bytes buffer_;
    std::uint64_t next_id_ = 1;
};

/// Whether brackets outside of strings nest deeper than `limit`: nlohmann's parser would recurse with them.
[[nodiscard]] bool nests_deeper(std::string_view json, std::size_t limit) noexcept;

} // namespace mohr::cli
