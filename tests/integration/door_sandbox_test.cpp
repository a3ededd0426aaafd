// SPDX-License-Identifier: Apache-2.0
#include "door_harness.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include <catch_compat.hpp>

using namespace mohr;
using namespace mohr::test;
using nlohmann::json;

namespace {

/// The door's threads beside its loop.
constexpr std::array threads{"hash-thread", "disk-thread"};

/// What one attack from inside the running door led to: "succeeded", "refused, errno N", or "killed".
std::string outcome_of(const std::string& attack, std::vector<std::string> options = {}) {
    DoorSettings settings;
    settings.arguments = std::move(options);
    settings.arguments.insert(settings.arguments.end(), {"--attack", attack});
    DoorProcess door(settings);
    const std::string mark = "attack " + attack + ": ";
    for (int i = 0; i < 300; ++i) {
        if (door.has_ended())
            return door.wait() == -SIGSYS ? "killed" : "ended with " + std::to_string(door.wait());
        const std::string log = door.log();
        if (const std::size_t at = log.find(mark); at != std::string::npos)
            return log.substr(at + mark.size(), log.find('\n', at) - at - mark.size());
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "nothing";
}

struct TlsClient {
    Owned<SSL_CTX, SSL_CTX_free> context{SSL_CTX_new(TLS_client_method())};
    Wire wire;
    Owned<SSL, SSL_free> ssl;
    explicit TlsClient(const DoorProcess& door) : wire(door.tls_port()) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), door.tls().certificate->get0());
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
        ssl.reset(SSL_new(context.get()));
        SSL_set_fd(ssl.get(), wire.fd());
    }
    /// SSL_set_tlsext_host_name() is a macro with a cast that we do not allow.
    void name(std::string host) {
        SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
    }
    bool connect() { return SSL_connect(ssl.get()) == 1; }
    std::string exchange(const std::string& request) {
        SSL_write(ssl.get(), request.data(), static_cast<int>(request.size()));
        std::string all;
        std::array<char, 4096> buffer{};
        while (all.find("\r\n\r\n") == std::string::npos) {
            const int n = SSL_read(ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
            if (n <= 0) break;
            all.append(buffer.data(), static_cast<std::size_t>(n));
        }
        return all;
    }
};

} // namespace

TEST_CASE("from inside the running door nothing can be opened, started, reached or made [T07] [T39]",
          "[door][integration][sandbox]") {
    if (!DoorProcess::can_attack()) return;
    CHECK(outcome_of("none") == "succeeded"); // a success would be seen
    for (const char* attack :
         {"open-passwd", "open-home", "create-file", "unlink", "execve", "fork", "connect-out",
          "connect-loopback", "connect-old-socket", "netlink", "unix-socket", "ptrace-parent", "kill-parent",
          "executable-memory", "set-dumpable"}) {
        INFO(attack);
        CHECK(outcome_of(attack) == "killed");
        for (const char* thread : threads) CHECK(outcome_of(attack, {"--attack-from", thread}) == "killed");
    }
}

TEST_CASE("Landlock alone stops files and connections, at each ABI as far as it goes [T07] [T39]",
          "[door][integration][sandbox]") {
    if (!DoorProcess::can_attack()) return;
    // Without any of the two the attacks succeed: what stops them below is what is tested.
    CHECK(outcome_of("open-passwd", {"--no-seccomp", "--force-landlock-abi", "0"}) == "succeeded");
    CHECK(outcome_of("execve", {"--no-seccomp", "--force-landlock-abi", "0"}) != "killed");
    const int here = DoorProcess().ready().landlock_abi;
    for (int abi = 1; abi <= here; ++abi) {
        INFO("ABI " << abi);
        const std::vector<std::string> options{"--no-seccomp", "--force-landlock-abi", std::to_string(abi)};
        for (const char* attack : {"open-passwd", "open-home", "create-file", "execve"})
            CHECK(outcome_of(attack, options) == "refused, errno 13");
        for (const char* thread : threads) {
            std::vector<std::string> there = options;
            there.insert(there.end(), {"--attack-from", thread});
            CHECK(outcome_of("open-passwd", there) == "refused, errno 13");
        }
        const std::string connected = outcome_of("connect-old-socket", options);
        CHECK(connected == (abi >= 4 ? "refused, errno 13" : "refused, errno 111"));
    }
}

TEST_CASE("the door says which sandbox it has, and works in each", "[door][integration][sandbox]") {
    for (const int forced : {0, 1, 3, -1}) {
        DoorSettings settings;
        if (forced >= 0) settings.arguments = {"--force-landlock-abi", std::to_string(forced)};
        if (forced == 1) settings.arguments.emplace_back("--no-memfd-secret");
        DoorProcess door(settings);
        CHECK(door.ready().seccomp);
        if (forced >= 0) CHECK(door.ready().landlock_abi <= forced);
        Page page(door);
        const json document{{"name", "a"}, {"data", to_base64(as_bytes("x"))}};
        CHECK(page.result("sign.cms", {{"document", document}}).contains("cms"));
    }
}

TEST_CASE("the door runs as the test's user, is not dumpable, and leaves no core file [T30]",
          "[door][integration][sandbox]") {
    DoorProcess door;
    const std::string status = door.proc("status");
    CHECK(status.find("NoNewPrivs:\t1") != std::string::npos);
    CHECK(status.find("Seccomp:\t2") != std::string::npos);
    CHECK(status.find("Uid:\t0\t") == std::string::npos);
    CHECK(door.proc("limits").find("Max core file size        0                    0") != std::string::npos);
    CHECK_FALSE(door.readable_by_its_user("mem"));
    CHECK_FALSE(door.readable_by_its_user("environ"));
}

TEST_CASE("TLS is 1.2 or later with authenticated ciphers, no tickets, for localhost only [T05]",
          "[door][integration][tls]") {
    DoorProcess door;
    const std::string host = "localhost:" + std::to_string(door.tls_port());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsClient client(door);
        SSL_set_min_proto_version(client.ssl.get(), version);
        SSL_set_max_proto_version(client.ssl.get(), version);
        client.name("localhost");
        REQUIRE(client.connect());
        CHECK(SSL_CIPHER_is_aead(SSL_get_current_cipher(client.ssl.get())) == 1);
        CHECK(client.exchange(upgrade_head(host, "https://portal.example")) ==
              upgrade_answer); // names no server
        CHECK(SSL_SESSION_has_ticket(SSL_get_session(client.ssl.get())) == 0);
    }
    {
        TlsClient by_address(door);
        REQUIRE(by_address.connect());
        const std::string address = "127.0.0.1:" + std::to_string(door.tls_port());
        CHECK(
            by_address.exchange(upgrade_head(address, "https://portal.example")).rfind("HTTP/1.1 101 ", 0) ==
            0);
    }
    {
        TlsClient wrong_name(door);
        wrong_name.name("portal.example");
        CHECK_FALSE(wrong_name.connect());
    }
    {
        TlsClient old(door);
        SSL_set_security_level(old.ssl.get(), 0);
        SSL_set_min_proto_version(old.ssl.get(), TLS1_VERSION);
        SSL_set_max_proto_version(old.ssl.get(), TLS1_1_VERSION);
        CHECK_FALSE(old.connect());
    }
    {
        TlsClient cbc(door);
        SSL_set_max_proto_version(cbc.ssl.get(), TLS1_2_VERSION);
        REQUIRE(SSL_set_cipher_list(cbc.ssl.get(), "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA") == 1);
        CHECK_FALSE(cbc.connect());
    }
    {
        TlsClient rebinding(door);
        REQUIRE(rebinding.connect());
        CHECK(rebinding.exchange(upgrade_head("rebind.test", "https://portal.example")) ==
              "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
    ERR_clear_error();
    // The plain port is no TLS port, and the other way round: the same refusal, or nothing.
    Wire plain(door.tls_port());
    plain.write(upgrade_head(host, "https://portal.example"));
    CHECK(plain.read_to_end().find("HTTP/1.1 101") == std::string::npos);
}
