// SPDX-License-Identifier: Apache-2.0
#include "content_cipher.hpp"
#include "content_info.hpp"
#include "recipients.hpp"
#include <mohr/base/random.hpp>

#include <openssl/objects.h>

namespace mohr::signing {
namespace {
Error malformed(const char* what) {
    return {SigningErrc::malformed, what};
}
} // namespace

/// EnvelopedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET OF,
/// encryptedContentInfo,
///   unprotectedAttrs [1] OPTIONAL } (RFC 5652 section 6.1)
/// AuthEnvelopedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET OF,
///   authEncryptedContentInfo, authAttrs [1] OPTIONAL, mac OCTET STRING, unauthAttrs [2] OPTIONAL } (RFC 5083
///   section 2.1)
/// EncryptedContentInfo ::= SEQUENCE { contentType, contentEncryptionAlgorithm, [0] IMPLICIT OCTET STRING
/// OPTIONAL }
struct EnvelopeReader::State final : ContentInfoHandler {
    enum class Next : std::uint8_t { version, recipients, content_info, mac, attributes, nothing };
    enum class Inside : std::uint8_t { fields, recipients, content_info };
    enum class NextInContent : std::uint8_t { type, algorithm, ciphertext, nothing };

    Sink& sink;
    BerReader reader{*this};
    bool authenticated = false;
    Next next = Next::version;
    Inside inside = Inside::fields;
    NextInContent next_in_content = NextInContent::type;
    EnvelopeHeader head;
    bool header_ready = false;
    CipherParameters parameters;
    std::optional<ContentCipherStream> cipher;
    bool doomed = false; ///< a key of the wrong size: everything goes on as with any wrong key
    Bytes ahead;         ///< ciphertext that came before the key
    Bytes mac;
    std::uint64_t decrypted = 0;
    Bytes plain = Bytes(ContentCipherStream::max_piece_bytes + ContentCipherStream::max_block_bytes);
    std::optional<Error> failed;

    explicit State(Sink& plaintext) : sink(plaintext) {}
    ~State() override { wipe(plain); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    Result<void> content_type(int nid) override {
        if (nid != NID_pkcs7_enveloped && nid != NID_id_smime_ct_authEnvelopedData)
            return Error(SigningErrc::unsupported, "neither EnvelopedData nor AuthEnvelopedData");
        authenticated = nid == NID_id_smime_ct_authEnvelopedData;
        return {};
    }

    Result<BerAction> field(const BerElement& element) override {
        if (element.depth == field_depth) return top_field(element.tag);
        if (inside == Inside::recipients) {
            // Password, key-encryption-key and other recipients are not for a token.
            const bool known = element.tag == der::sequence_tag || element.tag == der::context_constructed(1);
            if (++seen_recipients > max_recipients) return Error(SigningErrc::limit, "number of recipients");
            return known ? BerAction::take : BerAction::skip;
        }
        if (inside == Inside::content_info) return content_field(element.tag);
        return malformed("EnvelopedData");
    }

    Result<BerAction> top_field(std::uint8_t tag) {
        inside = Inside::fields;
        if (next == Next::version && tag == der::integer_tag) {
            next = Next::recipients;
            return BerAction::take;
        }
        if (next == Next::recipients && tag == der::context_constructed(0)) return BerAction::skip;
        if (next == Next::recipients && tag == der::set_tag) {
            next = Next::content_info;
            inside = Inside::recipients;
            return BerAction::enter;
        }
        if (next == Next::content_info && tag == der::sequence_tag) {
            next = authenticated ? Next::mac : Next::attributes;
            inside = Inside::content_info;
            return BerAction::enter;
        }
        // They stand behind the ciphertext but are digested before it; nobody writes them with id-data.
        if (next == Next::mac && tag == der::context_constructed(1))
            return Error(SigningErrc::unsupported, "authenticated attributes");
        if (next == Next::mac && tag == der::octet_string_tag) {
            next = Next::attributes;
            return BerAction::take;
        }
        if (next == Next::attributes && tag == der::context_constructed(authenticated ? 2 : 1)) {
            next = Next::nothing;
            return BerAction::skip;
        }
        return malformed("EnvelopedData");
    }

    Result<BerAction> content_field(std::uint8_t tag) {
        if (next_in_content == NextInContent::type && tag == der::oid_tag) {
            next_in_content = NextInContent::algorithm;
            return BerAction::skip;
        }
        if (next_in_content == NextInContent::algorithm && tag == der::sequence_tag) {
            next_in_content = NextInContent::ciphertext;
            return BerAction::take;
        }
        if (next_in_content == NextInContent::ciphertext &&
            (tag == der::context(0) || tag == der::context_constructed(0))) {
            next_in_content = NextInContent::nothing;
            return BerAction::stream;
        }
        return malformed("EncryptedContentInfo");
    }

    Result<void> field_taken(const BerElement& element, ByteView encoding) override {
        if (inside == Inside::recipients) return add_recipient(element.tag, encoding);
        if (inside == Inside::content_info) return set_algorithm(encoding);
        if (element.tag == der::octet_string_tag) {
            const auto octets = der::single(encoding, der::octet_string_tag);
            if (!octets) return octets.error();
            mac = to_bytes(octets->content);
        }
        return {};
    }

    Result<void> add_recipient(std::uint8_t tag, ByteView encoding) {
        auto recipients =
            tag == der::sequence_tag ? read_key_transport(encoding) : read_key_agreement(encoding);
        if (!recipients) return recipients.error();
        if (recipients->size() > max_recipients - head.recipients.size())
            return Error(SigningErrc::limit, "number of recipients");
        std::move(recipients->begin(), recipients->end(), std::back_inserter(head.recipients));
        return {};
    }

    Result<void> set_algorithm(ByteView ber) {
        const auto encoding = der::definite(ber);
        if (!encoding) return encoding.error();
        const auto sequence = der::single(*encoding, der::sequence_tag);
        if (!sequence) return sequence.error();
        const auto identifier = read_algorithm(*sequence);
        if (!identifier) return identifier.error();
        auto read = read_cipher(*identifier);
        if (!read) return read.error();
        if (read->kind->authenticated != authenticated)
            return Error(SigningErrc::unsupported, "content cipher of the other kind of envelope");
        parameters = std::move(*read);
        head.content_cipher = parameters.kind->name;
        head.authenticated = authenticated;
        head.content_key_size = parameters.kind->key_size;
        header_ready = true;
        return {};
    }

    Result<void> content(ByteView bytes) override {
        if (cipher) return decrypt(bytes);
        if (bytes.size() > max_ahead_bytes - ahead.size())
            return Error(SigningErrc::limit, "ciphertext ahead of the key");
        ahead.insert(ahead.end(), bytes.begin(), bytes.end());
        return {};
    }

    Result<void> decrypt(ByteView bytes) {
        if (authenticated && bytes.size() > max_gcm_bytes - decrypted)
            return Error(SigningErrc::limit, "content under one key");
        decrypted += bytes.size();
        while (!bytes.empty()) {
            const ByteView piece = bytes.first(std::min(bytes.size(), ContentCipherStream::max_piece_bytes));
            bytes = bytes.subspan(piece.size());
            const std::size_t size = cipher->update(piece, plain.data());
            if (size > 0) MOHR_TRY(sink.write(ByteView(plain).first(size)));
        }
        return {};
    }

    Result<void> field_left(std::uint8_t, unsigned depth) override {
        if (depth == field_depth && inside == Inside::content_info &&
            next_in_content != NextInContent::nothing)
            return Error(SigningErrc::unsupported, "envelope without its ciphertext");
        return {};
    }

    Result<void> fields_end() override {
        if (next == Next::attributes || next == Next::nothing) return {};
        return malformed("EnvelopedData");
    }

    Result<void> set_key(Secret key) {
        doomed = key.size() != parameters.kind->key_size;
        const Secret used = doomed ? random_secret(parameters.kind->key_size) : std::move(key);
        cipher.emplace(parameters, used, ContentCipherStream::Direction::decrypt);
        const Bytes waiting = std::move(ahead);
        ahead = {};
        return decrypt(waiting);
    }

    Result<void> finish() {
        if (!reader.complete()) return Error(SigningErrc::truncated, "envelope");
        if (!cipher) return Error(SigningErrc::no_recipient, "no content key");
        bool good = !doomed;
        if (authenticated) {
            const bool fitting = mac.size() == parameters.tag_size;
            good = good && fitting;
            cipher->expect_tag(fitting ? mac : Bytes(parameters.tag_size));
        }
        const auto last = cipher->finish(plain.data());
        if (!good || !last) return Error(SigningErrc::decryption_failed);
        return *last > 0 ? sink.write(ByteView(plain).first(*last)) : Result<void>{};
    }

    Result<void> remember(Result<void> outcome) {
        if (!outcome) failed = outcome.error();
        return outcome;
    }

    std::size_t seen_recipients = 0;
};

EnvelopeReader::EnvelopeReader(Sink& plaintext) : state_(std::make_unique<State>(plaintext)) {}
EnvelopeReader::~EnvelopeReader() = default;

Result<void> EnvelopeReader::write(ByteView cms) {
    if (state_->failed) return *state_->failed;
    return state_->remember(state_->reader.write(cms));
}

const EnvelopeHeader* EnvelopeReader::header() const noexcept {
    return state_->header_ready ? &state_->head : nullptr;
}

Result<void> EnvelopeReader::set_content_key(Secret key) {
    if (state_->failed) return *state_->failed;
    if (!state_->header_ready || state_->cipher)
        return Error(SigningErrc::malformed, "a content key is not due");
    return state_->remember(state_->set_key(std::move(key)));
}

Result<void> EnvelopeReader::finish() {
    if (state_->failed) return *state_->failed;
    return state_->remember(state_->finish());
}

} // namespace mohr::signing
