// SPDX-License-Identifier: Apache-2.0
#include "content_cipher.hpp"

#include <mohr/signing/errors.hpp>

#include <openssl/err.h>
#include <openssl/objects.h>

#include <stdexcept>

namespace mohr::signing {
namespace {

constexpr std::size_t default_gcm_tag_size = 12;

constexpr CipherKind kinds[] = {
    {NID_aes_256_gcm, "AES-256-GCM", 32, gcm_nonce_size, true},
    {NID_aes_192_gcm, "AES-192-GCM", 24, gcm_nonce_size, true},
    {NID_aes_128_gcm, "AES-128-GCM", 16, gcm_nonce_size, true},
    {NID_aes_256_cbc, "AES-256-CBC", 32, 16, false},
    {NID_aes_192_cbc, "AES-192-CBC", 24, 16, false},
    {NID_aes_128_cbc, "AES-128-CBC", 16, 16, false},
    {NID_des_ede3_cbc, "DES-EDE3-CBC", 24, 8, false},
};

using OwnedCipher = Owned<EVP_CIPHER, EVP_CIPHER_free>;

void must(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(openssl_error(what).describe());
}

} // namespace

const CipherKind* find_cipher(int nid) noexcept {
    for (const CipherKind& kind : kinds)
        if (kind.nid == nid) return &kind;
    return nullptr;
}

Result<CipherParameters> read_cipher(const AlgorithmIdentifier& identifier) {
    CipherParameters out;
    out.kind = find_cipher(identifier.nid);
    if (out.kind == nullptr) return Error(SigningErrc::unsupported, "content cipher");
    if (!identifier.parameters) return Error(SigningErrc::malformed, "content cipher without parameters");
    if (!out.kind->authenticated) {
        const auto iv = der::single(identifier.parameters->whole, der::octet_string_tag);
        if (!iv) return iv.error();
        out.iv = to_bytes(iv->content);
    } else {
        const auto sequence = der::single(identifier.parameters->whole, der::sequence_tag);
        if (!sequence) return sequence.error();
        der::Cursor fields(sequence->content);
        const auto nonce = fields.next(der::octet_string_tag);
        if (!nonce) return nonce.error();
        out.iv = to_bytes(nonce->content);
        const auto size = fields.next_if(der::integer_tag);
        if (!size) return size.error();
        out.tag_size = default_gcm_tag_size;
        if (*size) {
            if ((*size)->content.size() != 1) return Error(SigningErrc::malformed, "tag size");
            out.tag_size = (*size)->content[0];
        }
        if (!fields.at_end()) return Error(SigningErrc::malformed, "GCM parameters");
        if (out.tag_size < default_gcm_tag_size || out.tag_size > gcm_tag_size)
            return Error(SigningErrc::unsupported, "tag size");
    }
    if (out.iv.size() != out.kind->iv_size)
        return Error(SigningErrc::unsupported, "size of the initialisation vector");
    return out;
}

Bytes cipher_identifier(const CipherParameters& parameters) {
    const Bytes iv = der::tlv(der::octet_string_tag, {parameters.iv});
    const Bytes oid = der::oid(parameters.kind->nid);
    if (!parameters.kind->authenticated) return der::sequence({oid, iv});
    return der::sequence(
        {oid, der::sequence({iv, der::integer(static_cast<std::uint8_t>(parameters.tag_size))})});
}

ContentCipherStream::ContentCipherStream(const CipherParameters& parameters, const Secret& key,
                                         Direction direction)
    : context_(EVP_CIPHER_CTX_new()), tag_size_(parameters.tag_size) {
    const OwnedCipher cipher(EVP_CIPHER_fetch(nullptr, parameters.kind->name, nullptr));
    const bool encrypt = direction == Direction::encrypt;
    must(context_ && cipher && key.size() == parameters.kind->key_size &&
             EVP_CipherInit_ex2(context_.get(), cipher.get(), key.reveal().data(), parameters.iv.data(),
                                encrypt ? 1 : 0, nullptr) == 1,
         "content cipher");
}

std::size_t ContentCipherStream::update(ByteView piece, std::uint8_t* out) {
    if (piece.empty()) return 0;
    int size = 0;
    must(EVP_CipherUpdate(context_.get(), out, &size, piece.data(), static_cast<int>(piece.size())) == 1,
         "content cipher");
    return static_cast<std::size_t>(size);
}

std::optional<std::size_t> ContentCipherStream::finish(std::uint8_t* out) {
    int size = 0;
    const bool good = EVP_CipherFinal_ex(context_.get(), out, &size) == 1;
    ERR_clear_error();
    if (!good) return std::nullopt;
    return static_cast<std::size_t>(size);
}

Bytes ContentCipherStream::tag() {
    Bytes out(tag_size_);
    must(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size_),
                             out.data()) == 1,
         "tag");
    return out;
}

void ContentCipherStream::expect_tag(ByteView tag) {
    Bytes copy = to_bytes(tag);
    must(EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(copy.size()),
                             copy.data()) == 1,
         "tag");
}

} // namespace mohr::signing
