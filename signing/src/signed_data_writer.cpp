// SPDX-License-Identifier: Apache-2.0
#include "algorithms.hpp"
#include <mohr/signing/errors.hpp>

#include <openssl/objects.h>

namespace mohr::signing {
namespace {

constexpr std::size_t max_signers = 64;

/// What stands before and behind the content.
struct Frame {
    Bytes head;
    Bytes tail;
};

/// SignerInfo ::= SEQUENCE { version 1, issuerAndSerialNumber, digestAlgorithm, [0] signedAttrs,
/// signatureAlgorithm, signature OCTET STRING, [1] unsignedAttrs OPTIONAL } (RFC 5652 section 5.3)
Result<Bytes> signer_info(const SignerPart& part) {
    const auto attributes = der::single(part.signed_attributes, der::set_tag);
    if (!attributes) return attributes.error();
    if (part.signature.empty()) return Error(SigningErrc::malformed, "empty signature");
    const auto serial = to_der(i2d_ASN1_INTEGER, X509_get0_serialNumber(part.certificate.get0()));
    if (!serial) return serial.error();
    const Bytes unsigned_attributes =
        part.unsigned_attributes.empty() ? Bytes()
                                         : der::set_of(der::context_constructed(1), part.unsigned_attributes);
    return der::sequence({der::integer(1), der::sequence({part.certificate.issuer_der(), *serial}),
                          digest_identifier(part.digest_algorithm),
                          der::tlv(der::context_constructed(0), {attributes->content}),
                          signature_identifier(part.signature_algorithm, part.digest_algorithm),
                          der::tlv(der::octet_string_tag, {part.signature}), unsigned_attributes});
}

/// ContentInfo around SignedData (RFC 5652 section 5.1), all lengths definite, `content_size` bytes left out
/// between the two parts; without a size the content is detached.
Result<Frame> compose(const std::vector<SignerPart>& signers, std::optional<std::uint64_t> content_size) {
    if (signers.empty() || signers.size() > max_signers)
        return Error(SigningErrc::limit, "number of signers");
    std::vector<Bytes> digests;
    std::vector<Bytes> certificates;
    std::vector<Bytes> infos;
    for (const SignerPart& part : signers) {
        digests.push_back(digest_identifier(part.digest_algorithm));
        certificates.push_back(part.certificate.der());
        for (const Certificate& link : part.chain) certificates.push_back(link.der());
        auto info = signer_info(part);
        if (!info) return info.error();
        infos.push_back(std::move(*info));
    }
    Frame out;
    out.tail = der::concat({der::set_of(der::context_constructed(0), std::move(certificates)),
                            der::set_of(der::set_tag, std::move(infos))});
    const Bytes before = der::concat({der::integer(1), der::set_of(der::set_tag, std::move(digests))});
    const Bytes type = der::oid(NID_pkcs7_data);
    Bytes encapsulated = type;
    std::uint64_t size = content_size.value_or(0);
    if (content_size) {
        const Bytes octets = der::header(der::octet_string_tag, size);
        const Bytes explicit_tag = der::header(der::context_constructed(0), octets.size() + size);
        encapsulated = der::concat({type, explicit_tag, octets});
    }
    const auto wrap = [&](std::uint8_t tag, const Bytes& inner, std::size_t behind) {
        return der::concat({der::header(tag, inner.size() + size + behind), inner});
    };
    encapsulated = wrap(der::sequence_tag, encapsulated, 0);
    const Bytes signed_data = wrap(der::sequence_tag, der::concat({before, encapsulated}), out.tail.size());
    const Bytes explicit_tag = wrap(der::context_constructed(0), signed_data, out.tail.size());
    out.head =
        wrap(der::sequence_tag, der::concat({der::oid(NID_pkcs7_signed), explicit_tag}), out.tail.size());
    return out;
}

} // namespace

Result<Bytes> detached_signed_data(const std::vector<SignerPart>& signers) {
    auto frame = compose(signers, std::nullopt);
    if (!frame) return frame.error();
    return der::concat({frame->head, frame->tail});
}

struct AttachedSignedDataWriter::State {
    Result<Frame> frame;
    std::uint64_t left;
    Sink& sink;
    bool begun = false;

    Result<void> begin() {
        if (!frame) return frame.error();
        if (begun) return {};
        begun = true;
        return sink.write(frame->head);
    }
};

AttachedSignedDataWriter::AttachedSignedDataWriter(const std::vector<SignerPart>& signers,
                                                   std::uint64_t content_size, Sink& sink)
    : state_(new State{content_size > max_attached_bytes
                           ? Result<Frame>(Error(SigningErrc::limit, "content size"))
                           : compose(signers, content_size),
                       content_size, sink}) {}
AttachedSignedDataWriter::~AttachedSignedDataWriter() = default;

Result<void> AttachedSignedDataWriter::write(ByteView content) {
    MOHR_TRY(state_->begin());
    if (content.size() > state_->left) return Error(SigningErrc::malformed, "more content than announced");
    state_->left -= content.size();
    return state_->sink.write(content);
}

Result<void> AttachedSignedDataWriter::finish() {
    MOHR_TRY(state_->begin());
    if (state_->left != 0) return Error(SigningErrc::truncated, "less content than announced");
    return state_->sink.write(state_->frame->tail);
}

} // namespace mohr::signing
