// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "pki.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

#include <openssl/err.h>

#include <array>
#include <set>

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

Bytes seal(const std::vector<KeyType>& keys, ContentCipher cipher, ByteView content,
           std::size_t step = 100'000) {
    std::vector<Certificate> recipients;
    for (const KeyType key : keys) recipients.push_back(test::identity(key).certificate);
    BufferSink sink(2 * content.size() + 100'000);
    EnvelopeWriter writer(std::move(recipients), cipher, sink);
    REQUIRE(writer.start());
    for (std::size_t at = 0; at < content.size(); at += step)
        REQUIRE(writer.write(content.subspan(at, std::min(step, content.size() - at))));
    REQUIRE(writer.finish());
    return sink.take();
}

/// Keeps what came, but gives it out only after finish() as the product's spool does.
Result<Bytes> open(ByteView cms, const test::Identity& recipient, std::size_t step = 100'000) {
    BufferSink sink(cms.size());
    EnvelopeReader reader(sink);
    bool keyed = false;
    for (std::size_t at = 0; at < cms.size(); at += step) {
        MOHR_TRY(reader.write(cms.subspan(at, std::min(step, cms.size() - at))));
        if (keyed || reader.header() == nullptr) continue;
        keyed = true;
        MOHR_TRY(reader.set_content_key(test::content_key(recipient, *reader.header())));
    }
    MOHR_TRY(reader.finish());
    return sink.take();
}

Result<Bytes> open_with(ByteView cms, Secret key) {
    BufferSink sink(cms.size());
    EnvelopeReader reader(sink);
    MOHR_TRY(reader.write(cms));
    MOHR_TRY(reader.set_content_key(std::move(key)));
    MOHR_TRY(reader.finish());
    return sink.take();
}

EnvelopeHeader header_of(ByteView cms) {
    BufferSink sink(0);
    EnvelopeReader reader(sink);
    REQUIRE(reader.write(cms));
    REQUIRE(reader.header() != nullptr);
    return *reader.header();
}

Secret key_of(ByteView cms, KeyType key) {
    return test::content_key(test::identity(key), header_of(cms));
}

std::optional<Bytes> openssl_opens(ByteView cms, const test::Identity& recipient) {
    const unsigned char* cursor = cms.data();
    const OwnedCms parsed(d2i_CMS_ContentInfo(nullptr, &cursor, static_cast<long>(cms.size())));
    const OwnedBio out(BIO_new(BIO_s_mem()));
    const bool good = parsed && CMS_decrypt(parsed.get(), recipient.key.get(), recipient.certificate.get0(),
                                            nullptr, out.get(), 0) == 1;
    ERR_clear_error();
    if (!good) return std::nullopt;
    return bio_content(out.get());
}

Bytes openssl_seals(KeyType key, const EVP_CIPHER* cipher, ByteView content, unsigned flags) {
    const bool authenticated = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
    const OwnedCms cms(authenticated ? CMS_AuthEnvelopedData_create(cipher)
                                     : CMS_EnvelopedData_create(cipher));
    REQUIRE(CMS_add1_recipient_cert(cms.get(), test::identity(key).certificate.get0(), flags) != nullptr);
    CMS_set_detached(cms.get(), 0);
    const OwnedBio in = bio_over(content);
    const OwnedBio out(BIO_new(BIO_s_mem()));
    if ((flags & CMS_STREAM) != 0) {
        REQUIRE(i2d_CMS_bio_stream(out.get(), cms.get(), in.get(), static_cast<int>(flags | CMS_BINARY)) ==
                1);
    } else {
        REQUIRE(CMS_final(cms.get(), in.get(), nullptr, CMS_BINARY) == 1);
        REQUIRE(i2d_CMS_bio(out.get(), cms.get()) == 1);
    }
    return bio_content(out.get());
}

constexpr ContentCipher both_ciphers[] = {ContentCipher::aes_256_gcm, ContentCipher::aes_256_cbc};
constexpr std::array all_keys{KeyType::rsa_2048, KeyType::p256, KeyType::p384};

} // namespace

TEST_CASE("an envelope opens for each of its recipients, here and in OpenSSL", "[signing][envelope]") {
    const Bytes content = test::sample(200'003);
    for (const auto cipher : both_ciphers) {
        const Bytes cms = seal({all_keys.begin(), all_keys.end()}, cipher, content);
        const EnvelopeHeader header = header_of(cms);
        CHECK(header.recipients.size() == 3);
        CHECK(header.authenticated == (cipher == ContentCipher::aes_256_gcm));
        CHECK(header.content_cipher == (header.authenticated ? "AES-256-GCM" : "AES-256-CBC"));
        CHECK(header.content_key_size == 32);
        for (const KeyType key : all_keys) {
            CAPTURE(static_cast<int>(key), header.content_cipher);
            for (const std::size_t step : {std::size_t{1}, std::size_t{1'001}, cms.size()})
                CHECK(open(cms, test::identity(key), step).value() == content);
            CHECK(openssl_opens(cms, test::identity(key)) == content);
        }
    }
}

TEST_CASE("contents of every size around the block and piece sizes come back", "[signing][envelope]") {
    for (const auto cipher : both_ciphers)
        for (const std::size_t size :
             {0, 1, 15, 16, 17, 31, 32, 33, 61'439, 61'440, 61'441, 65'536, 122'880, 122'881})
            for (const std::size_t step : {7U, 16U, 60'000U, 200'000U}) {
                if (step == 7 && size > 1'000) continue;
                const Bytes content = test::sample(size);
                const Bytes cms = seal({KeyType::p256}, cipher, content, step);
                CAPTURE(size, step);
                CHECK(open(cms, test::identity(KeyType::p256), 4'099).value() == content);
            }
}

TEST_CASE(
    "envelopes of OpenSSL open: RSA and EC, GCM, CBC and 3DES, definite and indefinite, by key identifier",
    "[signing][envelope]") {
    const Bytes content = test::sample(100'003);
    for (const KeyType key : all_keys)
        for (const EVP_CIPHER* cipher :
             {EVP_aes_128_gcm(), EVP_aes_192_gcm(), EVP_aes_256_gcm(), EVP_aes_128_cbc(), EVP_aes_192_cbc(),
              EVP_aes_256_cbc(), EVP_des_ede3_cbc()})
            for (const unsigned flags : {0U, unsigned{CMS_STREAM}, unsigned{CMS_USE_KEYID}}) {
                // Its default wrap for 3DES content is 3DES, which we do not take for key agreement.
                if (cipher == EVP_des_ede3_cbc() && key != KeyType::rsa_2048) continue;
                CAPTURE(static_cast<int>(key), EVP_CIPHER_get0_name(cipher), flags);
                const Bytes cms = openssl_seals(key, cipher, content, flags);
                CHECK(header_of(cms).content_key_size ==
                      static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher)));
                for (const std::size_t step : {std::size_t{13}, cms.size()}) {
                    const auto opened = open(cms, test::identity(key), step);
                    REQUIRE(opened);
                    CHECK(*opened == content);
                }
            }
}

TEST_CASE("two envelopes over the same content share neither key nor nonce nor originator key",
          "[signing][envelope]") {
    const Bytes content(1'000, 0);
    std::set<Bytes> originators;
    std::set<std::string> keys;
    for (int i = 0; i < 4; ++i) {
        const Bytes cms = seal({KeyType::p256, KeyType::p256}, ContentCipher::aes_256_gcm, content);
        for (const Recipient& recipient : header_of(cms).recipients)
            originators.insert(std::get<EcRecipient>(recipient.key).originator_public_key);
        keys.insert(to_hex(key_of(cms, KeyType::p256).reveal()));
    }
    CHECK(originators.size() == 8);
    CHECK(keys.size() == 4);
}

TEST_CASE("a recipient fits only its own certificate", "[signing][envelope]") {
    const EnvelopeHeader header =
        header_of(seal({KeyType::rsa_2048, KeyType::p256}, ContentCipher::aes_256_gcm, {}));
    const auto count = [&](KeyType key) {
        return std::count_if(header.recipients.begin(), header.recipients.end(),
                             [&](const Recipient& r) { return r.fits(test::identity(key).certificate); });
    };
    CHECK(count(KeyType::rsa_2048) == 1);
    CHECK(count(KeyType::p256) == 1);
    CHECK(count(KeyType::p384) == 0);
    for (const Recipient& recipient : header.recipients) {
        const bool rsa = std::holds_alternative<RsaRecipient>(recipient.key);
        CHECK(recipient.serial_number ==
              test::identity(rsa ? KeyType::rsa_2048 : KeyType::p256).certificate.serial_number());
        CHECK(recipient.issuer_der == test::root().certificate.issuer_der());
    }
    const EnvelopeHeader by_identifier =
        header_of(openssl_seals(KeyType::p256, EVP_aes_256_gcm(), test::sample(1), CMS_USE_KEYID));
    CHECK(by_identifier.recipients.at(0).fits(test::identity(KeyType::p256).certificate));
    CHECK_FALSE(by_identifier.recipients.at(0).fits(test::root().certificate));
}

TEST_CASE("a certificate whose key usage forbids encryption is refused as recipient [R193]",
          "[signing][envelope]") {
    const auto start = [](KeyType key, const char* usage) {
        test::IssueOptions options;
        options.key_usage = usage;
        BufferSink sink(100'000);
        EnvelopeWriter writer({test::issue(test::root(), key, options).certificate},
                              ContentCipher::aes_256_gcm, sink);
        return writer.start();
    };
    CHECK(start(KeyType::p256, "critical,digitalSignature,nonRepudiation").error().code ==
          SigningErrc::key_usage);
    CHECK(start(KeyType::p256, "critical,keyAgreement"));
    CHECK(start(KeyType::p256, "critical,keyEncipherment"));
    CHECK(start(KeyType::rsa_2048, "critical,keyAgreement,digitalSignature").error().code ==
          SigningErrc::key_usage);
    CHECK(start(KeyType::rsa_2048, "critical,keyEncipherment"));
    CHECK(start(KeyType::rsa_1024, "critical,keyEncipherment").error().code == SigningErrc::unsupported);
    CHECK(start(KeyType::p521, "critical,keyAgreement").error().code == SigningErrc::unsupported);
}

TEST_CASE("the number of recipients is limited on both sides", "[signing][envelope]") {
    const Certificate& certificate = test::identity(KeyType::p256).certificate;
    BufferSink sink(1'000'000);
    CHECK(EnvelopeWriter({}, ContentCipher::aes_256_gcm, sink).start().error().code == SigningErrc::limit);
    CHECK(EnvelopeWriter(std::vector<Certificate>(65, certificate), ContentCipher::aes_256_gcm, sink)
              .start()
              .error()
              .code == SigningErrc::limit);
    const Bytes cms =
        seal(std::vector<KeyType>(64, KeyType::p256), ContentCipher::aes_256_gcm, test::sample(10));
    CHECK(header_of(cms).recipients.size() == 64);

    const auto many = [&](int count) {
        const OwnedCms openssl(CMS_AuthEnvelopedData_create(EVP_aes_256_gcm()));
        for (int i = 0; i < count; ++i) CMS_add1_recipient_cert(openssl.get(), certificate.get0(), 0);
        CMS_set_detached(openssl.get(), 0);
        const Bytes content{1};
        const OwnedBio in = bio_over(content);
        const OwnedBio out(BIO_new(BIO_s_mem()));
        REQUIRE(CMS_final(openssl.get(), in.get(), nullptr, CMS_BINARY) == 1);
        REQUIRE(i2d_CMS_bio(out.get(), openssl.get()) == 1);
        return bio_content(out.get());
    };
    CHECK(header_of(many(256)).recipients.size() == 256);
    BufferSink plain(100);
    EnvelopeReader reader(plain);
    CHECK(reader.write(many(257)).error().code == SigningErrc::limit);
}

TEST_CASE("ciphertext ahead of the key is kept up to a limit", "[signing][envelope]") {
    const Bytes content = test::sample(EnvelopeReader::max_ahead_bytes);
    const Bytes fits = seal({KeyType::p256}, ContentCipher::aes_256_gcm, content);
    CHECK(open_with(fits, key_of(fits, KeyType::p256)).value() == content);

    const Bytes longer =
        seal({KeyType::p256}, ContentCipher::aes_256_gcm, test::sample(EnvelopeReader::max_ahead_bytes + 1));
    BufferSink sink(10);
    EnvelopeReader reader(sink);
    CHECK(reader.write(longer).error().code == SigningErrc::limit);
}

TEST_CASE("the steps of reading are held to their order", "[signing][envelope]") {
    const Bytes content = test::sample(100);
    const Bytes cms = seal({KeyType::p256}, ContentCipher::aes_256_gcm, content);
    BufferSink sink(1'000);
    EnvelopeReader reader(sink);
    CHECK(reader.header() == nullptr);
    CHECK(reader.set_content_key(Secret(32)).error().code == SigningErrc::malformed);
    REQUIRE(reader.write(cms));
    CHECK(reader.set_content_key(key_of(cms, KeyType::p256)));
    CHECK(reader.set_content_key(key_of(cms, KeyType::p256)).error().code == SigningErrc::malformed);
    REQUIRE(reader.finish());
    CHECK(sink.take() == content);

    BufferSink none(1'000);
    EnvelopeReader keyless(none);
    REQUIRE(keyless.write(cms));
    CHECK(keyless.finish().error().code == SigningErrc::no_recipient);
    CHECK(none.take().empty());
}

TEST_CASE("every class of broken ciphertext and key fails with one and the same error [T21]",
          "[signing][envelope][T21]") {
    const Bytes content = test::sample(1'000);
    std::set<std::string> seen;
    int classes = 0;
    const auto expect_failure = [&](const char* what, const Result<Bytes>& opened) {
        INFO(what);
        ++classes;
        REQUIRE_FALSE(opened);
        seen.insert(opened.error().describe());
        CHECK(opened.error().code == SigningErrc::decryption_failed);
    };
    for (const KeyType key : all_keys) {
        const Bytes cms = seal({key}, ContentCipher::aes_256_gcm, content);
        const auto flipped = [&](std::size_t at) {
            Bytes copy = cms;
            copy[at] ^= 0x01;
            return copy;
        };
        const std::size_t tag_at = cms.size() - 6 - 1; // last octet of the tag, before three end-of-contents
        const std::size_t ciphertext_at = cms.size() - 6 - 18 - 4 - 10;
        expect_failure("tag", open(flipped(tag_at), test::identity(key)));
        expect_failure("first octet of the tag", open(flipped(tag_at - 15), test::identity(key)));
        expect_failure("end of the ciphertext", open(flipped(ciphertext_at), test::identity(key)));
        expect_failure("start of the ciphertext", open(flipped(ciphertext_at - 980), test::identity(key)));

        EnvelopeHeader header = header_of(cms);
        const Bytes wrapped =
            std::visit([](const auto& k) { return k.encrypted_key; }, header.recipients[0].key);
        const auto found = std::search(cms.begin(), cms.end(), wrapped.begin(), wrapped.end());
        REQUIRE(found != cms.end());
        const auto wrapped_at = static_cast<std::size_t>(found - cms.begin());
        expect_failure("start of the wrapped key", open(flipped(wrapped_at), test::identity(key)));
        expect_failure("end of the wrapped key",
                       open(flipped(wrapped_at + wrapped.size() - 1), test::identity(key)));
        expect_failure("another key", open_with(cms, random_secret(32)));
        expect_failure("no key", open_with(cms, Secret()));
        expect_failure("short key", open_with(cms, random_secret(16)));
        expect_failure("long key", open_with(cms, random_secret(33)));
    }
    for (const EVP_CIPHER* cipher : {EVP_aes_256_cbc(), EVP_des_ede3_cbc()}) {
        const Bytes cms = openssl_seals(KeyType::rsa_2048, cipher, content, 0);
        Secret key = key_of(cms, KeyType::rsa_2048);
        Bytes broken = cms;
        // The padding stands in the last block, so a flip in the one before shows there.
        const auto block = static_cast<std::size_t>(EVP_CIPHER_get_block_size(cipher));
        broken[cms.size() - block - 1] ^= 0x40;
        expect_failure("padding", open_with(broken, std::move(key)));
        expect_failure("short key for CBC", open_with(cms, random_secret(5)));
    }
    {
        const Bytes cms = seal({KeyType::p256}, ContentCipher::aes_256_gcm, content);
        const EnvelopeHeader header = header_of(cms);
        EcRecipient recipient = std::get<EcRecipient>(header.recipients.at(0).key);
        const auto expect_unwrap_failure = [&](const char* what, const Secret& shared) {
            INFO(what);
            ++classes;
            const auto key = ec_content_key(recipient, shared);
            REQUIRE_FALSE(key);
            seen.insert(key.error().describe());
        };
        expect_unwrap_failure("wrong shared secret", random_secret(32));
        expect_unwrap_failure("empty shared secret", Secret());
        recipient.encrypted_key.pop_back();
        expect_unwrap_failure("wrapped key of odd size", random_secret(32));
        recipient.encrypted_key.resize(8);
        expect_unwrap_failure("short wrapped key", random_secret(32));
        recipient.encrypted_key.resize(8 * 1'000);
        expect_unwrap_failure("long wrapped key", random_secret(32));
    }
    CHECK(classes == 39);
    CHECK(seen.size() == 1);
}

TEST_CASE("a tag of another size than announced fails like a wrong one [T21]", "[signing][envelope][T21]") {
    const Bytes cms = seal({KeyType::p256}, ContentCipher::aes_256_gcm, test::sample(100));
    Bytes shorter = cms;
    // The tag's OCTET STRING gets 15 octets, its last one goes.
    const std::size_t tag_at = cms.size() - 6 - 16;
    REQUIRE(cms[tag_at - 1] == 16);
    shorter[tag_at - 1] = 15;
    shorter.erase(shorter.begin() + static_cast<long>(tag_at) + 15);
    CHECK(open(shorter, test::identity(KeyType::p256)).error().code == SigningErrc::decryption_failed);
}

TEST_CASE("a flipped bit anywhere in an authenticated envelope never opens to other content [T22]",
          "[signing][envelope][T22]") {
    const Bytes content = test::sample(100);
    for (const KeyType key : {KeyType::p256, KeyType::rsa_2048}) {
        const Bytes cms = seal({key}, ContentCipher::aes_256_gcm, content);
        std::size_t opened = 0;
        for (std::size_t at = 0; at < cms.size(); ++at)
            for (const int bit : {0, 3, 7}) {
                Bytes changed = cms;
                changed[at] = static_cast<std::uint8_t>(changed[at] ^ (1U << bit));
                BufferSink sink(cms.size());
                EnvelopeReader reader(sink);
                if (!reader.write(changed) || reader.header() == nullptr ||
                    reader.header()->recipients.empty())
                    continue;
                const Recipient& recipient = reader.header()->recipients[0];
                if (!reader.set_content_key(
                        test::content_key(test::identity(key), recipient, reader.header()->content_key_size)))
                    continue;
                if (!reader.finish()) continue;
                // Names, versions and the content type are not under the tag; the content is.
                ++opened;
                CHECK(sink.take() == content);
            }
        CHECK(opened > 0);
        CHECK(opened < cms.size());
    }
}

TEST_CASE("an envelope cut anywhere is truncated, not opened [T22]", "[signing][envelope][T22]") {
    const Bytes content = test::sample(100);
    for (const auto cipher : both_ciphers) {
        const Bytes cms = seal({KeyType::p256}, cipher, content);
        for (std::size_t size = 0; size < cms.size(); ++size) {
            BufferSink sink(cms.size());
            EnvelopeReader reader(sink);
            REQUIRE(reader.write(ByteView(cms).first(size)));
            if (reader.header() != nullptr) REQUIRE(reader.set_content_key(key_of(cms, KeyType::p256)));
            CHECK(reader.finish().error().code == SigningErrc::truncated);
        }
        Bytes longer = cms;
        longer.push_back(0);
        BufferSink sink(longer.size());
        EnvelopeReader reader(sink);
        CHECK(reader.write(longer).error().code == SigningErrc::malformed);
    }
}

TEST_CASE("an authenticated cipher is refused in the unauthenticated structure and the other way round [T22]",
          "[signing][envelope][T22]") {
    const auto retyped = [](Bytes cms, std::string_view from, std::string_view to) {
        const Bytes old_type = from_hex(from).value();
        const Bytes new_type = from_hex(to).value();
        const auto found = std::search(cms.begin(), cms.end(), old_type.begin(), old_type.end());
        REQUIRE(found != cms.end());
        const auto at = found - cms.begin();
        cms.erase(found, found + static_cast<long>(old_type.size()));
        cms.insert(cms.begin() + at, new_type.begin(), new_type.end());
        return cms;
    };
    const std::string_view enveloped = "06092a864886f70d010703";
    const std::string_view auth_enveloped = "060b2a864886f70d0109100117";
    const auto error = [](const Bytes& cms) {
        BufferSink sink(10);
        EnvelopeReader reader(sink);
        return reader.write(cms).error().code;
    };
    CHECK(error(retyped(seal({KeyType::p256}, ContentCipher::aes_256_gcm, {}), auth_enveloped, enveloped)) ==
          SigningErrc::unsupported);
    CHECK(error(retyped(seal({KeyType::p256}, ContentCipher::aes_256_cbc, {}), enveloped, auth_enveloped)) ==
          SigningErrc::unsupported);
}
