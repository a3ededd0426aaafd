// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>

using namespace mohr;

TEST_CASE("base64 takes only the canonical spelling [T08]", "[base]") {
    CHECK(to_base64(as_bytes("foobar")) == "Zm9vYmFy"); // RFC 4648 section 10
    CHECK(to_base64(as_bytes("fooba")) == "Zm9vYmE=");
    CHECK(to_base64(as_bytes("foob")) == "Zm9vYg==");
    CHECK(from_base64("Zm9vYg==").value() == to_bytes(as_bytes("foob")));
    CHECK(from_base64("").value().empty());
    for (const char* bad : {"Zm9vYg=", "Zm9vYg", "Zm9v YmFy", "Zm9vYmFy\n", "Zm9vYh==", "Zm9vYmF=",
                            "Zm9-YmFy", "=m9vYmFy", "Zm=vYmFy", "Z===", "====", "Zg==Zg=="})
        CHECK_FALSE(from_base64(bad));
}

TEST_CASE("hexadecimal refuses odd lengths and other letters", "[base]") {
    CHECK(to_hex(from_hex("00ffA5").value()) == "00ffa5");
    CHECK_FALSE(from_hex("0"));
    CHECK_FALSE(from_hex("0g"));
}

TEST_CASE("printable text cannot move the reader's eye [T17]", "[base]") {
    CHECK(printable("a\nb") == "a\\u{a}b");
    CHECK(printable("x\xE2\x80\xAEy") == "x\\u{202e}y"); // RIGHT-TO-LEFT OVERRIDE
    CHECK(printable("\x1b[2J") == "\\u{1b}[2J");
    CHECK(printable("\xff") == "\\xff");
    CHECK(printable("\xD9\x85\xD9\x87\xD8\xB1") == "\xD9\x85\xD9\x87\xD8\xB1");
    CHECK(printable("aaaa", 2) == "aa…");
}

TEST_CASE("UTF-8 is checked as RFC 3629 says [T08]", "[base]") {
    CHECK(is_utf8("\xF0\x9F\x94\x8F"));
    for (const char* bad :
         {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xF8\x88\x80\x80\x80"})
        CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("digests match FIPS 180 vectors", "[base]") {
    CHECK(to_hex(digest(DigestAlgorithm::sha256, as_bytes("abc"))) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(digest(DigestAlgorithm::sha1, as_bytes("abc"))) ==
          "a9993e364706816aba3e25717850c26c9cd0d89d");
    // RFC 4231 test case 2
    CHECK(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))) ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("instants are written as RFC 3339", "[base]") {
    CHECK(to_rfc3339(Instant(std::chrono::milliseconds(0))) == "1970-01-01T00:00:00.000Z");
    CHECK(to_rfc3339(Instant(std::chrono::milliseconds(1'700'000'000'123))) == "2023-11-14T22:13:20.123Z");
}
