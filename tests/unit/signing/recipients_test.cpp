// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "der.hpp"
#include "key_agreement.hpp"
#include "pki.hpp"
#include "recipients.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

#include <openssl/objects.h>

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

const Bytes null_value{0x05, 0x00};

Bytes issuer_and_serial() {
    return der::sequence({test::root().certificate.issuer_der(), der::integer(7)});
}

/// BIT STRING with a point of so many octets.
Bytes point(std::size_t size) {
    const std::uint8_t no_unused_bits = 0;
    return der::tlv(der::bit_string_tag, {ByteView(&no_unused_bits, 1), test::sample(size)});
}

struct Agreement {
    Bytes curve = {}; ///< parameters of id-ecPublicKey
    std::size_t point_size = 65;
    int scheme = NID_dhSinglePass_stdDH_sha256kdf_scheme;
    int wrap = NID_id_aes256_wrap;
    int recipients = 1;
};

Result<std::vector<Recipient>> read(const Agreement& agreement) {
    const Bytes algorithm = der::sequence({der::oid(NID_X9_62_id_ecPublicKey), agreement.curve});
    const Bytes originator = der::tlv(0xA0, {der::tlv(0xA1, {algorithm, point(agreement.point_size)})});
    const Bytes how = der::sequence({der::oid(agreement.scheme), der::sequence({der::oid(agreement.wrap)})});
    Bytes keys;
    for (int i = 0; i < agreement.recipients; ++i)
        keys = der::concat({keys, der::sequence({issuer_and_serial(),
                                                 der::tlv(der::octet_string_tag, {test::sample(40)})})});
    return read_key_agreement(der::tlv(0xA1, {der::integer(3), originator, how, der::sequence({keys})}));
}

std::string originator(const Agreement& agreement) {
    const auto recipients = read(agreement);
    REQUIRE(recipients);
    REQUIRE(recipients->size() == 1);
    return to_hex(std::get<EcRecipient>(recipients->at(0).key).originator_public_key);
}

} // namespace

TEST_CASE("the originator's key is on a named curve that we take, or on the recipient's",
          "[signing][recipients]") {
    const std::string p256 =
        "3059301306072a8648ce3d020106082a8648ce3d030107034200" + to_hex(test::sample(65));
    const std::string p384 = "3076301006072a8648ce3d020106052b81040022036200" + to_hex(test::sample(97));
    CHECK(originator({}) == p256);
    CHECK(originator({.curve = null_value}) == p256);
    CHECK(originator({.curve = der::oid(NID_X9_62_prime256v1)}) == p256);
    CHECK(originator({.curve = {}, .point_size = 97}) == p384);
    CHECK(originator({.curve = der::oid(NID_secp384r1), .point_size = 97}) == p384);
}

TEST_CASE("key agreement of other curves, schemes and wraps is left out", "[signing][recipients]") {
    CHECK(read({.curve = der::oid(NID_secp256k1)})->empty());
    CHECK(read({.curve = der::oid(NID_brainpoolP256r1)})->empty());
    CHECK(read({.curve = {}, .point_size = 133})->empty());
    CHECK(read({.curve = {}, .point_size = 33})->empty());
    // Explicit parameters (ECParameters as a SEQUENCE), which an attacker may choose.
    CHECK(read({.curve = der::sequence({der::integer(1)})})->empty());
    CHECK(read({.scheme = NID_dhSinglePass_stdDH_sha224kdf_scheme})->empty());
    CHECK(read({.wrap = NID_id_smime_alg_CMS3DESwrap})->empty());
}

TEST_CASE("one agreement may serve several recipients, up to the limit", "[signing][recipients]") {
    CHECK(read({.recipients = 3})->size() == 3);
    CHECK(read({.recipients = 256})->size() == 256);
    CHECK(read({.recipients = 257}).error().code == SigningErrc::limit);
}

TEST_CASE("shared info binds wrap algorithm, keying material and key size", "[signing][recipients]") {
    const Bytes wrap = der::sequence({der::oid(NID_id_aes256_wrap)});
    CHECK(to_hex(shared_info(wrap, std::nullopt, 256)) == "3015300b060960864801650304012da206040400000100");
    const Bytes material{0xAA, 0xBB};
    CHECK(to_hex(shared_info(wrap, material, 128)) ==
          "301b300b060960864801650304012da0040402aabba206040400000080");
}

TEST_CASE("AES key wrap agrees with the vector of RFC 3394 section 4.6", "[signing][recipients]") {
    const Secret wrapping(
        from_hex("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F").value());
    const Secret key(from_hex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F").value());
    CHECK(to_hex(wrap_key(wrapping, key).value()) ==
          "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
}

TEST_CASE("a wrapped content key comes out again for each KDF digest and wrap size",
          "[signing][recipients]") {
    const Secret shared = random_secret(32);
    const Secret key = random_secret(32);
    for (const auto digest_algorithm :
         {DigestAlgorithm::sha1, DigestAlgorithm::sha256, DigestAlgorithm::sha384, DigestAlgorithm::sha512})
        for (const unsigned bits : {128U, 192U, 256U}) {
            EcRecipient recipient;
            recipient.kdf_digest = digest_algorithm;
            recipient.wrap_bits = bits;
            recipient.shared_info =
                shared_info(der::sequence({der::oid(NID_id_aes256_wrap)}), std::nullopt, bits);
            recipient.encrypted_key = wrap_key(wrapping_key(recipient, shared).value(), key).value();
            const auto opened = ec_content_key(recipient, shared);
            REQUIRE(opened);
            CHECK(opened->same_as(key.reveal()));
            recipient.shared_info.back() ^= 1;
            CHECK_FALSE(ec_content_key(recipient, shared));
        }
}
