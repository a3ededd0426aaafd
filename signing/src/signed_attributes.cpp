// SPDX-License-Identifier: Apache-2.0
#include "algorithms.hpp"
#include <mohr/signing/errors.hpp>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

namespace mohr::signing {
namespace {

constexpr std::uint8_t utc_time_tag = 0x17;
constexpr std::uint8_t generalized_time_tag = 0x18;

/// Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF ANY } with one value.
Bytes attribute(int nid, ByteView value) {
    return der::sequence({der::oid(nid), der::tlv(der::set_tag, {value})});
}

/// RFC 5652 section 11.3: UTCTime from 1950 through 2049, GeneralizedTime otherwise; whole seconds, UTC.
Result<Bytes> time_value(Instant instant) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(instant);
    const auto day = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(seconds - day);
    const int year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) return Error(SigningErrc::unsupported, "signing time out of range");
    const bool short_year = year >= 1950 && year < 2050;
    char text[24];
    std::snprintf(text, sizeof text, "%04d%02u%02u%02d%02d%02dZ", year, static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                  static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
    const std::string_view shown(text);
    if (short_year) return der::tlv(utc_time_tag, {as_bytes(shown.substr(2))});
    return der::tlv(generalized_time_tag, {as_bytes(shown)});
}

/// What a page may not say in our name: RFC 5652 section 11, RFC 5035, RFC 6211, RFC 5126. countersignature and
/// the time-stamp token belong into the unsigned ones.
constexpr std::array own_types{
    NID_pkcs9_contentType,
    NID_pkcs9_messageDigest,
    NID_pkcs9_signingTime,
    NID_pkcs9_countersignature,
    NID_id_smime_aa_signingCertificate,
    NID_id_smime_aa_signingCertificateV2,
    NID_id_smime_aa_timeStampToken,
};
/// CMSAlgorithmProtection (RFC 6211): OpenSSL 3.0 has no number for it. 1.2.840.113549.1.9.52
constexpr std::array<std::uint8_t, 9> algorithm_protection{0x2A, 0x86, 0x48, 0x86, 0xF7,
                                                           0x0D, 0x01, 0x09, 0x34};

/// The OBJECT IDENTIFIER of one attribute, which is DER through and through.
Result<der::Element> checked_type(ByteView attribute) {
    const auto malformed = [](const char* why) { return Error(SigningErrc::malformed, why); };
    const auto canonical = der::definite(attribute);
    if (!canonical) return canonical.error();
    if (!std::equal(canonical->begin(), canonical->end(), attribute.begin(), attribute.end()))
        return malformed("an attribute that is not DER");
    const auto whole = der::single(attribute, der::sequence_tag);
    if (!whole) return whole.error();
    der::Cursor parts(whole->content);
    const auto type = parts.next(der::oid_tag);
    if (!type) return type.error();
    const auto values = parts.next(der::set_tag);
    if (!values) return values.error();
    if (!parts.at_end() || values->content.empty()) return malformed("an attribute without a value");
    const int nid = der::nid_of(*type);
    const bool own = std::find(own_types.begin(), own_types.end(), nid) != own_types.end() ||
                     std::equal(type->content.begin(), type->content.end(), algorithm_protection.begin(),
                                algorithm_protection.end());
    if (own) return malformed("an attribute that only the signer writes");
    return *type;
}

Result<void> add_more(std::vector<Bytes>& attributes, const std::vector<Bytes>& more) {
    std::set<Bytes> types;
    for (const auto& attribute : more) {
        const auto type = checked_type(attribute);
        if (!type) return type.error();
        if (!types.insert(to_bytes(type->whole)).second)
            return Error(SigningErrc::malformed, "two attributes of one type");
        attributes.push_back(attribute);
    }
    return {};
}

} // namespace

Result<std::string> attribute_type(ByteView attribute) {
    const auto type = checked_type(attribute);
    if (!type) return type.error();
    const unsigned char* cursor = type->whole.data();
    const OwnedAsn1Object object(d2i_ASN1_OBJECT(nullptr, &cursor, static_cast<long>(type->whole.size())));
    std::array<char, 256> text{};
    const int length = object ? OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object.get(), 1) : 0;
    if (length <= 0 || static_cast<std::size_t>(length) >= text.size()) {
        ERR_clear_error();
        return Error(SigningErrc::malformed, "type of an attribute");
    }
    return std::string(text.data());
}

Result<Bytes> signed_attributes(DigestAlgorithm algorithm, ByteView content_digest, const Certificate& signer,
                                std::optional<Instant> signing_time, const std::vector<Bytes>& more) {
    if (content_digest.size() != digest_size(algorithm))
        return Error(SigningErrc::malformed, "digest length");
    // ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT sha256, certHash OCTET STRING, issuerSerial OPTIONAL
    // }: the default may not be written in DER, and SignerInfo names issuer and serial number already.
    const Bytes hash = der::tlv(der::octet_string_tag, {signer.fingerprint()});
    const Bytes certificates = der::sequence({der::sequence({hash})});
    std::vector<Bytes> attributes{
        attribute(NID_pkcs9_contentType, der::oid(NID_pkcs7_data)),
        attribute(NID_pkcs9_messageDigest, der::tlv(der::octet_string_tag, {content_digest})),
        attribute(NID_id_smime_aa_signingCertificateV2, der::sequence({certificates})),
    };
    if (signing_time) {
        const auto time = time_value(*signing_time);
        if (!time) return time.error();
        attributes.push_back(attribute(NID_pkcs9_signingTime, *time));
    }
    MOHR_TRY(add_more(attributes, more));
    return der::set_of(der::set_tag, std::move(attributes));
}

} // namespace mohr::signing
