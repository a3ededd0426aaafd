// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "foreign_tools.hpp"

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

struct Named {
    const char* name;
    KeyType key;
};
constexpr Named keys[] = {{"rsa", KeyType::rsa_2048}, {"p256", KeyType::p256}, {"p384", KeyType::p384}};

Result<Bytes> open(ByteView cms, const test::Identity& recipient) {
    BufferSink sink(cms.size());
    EnvelopeReader reader(sink);
    MOHR_TRY(reader.write(cms));
    REQUIRE(reader.header() != nullptr);
    MOHR_TRY(reader.set_content_key(test::content_key(recipient, *reader.header())));
    MOHR_TRY(reader.finish());
    return sink.take();
}

} // namespace

TEST_CASE("openssl cms opens our envelopes for each recipient, and no changed one", "[interop][signing]") {
    const test::Workplace place;
    const Bytes content = test::sample(200'000);
    std::vector<Certificate> recipients;
    for (const Named& named : keys) {
        place.put_identity(named.name, test::identity(named.key));
        recipients.push_back(test::identity(named.key).certificate);
    }
    for (const auto cipher : {ContentCipher::aes_256_gcm, ContentCipher::aes_256_cbc}) {
        BufferSink sink(2 * content.size());
        EnvelopeWriter writer(recipients, cipher, sink);
        REQUIRE(writer.start());
        REQUIRE(writer.write(content));
        REQUIRE(writer.finish());
        Bytes cms = sink.take();
        place.put("sealed", cms);
        cms[cms.size() - 1'000] ^= 1;
        place.put("changed", cms);
        for (const Named& named : keys) {
            CAPTURE(named.name, cipher == ContentCipher::aes_256_gcm);
            const std::string decrypt = "cms -decrypt -binary -inform DER -out opened -recip " +
                                        std::string(named.name) + ".pem -inkey " + named.name + ".key -in ";
            CHECK(test::openssl(place, decrypt + "sealed") == 0);
            CHECK(place.get("opened") == content);
            if (cipher == ContentCipher::aes_256_gcm) CHECK(test::openssl(place, decrypt + "changed") != 0);
        }
    }
}

TEST_CASE("we open what openssl cms seals: streamed or not, RSA v1.5 and OAEP, EC with each KDF",
          "[interop][signing]") {
    const test::Workplace place;
    const Bytes content = test::sample(200'000);
    place.put("content", content);
    const std::vector<std::string> rsa_options = {
        "", "-keyid", "-keyopt rsa_padding_mode:oaep",
        "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256",
        "-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha384 -keyopt rsa_mgf1_md:sha512"};
    const std::vector<std::string> ec_options = {"",
                                                 "-keyid",
                                                 "-aes128-wrap",
                                                 "-aes256-wrap -keyopt ecdh_kdf_md:sha256",
                                                 "-aes192-wrap -keyopt ecdh_kdf_md:sha384",
                                                 "-keyopt ecdh_kdf_md:sha512",
                                                 "-keyopt ecdh_cofactor_mode:1"};
    for (const Named& named : keys) {
        place.put_identity(named.name, test::identity(named.key));
        for (const std::string& options : named.key == KeyType::rsa_2048 ? rsa_options : ec_options)
            for (const std::string cipher : {"aes-256-gcm", "aes-128-gcm", "aes-256-cbc", "aes-128-cbc"})
                for (const char* stream : {"-stream", ""}) {
                    CAPTURE(named.name, options, cipher, stream);
                    const std::string encrypt = "cms -encrypt -binary -outform DER -in content -out sealed " +
                                                std::string(stream) + " -" + cipher + " -recip " +
                                                named.name + ".pem " + options;
                    REQUIRE(test::openssl(place, encrypt) == 0);
                    const auto opened = open(place.get("sealed"), test::identity(named.key));
                    REQUIRE(opened);
                    CHECK(*opened == content);
                }
    }
}
