// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "foreign_tools.hpp"

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

struct Way {
    const char* name;
    KeyType key;
    SignatureAlgorithm algorithm;
    DigestAlgorithm digest;
    const char* openssl_digest;
};

std::vector<Way> ways() {
    std::vector<Way> out;
    const std::pair<DigestAlgorithm, const char*> digests[] = {{DigestAlgorithm::sha256, "sha256"},
                                                               {DigestAlgorithm::sha384, "sha384"},
                                                               {DigestAlgorithm::sha512, "sha512"}};
    for (const auto& [digest, name] : digests) {
        out.push_back({"rsa", KeyType::rsa_2048, SignatureAlgorithm::rsa_pkcs1_v15, digest, name});
        out.push_back({"rsa-pss", KeyType::rsa_2048, SignatureAlgorithm::rsa_pss, digest, name});
        out.push_back({"p256", KeyType::p256, SignatureAlgorithm::ecdsa, digest, name});
        out.push_back({"p384", KeyType::p384, SignatureAlgorithm::ecdsa, digest, name});
    }
    return out;
}

SignerVerdict verdict(const Result<SignedDataReport>& report) {
    REQUIRE(report);
    REQUIRE(report->signers.size() == 1);
    INFO(report->signers[0].detail);
    return report->signers[0].verdict;
}

} // namespace

TEST_CASE("openssl cms verifies what we sign, detached and attached, and nothing else",
          "[interop][signing]") {
    const test::Workplace place;
    const Bytes content = test::sample(200'000);
    place.put("content", content);
    place.put("other", test::sample(200'000, 2));
    place.put_identity("root", test::root());
    for (const Way& way : ways()) {
        CAPTURE(way.name, way.openssl_digest);
        const auto part = test::signer_part(test::identity(way.key), way.algorithm, way.digest,
                                            digest(way.digest, content), test::now());
        place.put("detached.p7s", detached_signed_data({part}).value());
        const std::string verify = "cms -verify -binary -cades -inform DER -CAfile root.pem ";
        CHECK(test::openssl(place, verify + "-in detached.p7s -content content -out out") == 0);
        CHECK(place.get("out") == content);
        CHECK(test::openssl(place, verify + "-in detached.p7s -content other -out out") != 0);

        BufferSink sink(content.size() + 10'000);
        AttachedSignedDataWriter writer({part}, content.size(), sink);
        REQUIRE(writer.write(content));
        REQUIRE(writer.finish());
        place.put("attached.p7m", sink.take());
        CHECK(test::openssl(place, verify + "-in attached.p7m -out out") == 0);
        CHECK(place.get("out") == content);
    }
}

TEST_CASE("we verify what openssl cms signs, detached and attached, streamed or not", "[interop][signing]") {
    const test::Workplace place;
    const Bytes content = test::sample(200'000);
    const Bytes other = test::sample(200'000, 2);
    place.put("content", content);
    for (const Way& way : ways()) {
        place.put_identity("signer", test::identity(way.key));
        std::string sign =
            "cms -sign -binary -outform DER -in content -signer signer.pem -inkey signer.key -out out -md " +
            std::string(way.openssl_digest);
        if (way.algorithm == SignatureAlgorithm::rsa_pss) sign += " -keyopt rsa_padding_mode:pss";
        for (const char* option : {"", " -nodetach", " -nodetach -stream", " -cades", " -noattr", " -keyid",
                                   " -noattr -nodetach -stream"}) {
            CAPTURE(way.name, way.openssl_digest, option);
            // openssl 3.0 fails on this pair itself ("illegal zero content").
            if (way.algorithm == SignatureAlgorithm::rsa_pss &&
                std::string(option).find("-stream") != std::string::npos)
                continue;
            REQUIRE(test::openssl(place, sign + option) == 0);
            const bool attached = std::string(option).find("-nodetach") != std::string::npos;
            for (const Bytes* given : {&content, &other}) {
                SignedDataReader reader({test::root().certificate}, test::now(), nullptr);
                REQUIRE(reader.write(place.get("out")));
                if (!attached) REQUIRE(reader.write_content(*given));
                const auto seen = verdict(reader.finish());
                CHECK((seen == SignerVerdict::valid) == (attached || given == &content));
            }
        }
    }
}
