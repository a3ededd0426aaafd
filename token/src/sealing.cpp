// SPDX-License-Identifier: Apache-2.0
#include "sealing.hpp"

#include <mohr/base/openssl.hpp>
#include <mohr/base/random.hpp>
#include <mohr/token/errors.hpp>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <stdexcept>

namespace mohr::token {
namespace {

using OwnedKdf = Owned<EVP_KDF, EVP_KDF_free>;
using OwnedKdfContext = Owned<EVP_KDF_CTX, EVP_KDF_CTX_free>;

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

/// For steps that only fail when the library is broken or memory is used up.
void must(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(openssl_error(what).describe());
}

OSSL_PARAM octets(const char* name, ByteView bytes) {
    // The parameter list is read only; OpenSSL's constructor just has no const.
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

} // namespace

Secret derive_key(ByteView key, ByteView salt, std::string_view info) {
    const OwnedKdf kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    const OwnedKdfContext context(EVP_KDF_CTX_new(kdf.get()));
    must(context != nullptr, "HKDF");
    // RFC 5869 section 2.2: no salt means as many zeros as the hash is long; OpenSSL takes no null pointer
    // for it.
    static constexpr std::array<std::uint8_t, 32> no_salt{};
    if (salt.empty()) salt = no_salt;
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 5> parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, as_bytes(info)), OSSL_PARAM_construct_end()};
    Secret out(32);
    must(EVP_KDF_derive(context.get(), out.reveal_mutable().data(), out.size(), parameters.data()) == 1,
         "HKDF");
    return out;
}

Bytes seal(const Secret& key, ByteView plaintext, ByteView associated) {
    const Bytes nonce = random_bytes(nonce_bytes);
    Bytes out = nonce;
    out.resize(nonce_bytes + plaintext.size() + tag_bytes);
    const OwnedCipherContext context(EVP_CIPHER_CTX_new());
    int length = 0;
    must(context && EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), key.reveal().data(), nonce.data(),
                                        nullptr) == 1,
         "seal");
    must(EVP_EncryptUpdate(context.get(), nullptr, &length, associated.data(),
                           static_cast<int>(associated.size())) == 1,
         "seal");
    must(EVP_EncryptUpdate(context.get(), out.data() + nonce_bytes, &length, plaintext.data(),
                           static_cast<int>(plaintext.size())) == 1,
         "seal");
    must(EVP_EncryptFinal_ex(context.get(), out.data() + nonce_bytes + length, &length) == 1, "seal");
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                             out.data() + nonce_bytes + plaintext.size()) == 1,
         "seal");
    return out;
}

Result<Secret> unseal(const Secret& key, ByteView sealed, ByteView associated) {
    if (key.size() != 32 || sealed.size() < nonce_bytes + tag_bytes)
        return Error(TokenErrc::decryption_failed, "sealed size");
    const ByteView content = sealed.subspan(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
    Bytes tag = to_bytes(sealed.last(tag_bytes));
    const OwnedCipherContext context(EVP_CIPHER_CTX_new());
    Secret out(content.size());
    int length = 0;
    must(context && EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), key.reveal().data(), sealed.data(),
                                        nullptr) == 1,
         "unseal");
    must(EVP_DecryptUpdate(context.get(), nullptr, &length, associated.data(),
                           static_cast<int>(associated.size())) == 1,
         "unseal");
    must(EVP_DecryptUpdate(context.get(), out.reveal_mutable().data(), &length, content.data(),
                           static_cast<int>(content.size())) == 1,
         "unseal");
    must(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1, "unseal");
    std::array<std::uint8_t, 16> rest{};
    if (EVP_DecryptFinal_ex(context.get(), rest.data(), &length) != 1) {
        ERR_clear_error();
        return Error(TokenErrc::decryption_failed, "tag");
    }
    return out;
}

Transcript::Transcript(std::string_view domain) {
    add(domain);
}

Transcript& Transcript::add(ByteView part) {
    add(static_cast<std::uint64_t>(part.size()));
    bytes_.insert(bytes_.end(), part.begin(), part.end());
    return *this;
}

Transcript& Transcript::add(std::string_view part) {
    return add(as_bytes(part));
}

Transcript& Transcript::add(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    return *this;
}

} // namespace mohr::token
