// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "der.hpp"
#include "pki.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/signing/errors.hpp>

#include <openssl/objects.h>

#include <random>

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

const Bytes& content() {
    static const Bytes bytes = test::sample(90);
    return bytes;
}

SignerPart ecdsa_part() {
    return test::signer_part(test::identity(KeyType::p256), SignatureAlgorithm::ecdsa,
                             DigestAlgorithm::sha256, digest(DigestAlgorithm::sha256, content()),
                             test::now());
}

Bytes attached() {
    BufferSink sink(100'000);
    AttachedSignedDataWriter writer({ecdsa_part()}, content().size(), sink);
    REQUIRE(writer.write(content()));
    REQUIRE(writer.finish());
    return sink.take();
}

/// The same message as other encoders write it: indefinite lengths outside, content in pieces.
Bytes attached_ber() {
    const OwnedBio in = bio_over(content());
    const test::Identity& signer = test::identity(KeyType::p256);
    const unsigned flags = CMS_BINARY | CMS_STREAM;
    const OwnedCms cms(CMS_sign(signer.certificate.get0(), signer.key.get(), nullptr, in.get(), flags));
    const OwnedBio again = bio_over(content());
    const OwnedBio out(BIO_new(BIO_s_mem()));
    REQUIRE(i2d_CMS_bio_stream(out.get(), cms.get(), again.get(), flags) == 1);
    return bio_content(out.get());
}

struct Outcome {
    Result<SignedDataReport> report;
    Bytes content;
};

Outcome read(ByteView cms) {
    BufferSink sink(100'000);
    SignedDataReader reader({test::root().certificate}, test::now(), &sink);
    const auto written = reader.write(cms);
    auto report = reader.finish();
    if (!written) {
        REQUIRE_FALSE(report);
        CHECK(report.error().code == written.error().code);
    }
    return {std::move(report), sink.take()};
}

Bytes signed_data(std::initializer_list<ByteView> fields) {
    return der::sequence({der::oid(NID_pkcs7_signed), der::tlv(0xA0, {der::tlv(0x30, fields)})});
}

Bytes repeated(ByteView element, int times) {
    Bytes out;
    while (times-- > 0) out.insert(out.end(), element.begin(), element.end());
    return out;
}

/// What stands before certificates and signers in detached SignedData.
Bytes detached_start() {
    const Bytes algorithm = der::sequence({der::oid(NID_sha256)});
    return der::concat(
        {der::integer(1), der::tlv(0x31, {algorithm}), der::sequence({der::oid(NID_pkcs7_data)})});
}

boost::system::error_code failure(ByteView cms) {
    SignedDataReader reader({}, test::now(), nullptr);
    const auto written = reader.write(cms);
    if (!written) return written.error().code;
    const auto report = reader.finish();
    REQUIRE_FALSE(report);
    return report.error().code;
}

} // namespace

TEST_CASE("a signed message cut anywhere is truncated", "[signing][hostile]") {
    for (const Bytes& cms : {attached(), attached_ber()}) {
        REQUIRE(read(cms).report.value().valid());
        for (std::size_t size = 0; size < cms.size(); ++size) {
            const Outcome outcome = read(ByteView(cms).first(size));
            REQUIRE_FALSE(outcome.report);
            CHECK(outcome.report.error().code == SigningErrc::truncated);
        }
        Bytes longer = cms;
        longer.push_back(0);
        CHECK(read(longer).report.error().code == SigningErrc::malformed);
    }
}

TEST_CASE("a flipped bit anywhere never makes other content or another signer valid", "[signing][hostile]") {
    for (const Bytes& cms : {attached(), attached_ber()}) {
        std::size_t valid = 0;
        std::size_t tried = 0;
        for (std::size_t at = 0; at < cms.size(); ++at)
            for (const int bit : {0, 3, 7}) {
                Bytes changed = cms;
                changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1U << bit));
                const Outcome outcome = read(changed);
                ++tried;
                if (!outcome.report || !outcome.report->valid()) continue;
                // Versions and the like are not signed; what is shown as signed must be the original.
                ++valid;
                CHECK(outcome.content == content());
                CHECK(outcome.report->signers.at(0).certificate->der() ==
                      test::identity(KeyType::p256).certificate.der());
            }
        CHECK(valid * 10 < tried);
    }
}

TEST_CASE("random damage gives an error or a report, never more", "[signing][hostile]") {
    std::mt19937 random(20261122);
    const std::vector<Bytes> originals{attached(), attached_ber(),
                                       detached_signed_data({ecdsa_part()}).value()};
    for (int round = 0; round < 6'000; ++round) {
        Bytes cms = originals[random() % originals.size()];
        for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
            const auto at = static_cast<long>(random() % cms.size());
            switch (random() % 4) {
            case 0:
                cms[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(random());
                break;
            case 1:
                cms.erase(cms.begin() + at);
                break;
            case 2:
                cms.insert(cms.begin() + at, static_cast<std::uint8_t>(random()));
                break;
            default:
                cms[static_cast<std::size_t>(at)] = random() % 2 == 0 ? 0x80 : 0xFF;
                break;
            }
            if (cms.empty()) break;
        }
        const Outcome outcome = read(cms);
        if (outcome.report && outcome.report->valid()) CHECK(outcome.content == content());
    }
}

TEST_CASE("huge claimed lengths are refused at each level", "[signing][hostile]") {
    struct Claim {
        const char* length;
        SigningErrc outermost;
        SigningErrc inside;
    };
    // Only the outermost may be as long as it says, until the input ends.
    for (const Claim& claim :
         {Claim{"84ffffffff", SigningErrc::truncated, SigningErrc::malformed},
          Claim{"887fffffffffffffff", SigningErrc::malformed, SigningErrc::malformed},
          Claim{"888000000000000000", SigningErrc::malformed, SigningErrc::malformed},
          Claim{"88ffffffffffffffff", SigningErrc::malformed, SigningErrc::malformed},
          Claim{"89ffffffffffffffffff", SigningErrc::malformed, SigningErrc::malformed}}) {
        CAPTURE(claim.length);
        const Bytes length = from_hex(claim.length).value();
        const auto claimed = [&](std::uint8_t tag) { return der::concat({ByteView(&tag, 1), length}); };
        CHECK(failure(der::concat({claimed(0x30), der::oid(NID_pkcs7_signed)})) == claim.outermost);
        for (const std::uint8_t tag : Bytes{0x02, 0x31, 0x30, 0xA0, 0xA1})
            CHECK(failure(signed_data({claimed(tag)})) == claim.inside);
    }
}

TEST_CASE("signers, certificates and digest algorithms are limited in number", "[signing][hostile]") {
    const Bytes one = detached_signed_data({ecdsa_part()}).value();
    const Bytes certificate = test::identity(KeyType::p256).certificate.der();
    const Bytes no_signers = der::tlv(0x31, {});
    const auto with_certificates = [&](int count) {
        return signed_data({detached_start(), der::tlv(0xA0, {repeated(certificate, count)}), no_signers});
    };
    CHECK(failure(with_certificates(64)) == SigningErrc::content_missing);
    CHECK(failure(with_certificates(65)) == SigningErrc::limit);

    // The SignerInfo stands at the end of the message, in the last SET.
    const Bytes set_of_one = [&] {
        der::Cursor outer(der::single(one, 0x30)->content);
        static_cast<void>(outer.next());
        der::Cursor inner(der::single(outer.next()->content, 0x30)->content);
        for (int i = 0; i < 4; ++i) static_cast<void>(inner.next());
        return to_bytes(inner.next(0x31)->content);
    }();
    const auto with_signers = [&](int count) {
        return signed_data({detached_start(), der::tlv(0x31, {repeated(set_of_one, count)})});
    };
    CHECK(failure(with_signers(64)) == SigningErrc::content_missing);
    CHECK(failure(with_signers(65)) == SigningErrc::limit);

    const Bytes algorithm = der::sequence({der::oid(NID_sha256)});
    CHECK(failure(signed_data({der::integer(1), der::tlv(0x31, {repeated(algorithm, 33)})})) ==
          SigningErrc::limit);
}

TEST_CASE("fields that are missing, doubled or out of order are malformed", "[signing][hostile]") {
    const Bytes algorithms = der::tlv(0x31, {der::sequence({der::oid(NID_sha256)})});
    const Bytes detached = der::sequence({der::oid(NID_pkcs7_data)});
    const Bytes empty_explicit = der::sequence({der::oid(NID_pkcs7_data), der::tlv(0xA0, {})});
    const Bytes twice =
        der::sequence({der::oid(NID_pkcs7_data), der::tlv(0xA0, {der::tlv(0x04, {}), der::tlv(0x04, {})})});
    const Bytes two_wrappers = der::sequence({der::oid(NID_pkcs7_data), der::tlv(0xA0, {der::tlv(0x04, {})}),
                                              der::tlv(0xA0, {der::tlv(0x04, {})})});
    const Bytes typeless = der::sequence({der::tlv(0xA0, {der::tlv(0x04, {})})});
    const Bytes signers = der::tlv(0x31, {});
    const Bytes version = der::integer(1);
    CHECK(failure(signed_data({})) == SigningErrc::malformed);
    CHECK(failure(signed_data({version, algorithms, detached})) == SigningErrc::malformed);
    CHECK(failure(signed_data({algorithms, version, detached, signers})) == SigningErrc::malformed);
    CHECK(failure(signed_data({version, detached, signers})) == SigningErrc::malformed);
    CHECK(failure(signed_data({version, algorithms, empty_explicit, signers})) == SigningErrc::malformed);
    CHECK(failure(signed_data({version, algorithms, twice, signers})) == SigningErrc::malformed);
    CHECK(failure(signed_data({version, algorithms, two_wrappers, signers})) == SigningErrc::malformed);
    CHECK(failure(signed_data({version, algorithms, typeless, signers})) == SigningErrc::malformed);
    CHECK(failure(signed_data({version, algorithms, detached, signers, signers})) == SigningErrc::malformed);
    CHECK(failure(signed_data({version, algorithms, detached, signers})) == SigningErrc::content_missing);
    CHECK(failure(der::sequence({der::oid(NID_pkcs7_signed)})) == SigningErrc::malformed);
    CHECK(failure(der::sequence({der::oid(NID_pkcs7_data), der::tlv(0xA0, {der::tlv(0x04, {})})})) ==
          SigningErrc::unsupported);
    const Bytes not_octets = der::sequence({der::oid(NID_pkcs7_data), der::tlv(0xA0, {der::sequence({})})});
    CHECK(failure(signed_data({version, algorithms, not_octets, signers})) == SigningErrc::unsupported);
}

TEST_CASE("an attached signer whose digest was not announced is unsupported", "[signing][hostile]") {
    // sha256 in digestAlgorithms becomes sha384: the last octet of the first identifier.
    Bytes cms = detached_signed_data({ecdsa_part()}).value();
    const Bytes identifier = der::oid(NID_sha256);
    const auto found = std::search(cms.begin(), cms.end(), identifier.begin(), identifier.end());
    REQUIRE(found != cms.end());
    *(found + static_cast<long>(identifier.size()) - 1) = 0x02;
    SignedDataReader reader({}, test::now(), nullptr);
    REQUIRE(reader.write_content(content()));
    REQUIRE(reader.write(cms));
    const auto report = reader.finish();
    REQUIRE(report);
    CHECK(report->signers.at(0).verdict == SignerVerdict::unsupported);
}
