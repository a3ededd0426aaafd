// SPDX-License-Identifier: Apache-2.0
#include "key_agreement.hpp"

#include "der.hpp"
#include <mohr/signing/errors.hpp>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>

namespace mohr::signing {
namespace {

using OwnedKdf = Owned<EVP_KDF, EVP_KDF_free>;
using OwnedKdfContext = Owned<EVP_KDF_CTX, EVP_KDF_CTX_free>;

constexpr std::size_t wrap_overhead = 8;
constexpr std::size_t max_wrapped_bytes = 128;

const EVP_CIPHER* wrap_cipher(std::size_t key_size) {
    switch (key_size) {
    case 16:
        return EVP_aes_128_wrap();
    case 24:
        return EVP_aes_192_wrap();
    case 32:
        return EVP_aes_256_wrap();
    default:
        return nullptr;
    }
}

enum class Direction : std::uint8_t { wrap, unwrap };

/// `out` takes what comes out; false on any failure.
bool run_wrap(const Secret& wrapping, ByteView in, std::span<std::uint8_t> out, Direction direction) {
    const OwnedCipherContext context(EVP_CIPHER_CTX_new());
    const EVP_CIPHER* cipher = wrap_cipher(wrapping.size());
    if (!context || cipher == nullptr) return false;
    EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    int size = 0;
    return EVP_CipherInit_ex2(context.get(), cipher, wrapping.reveal().data(), nullptr,
                              direction == Direction::wrap ? 1 : 0, nullptr) == 1 &&
           EVP_CipherUpdate(context.get(), out.data(), &size, in.data(), static_cast<int>(in.size())) == 1 &&
           static_cast<std::size_t>(size) == out.size();
}

} // namespace

Bytes shared_info(ByteView wrap_identifier, std::optional<ByteView> user_keying_material,
                  unsigned wrap_bits) {
    Bytes entity;
    if (user_keying_material)
        entity =
            der::tlv(der::context_constructed(0), {der::tlv(der::octet_string_tag, {*user_keying_material})});
    const Bytes bits{0, 0, static_cast<std::uint8_t>(wrap_bits >> 8), static_cast<std::uint8_t>(wrap_bits)};
    const Bytes public_info =
        der::tlv(der::context_constructed(2), {der::tlv(der::octet_string_tag, {bits})});
    return der::sequence({wrap_identifier, entity, public_info});
}

Result<Secret> wrapping_key(const EcRecipient& recipient, const Secret& shared) {
    const OwnedKdf kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_X963KDF, nullptr));
    const OwnedKdfContext context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
    std::string digest(EVP_MD_get0_name(digest_method(recipient.kdf_digest)));
    Bytes info = recipient.shared_info;
    Secret key = shared.duplicate();
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.reveal_mutable().data(), key.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
        OSSL_PARAM_construct_end()};
    Secret out(recipient.wrap_bits / 8);
    MOHR_TRY(check(
        context && EVP_KDF_derive(context.get(), out.reveal_mutable().data(), out.size(), parameters) == 1,
        "X9.63 KDF"));
    return out;
}

Result<Bytes> wrap_key(const Secret& wrapping, const Secret& key) {
    Bytes out(key.size() + wrap_overhead);
    MOHR_TRY(check(run_wrap(wrapping, key.reveal(), out, Direction::wrap), "key wrap"));
    return out;
}

Result<Secret> ec_content_key(const EcRecipient& recipient, const Secret& shared) {
    const ByteView wrapped = recipient.encrypted_key;
    const bool fitting =
        wrapped.size() % 8 == 0 && wrapped.size() > 2 * wrap_overhead && wrapped.size() <= max_wrapped_bytes;
    if (fitting && !shared.empty()) {
        const auto wrapping = wrapping_key(recipient, shared);
        Secret out(wrapped.size() - wrap_overhead);
        if (wrapping && run_wrap(*wrapping, wrapped, out.reveal_mutable(), Direction::unwrap)) return out;
    }
    ERR_clear_error();
    return Error(SigningErrc::decryption_failed);
}

} // namespace mohr::signing
