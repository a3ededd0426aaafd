// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/cli/certificate_file.hpp>
#include <mohr/cli/control_client.hpp>
#include <mohr/cli/session.hpp>
#include <mohr/cli/since.hpp>

using namespace mohr;
using namespace mohr::cli;

TEST_CASE("since takes days, instants and ages, and nothing else", "[cli]") {
    const Instant now{std::chrono::milliseconds(1'795'000'000'000)}; // 2026-11-18T12:26:40Z
    CHECK(since("2026-11-22", now) == "2026-11-22T00:00:00.000Z");
    CHECK(since("2026-11-22T21:04:05Z", now) == "2026-11-22T21:04:05.000Z");
    CHECK(since("40s", now) == "2026-11-18T11:06:00.000Z");
    CHECK(since("1h", now) == "2026-11-18T10:06:40.000Z");
    CHECK(since("7d", now) == "2026-11-11T11:06:40.000Z");
    for (const char* wrong : {"", "7", "d", "-7d", "7x", "yesterday", "2026-1-2", "2026-11-22T21:04",
                              "99999999999d", "1000001s", " 7d", "7 d"})
        CHECK_FALSE(since(wrong, now));
}

TEST_CASE("depth is counted outside of strings only", "[cli]") {
    CHECK_FALSE(nests_deeper(R"({"a":[1,[2]]})", 3));
    CHECK(nests_deeper(R"({"a":[1,[2]]})", 2));
    CHECK_FALSE(nests_deeper(R"(["[[[[[[", "\"[[[[", "\\"])", 1));
    CHECK(nests_deeper(std::string(100'000, '['), 16));
    CHECK_FALSE(nests_deeper("[][][][]", 1));
    CHECK_FALSE(nests_deeper("]]]]", 0));
    CHECK_FALSE(nests_deeper("\"\\", 0));
}

TEST_CASE("a PKCS#12 file is told from a certificate by its first bytes", "[cli]") {
    const auto looks = [](std::initializer_list<std::uint8_t> bytes) {
        return looks_like_pkcs12(Bytes(bytes));
    };
    CHECK(looks({0x30, 0x82, 0x09, 0x39, 0x02, 0x01, 0x03, 0x30}));
    CHECK(looks({0x30, 0x80, 0x02, 0x01, 0x03, 0x30}));
    CHECK_FALSE(looks({0x30, 0x82, 0x03, 0x00, 0x30, 0x82, 0x01, 0x00}));   // certificate
    CHECK_FALSE(looks({0x30, 0x82, 0x03, 0x00, 0x06, 0x09, 0x2A, 0x86}));   // PKCS#7
    CHECK_FALSE(looks({'-', '-', '-', '-', '-', 'B', 'E', 'G', 'I', 'N'})); // PEM
    CHECK_FALSE(looks({0x30, 0xFF, 0x02, 0x01, 0x03, 0x30}));               // a length that is not there
    CHECK_FALSE(looks({0x30}));
    CHECK_FALSE(looks({}));
}

TEST_CASE("the language follows the locale", "[cli]") {
    CHECK(language_of_locale("fa_IR.UTF-8") == Language::fa);
    CHECK(language_of_locale("fa") == Language::fa);
    CHECK(language_of_locale("en_US.UTF-8") == Language::en);
    CHECK(language_of_locale("fakelang") == Language::en);
    CHECK(language_of_locale("") == Language::en);
}
