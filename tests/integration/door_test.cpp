// SPDX-License-Identifier: Apache-2.0
#include "door_harness.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>
#include <openssl/ssl.h>

#include <thread>

#include <catch_compat.hpp>

using namespace mohr;
using namespace mohr::test;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::string_view refusal =
    "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

std::string answer_to(const DoorProcess& door, std::string_view request) {
    Wire wire(door.port());
    wire.write(request);
    return wire.read_to_end();
}

template <class F>
bool eventually(F holds, milliseconds within = seconds(5)) {
    const auto end = std::chrono::steady_clock::now() + within;
    while (std::chrono::steady_clock::now() < end) {
        if (holds()) return true;
        std::this_thread::sleep_for(milliseconds(10));
    }
    return holds();
}

json inline_document(std::string_view text) {
    return {{"name", "a.txt"}, {"data", to_base64(as_bytes(text))}};
}

} // namespace

TEST_CASE("a granted page gets its state, a signature and a CMS", "[door][integration]") {
    DoorProcess door;
    Page page(door);
    REQUIRE(page.open());
    CHECK(page.response().find("Sec-WebSocket-Protocol: mohr.v1\r\n") != std::string::npos);
    CHECK(page.response().find("Beast") == std::string::npos);
    CHECK(page.response().find("Access-Control") == std::string::npos);
    const json info = page.result("service.info", json::object());
    CHECK(info["access"] == "granted");
    CHECK(info["origin"] == "https://portal.example");
    CHECK(info["token"] == "initialised");
    const json raw = page.result("sign.raw", {{"document", inline_document("hello")}});
    CHECK(raw["algorithm"] == "RSASSA-PKCS1-v1_5-SHA-256");
    const auto signature = from_base64(raw["signature"].get<std::string>());
    REQUIRE(signature);
    CHECK(signature->size() == 256);
    const json cms = page.result("sign.cms", {{"document", inline_document("hello")}, {"detached", false}});
    const json report = page.result("verify", {{"cms", cms["cms"]}});
    CHECK(report["valid"] == true);
    CHECK(report["detached"] == false);
    CHECK(report["size"] == 5);
    const json detached = page.result("sign.cms", {{"document", inline_document("hello")}});
    CHECK(page.result("verify",
                      {{"cms", detached["cms"]}, {"document", inline_document("hello")}})["valid"] == true);
    const json wrong =
        page.result("verify", {{"cms", detached["cms"]}, {"document", inline_document("hallo")}});
    CHECK(wrong["valid"] == false);
    CHECK(wrong["signers"][0]["verdict"] == "digest_mismatch");
}

TEST_CASE("request shapes that are no upgrade get the same bytes and a close [T06] [T10]",
          "[door][integration]") {
    DoorProcess door;
    const std::string host = "Host: " + door.host() + "\r\n";
    const std::string origin = "Origin: https://portal.example\r\n";
    const std::string good = upgrade_head(door.host(), "https://portal.example");
    const auto without = [&](const std::string& line) {
        std::string text = good;
        return text.erase(text.find(line), line.size() + 2);
    };
    const std::vector<std::string> shapes{
        "GET / HTTP/1.1\r\n" + host + "\r\n",
        "GET /v1 HTTP/1.1\r\n" + host + "\r\n",
        "GET /v1 HTTP/1.1\r\n" + host + origin + "\r\n",
        "HEAD /v1 HTTP/1.1\r\n" + host + "\r\n",
        "POST /v1 HTTP/1.1\r\n" + host + origin +
            "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
        "POST /v1 HTTP/1.1\r\n" + host + origin + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "OPTIONS /v1 HTTP/1.1\r\n" + host + origin +
            "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Private-Network: true\r\n\r\n",
        "PUT /v1 HTTP/1.1\r\n" + host + "\r\n",
        "DELETE /v1 HTTP/1.1\r\n" + host + "\r\n",
        "TRACE / HTTP/1.1\r\n" + host + "\r\n",
        "CONNECT portal.example:443 HTTP/1.1\r\n" + host + "\r\n",
        "GET /v1 HTTP/1.0\r\n" + host + "\r\n",
        "GET /v1 HTTP/0.9\r\n\r\n",
        "GET /v1\n\n",
        "GET /favicon.ico HTTP/1.1\r\n" + host + "\r\n",
        "GET /json/version HTTP/1.1\r\n" + host + "\r\n",
        "GET http://" + door.host() + "/v1 HTTP/1.1\r\n" + host + "\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "garbage\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC", 9),
        std::string("\0\0\0\0", 4),
        "\r\n\r\n",
        without("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        without("Sec-WebSocket-Version: 13"),
        without("Sec-WebSocket-Protocol: mohr.v1"),
        without("Upgrade: websocket"),
        without("Connection: Upgrade"),
        without("Host: " + door.host()),
        upgrade_head(door.host(), ""),
        upgrade_head(door.host(), "null"),
        upgrade_head("rebind.test:" + std::to_string(door.port()), "https://portal.example"),
        upgrade_head("localhost:" + std::to_string(door.port()), "https://portal.example"),
        upgrade_head(door.host(), "https://portal.example", "Content-Length: 0\r\n"),
        upgrade_head(door.host(), "https://portal.example", "X: " + std::string(9000, 'x') + "\r\n"),
        good + "early bytes",
        good + good,
    };
    CHECK(shapes.size() >= 30);
    for (const std::string& shape : shapes) {
        INFO(shape.substr(0, 200));
        CHECK(answer_to(door, shape) == refusal);
    }
    CHECK(door.count("site_open") == 0);
    // Cookies and the like change nothing, either way.
    CHECK(answer_to(door, "GET / HTTP/1.1\r\n" + host + "Cookie: s=1\r\nAuthorization: Basic eDp5\r\n\r\n") ==
          refusal);
    Page::Options with_cookies;
    with_cookies.extra = "Cookie: session=1\r\nAuthorization: Basic eDp5\r\n";
    Page page(door, with_cookies);
    CHECK(page.open());
    CHECK(page.response().find("Set-Cookie") == std::string::npos);
    CHECK(page.response() == Page(door).response());
}

TEST_CASE("the answer to an upgrade names no server over ws [T13]", "[door][integration]") {
    DoorProcess door;
    Page page(door);
    CHECK(page.response() == upgrade_answer);
    CHECK(page.result("service.info", json::object())["access"] == "granted");
}

TEST_CASE("each origin of the table gets 101 or the refusal, exactly [T01] [T02] [T03]",
          "[door][integration]") {
    DoorProcess door;
    for (const char* origin : {"https://portal.example", "https://portal.example:8443", "https://192.0.2.7",
                               "https://[2001:db8::1]"}) {
        INFO(origin);
        Page::Options options;
        options.origin = origin;
        CHECK(Page(door, options).open());
    }
    for (const char* origin :
         {"null", "http://portal.example", "http://127.0.0.1:3000", "file://", "data:", "about:blank",
          "chrome-extension://abc", "moz-extension://0", "https://portal.example.", "https://PORTAL.example",
          "https://portal.example/", "https://portal.example:443"}) {
        INFO(origin);
        CHECK(answer_to(door, upgrade_head(door.host(), origin)) == refusal);
    }
    const std::size_t opened = door.count("site_open");
    CHECK(opened == 4);
}

TEST_CASE("developer mode lets http pages of loopback in", "[door][integration]") {
    DoorSettings settings;
    settings.developer_mode = true;
    DoorProcess door(settings);
    Page::Options options;
    options.origin = "http://localhost:3000";
    CHECK(Page(door, options).open());
    CHECK(answer_to(door, upgrade_head(door.host(), "http://portal.example")) == refusal);
}

TEST_CASE("a peer that is another user's is closed before any byte [T24]", "[door][integration]") {
    DoorProcess door;
    door.on_core([&] { door.peer = [](const auto&) { return false; }; });
    CHECK(answer_to(door, upgrade_head(door.host(), "https://portal.example")).empty());
    CHECK(door.count("site_open") == 0);
    INFO("the door: " << door.state());
    CHECK(eventually([&] { return door.log().find("another user") != std::string::npos; }));
}

TEST_CASE("a site that the core does not allow gets the refusal instead of the 101 [T24]",
          "[door][integration]") {
    DoorProcess door;
    door.on_core([&] {
        door.site = [](const protocol::link::SiteOpen& open) {
            return protocol::link::SiteState{open.connection, false, protocol::link::Access::granted,
                                             "initialised"};
        };
    });
    CHECK(answer_to(door, upgrade_head(door.host(), "https://portal.example")) == refusal);
}

TEST_CASE("frames that break the protocol close with the right code [T08] [T09]", "[door][integration]") {
    DoorProcess door;
    Page page(door);
    REQUIRE(page.open());
    SECTION("an unmasked frame") {
        page.send_frame(0x81, "{}", false);
        CHECK(page.close_code() == 1002);
    }
    SECTION("reserved bits") {
        page.send_frame(0xC1, "{}");
        CHECK(page.close_code() == 1002);
    }
    SECTION("an unknown opcode") {
        page.send_frame(0x83, "{}");
        CHECK(page.close_code() == 1002);
    }
    SECTION("a continuation of nothing") {
        page.send_frame(0x80, "{}");
        CHECK(page.close_code() == 1002);
    }
    SECTION("text that is not UTF-8") {
        page.send_frame(0x81, "\"\xFF\xFE\"");
        CHECK(page.close_code() == 1007);
    }
    SECTION("a text message over 256 KiB") {
        page.send_frame(0x81, std::string(256 * 1024 + 1, ' '));
        CHECK(page.close_code() == 1009);
    }
    SECTION("a binary message over 1 MiB") {
        page.send_frame(0x82, std::string(1024 * 1024 + 5, ' '));
        CHECK(page.close_code() == 1009);
    }
    SECTION("a frame that claims 2^63-1 bytes costs no memory") {
        const std::size_t before = door.resident_kib();
        page.send_raw(std::string("\x81\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 14));
        CHECK(page.close_code() == 1009);
        door.check_resident_below(before + 1024);
    }
    SECTION("three unknown methods [T07]") {
        for (int i = 0; i < 3; ++i) CHECK(page.error("run.command", json::object()) == "method_not_found");
        CHECK(page.close_code() == 1008);
    }
    // Another connection is not concerned.
    CHECK(Page(door).open());
}

TEST_CASE("a message in many frames with pings between is one message", "[door][integration]") {
    DoorProcess door;
    Page page(door);
    const std::string text = R"({"jsonrpc":"2.0","id":1,"method":"service.info"})";
    page.send_frame(0x01, text.substr(0, 10));
    page.send_frame(0x89, "ping");
    page.send_frame(0x00, text.substr(10, 10));
    page.send_frame(0x80, text.substr(20));
    const auto pong = page.receive();
    REQUIRE(pong);
    CHECK(pong->opcode == 10);
    const auto reply = page.receive();
    REQUIRE(reply);
    CHECK(json::parse(reply->payload)["result"]["protocol"] == "mohr.v1");
}

TEST_CASE("slow and silent connections end at their timers [T09]", "[door][integration]") {
    DoorSettings settings;
    settings.limits.silent = milliseconds(600);
    settings.limits.headers = milliseconds(300);
    settings.limits.tls_handshake = milliseconds(300);
    settings.limits.first_message = milliseconds(400);
    settings.limits.idle = milliseconds(900);
    settings.limits.ping = milliseconds(200);
    settings.limits.pong = milliseconds(300);
    DoorProcess door(settings);
    SECTION("silence lasts its own time and no longer") {
        Wire silent(door.port());
        CHECK_FALSE(silent.closes(milliseconds(450)));
        CHECK(silent.closes(milliseconds(2000)));
    }
    SECTION("a head that never ends") {
        Wire slow(door.port());
        slow.write("GET /v1 HTTP/1.1\r\n");
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < 4; ++i) {
            slow.write("X: y\r\n");
            std::this_thread::sleep_for(milliseconds(100));
        }
        CHECK(slow.read_to_end() == refusal);
        CHECK(std::chrono::steady_clock::now() - begin < seconds(3));
    }
    SECTION("a TLS hello that never ends") {
        Wire slow(door.tls_port());
        slow.write("\x16");
        CHECK_FALSE(slow.closes(milliseconds(150)));
        CHECK(slow.closes(milliseconds(2000)));
    }
    SECTION("no first message") {
        Page page(door);
        CHECK(page.close_code() == 1008);
    }
    SECTION("no message for long, though pings are answered") {
        Page page(door);
        (void)page.result("service.info", json::object());
        const auto begin = std::chrono::steady_clock::now();
        CHECK(page.close_code() == 1001);
        CHECK(std::chrono::steady_clock::now() - begin > milliseconds(700));
    }
    SECTION("a peer that does not answer pings") {
        Page page(door);
        (void)page.result("service.info", json::object());
        page.answer_pings = false;
        const auto begin = std::chrono::steady_clock::now();
        CHECK(page.close_code(seconds(5)) == 0); // dropped
        CHECK(std::chrono::steady_clock::now() - begin < milliseconds(850));
    }
    CHECK(eventually([&] { return door.count("connection_closed") == 1; }));
}

TEST_CASE("the shipped timers and limits are the published ones [T09]", "[door]") {
    const protocol::link::Limits limits;
    CHECK(limits.silent == seconds(300));
    CHECK(limits.headers == seconds(10));
    CHECK(limits.tls_handshake == seconds(10));
    CHECK(limits.first_message == seconds(30));
    CHECK(limits.ping == seconds(25));
    CHECK(limits.pong == seconds(20));
    CHECK(limits.idle == std::chrono::minutes(15));
    CHECK(limits.connections == 64);
    CHECK(limits.connections_per_origin == 10);
    CHECK(limits.silent_connections == 32);
    CHECK(limits.header_bytes == 8 * 1024);
    CHECK(limits.header_fields == 64);
    CHECK(limits.message_bytes == 256 * 1024);
    CHECK(limits.binary_bytes == 1024 * 1024);
    CHECK(limits.json_depth == 16);
    CHECK(limits.batch_items == 500);
    CHECK(limits.stream_bytes == std::uint64_t{4} * 1024 * 1024 * 1024);
    CHECK(limits.credit_bytes == 8 * 1024 * 1024);
    const protocol::link::DastineLimits dastine;
    CHECK(dastine.connections == 512);
    CHECK(dastine.connections_per_origin == 64);
    CHECK(dastine.message_bytes == 64 * 1024 * 1024);
}

TEST_CASE("of too many silent connections the oldest goes, of too many of an origin the newest [T09]",
          "[door][integration]") {
    DoorSettings settings;
    settings.limits.silent_connections = 4;
    settings.limits.connections_per_origin = 3;
    settings.limits.connections = 5;
    DoorProcess door(settings);
    std::vector<std::unique_ptr<Wire>> silent;
    for (int i = 0; i < 4; ++i) {
        silent.push_back(std::make_unique<Wire>(door.port()));
        CHECK(eventually([&] { return door.count("peer_check") == static_cast<std::size_t>(i) + 1; }));
    }
    CHECK_FALSE(silent[0]->closes(milliseconds(200)));
    silent.push_back(std::make_unique<Wire>(door.port()));
    CHECK(silent[0]->closes(milliseconds(2000)));
    CHECK_FALSE(silent[1]->closes(milliseconds(200)));

    std::vector<std::unique_ptr<Page>> pages;
    for (int i = 0; i < 3; ++i) pages.push_back(std::make_unique<Page>(door));
    CHECK(pages.back()->open());
    CHECK(answer_to(door, upgrade_head(door.host(), "https://portal.example")) == refusal);
    Page::Options other;
    other.origin = "https://other.example";
    Page fourth(door, other);
    Page fifth(door, other);
    CHECK(fifth.open());
    other.origin = "https://third.example";
    CHECK(answer_to(door, upgrade_head(door.host(), other.origin)) == refusal);
}

TEST_CASE("a page that closes or cancels takes its operation with it", "[door][integration]") {
    DoorProcess door;
    door.on_core([&] { door.operation = [](const auto&, auto&) { return std::nullopt; }; });
    auto page = std::make_unique<Page>(door);
    const auto id = page->begin("certificates.list", json::object());
    REQUIRE(eventually([&] { return door.count("operation") == 1; }));
    page->notify("$/cancel", {{"id", id}});
    CHECK(page->finish(id)["error"]["data"]["code"] == "cancelled");
    CHECK(eventually([&] { return door.count("operation_cancel") == 1; }));
    page->begin("certificates.list", json::object());
    REQUIRE(eventually([&] { return door.count("operation") == 2; }));
    page.reset();
    CHECK(eventually([&] { return door.count("connection_closed") == 1; }));
}

TEST_CASE("the toggle ends sessions with a reason, and listening again lets pages in again [R12]",
          "[door][integration]") {
    DoorProcess door;
    Page page(door);
    (void)page.result("service.info", json::object());
    door.shut_listeners();
    door.send(protocol::link::FromCore(protocol::link::Listen{false, "switched_off"}));
    const auto said = page.receive();
    REQUIRE(said);
    CHECK(json::parse(said->payload)["params"]["reason"] == "switched_off");
    CHECK(page.close_code() == 1001);
    for (int i = 0; i < 2; ++i) {
        door.listen_again();
        door.send(protocol::link::FromCore(protocol::link::Listen{true, ""}));
        Page again(door);
        CHECK(again.open());
        door.shut_listeners();
        door.send(protocol::link::FromCore(protocol::link::Listen{false, "switched_off"}));
        CHECK(again.close_code() == 1001);
    }
    door.send(protocol::link::FromCore(protocol::link::Stop{}));
    CHECK(door.wait() == 0);
}

TEST_CASE("the door ends when its core is gone", "[door][integration]") {
    const auto begin = std::chrono::steady_clock::now();
    { DoorProcess door; }
    CHECK(std::chrono::steady_clock::now() - begin < seconds(3));
}
