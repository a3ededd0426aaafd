// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <catch_compat.hpp>
#include <door/upgrade.hpp>

using namespace mohr::door;

namespace {

const UpgradeRules rules{{"127.0.0.1:51356"}, false, 8 * 1024, 64};

std::string head(const std::string& extra = {}) {
    return "GET /v1 HTTP/1.1\r\nHost: 127.0.0.1:51356\r\nOrigin: https://portal.example\r\nUpgrade: "
           "websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
           "dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Protocol: mohr.v1\r\n" +
           extra + "\r\n";
}

std::string with(const std::string& from, const std::string& to) {
    std::string text = head();
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

bool taken(const std::string& text) {
    return check_upgrade(text, rules).has_value();
}

} // namespace

TEST_CASE("only the serialisation of an https origin is acceptable [T01] [T03]", "[door]") {
    for (const char* origin :
         {"https://portal.example", "https://portal.example:8443", "https://a", "https://xn--mgb.example",
          "https://192.0.2.7", "https://192.0.2.7:444", "https://[2001:db8::1]", "https://[2001:db8::1]:8443",
          "https://a-b.c-d.example", "https://127.0.0.1", "https://localhost:3000", "https://0a.example",
          "https://a.b.c.d.e.f.g.example", "https://portal.example:65535", "https://portal.example:1"}) {
        INFO(origin);
        CHECK(is_acceptable_origin(origin, HttpOrigins::none));
    }
    for (const std::string& origin :
         std::vector<std::string>{"",
                                  "null",
                                  "https://",
                                  "https:",
                                  "https",
                                  "http://portal.example",
                                  "http://127.0.0.1",
                                  "http://localhost:3000",
                                  "ftp://portal.example",
                                  "file://",
                                  "file:///home",
                                  "data:text/html,x",
                                  "about:blank",
                                  "chrome://version",
                                  "chrome-extension://abcdefghijklmnop",
                                  "moz-extension://0-1-2",
                                  "blob:https://a",
                                  "https://portal.example.",
                                  "https://.portal.example",
                                  "https://portal..example",
                                  "https://Portal.example",
                                  "HTTPS://portal.example",
                                  "https://portal.example/",
                                  "https://portal.example/path",
                                  "https://portal.example?x",
                                  "https://portal.example#x",
                                  "https://user@portal.example",
                                  "https://user:pw@portal.example",
                                  "https://portal.example:",
                                  "https://portal.example:0",
                                  "https://portal.example:443",
                                  "https://portal.example:08443",
                                  "https://portal.example:65536",
                                  "https://portal.example:99999999999",
                                  "https://portal.example:8443x",
                                  "https://portal.example:-1",
                                  "https://portal.example:8443:8443",
                                  " https://portal.example",
                                  "https://portal.example ",
                                  "https://portal .example",
                                  "https://portal\texample",
                                  "https://p\xC3\xB6rtal.example",
                                  "https://-portal.example",
                                  "https://portal-.example",
                                  "https://por_tal.example",
                                  "https://*.example",
                                  "https://192.0.2.256",
                                  "https://192.0.2",
                                  "https://192.0.02.7",
                                  "https://0xc0000207",
                                  "https://3221225991",
                                  "https://[2001:DB8::1]",
                                  "https://[2001:db8:0:0::1]",
                                  "https://[2001:db8::1",
                                  "https://2001:db8::1",
                                  "https://[::1]x",
                                  "https://[fe80::1%25eth0]",
                                  "https://portal.example, https://b.example",
                                  "https://portal.example https://b.example",
                                  "https://" + std::string(254, 'a'),
                                  "https://" + std::string(64, 'a') + ".example"}) {
        INFO(origin);
        CHECK_FALSE(is_acceptable_origin(origin, HttpOrigins::none));
    }
}

TEST_CASE("developer mode adds http origins of loopback pages and nothing else [T01]", "[door]") {
    for (const char* origin :
         {"http://127.0.0.1", "http://127.0.0.1:8080", "http://localhost", "http://localhost:3000",
          "http://[::1]", "http://[::1]:3000", "https://portal.example"}) {
        INFO(origin);
        CHECK(is_acceptable_origin(origin, HttpOrigins::of_loopback));
    }
    for (const char* origin :
         {"http://portal.example", "http://127.0.0.2", "http://localhost.", "http://x.localhost",
          "http://localhost:80", "http://0.0.0.0", "http://[::]", "null", "http://LOCALHOST"}) {
        INFO(origin);
        CHECK_FALSE(is_acceptable_origin(origin, HttpOrigins::of_loopback));
    }
}

TEST_CASE("the Host must be one of the published names, exactly [T04] [T05]", "[door]") {
    CHECK(taken(head()));
    for (const char* host : {"localhost:51356",       "127.0.0.1",
                             "127.0.0.1:51357",       "127.0.0.1:051356",
                             "0.0.0.0:51356",         "[::]:51356",
                             "[::1]:51356",           "[::ffff:127.0.0.1]:51356",
                             "[::ffff:7f00:1]:51356", "127.1:51356",
                             "2130706433:51356",      "0x7f.1:51356",
                             "localhost.:51356",      "foo.localhost:51356",
                             "rebind.test:51356",     "127.0.0.1.:51356",
                             "127.0.0.1:51356.",      "127.0.0.1:51356, 127.0.0.1:51356",
                             "user@127.0.0.1:51356",  "",
                             "127.0.0.1:51356/v1"}) {
        INFO(host);
        CHECK_FALSE(taken(with("127.0.0.1:51356", host)));
    }
    const UpgradeRules tls{{"localhost:51357"}, false, 8 * 1024, 64};
    CHECK(check_upgrade(with("127.0.0.1:51356", "LocalHost:51357"), tls));
    CHECK_FALSE(taken(with("Host: 127.0.0.1:51356\r\n", "")));
    CHECK_FALSE(taken(head("Host: 127.0.0.1:51356\r\n")));
}

TEST_CASE("exactly one origin is needed [T02]", "[door]") {
    CHECK_FALSE(taken(with("Origin: https://portal.example\r\n", "")));
    CHECK_FALSE(taken(with("Origin: https://portal.example", "Origin:")));
    CHECK_FALSE(taken(with("Origin: https://portal.example", "Origin: null")));
    CHECK_FALSE(taken(head("Origin: https://portal.example\r\n")));
    CHECK_FALSE(taken(head("origin: https://b.example\r\n")));
    CHECK_FALSE(taken(with("Origin: https://portal.example", "Origin: https://portal\r\n .example")));
    CHECK_FALSE(
        taken(with("Origin: https://portal.example", std::string("Origin: https://portal\0.example", 31))));
    CHECK_FALSE(taken(with("Origin: https://portal.example", "Origin: https://" + std::string(8192, 'a'))));
    CHECK(check_upgrade(head(), rules)->origin == "https://portal.example");
}

TEST_CASE("a request that is no clean upgrade is refused [T06]", "[door]") {
    CHECK(taken(with("Connection: Upgrade", "connection: keep-alive, Upgrade")));
    CHECK(taken(with("Upgrade: websocket", "upgrade: WebSocket")));
    CHECK(taken(with("mohr.v1", "other, mohr.v1")));
    CHECK(taken(head("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")));
    CHECK(taken(head("Cookie: a=b\r\nAuthorization: Basic eDp5\r\n")));

    CHECK_FALSE(taken(with("GET", "POST")));
    CHECK_FALSE(taken(with("GET", "get")));
    CHECK_FALSE(taken(with("/v1", "/")));
    CHECK_FALSE(taken(with("/v1", "/v1/")));
    CHECK_FALSE(taken(with("/v1", "/v1?x")));
    CHECK_FALSE(taken(with("/v1", "/v2")));
    CHECK_FALSE(taken(with("/v1", "http://127.0.0.1:51356/v1")));
    CHECK_FALSE(taken(with("/v1", "/%761")));
    CHECK_FALSE(taken(with("HTTP/1.1", "HTTP/1.0")));
    CHECK_FALSE(taken(with("HTTP/1.1", "HTTP/2")));
    CHECK_FALSE(taken(with("GET /v1", "GET  /v1")));
    CHECK_FALSE(taken(with("Upgrade: websocket\r\n", "")));
    CHECK_FALSE(taken(with("Upgrade: websocket", "Upgrade: h2c")));
    CHECK_FALSE(taken(with("Connection: Upgrade", "Connection: close")));
    CHECK_FALSE(taken(with("Version: 13", "Version: 8")));
    CHECK_FALSE(taken(head("Sec-WebSocket-Version: 13\r\n")));
    CHECK_FALSE(taken(with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ")));
    CHECK_FALSE(taken(with("dGhlIHNhbXBsZSBub25jZQ==", "dGhl")));
    CHECK_FALSE(taken(head("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")));
    CHECK_FALSE(taken(with("mohr.v1", "mohr.v2")));
    CHECK_FALSE(taken(with("mohr.v1", "MOHR.V1")));
    CHECK_FALSE(taken(with("Sec-WebSocket-Protocol: mohr.v1\r\n", "")));
    CHECK_FALSE(taken(head("Content-Length: 0\r\n")));
    CHECK_FALSE(taken(head("Transfer-Encoding: chunked\r\n")));
    CHECK_FALSE(taken(head("Expect: 100-continue\r\n")));
    CHECK_FALSE(taken(head("No colon\r\n")));
    CHECK_FALSE(taken(head("Space before : colon\r\n")));
    CHECK_FALSE(taken(head(" Folded: line\r\n")));
    CHECK_FALSE(taken(head() + "x"));
    CHECK_FALSE(taken(with("\r\nHost", "\nHost")));
    CHECK_FALSE(taken(head("A: \x01\r\n")));

    std::string many;
    for (int i = 0; i < 57; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
    CHECK(taken(head(many)));
    CHECK_FALSE(taken(head(many + "X-58: y\r\n")));
    CHECK_FALSE(taken(head("X: " + std::string(8192, 'y') + "\r\n")));
}

TEST_CASE("a head is waited for only while it can still become one [T09]", "[door]") {
    CHECK(head_state("", 100) == HeadState::incomplete);
    CHECK(head_state("GET /v1 HT", 100) == HeadState::incomplete);
    CHECK(head_state("GET /v1 HTTP/1.1\r", 100) == HeadState::incomplete);
    CHECK(head_state("GET /v1 HTTP/1.1\r\n\r\n", 100) == HeadState::complete);
    CHECK(head_state("GET /v1 HTTP/1.1\n", 100) == HeadState::impossible);
    CHECK(head_state("\x16\x03\x01", 100) == HeadState::impossible);
    CHECK(head_state(std::string(100, 'a'), 100) == HeadState::impossible);
    CHECK(head_state("GET /v1 HTTP/1.1\rX", 100) == HeadState::impossible);
}

TEST_CASE(
    "a page of an existing portal may connect to /dastine without TLS and without a subprotocol [R190] [T01]",
    "[door]") {
    const auto dastine = [](const std::string& origin, const std::string& extra = {}) {
        return "GET /dastine HTTP/1.1\r\nHost: 127.0.0.1:51356\r\nOrigin: " + origin +
               "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
               extra + "\r\n";
    };
    for (const char* origin : {"http://portal.example", "https://portal.example", "http://192.0.2.7:8080"}) {
        INFO(origin);
        const auto upgrade = check_upgrade(dastine(origin), rules);
        REQUIRE(upgrade);
        CHECK(upgrade->origin == origin);
        CHECK(upgrade->api == mohr::protocol::link::Api::dastine);
    }
    CHECK(taken(dastine("http://portal.example", "Sec-WebSocket-Protocol: chat\r\n")));
    for (const char* origin :
         {"null", "file://", "ftp://portal.example", "http://portal.example:80", "http://Portal.example",
          "http://portal.example/", "chrome-extension://abc", ""}) {
        INFO(origin);
        CHECK_FALSE(taken(dastine(origin)));
    }
    for (const char* path : {"/Dastine", "/dastine/", "/dastine?x", "/v1dastine"}) {
        std::string text = dastine("http://portal.example");
        CHECK_FALSE(taken(text.replace(4, 8, path)));
    }
    std::string rebound = dastine("http://portal.example");
    CHECK_FALSE(taken(rebound.replace(rebound.find("127.0.0.1:51356"), 15, "rebind.test:51356")));
    // /v1 keeps its own rules.
    CHECK(check_upgrade(head(), rules)->api == mohr::protocol::link::Api::v1);
    CHECK_FALSE(taken(with("https://portal.example", "http://portal.example")));
}
