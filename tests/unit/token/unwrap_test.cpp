// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "private_operations.hpp"
#include "token_fixture.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <set>

using namespace mohr;
using namespace mohr::token;

namespace {

OwnedKey public_half(ByteView info) {
    const unsigned char* cursor = info.data();
    return OwnedKey(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(info.size())));
}

Bytes encrypt(EVP_PKEY* key, int padding, ByteView content, const EVP_MD* oaep = nullptr,
              const EVP_MD* mgf1 = nullptr) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    REQUIRE(EVP_PKEY_encrypt_init(context.get()) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) == 1);
    if (oaep != nullptr) REQUIRE(EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), oaep) == 1);
    if (mgf1 != nullptr) REQUIRE(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), mgf1) == 1);
    Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
    std::size_t length = out.size();
    REQUIRE(EVP_PKEY_encrypt(context.get(), out.data(), &length, content.data(), content.size()) == 1);
    return out;
}

/// A key of its own with the token's internals, without a token around it.
struct Key {
    explicit Key(KeyAlgorithm algorithm = KeyAlgorithm::rsa_2048)
        : pair(generate_key_pair(algorithm).value()), info(public_key_info(pair.get()).value()),
          open_half(public_half(info)), loaded(std::move(pair), algorithm, random_secret(32)) {}
    OwnedKey pair;
    Bytes info;
    OwnedKey open_half;
    LoadedKey loaded;
};

/// The padded block 00 02 ‖ PS ‖ 00 ‖ message for 2048 bits.
Bytes padded(ByteView message) {
    Bytes block(256, 0x5a);
    block[0] = 0;
    block[1] = 2;
    block[256 - message.size() - 1] = 0;
    std::copy(message.begin(), message.end(), block.end() - static_cast<std::ptrdiff_t>(message.size()));
    return block;
}

} // namespace

TEST_CASE("keys wrapped with OAEP or PKCS#1 v1.5 by OpenSSL come back [R147]", "[token][unwrap]") {
    Key key(GENERATE(KeyAlgorithm::rsa_2048, KeyAlgorithm::rsa_3072));
    const Secret content = random_secret(32);
    const auto unwrap = [&](const RsaUnwrap& how, ByteView encrypted) {
        return unwrap_key(key.loaded, how, encrypted);
    };
    CHECK(unwrap(RsaOaep{}, encrypt(key.open_half.get(), RSA_PKCS1_OAEP_PADDING, content.reveal(),
                                    EVP_sha256(), EVP_sha256()))
              .value()
              .same_as(content.reveal()));
    CHECK(unwrap(RsaOaep{DigestAlgorithm::sha1, DigestAlgorithm::sha1},
                 encrypt(key.open_half.get(), RSA_PKCS1_OAEP_PADDING, content.reveal()))
              .value()
              .same_as(content.reveal()));
    CHECK(unwrap(RsaOaep{DigestAlgorithm::sha512, DigestAlgorithm::sha1},
                 encrypt(key.open_half.get(), RSA_PKCS1_OAEP_PADDING, content.reveal(), EVP_sha512(),
                         EVP_sha1()))
              .value()
              .same_as(content.reveal()));
    CHECK(unwrap(RsaPkcs1{32}, encrypt(key.open_half.get(), RSA_PKCS1_PADDING, content.reveal()))
              .value()
              .same_as(content.reveal()));
    for (const std::size_t size : {1U, 16U, 24U, 64U}) {
        const Secret other = random_secret(size);
        CHECK(unwrap(RsaPkcs1{size}, encrypt(key.open_half.get(), RSA_PKCS1_PADDING, other.reveal()))
                  .value()
                  .same_as(other.reveal()));
    }
}

TEST_CASE("ten kinds of broken OAEP give byte-identical errors [T21]", "[token][unwrap]") {
    Key key;
    const Bytes content(32, 1);
    std::vector<Bytes> broken;
    const Bytes good =
        encrypt(key.open_half.get(), RSA_PKCS1_OAEP_PADDING, content, EVP_sha256(), EVP_sha256());
    for (const std::size_t at : {0U, 1U, 128U, 255U}) {
        broken.push_back(good);
        broken.back()[at] ^= 0x01;
    }
    broken.push_back(encrypt(key.open_half.get(), RSA_PKCS1_OAEP_PADDING, content)); // SHA-1, not SHA-256
    broken.push_back(encrypt(key.open_half.get(), RSA_PKCS1_PADDING, content));
    broken.push_back(encrypt(key.open_half.get(), RSA_NO_PADDING, padded(content)));
    Bytes first_byte = padded(content);
    first_byte[0] = 1;
    broken.push_back(encrypt(key.open_half.get(), RSA_NO_PADDING, first_byte));
    broken.push_back(Bytes(256, 0));
    broken.push_back(Bytes(256, 0xff)); // not below the modulus
    broken.push_back(Bytes(255, 1));
    broken.push_back({});
    std::set<std::string> answers;
    for (const Bytes& encrypted : broken) {
        const auto result = unwrap_key(key.loaded, RsaOaep{}, encrypted);
        REQUIRE(!result);
        answers.insert(result.error().describe());
        CHECK(result.error().code == TokenErrc::decryption_failed);
    }
    CHECK(answers.size() == 1);
}

TEST_CASE("broken PKCS#1 v1.5 is never an error: the answer is of the expected size, repeatable and like "
          "random [T21]",
          "[token][unwrap]") {
    Key key;
    Key other;
    const Bytes message(32, 0x77);
    const auto wrapped = [&](Bytes block) { return encrypt(key.open_half.get(), RSA_NO_PADDING, block); };
    const auto changed = [&](std::size_t at, std::uint8_t value) {
        Bytes block = padded(message);
        block[at] = value;
        return wrapped(block);
    };
    std::vector<Bytes> broken = {
        changed(0, 1),   // does not begin with 00
        changed(1, 1),   // block type 1
        changed(1, 0),   // block type 0
        changed(2, 0),   // no padding at all
        changed(9, 0),   // seven bytes of padding
        changed(100, 0), // a longer message
        changed(223, 1), // no separator where it must be
        wrapped(padded(Bytes(31, 1))),
        wrapped(padded(Bytes(33, 1))),
        wrapped(Bytes(256, 0)),
    };
    std::set<std::string> answers;
    for (const Bytes& encrypted : broken) {
        const auto first = unwrap_key(key.loaded, RsaPkcs1{32}, encrypted);
        REQUIRE(first);
        CHECK(first->size() == 32);
        CHECK(!first->same_as(message));
        CHECK(unwrap_key(key.loaded, RsaPkcs1{32}, encrypted).value().same_as(first->reveal()));
        answers.insert(to_hex(first->reveal()));
    }
    CHECK(answers.size() == broken.size());
    // The right one through the same door, so that the search above could have found it.
    CHECK(unwrap_key(key.loaded, RsaPkcs1{32}, wrapped(padded(message))).value().same_as(message));
    // What only the length or the modulus tells is public and may be an error.
    CHECK(unwrap_key(key.loaded, RsaPkcs1{32}, Bytes(255, 1)).error().code == TokenErrc::decryption_failed);
    CHECK(unwrap_key(key.loaded, RsaPkcs1{32}, Bytes(256, 0xff)).error().code ==
          TokenErrc::decryption_failed);
    for (const std::size_t size : {std::size_t{65}, std::size_t{500}})
        CHECK(unwrap_key(key.loaded, RsaPkcs1{size}, broken[0]).error().code ==
              TokenErrc::unsupported_scheme);
}

TEST_CASE("implicit rejection differs between keys and between sizes of one ciphertext only in length [T21]",
          "[token][unwrap]") {
    OwnedKey pair = generate_key_pair(KeyAlgorithm::rsa_2048).value();
    EVP_PKEY_up_ref(pair.get());
    LoadedKey one(OwnedKey(pair.get()), KeyAlgorithm::rsa_2048, random_secret(32));
    LoadedKey two(std::move(pair), KeyAlgorithm::rsa_2048, random_secret(32));
    const Bytes broken(256, 0x01);
    CHECK(!unwrap_key(one, RsaPkcs1{32}, broken)
               .value()
               .same_as(unwrap_key(two, RsaPkcs1{32}, broken).value().reveal()));
    const Secret longer = unwrap_key(one, RsaPkcs1{48}, broken).value();
    CHECK(unwrap_key(one, RsaPkcs1{32}, broken).value().same_as(longer.reveal().first(32)));
}

TEST_CASE("ECDH agrees with openssl and refuses points that are not on the key's curve [R147]",
          "[token][agree]") {
    const KeyAlgorithm algorithm = GENERATE(KeyAlgorithm::ec_p256, KeyAlgorithm::ec_p384);
    Key key(algorithm);
    test::ScratchDirectory scratch;
    test::write_file(scratch.path() / "ours.der", key.info);
    const std::string curve = algorithm == KeyAlgorithm::ec_p256 ? "P-256" : "P-384";
    const auto made = test::run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:" + curve +
                                    " -out peer.pem && "
                                    "openssl pkey -in peer.pem -pubout -outform DER -out peer.der && "
                                    "openssl pkey -pubin -inform DER -in ours.der -out ours.pem && "
                                    "openssl pkeyutl -derive -inkey peer.pem -peerkey ours.pem -out secret",
                                scratch.path());
    REQUIRE(made.status == 0);
    const Bytes peer = test::read_file(scratch.path() / "peer.der");
    CHECK(agree_secret(key.loaded, peer).value().same_as(test::read_file(scratch.path() / "secret")));

    Bytes off_curve = peer;
    off_curve.back() ^= 1;
    Bytes trailing = peer;
    trailing.push_back(0);
    const Key other_curve(algorithm == KeyAlgorithm::ec_p256 ? KeyAlgorithm::ec_p384 : KeyAlgorithm::ec_p256);
    const Key rsa(KeyAlgorithm::rsa_2048);
    for (const Bytes& bad : {off_curve, trailing, other_curve.info, rsa.info, Bytes{}, Bytes(10, 0x30)})
        CHECK(agree_secret(key.loaded, bad).error().code == TokenErrc::decryption_failed);
    CHECK(agree_secret(rsa.loaded, peer).error().code == TokenErrc::unsupported_scheme);
}

TEST_CASE("a fault in the CRT half of an RSA signature never leaves the token [T23]", "[token][sign]") {
    Key key;
    // The same key with a wrong d mod (p-1), as a fault in memory or in a multiplication would make it.
    OSSL_PARAM* exported = nullptr;
    REQUIRE(EVP_PKEY_todata(key.loaded.get0(), EVP_PKEY_KEYPAIR, &exported) == 1);
    const Owned<OSSL_PARAM, OSSL_PARAM_free> owner(exported);
    OSSL_PARAM* const exponent = OSSL_PARAM_locate(exported, OSSL_PKEY_PARAM_RSA_EXPONENT1);
    REQUIRE(exponent != nullptr);
    static_cast<unsigned char*>(exponent->data)[5] ^= 0x10;
    const OwnedKeyContext import(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* raw = nullptr;
    REQUIRE(EVP_PKEY_fromdata_init(import.get()) == 1);
    REQUIRE(EVP_PKEY_fromdata(import.get(), &raw, EVP_PKEY_KEYPAIR, exported) == 1);
    LoadedKey faulty(OwnedKey(raw), KeyAlgorithm::rsa_2048, random_secret(32));

    const Bytes hash = digest(DigestAlgorithm::sha256, as_bytes("message"));
    const auto signature = sign_digest(faulty, SignatureScheme::rsa_pkcs1_v15, DigestAlgorithm::sha256, hash);
    const auto right = sign_digest(key.loaded, SignatureScheme::rsa_pkcs1_v15, DigestAlgorithm::sha256, hash);
    // Either no signature or the right one; a wrong one would give away a factor of the modulus.
    CHECK((!signature || *signature == *right));
}

TEST_CASE("two ECDSA signatures over one digest have different nonces [T23]", "[token][sign]") {
    Key key(KeyAlgorithm::ec_p256);
    std::set<Bytes> first_halves;
    for (int i = 0; i < 20; ++i) {
        const Bytes signature =
            sign_digest(key.loaded, SignatureScheme::ecdsa, DigestAlgorithm::sha256, Bytes(32, 9)).value();
        const unsigned char* cursor = signature.data();
        const Owned<ECDSA_SIG, ECDSA_SIG_free> parsed(
            d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(signature.size())));
        Bytes r(32);
        REQUIRE(BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), r.data(), 32) == 32);
        first_halves.insert(r);
    }
    CHECK(first_halves.size() == 20);
}

TEST_CASE(
    "PKCS#1 v1.5 of any length comes back, and a broken one has an answer and a length of its own [T21]",
    "[token][unwrap]") {
    Key key;
    const auto any = [&](const Bytes& encrypted) { return unwrap_key(key.loaded, RsaPkcs1{0}, encrypted); };
    for (const std::size_t size : {0U, 1U, 31U, 64U, 100U, 244U, 245U}) {
        const Secret message = random_secret(size);
        CHECK(any(encrypt(key.open_half.get(), RSA_PKCS1_PADDING, message.reveal()))
                  .value()
                  .same_as(message.reveal()));
    }
    const Bytes message(32, 0x77);
    std::set<std::string> answers;
    std::set<std::size_t> lengths;
    const auto broken = [&](Bytes block) {
        const Bytes encrypted = encrypt(key.open_half.get(), RSA_NO_PADDING, block);
        const auto first = any(encrypted);
        REQUIRE(first);
        CHECK(first->size() <= 245);
        CHECK_FALSE(first->same_as(message));
        CHECK(any(encrypted).value().same_as(first->reveal()));
        answers.insert(to_hex(first->reveal()));
        lengths.insert(first->size());
    };
    for (const auto& [at, value] :
         {std::pair(0U, 1), std::pair(1U, 1), std::pair(1U, 0), std::pair(2U, 0), std::pair(9U, 0)}) {
        Bytes block = padded(message);
        block[at] = static_cast<std::uint8_t>(value);
        broken(std::move(block));
    }
    broken(Bytes(256, 0));
    Bytes endless(256, 0x11); // no separator anywhere
    endless[0] = 0;
    endless[1] = 2;
    broken(std::move(endless));
    CHECK(answers.size() == 7);
    CHECK(lengths.size() > 1);
    // Eight bytes of padding are enough, seven were not.
    Bytes shortest = padded(message);
    shortest[10] = 0;
    CHECK(any(encrypt(key.open_half.get(), RSA_NO_PADDING, shortest)).value().size() == 245);
    CHECK(any(Bytes(255, 1)).error().code == TokenErrc::decryption_failed);
    CHECK(any(Bytes(256, 0xff)).error().code == TokenErrc::decryption_failed);
}
