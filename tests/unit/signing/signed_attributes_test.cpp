// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "pki.hpp"
#include "signer_info.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/signing/errors.hpp>

#include <openssl/cms.h>

using namespace mohr;
using namespace mohr::signing;
using namespace std::chrono;

namespace {
Instant at(year_month_day day, seconds time = seconds(0)) {
    return sys_days(day) + time;
}
std::string attributes_hex(std::optional<Instant> time) {
    return to_hex(signed_attributes(DigestAlgorithm::sha256, Bytes(32, 0xAB),
                                    test::identity(test::KeyType::p256).certificate, time)
                      .value());
}
} // namespace

TEST_CASE("signed attributes are the DER SET OF that RFC 5652 digests, octet by octet",
          "[signing][attributes]") {
    const Certificate& certificate = test::identity(test::KeyType::p256).certificate;
    const std::string hex = attributes_hex(std::nullopt);
    const std::string content_type = "301806092a864886f70d010903310b06092a864886f70d010701";
    const std::string message_digest = "302f06092a864886f70d01090431220420" + to_hex(Bytes(32, 0xAB));
    // hashAlgorithm is left out, since SHA-256 is its default (RFC 5035 section 4).
    const std::string ess = "3037060b2a864886f70d010910022f3128302630243022"
                            "0420" +
                            to_hex(certificate.fingerprint());
    CHECK(hex == "318184" + content_type + message_digest + ess);
}

TEST_CASE("signing time is UTCTime through 2049 and GeneralizedTime after", "[signing][attributes]") {
    CHECK(attributes_hex(at(2026y / November / 22, 21h + 4min + 5s))
              .find("170d" + to_hex(as_bytes("261122210405Z"))) != std::string::npos);
    CHECK(attributes_hex(at(2049y / December / 31, 23h + 59min + 59s))
              .find("170d" + to_hex(as_bytes("491231235959Z"))) != std::string::npos);
    CHECK(attributes_hex(at(2050y / January / 1)).find("180f" + to_hex(as_bytes("20500101000000Z"))) !=
          std::string::npos);
    CHECK(attributes_hex(at(1949y / December / 31)).find("180f" + to_hex(as_bytes("19491231000000Z"))) !=
          std::string::npos);
}

TEST_CASE("signed attributes are read back as they were made", "[signing][attributes]") {
    const auto time = at(2026y / November / 22, 1h);
    const Bytes digest = test::sample(48);
    const Certificate& certificate = test::identity(test::KeyType::p384).certificate;
    const Bytes set = signed_attributes(DigestAlgorithm::sha384, digest, certificate, time).value();
    const auto read = read_signed_attributes(set);
    REQUIRE(read);
    CHECK(to_bytes(read->message_digest) == digest);
    CHECK(read->signing_time == time);
    REQUIRE(read->ess.size() == 1);
    CHECK(to_bytes(read->ess[0].hash) == certificate.fingerprint());
    CHECK(read->ess[0].algorithm == DigestAlgorithm::sha256);
}

TEST_CASE("a page's attributes stand beside ours, and cannot be one of ours [T20]", "[signing][attributes]") {
    const Certificate& certificate = test::identity(test::KeyType::p256).certificate;
    const auto made = [](int nid, const Bytes& value) {
        return der::sequence({der::oid(nid), der::tlv(der::set_tag, {value})});
    };
    const Bytes text = der::tlv(0x0C, {as_bytes("contract 12")});
    const Bytes mine = made(NID_pkcs9_unstructuredName, text);
    const auto with = [&](std::vector<Bytes> more) {
        return signed_attributes(DigestAlgorithm::sha1, Bytes(20), certificate, std::nullopt, more);
    };
    const auto set = with({mine});
    REQUIRE(set);
    CHECK(read_signed_attributes(*set));
    CHECK(std::search(set->begin(), set->end(), mine.begin(), mine.end()) != set->end());
    CHECK(attribute_type(mine).value() == "1.2.840.113549.1.9.2");

    for (const int nid : {NID_pkcs9_contentType, NID_pkcs9_messageDigest, NID_pkcs9_signingTime,
                          NID_pkcs9_countersignature, NID_id_smime_aa_signingCertificate,
                          NID_id_smime_aa_signingCertificateV2, NID_id_smime_aa_timeStampToken}) {
        CHECK(with({made(nid, text)}).error().code == SigningErrc::malformed);
        CHECK_FALSE(attribute_type(made(nid, text)));
    }
    // CMSAlgorithmProtection, 1.2.840.113549.1.9.52
    const Bytes protection{0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x34};
    CHECK_FALSE(with({der::sequence({protection, der::tlv(der::set_tag, {text})})}));
    // The same type twice, no value, more behind it, long lengths: nothing that two readers could read apart.
    CHECK_FALSE(with({mine, made(NID_pkcs9_unstructuredName, der::tlv(0x0C, {as_bytes("other")}))}));
    CHECK_FALSE(with({der::sequence({der::oid(NID_pkcs9_unstructuredName), der::tlv(der::set_tag, {})})}));
    CHECK_FALSE(with({der::concat({mine, mine})}));
    CHECK_FALSE(with({der::sequence({der::oid(NID_pkcs9_unstructuredName), text})}));
    Bytes long_length{0x30, 0x81, mine[1]};
    long_length.insert(long_length.end(), mine.begin() + 2, mine.end());
    CHECK_FALSE(with({long_length}));
    CHECK_FALSE(with({Bytes{}}));
}

TEST_CASE("signed attributes refuse digests of another length", "[signing][attributes]") {
    const Certificate& certificate = test::identity(test::KeyType::p256).certificate;
    CHECK(signed_attributes(DigestAlgorithm::sha1, Bytes(32), certificate, std::nullopt).error().code ==
          SigningErrc::malformed);
    CHECK(signed_attributes(DigestAlgorithm::sha256, Bytes(31), certificate, std::nullopt).error().code ==
          SigningErrc::malformed);
    CHECK(signed_attributes(DigestAlgorithm::sha512, Bytes(32), certificate, std::nullopt).error().code ==
          SigningErrc::malformed);
}

TEST_CASE("doubled, many-valued and missing attributes are malformed", "[signing][attributes]") {
    const auto oid_value = [](int nid) { return der::tlv(der::set_tag, {der::oid(nid)}); };
    const Bytes type = der::sequence({der::oid(NID_pkcs9_contentType), oid_value(NID_pkcs7_data)});
    const Bytes digest = der::sequence(
        {der::oid(NID_pkcs9_messageDigest), der::tlv(der::set_tag, {der::tlv(0x04, {Bytes(32)})})});
    const Bytes two = der::tlv(der::set_tag, {der::tlv(0x04, {Bytes(32)}), der::tlv(0x04, {Bytes(32, 1)})});
    const Bytes two_digests = der::sequence({der::oid(NID_pkcs9_messageDigest), two});
    const auto set = [](std::initializer_list<ByteView> parts) { return der::tlv(der::set_tag, parts); };
    CHECK(read_signed_attributes(set({type, digest})));
    CHECK_FALSE(read_signed_attributes(set({type})));
    CHECK_FALSE(read_signed_attributes(set({digest})));
    CHECK_FALSE(read_signed_attributes(set({})));
    CHECK_FALSE(read_signed_attributes(set({type, digest, digest})));
    CHECK_FALSE(read_signed_attributes(set({type, type, digest})));
    CHECK_FALSE(read_signed_attributes(set({type, two_digests})));
}

TEST_CASE("an attribute is one value of a type that is not ours", "[signing][attributes]") {
    const Bytes value{0x04, 0x01, 0x2A};
    CHECK(encode_attribute("1.2.3.4", value).value() == from_hex("300a06032a0304310304012a").value());
    for (const char* type :
         {"", "1", "3.1.1", "commonName", "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4",
          "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"}) {
        CAPTURE(type);
        CHECK(encode_attribute(type, value).error().code == make_error_code(SigningErrc::malformed));
    }
    for (const Bytes& bad : {Bytes{}, Bytes{0x04}, Bytes{0x04, 0x02, 0x2A}, Bytes{0x04, 0x01, 0x2A, 0x00},
                             Bytes{0x30, 0x80, 0x00, 0x00}})
        CHECK(encode_attribute("1.2.3.4", bad).error().code == make_error_code(SigningErrc::malformed));
}
