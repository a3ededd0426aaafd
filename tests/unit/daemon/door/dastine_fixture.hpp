// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "../../signing/pki.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>
#include <sys/mman.h>

#include <map>
#include <optional>

#include <catch_compat.hpp>
#include <door/dastine_front.hpp>
#include <fake_clock.hpp>

namespace mohr::test {

namespace link = protocol::link;
using nlohmann::json;

/// Writes down what the front does.
struct DastineRecorder final : door::DastineHost {
    void send(link::ConnectionId connection, std::string text) override {
        replies[connection].push_back(json::parse(text));
    }
    void send_piece(link::ConnectionId connection, std::string piece, bool last) override {
        largest_piece = std::max(largest_piece, piece.size());
        pieces[connection] += piece;
        unsent += piece.size();
        if (last) replies[connection].push_back(json::parse(std::exchange(pieces[connection], {})));
    }
    [[nodiscard]] std::size_t unsent_bytes(link::ConnectionId) const override { return unsent; }
    void resume_reading(link::ConnectionId connection) override { resumed.push_back(connection); }
    void close(link::ConnectionId, door::CloseCode code) override { closed.push_back(code); }
    [[nodiscard]] link::OperationId start_operation(link::ConnectionId connection, const std::string& session,
                                                    link::Request request, door::Descriptors) override {
        operations.push_back({connection, session, std::move(request)});
        return operations.size();
    }
    void cancel_operation(link::OperationId id) override { cancelled.push_back(id); }
    void open_spool(std::uint64_t, std::function<void(door::SpoolFile)> opened) override {
        if (hold_spools)
            spools.push_back(std::move(opened));
        else
            opened(Descriptor(::memfd_create("spool", MFD_CLOEXEC)));
    }
    void reset_session(link::ConnectionId, const std::string& session) override { resets.push_back(session); }
    void step_soon() override { ++steps; }
    void failed(std::string_view command, std::string_view, const protocol::Failure&) override {
        failures.emplace_back(command);
    }

    struct Asked {
        link::ConnectionId connection = 0;
        std::string session;
        link::Request request;
    };
    std::map<link::ConnectionId, std::vector<json>> replies;
    std::map<link::ConnectionId, std::string> pieces;
    std::vector<Asked> operations;
    std::vector<link::OperationId> cancelled;
    std::vector<std::function<void(door::SpoolFile)>> spools;
    std::vector<std::string> resets;
    std::vector<std::string> failures;
    std::vector<link::ConnectionId> resumed;
    std::vector<door::CloseCode> closed;
    std::size_t unsent = 0;
    std::size_t largest_piece = 0;
    unsigned steps = 0;
    bool hold_spools = false;
};

struct DastineFixture {
    FakeClock clock;
    DastineRecorder host;
    door::DastineFront front;
    std::string info = "k3JdAAAA0000zzz";
    std::size_t answered = 0;

    explicit DastineFixture(link::Access access = link::Access::granted, link::DastineLimits limits = {})
        : front({limits, "5.8.38.0"}, clock, host) {
        open(1, access);
    }
    static link::SiteState site(link::Access access, link::SiteQuirks quirks = {}) {
        link::SiteState state;
        state.allowed = true;
        state.access = access;
        if (access == link::Access::granted) {
            state.token = "initialised";
            state.token_label = "Mohr";
        }
        state.quirks = quirks;
        return state;
    }
    void open(link::ConnectionId connection, link::Access access = link::Access::granted,
              const std::string& origin = "http://portal.example") {
        front.open(connection, origin, site(access));
    }
    void quirks(const link::SiteQuirks& quirks) { front.on_site(1, site(link::Access::granted, quirks)); }

    /// Sends a command with the script's members around it.
    void send(json message, link::ConnectionId connection = 1) {
        message["src"] = "dastine.js";
        message["info"] = info;
        (void)front.on_text(connection, message.dump(), true);
    }
    void send(const char* command, link::ConnectionId connection = 1) {
        send(json{{"command", command}}, connection);
    }
    /// How many replies have come, and the Result of the last.
    std::size_t count(link::ConnectionId connection = 1) { return host.replies[connection].size(); }
    std::string last(link::ConnectionId connection = 1) {
        REQUIRE(count(connection) > 0);
        const json& reply = host.replies[connection].back();
        REQUIRE(reply.size() == 2);
        REQUIRE(reply["Result"].is_string());
        return reply["Result"];
    }
    /// The Result of a command that is answered without the core.
    std::string at_once(const json& message, link::ConnectionId connection = 1) {
        const std::size_t before = count(connection);
        const std::size_t asked = host.operations.size();
        send(message, connection);
        REQUIRE(count(connection) == before + 1);
        CHECK(host.operations.size() == asked);
        CHECK(host.replies[connection].back()["command"] == message["command"]);
        return last(connection);
    }
    std::string at_once(const char* command, link::ConnectionId connection = 1) {
        return at_once(json{{"command", command}}, connection);
    }
    /// What the core was asked last, of that kind.
    template <class T>
    const T& asked() {
        REQUIRE(host.operations.size() > answered);
        REQUIRE(std::holds_alternative<T>(host.operations.back().request));
        return std::get<T>(host.operations.back().request);
    }
    void answer(protocol::Outcome<link::Answer> outcome) {
        REQUIRE(host.operations.size() > answered);
        answered = host.operations.size();
        front.on_reply(answered, std::move(outcome));
    }
    void fail(protocol::Code code) { answer(protocol::Failure(code)); }

    static link::CertificateView view() {
        return {"handle-1", identity(KeyType::p256).certificate.der(), {}, "active"};
    }
    static link::Answer signed_by_core(Bytes signature, link::Scheme scheme = link::Scheme::rsa_pkcs1_v15) {
        link::Signed answer;
        answer.certificate = view();
        answer.scheme = scheme;
        answer.digest_algorithm = DigestAlgorithm::sha256;
        answer.items.push_back({std::move(signature), Bytes{0x31, 0x00}});
        return answer;
    }
    void select(link::ConnectionId connection = 1) {
        send(json{{"command", "SelectCertificateFromTokenByUI"}, {"issuer", ""}, {"keyUsages", ""}},
             connection);
        answer(link::Answer(link::Selected{view()}));
        REQUIRE(last(connection) == "0");
    }
    static std::string b64(std::string_view text) { return to_base64(as_bytes(text)); }
};

} // namespace mohr::test
