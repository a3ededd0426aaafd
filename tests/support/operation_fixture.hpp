// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "activity_log.hpp"
#include "counting_token.hpp"
#include "manual_executor.hpp"
#include "operations.hpp"
#include "permissions.hpp"
#include "recording_surface.hpp"
#include "token_fixture.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mohr::test {

namespace link = protocol::link;

/// The core's policy over a real token, a screen that the test answers, and nothing else of the daemon.
struct OperationFixture : TokenFixture {
    static constexpr auto portal = "https://portal.example";
    static constexpr auto other = "https://other.example";

    ManualExecutor executor{clock};
    RecordingSurface surface;
    TestAuthority authority{clock};
    std::unique_ptr<CountingToken> counting;
    std::unique_ptr<core::SitePermissions> sites;
    std::unique_ptr<core::ActivityLog> log;
    core::PolicyConfig config;
    std::unique_ptr<core::OperationService> service;
    /// The front that start() asks by, and the session that it names there.
    link::Api front = link::Api::v1;
    std::string session;
    std::vector<std::string> access_told;
    int token_told = 0;

    /// What came of one operation.
    struct Call {
        link::OperationId id = 0;
        std::vector<link::PromptState> states;
        std::vector<protocol::Outcome<link::Answer>> replies;

        [[nodiscard]] bool pending() const { return replies.empty(); }
        /// The one reply; fails the test if there is not exactly one.
        [[nodiscard]] const protocol::Outcome<link::Answer>& reply() const;
        [[nodiscard]] protocol::Code code() const; ///< of a reply that is a failure
        template <class T>
        [[nodiscard]] const T& as() const {
            return std::get<T>(reply().value());
        }
    };

    /// An initialised token whose keys allow everything, signing alone ("bronze"), and decryption alone.
    OperationFixture();
    ~OperationFixture();
    void restart_service();

    token::KeyId add_key(token::KeyAlgorithm algorithm, const char* key_usage,
                         std::chrono::hours lifetime = std::chrono::hours(24 * 365));
    [[nodiscard]] Certificate certificate_of(const token::KeyId& key) const;

    void allow_access(const std::string& origin = portal);
    Call& start(link::Request request, const std::string& origin = portal, link::ConnectionId connection = 1,
                std::vector<Descriptor> previews = {});
    Call& start_local(link::Request request);
    /// Starts it and runs until somebody has to do something.
    Call& ask(link::Request request, const std::string& origin = portal, link::ConnectionId connection = 1,
              std::vector<Descriptor> previews = {});
    /// Starts it, allows with this PIN, runs to the end.
    Call& ask_and_allow(link::Request request, std::string certificate = {},
                        const std::string& origin = portal, link::ConnectionId connection = 1);

    [[nodiscard]] static link::SignItem item(std::string_view content, int preview = -1);
    /// CMS over documents whose previews are not sent.
    [[nodiscard]] static link::Sign cms(const std::vector<std::string>& contents);
    [[nodiscard]] std::vector<std::string> log_lines() const;

    std::vector<std::unique_ptr<Call>> calls;
    token::KeyId silver, bronze;
};

/// A memory file with these bytes; sealed unless said otherwise.
[[nodiscard]] Descriptor memory_file(std::string_view content, bool sealed = true);
/// Whether `signature` over `message` is right for this certificate's key (PKCS#1 v1.5 or ECDSA).
[[nodiscard]] bool verifies(const Certificate& certificate, DigestAlgorithm algorithm, ByteView message,
                            ByteView signature);

} // namespace mohr::test
