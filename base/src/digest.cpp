// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/digest.hpp>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <array>
#include <new>
#include <stdexcept>

namespace mohr {
namespace {
struct Row {
    DigestAlgorithm algorithm;
    std::string_view name;
    std::size_t size;
};
constexpr std::array<Row, 4> rows{{{DigestAlgorithm::sha1, "SHA-1", 20},
                                   {DigestAlgorithm::sha256, "SHA-256", 32},
                                   {DigestAlgorithm::sha384, "SHA-384", 48},
                                   {DigestAlgorithm::sha512, "SHA-512", 64}}};
const Row& row(DigestAlgorithm algorithm) noexcept {
    return rows[static_cast<std::size_t>(algorithm)];
}

/// HMAC with its digest chosen and without a key, to be copied: looking both up costs more than a short MAC.
const EVP_MAC_CTX* hmac_template() {
    static EVP_MAC_CTX* const context = [] {
        EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
        EVP_MAC_CTX* const fresh = EVP_MAC_CTX_new(mac);
        EVP_MAC_free(mac);
        char name[] = "SHA256";
        const std::array<OSSL_PARAM, 2> digest{
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_construct_end()};
        if (fresh == nullptr || EVP_MAC_CTX_set_params(fresh, digest.data()) != 1) throw std::bad_alloc();
        return fresh;
    }();
    return context;
}
} // namespace

/// Fetched once: EVP_sha256() and the like are looked up again at every use.
const EVP_MD* digest_method(DigestAlgorithm algorithm) noexcept {
    static const std::array<EVP_MD*, rows.size()> methods{
        EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_fetch(nullptr, "SHA2-256", nullptr),
        EVP_MD_fetch(nullptr, "SHA2-384", nullptr), EVP_MD_fetch(nullptr, "SHA2-512", nullptr)};
    return methods[static_cast<std::size_t>(algorithm)];
}
std::size_t digest_size(DigestAlgorithm algorithm) noexcept {
    return row(algorithm).size;
}
std::string_view digest_name(DigestAlgorithm algorithm) noexcept {
    return row(algorithm).name;
}

std::optional<DigestAlgorithm> digest_from_name(std::string_view name) noexcept {
    for (const Row& r : rows)
        if (r.name == name) return r.algorithm;
    return std::nullopt;
}

Hasher::Hasher(DigestAlgorithm algorithm) : algorithm_(algorithm), context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), digest_method(algorithm), nullptr) != 1)
        throw std::bad_alloc();
}

void Hasher::update(ByteView bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1)
        throw std::logic_error(openssl_error("digest").describe());
}

Bytes Hasher::finish() {
    Bytes out(digest_size(algorithm_));
    unsigned length = 0;
    if (EVP_DigestFinal_ex(context_.get(), out.data(), &length) != 1)
        throw std::logic_error(openssl_error("digest").describe());
    return out;
}

Bytes digest(DigestAlgorithm algorithm, ByteView bytes) {
    Hasher hasher(algorithm);
    hasher.update(bytes);
    return hasher.finish();
}

Bytes hmac_sha256(ByteView key, ByteView bytes) {
    const Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> context(EVP_MAC_CTX_dup(hmac_template()));
    // An empty key is a key; a null pointer would mean the key that the context has.
    static const std::uint8_t nothing = 0;
    Bytes out(32);
    std::size_t length = 0;
    if (!context ||
        EVP_MAC_init(context.get(), key.empty() ? &nothing : key.data(), key.size(), nullptr) != 1 ||
        EVP_MAC_update(context.get(), bytes.data(), bytes.size()) != 1 ||
        EVP_MAC_final(context.get(), out.data(), &length, out.size()) != 1)
        throw std::bad_alloc();
    return out;
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace mohr
