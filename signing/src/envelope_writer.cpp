// SPDX-License-Identifier: Apache-2.0
#include "content_cipher.hpp"
#include "recipients.hpp"
#include <mohr/base/random.hpp>

#include <openssl/objects.h>

namespace mohr::signing {
namespace {

constexpr std::size_t max_written_recipients = 64;
constexpr std::size_t piece_bytes = 60 * 1024;
/// Identifier and length octets of a piece: 04 83 and three octets.
constexpr std::size_t piece_header_bytes = 5;
constexpr std::uint8_t end_of_contents[] = {0, 0};

Bytes indefinite(std::uint8_t tag) {
    return {tag, 0x80};
}

} // namespace

struct EnvelopeWriter::State {
    std::vector<Certificate> recipients;
    bool authenticated;
    Sink& sink;
    std::optional<ContentCipherStream> cipher;
    Bytes piece = Bytes(piece_header_bytes + piece_bytes + 2 * ContentCipherStream::max_block_bytes);
    std::size_t filled = 0; ///< ciphertext in `piece`, behind its header
    std::uint64_t written = 0;

    State(std::vector<Certificate> to, ContentCipher kind, Sink& out)
        : recipients(std::move(to)), authenticated(kind == ContentCipher::aes_256_gcm), sink(out) {}

    /// ContentInfo, EnvelopedData or AuthEnvelopedData, EncryptedContentInfo, all of indefinite length, up to
    /// the ciphertext.
    Result<void> start() {
        if (recipients.empty() || recipients.size() > max_written_recipients)
            return Error(SigningErrc::limit, "number of recipients");
        for (const Certificate& recipient : recipients) MOHR_TRY(check_recipient(recipient));
        CipherParameters parameters;
        parameters.kind = find_cipher(authenticated ? NID_aes_256_gcm : NID_aes_256_cbc);
        parameters.iv = random_bytes(parameters.kind->iv_size);
        parameters.tag_size = authenticated ? gcm_tag_size : 0;
        const Secret key = random_secret(parameters.kind->key_size);
        bool any_agreement = false;
        std::vector<Bytes> infos;
        for (const Certificate& recipient : recipients) {
            auto info = make_recipient_info(recipient, key);
            if (!info) return info.error();
            any_agreement = any_agreement || info->front() != der::sequence_tag;
            infos.push_back(std::move(*info));
        }
        cipher.emplace(parameters, key, ContentCipherStream::Direction::encrypt);
        // RFC 5083 section 2.1 and RFC 5652 section 6.1.
        const std::uint8_t version = !authenticated && any_agreement ? 2 : 0;
        const int type = authenticated ? NID_id_smime_ct_authEnvelopedData : NID_pkcs7_enveloped;
        return sink.write(
            der::concat({indefinite(der::sequence_tag), der::oid(type),
                         indefinite(der::context_constructed(0)), indefinite(der::sequence_tag),
                         der::integer(version), der::set_of(der::set_tag, std::move(infos)),
                         indefinite(der::sequence_tag), der::oid(NID_pkcs7_data),
                         cipher_identifier(parameters), indefinite(der::context_constructed(0))}));
    }

    Result<void> flush() {
        if (filled == 0) return {};
        piece[0] = der::octet_string_tag;
        piece[1] = 0x83;
        for (unsigned i = 0; i < 3; ++i) piece[2 + i] = static_cast<std::uint8_t>(filled >> (8 * (2 - i)));
        const ByteView ready(piece.data(), piece_header_bytes + filled);
        filled = 0;
        return sink.write(ready);
    }

    Result<void> write(ByteView content) {
        if (authenticated && content.size() > max_gcm_bytes - written)
            return Error(SigningErrc::limit, "content under one key");
        written += content.size();
        while (!content.empty()) {
            const ByteView part = content.first(std::min(content.size(), piece_bytes - filled));
            filled += cipher->update(part, piece.data() + piece_header_bytes + filled);
            content = content.subspan(part.size());
            if (filled >= piece_bytes) MOHR_TRY(flush());
        }
        return {};
    }

    Result<void> finish() {
        const auto last = cipher->finish(piece.data() + piece_header_bytes + filled);
        if (!last) return openssl_error("content cipher");
        filled += *last;
        MOHR_TRY(flush());
        Bytes tail = der::concat({end_of_contents, end_of_contents});
        if (authenticated) tail = der::concat({tail, der::tlv(der::octet_string_tag, {cipher->tag()})});
        return sink.write(der::concat({tail, end_of_contents, end_of_contents, end_of_contents}));
    }
};

EnvelopeWriter::EnvelopeWriter(std::vector<Certificate> recipients, ContentCipher cipher, Sink& sink)
    : state_(std::make_unique<State>(std::move(recipients), cipher, sink)) {}
EnvelopeWriter::~EnvelopeWriter() = default;

Result<void> EnvelopeWriter::start() {
    return state_->start();
}
Result<void> EnvelopeWriter::write(ByteView content) {
    return state_->write(content);
}
Result<void> EnvelopeWriter::finish() {
    return state_->finish();
}

} // namespace mohr::signing
