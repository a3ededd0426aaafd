// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "pki.hpp"
#include <mohr/signing/errors.hpp>

#include <openssl/err.h>

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

constexpr auto sha256 = DigestAlgorithm::sha256;

struct Way {
    KeyType key;
    SignatureAlgorithm algorithm;
    DigestAlgorithm digest;
};

std::vector<Way> all_ways() {
    std::vector<Way> out;
    for (const auto digest : {sha256, DigestAlgorithm::sha384, DigestAlgorithm::sha512}) {
        out.push_back({KeyType::rsa_2048, SignatureAlgorithm::rsa_pkcs1_v15, digest});
        out.push_back({KeyType::rsa_2048, SignatureAlgorithm::rsa_pss, digest});
        out.push_back({KeyType::p256, SignatureAlgorithm::ecdsa, digest});
        out.push_back({KeyType::p384, SignatureAlgorithm::ecdsa, digest});
    }
    return out;
}

SignerPart part(const Way& way, ByteView content) {
    return test::signer_part(test::identity(way.key), way.algorithm, way.digest, digest(way.digest, content),
                             test::now());
}

Bytes attached(std::vector<SignerPart> signers, ByteView content) {
    BufferSink sink(content.size() + 100'000);
    AttachedSignedDataWriter writer(std::move(signers), content.size(), sink);
    REQUIRE(writer.write(content));
    REQUIRE(writer.finish());
    return sink.take();
}

struct ReadOptions {
    std::vector<Certificate> anchors{test::root().certificate};
    Instant at = test::now();
    Sha1 sha1 = Sha1::refused;
    std::size_t step = 100'000;
};

Result<SignedDataReport> read_attached(ByteView cms, Sink* sink = nullptr, const ReadOptions& options = {}) {
    SignedDataReader reader(options.anchors, options.at, sink, options.sha1);
    for (std::size_t at = 0; at < cms.size(); at += options.step)
        MOHR_TRY(reader.write(cms.subspan(at, std::min(options.step, cms.size() - at))));
    return reader.finish();
}

enum class Order { cms_first, content_first, content_around };

Result<SignedDataReport> read_detached(ByteView cms, ByteView content, Order order = Order::cms_first,
                                       const ReadOptions& options = {}) {
    SignedDataReader reader(options.anchors, options.at, nullptr, options.sha1);
    const std::size_t before = order == Order::cms_first       ? 0
                               : order == Order::content_first ? content.size()
                                                               : content.size() / 2;
    if (before > 0) MOHR_TRY(reader.write_content(content.first(before)));
    MOHR_TRY(reader.write(cms));
    MOHR_TRY(reader.write_content(content.subspan(before)));
    return reader.finish();
}

SignerVerdict verdict(const Result<SignedDataReport>& report) {
    REQUIRE(report);
    REQUIRE(report->signers.size() == 1);
    INFO(report->signers[0].detail);
    return report->signers[0].verdict;
}

/// SignedData as OpenSSL makes it.
Bytes openssl_signed(KeyType key, ByteView content, unsigned flags, const EVP_MD* md = EVP_sha256()) {
    const test::Identity& signer = test::identity(key);
    const OwnedBio in = bio_over(content);
    const OwnedCms cms(CMS_sign(nullptr, nullptr, nullptr, in.get(), flags | CMS_BINARY | CMS_PARTIAL));
    REQUIRE(CMS_add1_signer(cms.get(), signer.certificate.get0(), signer.key.get(), md, flags) != nullptr);
    const OwnedBio again = bio_over(content);
    const OwnedBio out(BIO_new(BIO_s_mem()));
    if ((flags & CMS_STREAM) != 0) {
        REQUIRE(i2d_CMS_bio_stream(out.get(), cms.get(), again.get(), static_cast<int>(flags | CMS_BINARY)) ==
                1);
    } else {
        REQUIRE(CMS_final(cms.get(), again.get(), nullptr, flags | CMS_BINARY) == 1);
        REQUIRE(i2d_CMS_bio(out.get(), cms.get()) == 1);
    }
    return bio_content(out.get());
}

bool openssl_verifies(ByteView cms, const Bytes* content) {
    const unsigned char* cursor = cms.data();
    const OwnedCms parsed(d2i_CMS_ContentInfo(nullptr, &cursor, static_cast<long>(cms.size())));
    const OwnedX509Store store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), test::root().certificate.get0());
    const OwnedBio in = content != nullptr ? bio_over(*content) : OwnedBio();
    const bool good = parsed && CMS_verify(parsed.get(), nullptr, store.get(), in.get(), nullptr,
                                           CMS_BINARY | CMS_CADES) == 1;
    ERR_clear_error();
    return good;
}

} // namespace

TEST_CASE("every algorithm signs detached and attached, valid here and in OpenSSL", "[signing][cms]") {
    const Bytes content = test::sample(70'001);
    for (const Way& way : all_ways()) {
        CAPTURE(static_cast<int>(way.key), static_cast<int>(way.algorithm), digest_name(way.digest));
        const Bytes detached = detached_signed_data({part(way, content)}).value();
        const auto report = read_detached(detached, content);
        CHECK(verdict(report) == SignerVerdict::valid);
        CHECK(report->valid());
        CHECK(report->detached);
        CHECK(report->content_size == content.size());
        CHECK(report->content_type == "1.2.840.113549.1.7.1");
        CHECK(report->signers[0].chain_checked);
        CHECK(report->signers[0].digest_algorithm == way.digest);
        CHECK(report->signers[0].certificate->der() == test::identity(way.key).certificate.der());
        CHECK(report->signers[0].signing_time.has_value());
        CHECK(openssl_verifies(detached, &content));

        const Bytes whole = attached({part(way, content)}, content);
        BufferSink sink(content.size());
        CHECK(verdict(read_attached(whole, &sink)) == SignerVerdict::valid);
        CHECK(sink.take() == content);
        CHECK(openssl_verifies(whole, nullptr));
    }
}

TEST_CASE("SignedData is DER: OpenSSL encodes it to the same bytes", "[signing][cms]") {
    const Bytes content = test::sample(300);
    std::vector<SignerPart> signers;
    for (const Way& way : all_ways()) signers.push_back(part(way, content));
    signers[0].chain.push_back(test::root().certificate);
    for (const Bytes& cms : {detached_signed_data(signers).value(), attached(signers, content)}) {
        const unsigned char* cursor = cms.data();
        const OwnedCms parsed(d2i_CMS_ContentInfo(nullptr, &cursor, static_cast<long>(cms.size())));
        REQUIRE(parsed);
        CHECK(to_der(i2d_CMS_ContentInfo, parsed.get()).value() == cms);
    }
}

TEST_CASE("many signers are all reported and one wrong one makes the whole invalid", "[signing][cms]") {
    const Bytes content = test::sample(500);
    std::vector<SignerPart> signers;
    for (const Way& way : all_ways()) signers.push_back(part(way, content));
    const auto good = read_detached(detached_signed_data(signers).value(), content, Order::content_around);
    REQUIRE(good);
    CHECK(good->signers.size() == signers.size());
    CHECK(good->valid());
    signers[3].signature.back() ^= 1;
    const auto bad = read_detached(detached_signed_data(signers).value(), content);
    REQUIRE(bad);
    CHECK_FALSE(bad->valid());
    CHECK(std::count_if(bad->signers.begin(), bad->signers.end(), [](const SignerReport& s) {
              return s.verdict == SignerVerdict::valid;
          }) == static_cast<long>(signers.size()) - 1);
}

TEST_CASE("no signer at all is not valid", "[signing][cms]") {
    CHECK_FALSE(SignedDataReport{}.valid());
}

TEST_CASE("detached content may come before, after and around the signature", "[signing][cms]") {
    const Bytes content = test::sample(10'000);
    for (const auto digest : {sha256, DigestAlgorithm::sha384, DigestAlgorithm::sha512}) {
        const Bytes cms =
            detached_signed_data({part({KeyType::p256, SignatureAlgorithm::ecdsa, digest}, content)}).value();
        for (const auto order : {Order::cms_first, Order::content_first, Order::content_around})
            CHECK(verdict(read_detached(cms, content, order)) == SignerVerdict::valid);
    }
}

TEST_CASE("OpenSSL's signatures are valid here: definite, indefinite, with and without attributes, by key "
          "identifier",
          "[signing][cms]") {
    const Bytes content = test::sample(100'000);
    for (const auto key : {KeyType::rsa_2048, KeyType::p256, KeyType::p384, KeyType::p521})
        for (const EVP_MD* md : {EVP_sha256(), EVP_sha384(), EVP_sha512()})
            for (const unsigned flags : {0U, unsigned{CMS_STREAM}, unsigned{CMS_NOATTR},
                                         unsigned{CMS_USE_KEYID}, unsigned{CMS_CADES}}) {
                CAPTURE(static_cast<int>(key), EVP_MD_get0_name(md), flags);
                const Bytes whole = openssl_signed(key, content, flags, md);
                for (const std::size_t step : {std::size_t{1}, std::size_t{997}, whole.size()}) {
                    ReadOptions options;
                    options.step = step;
                    BufferSink sink(content.size());
                    CHECK(verdict(read_attached(whole, &sink, options)) == SignerVerdict::valid);
                    CHECK(sink.take() == content);
                    if (step == 1 && flags == 0) break;
                }
                const Bytes detached =
                    openssl_signed(key, content, (flags & ~unsigned{CMS_STREAM}) | CMS_DETACHED, md);
                CHECK(verdict(read_detached(detached, content)) == SignerVerdict::valid);
            }
}

TEST_CASE("changed content is a digest mismatch, a changed signature does not fit", "[signing][cms]") {
    const Bytes content = test::sample(1'000);
    Bytes changed = content;
    changed[500] ^= 1;
    for (const Way& way : all_ways()) {
        SignerPart signer = part(way, content);
        CHECK(verdict(read_detached(detached_signed_data({signer}).value(), changed)) ==
              SignerVerdict::digest_mismatch);
        CHECK(verdict(read_attached(attached({signer}, changed))) == SignerVerdict::digest_mismatch);
        CHECK(verdict(read_detached(detached_signed_data({signer}).value(), ByteView(content).first(999))) ==
              SignerVerdict::digest_mismatch);
        signer.signature.back() ^= 1;
        CHECK(verdict(read_detached(detached_signed_data({signer}).value(), content)) ==
              SignerVerdict::signature_invalid);
    }
    const Bytes bare = openssl_signed(KeyType::rsa_2048, content, CMS_NOATTR | CMS_DETACHED);
    CHECK(verdict(read_detached(bare, changed)) == SignerVerdict::signature_invalid);
}

TEST_CASE("a signature over attributes is not valid over their encoding as content", "[signing][cms][T19]") {
    // Strips the signed attributes and presents them as the content: without a check the signature would
    // hold.
    const Bytes content = test::sample(100);
    const test::Identity& signer = test::identity(KeyType::p256);
    const Bytes attributes =
        signed_attributes(sha256, digest(sha256, content), signer.certificate, std::nullopt).value();
    const Bytes bare = openssl_signed(KeyType::p256, attributes, CMS_NOATTR);
    // The signature itself holds, as another verifier shows.
    CHECK(openssl_verifies(bare, nullptr));
    BufferSink sink(attributes.size());
    CHECK(verdict(read_attached(bare, &sink)) == SignerVerdict::attributes_invalid);
    CHECK(sink.take() == attributes);
}

TEST_CASE("the signing-certificate attribute must name the signer", "[signing][cms]") {
    const Bytes content = test::sample(100);
    const Bytes hash = digest(sha256, content);
    const test::Identity& signer = test::identity(KeyType::p256);
    SignerPart swapped = test::signer_part(signer, SignatureAlgorithm::ecdsa, sha256, hash);
    swapped.signed_attributes =
        signed_attributes(sha256, hash, test::identity(KeyType::p384).certificate, std::nullopt).value();
    swapped.signature =
        test::raw_signature(signer, SignatureAlgorithm::ecdsa, sha256, swapped.signed_attributes);
    CHECK(verdict(read_detached(detached_signed_data({swapped}).value(), content)) ==
          SignerVerdict::attributes_invalid);
}

TEST_CASE("SHA-1 signatures are unsupported unless allowed", "[signing][cms]") {
    const Bytes content = test::sample(100);
    const Bytes cms = openssl_signed(KeyType::rsa_2048, content, CMS_DETACHED, EVP_sha1());
    CHECK(verdict(read_detached(cms, content)) == SignerVerdict::unsupported);
    ReadOptions options;
    options.sha1 = Sha1::allowed;
    for (const auto order : {Order::cms_first, Order::content_first})
        CHECK(verdict(read_detached(cms, content, order, options)) == SignerVerdict::valid);
}

TEST_CASE("short RSA keys are unsupported", "[signing][cms]") {
    const Bytes content = test::sample(100);
    const Bytes cms = openssl_signed(KeyType::rsa_1024, content, CMS_DETACHED);
    CHECK(verdict(read_detached(cms, content)) == SignerVerdict::unsupported);
}

TEST_CASE("a missing certificate, and one of the wrong signer, are said", "[signing][cms]") {
    const Bytes content = test::sample(100);
    CHECK(verdict(read_detached(openssl_signed(KeyType::p256, content, CMS_DETACHED | CMS_NOCERTS),
                                content)) == SignerVerdict::certificate_missing);
}

TEST_CASE("the chain is checked to the anchors at the given time", "[signing][cms][chain]") {
    using std::chrono::days;
    const Bytes content = test::sample(100);
    const Bytes hash = digest(sha256, content);
    const auto signed_by = [&](const test::Identity& signer, std::vector<Certificate> chain) {
        SignerPart signer_part = test::signer_part(signer, SignatureAlgorithm::ecdsa, sha256, hash);
        signer_part.chain = std::move(chain);
        return detached_signed_data({signer_part}).value();
    };
    const auto check = [&](const Bytes& cms, const ReadOptions& options) {
        return verdict(read_detached(cms, content, Order::cms_first, options));
    };
    const test::Identity top = test::make_root("Another Root");
    test::IssueOptions authority;
    authority.name = "Issuing CA";
    authority.key_usage = "critical,keyCertSign";
    authority.basic_constraints = "critical,CA:TRUE";
    const test::Identity middle = test::issue(top, KeyType::p256, authority);
    const test::Identity signer = test::issue(middle, KeyType::p256);
    ReadOptions trusting_top;
    trusting_top.anchors = {top.certificate};

    CHECK(check(signed_by(signer, {middle.certificate}), trusting_top) == SignerVerdict::valid);
    CHECK(check(signed_by(signer, {middle.certificate, top.certificate}), trusting_top) ==
          SignerVerdict::valid);
    CHECK(check(signed_by(signer, {}), trusting_top) == SignerVerdict::chain_invalid);
    CHECK(check(signed_by(signer, {middle.certificate, top.certificate}), {}) ==
          SignerVerdict::chain_invalid);
    // An intermediate alone is no anchor.
    ReadOptions trusting_middle;
    trusting_middle.anchors = {middle.certificate};
    CHECK(check(signed_by(signer, {}), trusting_middle) == SignerVerdict::chain_invalid);

    ReadOptions late = trusting_top;
    late.at += days(400);
    CHECK(check(signed_by(signer, {middle.certificate}), late) == SignerVerdict::chain_invalid);
    ReadOptions early = trusting_top;
    early.at -= days(2);
    CHECK(check(signed_by(signer, {middle.certificate}), early) == SignerVerdict::chain_invalid);

    // An end entity is no issuer.
    const test::Identity forged = test::issue(signer, KeyType::p256);
    CHECK(check(signed_by(forged, {signer.certificate, middle.certificate}), trusting_top) ==
          SignerVerdict::chain_invalid);

    test::IssueOptions encryption_only;
    encryption_only.key_usage = "critical,keyAgreement";
    const test::Identity no_signer = test::issue(top, KeyType::p256, encryption_only);
    CHECK(check(signed_by(no_signer, {}), trusting_top) == SignerVerdict::chain_invalid);
    test::IssueOptions commitment;
    commitment.key_usage = "critical,nonRepudiation";
    CHECK(check(signed_by(test::issue(top, KeyType::p256, commitment), {}), trusting_top) ==
          SignerVerdict::valid);

    ReadOptions unchecked;
    unchecked.anchors.clear();
    const auto report = read_detached(signed_by(signer, {}), content, Order::cms_first, unchecked);
    CHECK(verdict(report) == SignerVerdict::valid);
    CHECK_FALSE(report->signers[0].chain_checked);
}

TEST_CASE("content missing from a detached signature, and given to an attached one, is said",
          "[signing][cms]") {
    const Bytes content = test::sample(100);
    const SignerPart signer = part({KeyType::p256, SignatureAlgorithm::ecdsa, sha256}, content);
    const Bytes detached = detached_signed_data({signer}).value();
    SignedDataReader without({}, test::now(), nullptr);
    REQUIRE(without.write(detached));
    CHECK(without.finish().error().code == SigningErrc::content_missing);

    const Bytes whole = attached({signer}, content);
    SignedDataReader before({}, test::now(), nullptr);
    REQUIRE(before.write_content(content));
    CHECK(before.write(whole).error().code == SigningErrc::content_missing);
    SignedDataReader after({}, test::now(), nullptr);
    REQUIRE(after.write(whole));
    CHECK(after.write_content(content).error().code == SigningErrc::content_missing);
    CHECK(after.finish().error().code == SigningErrc::content_missing);
}

TEST_CASE("empty content signs and verifies", "[signing][cms]") {
    const SignerPart signer = part({KeyType::p256, SignatureAlgorithm::ecdsa, sha256}, {});
    CHECK(verdict(read_detached(detached_signed_data({signer}).value(), {})) == SignerVerdict::valid);
    const Bytes whole = attached({signer}, {});
    CHECK(verdict(read_attached(whole)) == SignerVerdict::valid);
    CHECK(openssl_verifies(whole, nullptr));
}

TEST_CASE("the attached writer holds its caller to the announced size", "[signing][cms]") {
    const Bytes content = test::sample(100);
    const SignerPart signer = part({KeyType::p256, SignatureAlgorithm::ecdsa, sha256}, content);
    BufferSink sink(10'000);
    AttachedSignedDataWriter writer({signer}, content.size(), sink);
    REQUIRE(writer.write(ByteView(content).first(60)));
    CHECK(writer.finish().error().code == SigningErrc::truncated);
    CHECK(writer.write(ByteView(content).first(41)).error().code == SigningErrc::malformed);
    REQUIRE(writer.write(ByteView(content).subspan(60)));
    REQUIRE(writer.finish());
    CHECK(verdict(read_attached(sink.take())) == SignerVerdict::valid);
}

TEST_CASE("writers refuse no signer, too many and incomplete ones", "[signing][cms]") {
    const SignerPart signer = part({KeyType::p256, SignatureAlgorithm::ecdsa, sha256}, {});
    CHECK(detached_signed_data({}).error().code == SigningErrc::limit);
    CHECK(detached_signed_data(std::vector<SignerPart>(65, signer)).error().code == SigningErrc::limit);
    SignerPart unsigned_part = signer;
    unsigned_part.signature.clear();
    CHECK(detached_signed_data({unsigned_part}).error().code == SigningErrc::malformed);
    SignerPart bare = signer;
    bare.signed_attributes.clear();
    CHECK(detached_signed_data({bare}).error().code == SigningErrc::malformed);
}

TEST_CASE("an error of the sink ends reading and writing", "[signing][cms]") {
    const Bytes content = test::sample(1'000);
    const SignerPart signer = part({KeyType::p256, SignatureAlgorithm::ecdsa, sha256}, content);
    BufferSink small(10);
    AttachedSignedDataWriter writer({signer}, content.size(), small);
    CHECK(writer.write(content).error().code == SigningErrc::limit);
    BufferSink small_too(10);
    CHECK(read_attached(attached({signer}, content), &small_too).error().code == SigningErrc::limit);
}
