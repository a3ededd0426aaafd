// SPDX-License-Identifier: Apache-2.0
#include "signer_info.hpp"

#include <mohr/signing/errors.hpp>

#include <openssl/err.h>
#include <openssl/objects.h>

#include <ctime>

namespace mohr::signing {
namespace {

using OwnedInteger = Owned<ASN1_INTEGER, ASN1_INTEGER_free>;
using OwnedTime = Owned<ASN1_TIME, ASN1_TIME_free>;

constexpr int max_attributes = 64;

Error malformed(const char* what) {
    return {SigningErrc::malformed, what};
}

OwnedX509Name parse_name(ByteView der) {
    const unsigned char* cursor = der.data();
    OwnedX509Name name(d2i_X509_NAME(nullptr, &cursor, static_cast<long>(der.size())));
    ERR_clear_error();
    return name;
}

Result<Instant> read_time(const der::Element& value) {
    const unsigned char* cursor = value.whole.data();
    const OwnedTime time(d2i_ASN1_TIME(nullptr, &cursor, static_cast<long>(value.whole.size())));
    std::tm parts{};
    if (!time || ASN1_TIME_to_tm(time.get(), &parts) != 1) {
        ERR_clear_error();
        return malformed("signing time");
    }
    return Instant(std::chrono::seconds(::timegm(&parts)));
}

/// IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber INTEGER }; only the form with one
/// directoryName ([4]).
Result<void> read_issuer_serial(const der::Element& sequence, EssIdentifier& out) {
    der::Cursor fields(sequence.content);
    const auto names = fields.next(der::sequence_tag);
    if (!names) return names.error();
    const auto serial = fields.next(der::integer_tag);
    if (!serial) return serial.error();
    const auto directory = der::single(names->content, der::context_constructed(4));
    if (!directory) return directory.error();
    out.issuer = directory->content;
    out.serial = serial->whole;
    return {};
}

/// SigningCertificate(V2) ::= SEQUENCE { certs SEQUENCE OF ESSCertID(v2), policies OPTIONAL }
/// ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT sha256, certHash OCTET STRING, issuerSerial OPTIONAL }
Result<EssIdentifier> read_ess(const der::Element& value, DigestAlgorithm default_digest) {
    der::Cursor outer(value.content);
    const auto certificates = outer.next(der::sequence_tag);
    if (!certificates) return certificates.error();
    der::Cursor list(certificates->content);
    const auto first = list.next(der::sequence_tag);
    if (!first) return first.error();
    der::Cursor fields(first->content);
    EssIdentifier out;
    out.algorithm = default_digest;
    if (fields.at(der::sequence_tag)) {
        const auto sequence = fields.next();
        if (!sequence) return sequence.error();
        const auto identifier = read_algorithm(*sequence);
        if (!identifier) return identifier.error();
        const auto algorithm = digest_algorithm(*identifier);
        if (!algorithm) return Error(SigningErrc::unsupported, "digest of the signing certificate");
        out.algorithm = *algorithm;
    }
    const auto hash = fields.next(der::octet_string_tag);
    if (!hash) return hash.error();
    out.hash = hash->content;
    const auto issuer_serial = fields.next_if(der::sequence_tag);
    if (!issuer_serial) return issuer_serial.error();
    if (*issuer_serial) MOHR_TRY(read_issuer_serial(**issuer_serial, out));
    return out;
}

/// The one value of an attribute that may have only one.
Result<der::Element> only_value(const der::Element& values) {
    der::Cursor cursor(values.content);
    auto value = cursor.next();
    if (value && !cursor.at_end()) return malformed("attribute with several values");
    return value;
}

struct Seen {
    bool content_type = false;
    bool message_digest = false;
    bool signing_time = false;
    bool ess_v1 = false;
    bool ess_v2 = false;
};

Result<void> once(bool& seen) {
    if (seen) return malformed("attribute twice");
    seen = true;
    return {};
}

Result<void> read_attribute(const der::Element& sequence, SignedAttributes& out, Seen& seen) {
    der::Cursor fields(sequence.content);
    const auto type = fields.next(der::oid_tag);
    if (!type) return type.error();
    const auto values = fields.next(der::set_tag);
    if (!values) return values.error();
    if (!fields.at_end()) return malformed("attribute");
    const int nid = der::nid_of(*type);
    switch (nid) {
    case NID_pkcs9_contentType: {
        MOHR_TRY(once(seen.content_type));
        const auto value = only_value(*values);
        if (!value || value->tag != der::oid_tag) return malformed("content-type attribute");
        out.content_type = *value;
        return {};
    }
    case NID_pkcs9_messageDigest: {
        MOHR_TRY(once(seen.message_digest));
        const auto value = only_value(*values);
        if (!value || value->tag != der::octet_string_tag) return malformed("message-digest attribute");
        out.message_digest = value->content;
        return {};
    }
    case NID_pkcs9_signingTime: {
        MOHR_TRY(once(seen.signing_time));
        const auto value = only_value(*values);
        if (!value) return value.error();
        const auto time = read_time(*value);
        if (!time) return time.error();
        out.signing_time = *time;
        return {};
    }
    case NID_id_smime_aa_signingCertificate:
    case NID_id_smime_aa_signingCertificateV2: {
        const bool v2 = nid == NID_id_smime_aa_signingCertificateV2;
        MOHR_TRY(once(v2 ? seen.ess_v2 : seen.ess_v1));
        const auto value = only_value(*values);
        if (!value || value->tag != der::sequence_tag) return malformed("signing-certificate attribute");
        const auto ess = read_ess(*value, v2 ? DigestAlgorithm::sha256 : DigestAlgorithm::sha1);
        if (!ess) return ess.error();
        out.ess.push_back(*ess);
        return {};
    }
    default:
        return {};
    }
}

} // namespace

Result<IssuerAndSerial> read_issuer_and_serial(const der::Element& sequence) {
    der::Cursor fields(sequence.content);
    const auto issuer = fields.next(der::sequence_tag);
    if (!issuer) return issuer.error();
    const auto serial = fields.next(der::integer_tag);
    if (!serial) return serial.error();
    if (!fields.at_end()) return malformed("issuer and serial number");
    return IssuerAndSerial{issuer->whole, serial->whole};
}

bool names(const IssuerAndSerial& id, const Certificate& certificate) {
    const unsigned char* cursor = id.serial.data();
    const OwnedInteger serial(d2i_ASN1_INTEGER(nullptr, &cursor, static_cast<long>(id.serial.size())));
    ERR_clear_error();
    if (!serial || ASN1_INTEGER_cmp(serial.get(), X509_get0_serialNumber(certificate.get0())) != 0)
        return false;
    const OwnedX509Name issuer = parse_name(id.issuer);
    return issuer && X509_NAME_cmp(issuer.get(), X509_get_issuer_name(certificate.get0())) == 0;
}

bool has_key_identifier(const Certificate& certificate, ByteView identifier) {
    const ASN1_OCTET_STRING* own = X509_get0_subject_key_id(certificate.get0());
    if (own == nullptr) return false;
    const ByteView bytes(ASN1_STRING_get0_data(own), static_cast<std::size_t>(ASN1_STRING_length(own)));
    return std::equal(bytes.begin(), bytes.end(), identifier.begin(), identifier.end());
}

bool SignerInfo::is_by(const Certificate& certificate) const {
    if (const auto* named = std::get_if<IssuerAndSerial>(&id)) return names(*named, certificate);
    return has_key_identifier(certificate, std::get<ByteView>(id));
}

Result<SignerInfo> read_signer_info(ByteView ber) {
    SignerInfo out;
    auto encoding = der::definite(ber);
    if (!encoding) return encoding.error();
    out.encoding = std::move(*encoding);
    const auto outer = der::single(out.encoding, der::sequence_tag);
    if (!outer) return outer.error();
    der::Cursor fields(outer->content);
    if (const auto version = fields.next(der::integer_tag); !version) return version.error();

    const auto id = fields.next();
    if (!id) return id.error();
    if (id->tag == der::sequence_tag) {
        const auto named = read_issuer_and_serial(*id);
        if (!named) return named.error();
        out.id = *named;
    } else if (id->tag == der::context(0)) {
        out.id = id->content;
    } else {
        return malformed("signer identifier");
    }

    const auto digest = fields.next(der::sequence_tag);
    if (!digest) return digest.error();
    const auto digest_identifier = read_algorithm(*digest);
    if (!digest_identifier) return digest_identifier.error();
    out.digest = *digest_identifier;

    const auto attributes = fields.next_if(der::context_constructed(0));
    if (!attributes) return attributes.error();
    // RFC 5652 section 5.4: what is digested carries the SET OF tag in place of [0].
    if (*attributes) out.signed_attributes = der::tlv(der::set_tag, {(*attributes)->content});

    const auto algorithm = fields.next(der::sequence_tag);
    if (!algorithm) return algorithm.error();
    const auto signature_identifier = read_algorithm(*algorithm);
    if (!signature_identifier) return signature_identifier.error();
    out.signature_algorithm = *signature_identifier;

    const auto signature = fields.next(der::octet_string_tag);
    if (!signature) return signature.error();
    out.signature = signature->content;
    if (const auto unsigned_attributes = fields.next_if(der::context_constructed(1)); !unsigned_attributes)
        return unsigned_attributes.error();
    if (!fields.at_end()) return malformed("SignerInfo");
    return out;
}

Result<SignedAttributes> read_signed_attributes(ByteView set) {
    const auto outer = der::single(set, der::set_tag);
    if (!outer) return outer.error();
    der::Cursor list(outer->content);
    SignedAttributes out;
    Seen seen;
    for (int count = 0; !list.at_end(); ++count) {
        if (count == max_attributes) return Error(SigningErrc::limit, "number of attributes");
        const auto sequence = list.next(der::sequence_tag);
        if (!sequence) return sequence.error();
        MOHR_TRY(read_attribute(*sequence, out, seen));
    }
    if (!seen.content_type || !seen.message_digest)
        return malformed("content-type or message-digest attribute missing");
    return out;
}

bool looks_like_signed_attributes(ByteView content) {
    const auto outer = der::single(content, der::set_tag);
    if (!outer) return false;
    der::Cursor list(outer->content);
    while (!list.at_end()) {
        const auto sequence = list.next(der::sequence_tag);
        if (!sequence) return false;
        const auto type = der::Cursor(sequence->content).next(der::oid_tag);
        if (type && der::nid_of(*type) == NID_pkcs9_messageDigest) return true;
    }
    return false;
}

} // namespace mohr::signing
