// SPDX-License-Identifier: Apache-2.0
#include "private_operations.hpp"

#include <mohr/base/digest.hpp>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <array>
#include <cstring>

namespace mohr::token {
namespace {

/// RFC 8017 section 7.2.1: 00 02 ‖ at least eight non-zero bytes ‖ 00 ‖ message.
constexpr std::size_t pkcs1_overhead = 11;
/// Content encryption keys are no longer than this.
constexpr std::size_t max_transported_key = 64;

Error failed() {
    ERR_clear_error();
    return {TokenErrc::decryption_failed, "unwrap"};
}

/// 0xff if `a` is zero, else 0; without a branch.
std::uint8_t zero_mask(std::uint8_t a) noexcept {
    return static_cast<std::uint8_t>((static_cast<unsigned>(a) - 1U) >> 8 & 0xffU);
}

Secret hmac_secret(const Secret& key, ByteView message) {
    Secret out(32);
    std::size_t length = 0;
    if (EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.reveal().data(), key.size(),
                  message.data(), message.size(), out.reveal_mutable().data(), out.size(),
                  &length) == nullptr)
        throw std::bad_alloc();
    return out;
}

/// What a wrong padding yields: a function of the key and the ciphertext alone, so that asking twice tells
/// nothing.
Secret synthetic_message(const Secret& rejection_key, ByteView encrypted, std::size_t size) {
    const Secret seed = hmac_secret(rejection_key, encrypted);
    Secret out(size);
    for (std::size_t at = 0; at < size; at += 32) {
        const std::array<std::uint8_t, 8> counter = {'m', 's', 'g', 0,
                                                     0,   0,   0,   static_cast<std::uint8_t>(at / 32)};
        const Secret block = hmac_secret(seed, counter);
        std::memcpy(out.reveal_mutable().data() + at, block.reveal().data(),
                    std::min<std::size_t>(32, size - at));
    }
    return out;
}

/// Decrypts with RSA alone; the result is as long as the modulus. Fails only for what anybody can see: the
/// length, or a number not below the modulus.
Result<Secret> raw_rsa(const LoadedKey& key, ByteView encrypted) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key.get0(), nullptr));
    Secret block(modulus_bytes(key.algorithm()));
    std::size_t length = block.size();
    if (!context || EVP_PKEY_decrypt_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) != 1 ||
        EVP_PKEY_decrypt(context.get(), block.reveal_mutable().data(), &length, encrypted.data(),
                         encrypted.size()) != 1 ||
        length != block.size())
        return failed();
    return block;
}

/// A message of any length, or one that the key and the ciphertext alone decide: the padding, the length and
/// the choice between the two are worked out without a branch or an index that depends on the plaintext.
Result<Secret> unwrap_pkcs1_any(const LoadedKey& key, ByteView encrypted) {
    const std::size_t k = modulus_bytes(key.algorithm());
    const std::size_t longest = k - pkcs1_overhead;
    // Two more bytes choose the length of the answer to a wrong padding.
    const Secret synthetic = synthetic_message(key.rejection_key(), encrypted, longest + 2);
    auto raw = raw_rsa(key, encrypted);
    if (!raw) return raw.error();
    const ByteView block = raw->reveal();
    const auto filled = [](bool set) { return static_cast<std::size_t>(0) - static_cast<std::size_t>(set); };
    std::size_t separator = 0;
    std::size_t searching = ~std::size_t{0};
    for (std::size_t i = 2; i < k; ++i) {
        const std::size_t zero = filled((zero_mask(block[i]) & 1U) != 0);
        separator |= i & zero & searching;
        searching &= ~zero;
    }
    const std::size_t padded = filled(separator >= pkcs1_overhead - 1);
    const std::size_t good =
        filled((zero_mask(block[0]) & zero_mask(block[1] ^ 2) & 1U) != 0) & ~searching & padded;
    const ByteView other = synthetic.reveal();
    const std::size_t other_length = (std::size_t{other[longest]} << 8U | other[longest + 1]) % (longest + 1);
    const std::size_t length = ((k - 1 - separator) & good) | (other_length & ~good);
    Secret out(longest);
    const auto bytes = out.reveal_mutable();
    // The message moves to the front by one bit of the distance at a time: every byte is touched each time.
    Secret moved(k);
    const auto work = moved.reveal_mutable();
    std::memcpy(work.data(), block.data(), k);
    const std::size_t distance = (separator + 1) & good;
    for (std::size_t step = 1; step < k; step <<= 1U) {
        const auto take = static_cast<std::uint8_t>(filled((distance & step) != 0));
        for (std::size_t i = 0; i < k; ++i) {
            const std::uint8_t from = i + step < k ? work[i + step] : std::uint8_t{0};
            work[i] = static_cast<std::uint8_t>((from & take) | (work[i] & static_cast<std::uint8_t>(~take)));
        }
    }
    for (std::size_t i = 0; i < longest; ++i) {
        const auto mask = static_cast<std::uint8_t>(good);
        bytes[i] =
            static_cast<std::uint8_t>((work[i] & mask) | (other[i] & static_cast<std::uint8_t>(~mask)));
    }
    out.shrink(length);
    return out;
}

Result<Secret> unwrap_pkcs1(const LoadedKey& key, const RsaPkcs1& how, ByteView encrypted) {
    if (how.expected_size == 0) return unwrap_pkcs1_any(key, encrypted);
    const std::size_t k = modulus_bytes(key.algorithm());
    if (how.expected_size > max_transported_key || how.expected_size + pkcs1_overhead > k)
        return Error(TokenErrc::unsupported_scheme, "size of the transported key");
    Secret synthetic = synthetic_message(key.rejection_key(), encrypted, how.expected_size);
    auto raw = raw_rsa(key, encrypted);
    if (!raw) return raw.error();
    const ByteView block = raw->reveal();
    // The size of the message is known, so the zero that ends the padding has one right place and every byte
    // is looked at whatever the others are.
    const std::size_t separator = k - how.expected_size - 1;
    std::uint8_t good = zero_mask(block[0]) & zero_mask(block[1] ^ 2) & zero_mask(block[separator]);
    for (std::size_t i = 2; i < separator; ++i) good &= static_cast<std::uint8_t>(~zero_mask(block[i]));
    const auto out = synthetic.reveal_mutable();
    for (std::size_t i = 0; i < how.expected_size; ++i)
        out[i] = static_cast<std::uint8_t>((block[separator + 1 + i] & good) |
                                           (out[i] & static_cast<std::uint8_t>(~good)));
    return synthetic;
}

Result<Secret> unwrap_oaep(const LoadedKey& key, const RsaOaep& how, ByteView encrypted) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key.get0(), nullptr));
    if (!context || EVP_PKEY_decrypt_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest_method(how.digest)) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest_method(how.mgf1)) != 1)
        return failed();
    Secret out(modulus_bytes(key.algorithm()));
    std::size_t length = out.size();
    if (EVP_PKEY_decrypt(context.get(), out.reveal_mutable().data(), &length, encrypted.data(),
                         encrypted.size()) != 1)
        return failed();
    out.shrink(length);
    return out;
}

bool fits(KeyAlgorithm algorithm, SignatureScheme scheme) noexcept {
    return is_rsa(algorithm) == (scheme != SignatureScheme::ecdsa);
}

} // namespace

// T23: OpenSSL's RSA checks each CRT result against the public exponent before it leaves rsa_ossl_mod_exp and
// computes again without CRT if it is wrong, so a fault cannot reveal a factor; a second verification here
// would cost five per cent of every signature for nothing. A test signs with a broken CRT exponent to hold
// the library to it. Its ECDSA nonces are hedged: a hash over the private key, the digest and fresh random
// bytes (BN_generate_dsa_nonce).
Result<Bytes> sign_digest(LoadedKey& key, SignatureScheme scheme, DigestAlgorithm algorithm,
                          ByteView digest) {
    if (!fits(key.algorithm(), scheme))
        return Error(TokenErrc::unsupported_scheme, "the key is of another kind");
    if (digest.size() != digest_size(algorithm))
        return Error(TokenErrc::unsupported_scheme, "size of the digest");
    OwnedKeyContext context = key.take_context(scheme, algorithm);
    if (!context) return openssl_error("signature context");
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get0())));
    std::size_t length = signature.size();
    if (EVP_PKEY_sign(context.get(), signature.data(), &length, digest.data(), digest.size()) != 1)
        return openssl_error("signature");
    signature.resize(length);
    key.give_context(scheme, algorithm, std::move(context));
    return signature;
}

Result<Secret> unwrap_key(const LoadedKey& key, const RsaUnwrap& how, ByteView encrypted) {
    if (!is_rsa(key.algorithm())) return Error(TokenErrc::unsupported_scheme, "the key is of another kind");
    if (encrypted.size() != modulus_bytes(key.algorithm())) return failed();
    if (const auto* pkcs1 = std::get_if<RsaPkcs1>(&how)) return unwrap_pkcs1(key, *pkcs1, encrypted);
    return unwrap_oaep(key, std::get<RsaOaep>(how), encrypted);
}

Result<Secret> agree_secret(const LoadedKey& key, ByteView peer) {
    if (is_rsa(key.algorithm())) return Error(TokenErrc::unsupported_scheme, "the key is of another kind");
    const unsigned char* cursor = peer.data();
    const OwnedKey other(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(peer.size())));
    if (!other || cursor != peer.data() + peer.size()) return failed();
    const auto kind = algorithm_of(other.get());
    if (!kind || *kind != key.algorithm()) return failed();
    const OwnedKeyContext point(EVP_PKEY_CTX_new(other.get(), nullptr));
    if (!point || EVP_PKEY_public_check(point.get()) != 1) return failed();
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key.get0(), nullptr));
    if (!context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer(context.get(), other.get()) != 1)
        return failed();
    std::size_t length = 0;
    if (EVP_PKEY_derive(context.get(), nullptr, &length) != 1) return failed();
    Secret out(length);
    if (EVP_PKEY_derive(context.get(), out.reveal_mutable().data(), &length) != 1) return failed();
    out.shrink(length);
    return out;
}

} // namespace mohr::token
