// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/digest.hpp>

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <array>
#include <new>
#include <stdexcept>

namespace mohr {
namespace {
struct Row {
    DigestAlgorithm algorithm;
    std::string_view name;
    const EVP_MD* (*method)();
    std::size_t size;
};
constexpr std::array<Row, 4> rows{{{DigestAlgorithm::sha1, "SHA-1", EVP_sha1, 20},
                                   {DigestAlgorithm::sha256, "SHA-256", EVP_sha256, 32},
                                   {DigestAlgorithm::sha384, "SHA-384", EVP_sha384, 48},
                                   {DigestAlgorithm::sha512, "SHA-512", EVP_sha512, 64}}};
const Row& row(DigestAlgorithm algorithm) noexcept {
    return rows[static_cast<std::size_t>(algorithm)];
}
} // namespace

const EVP_MD* digest_method(DigestAlgorithm algorithm) noexcept {
    return row(algorithm).method();
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
    Bytes out(32);
    unsigned length = 0;
    if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), out.data(),
             &length) == nullptr)
        throw std::bad_alloc();
    return out;
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace mohr
