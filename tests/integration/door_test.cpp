// SPDX-License-Identifier: Apache-2.0
#include "door_harness.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

#include <catch_compat.hpp>

using namespace mohr;
using namespace mohr::test;
using nlohmann::json;

TEST_CASE("a granted page gets its state, a signature and a CMS", "[door][integration]") {
    DoorProcess door;
    Page page(door);
    REQUIRE(page.open());
    CHECK(page.response().find("Sec-WebSocket-Protocol: mohr.v1\r\n") != std::string::npos);
    CHECK(page.response().find("Beast") == std::string::npos);
    const json info = page.result("service.info", json::object());
    CHECK(info["access"] == "granted");
    CHECK(info["origin"] == "https://portal.example");
    CHECK(info["token"] == "initialised");
    const json document{{"name", "a.txt"}, {"data", to_base64(as_bytes("hello"))}};
    const json raw = page.result("sign.raw", {{"document", document}});
    CHECK(raw["algorithm"] == "RSASSA-PKCS1-v1_5-SHA-256");
    const auto signature = from_base64(raw["signature"].get<std::string>());
    REQUIRE(signature);
    CHECK(signature->size() == 256);
    const json cms = page.result("sign.cms", {{"document", document}, {"detached", false}});
    const json report = page.result("verify", {{"cms", cms["cms"]}});
    CHECK(report["valid"] == true);
    CHECK(report["detached"] == false);
    CHECK(report["size"] == 5);
}
