// SPDX-License-Identifier: Apache-2.0
#include "algorithms.hpp"
#include <mohr/signing/errors.hpp>

#include <openssl/objects.h>

#include <cstdio>

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

} // namespace

Result<Bytes> signed_attributes(DigestAlgorithm algorithm, ByteView content_digest, const Certificate& signer,
                                std::optional<Instant> signing_time) {
    if (algorithm == DigestAlgorithm::sha1) return Error(SigningErrc::unsupported, "SHA-1");
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
    return der::set_of(der::set_tag, std::move(attributes));
}

} // namespace mohr::signing
