// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/signing/other_protocols.hpp>

#include <string>

using namespace mohr;
using signing::signs_for_another_protocol;

namespace {

bool refused(const std::string& head) {
    return signs_for_another_protocol(as_bytes(head));
}

template <std::size_t N>
std::string octets(const char (&text)[N]) {
    return std::string(text, N - 1);
}

} // namespace

TEST_CASE("a SET OF attributes is known however its lengths are written [T19]", "[signing][T19]") {
    CHECK(refused(octets("\x31\x10\x30\x0e\x06\x09")));
    CHECK(refused(octets("\x31\x82\x01\x00\x30\x0e\x06\x09")));
    CHECK(refused(octets("\x31\x84\x00\x00\x00\x10\x30\x83\x00\x00\x0e\x06\x09")));
    CHECK(refused(octets("\x31\x80\x30\x80\x06\x09")));
    CHECK_FALSE(refused(octets("\x31\x10\x30\x0e\x02\x09")));
    CHECK_FALSE(refused(octets("\x30\x10\x30\x0e\x06\x09")));
    CHECK_FALSE(refused("100 riyals and 00 cents"));
}

TEST_CASE("what TLS and SSH sign is known by its beginning, and only whole [T19]", "[signing][T19]") {
    const std::string client = std::string(64, ' ') + octets("TLS 1.3, client CertificateVerify\0");
    REQUIRE(client.size() == signing::other_protocol_head_bytes);
    CHECK(refused(client));
    CHECK(refused(client + "transcript"));
    CHECK(refused(std::string(64, ' ') + octets("TLS 1.3, server CertificateVerify\0")));
    CHECK_FALSE(refused(client.substr(1)));
    CHECK(refused(octets("\x01\x00\x00\xc4\x03\x03")));
    CHECK_FALSE(refused(octets("\x01\x00\x00\xc4\x03")));
    for (const char size : {'\x14', '\x20', '\x30', '\x40'}) {
        const std::string id = octets("\0\0\0") + size + std::string(static_cast<std::size_t>(size), 'i');
        CHECK(refused(id + '\x32'));
        CHECK_FALSE(refused(id + '\x33'));
        CHECK_FALSE(refused(id));
    }
}

TEST_CASE("ordinary and empty documents are signed, cut anywhere [T19]", "[signing][T19]") {
    for (const std::string& document :
         {std::string("%PDF-1.7\n"), std::string("PK\x03\x04"), std::string("<?xml version=\"1.0\"?>"),
          std::string(200, ' '), std::string(200, '\0'), std::string("1"), std::string("0")})
        for (std::size_t size = 0; size <= document.size(); ++size)
            CHECK_FALSE(refused(document.substr(0, size)));
}
