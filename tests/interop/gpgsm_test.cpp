// SPDX-License-Identifier: Apache-2.0
// gpgsm of GnuPG 2.2 (Debian 12) opens no ECDH, OAEP or GCM envelope, so that only the way from it to us is
// tested for those.
#include "catch_compat.hpp"
#include "foreign_tools.hpp"
#include <mohr/base/encoding.hpp>

#include <openssl/core_names.h>
#include <openssl/pem.h>

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

/// A GnuPG home of its own that trusts our test root; its agent ends with it.
class GnupgHome {
public:
    GnupgHome() {
        std::filesystem::create_directory(place_.path() / "home");
        std::filesystem::permissions(place_.path() / "home", std::filesystem::perms::owner_all);
        const std::string root_fingerprint =
            upper(to_hex(digest(DigestAlgorithm::sha1, test::root().certificate.der())));
        place_.put("home/trustlist.txt", as_bytes(root_fingerprint + " S relax\n"));
        place_.put("home/gpgsm.conf", as_bytes("disable-crl-checks\n"));
        place_.put("home/gpg-agent.conf", as_bytes("allow-loopback-pinentry\n"));
        place_.put_identity("root", test::root());
        REQUIRE(gpgsm("--import root.pem") == 0);
    }
    ~GnupgHome() { static_cast<void>(place_.run("GNUPGHOME=$PWD/home gpgconf --kill all")); }
    GnupgHome(const GnupgHome&) = delete;
    GnupgHome& operator=(const GnupgHome&) = delete;

    [[nodiscard]] int gpgsm(const std::string& arguments) const {
        return place_.run("GNUPGHOME=$PWD/home " GPGSM_COMMAND " --batch --no-tty --yes " + arguments);
    }
    /// Its private key too: RSA as PKCS#12, EC straight into the agent's store, since gpgsm 2.2 crashes on
    /// such a PKCS#12.
    void import(const std::string& name, const test::Identity& identity) const {
        place_.put_identity(name, identity);
        if (identity.certificate.key_kind() == PublicKeyKind::rsa) {
            REQUIRE(
                test::openssl(
                    place_,
                    "pkcs12 -export -in " + name + ".pem -inkey " + name + ".key -out " + name +
                        ".p12 -passout pass:x -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1") ==
                0);
            place_.put("password", as_bytes("x\n"));
            REQUIRE(gpgsm("--pinentry-mode loopback --passphrase-fd 3 --import " + name +
                          ".p12 3<password") == 0);
            return;
        }
        REQUIRE(gpgsm("--import " + name + ".pem") == 0);
        REQUIRE(gpgsm("--with-colons --with-keygrip --list-keys") == 0);
        place_.put("home/private-keys-v1.d/" + keygrip_of(identity) + ".key", agent_key(identity));
    }
    [[nodiscard]] const test::Workplace& place() const noexcept { return place_; }
    [[nodiscard]] std::string passphrase() const {
        return "--pinentry-mode loopback --passphrase-fd 3 3<password ";
    }

private:
    /// From the listing: the "grp" line behind the "fpr" line of the certificate.
    [[nodiscard]] std::string keygrip_of(const test::Identity& identity) const {
        const std::string listing = place_.last_output();
        const std::string fingerprint =
            upper(to_hex(digest(DigestAlgorithm::sha1, identity.certificate.der())));
        const auto certificate = listing.find("fpr:::::::::" + fingerprint);
        REQUIRE(certificate != std::string::npos);
        const auto line = listing.find("\ngrp:::::::::", certificate);
        REQUIRE(line != std::string::npos);
        return listing.substr(line + 13, 40);
    }
    static Bytes agent_key(const test::Identity& identity) {
        const bool p256 = identity.certificate.key_kind() == PublicKeyKind::ec_p256;
        BIGNUM* raw = nullptr;
        REQUIRE(EVP_PKEY_get_bn_param(identity.key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &raw) == 1);
        const OwnedBignum number(raw);
        Bytes d(p256 ? 32 : 48);
        BN_bn2binpad(number.get(), d.data(), static_cast<int>(d.size()));
        unsigned char* point = nullptr;
        const std::size_t size = EVP_PKEY_get1_encoded_public_key(identity.key.get(), &point);
        const OwnedOpensslBuffer owner(point);
        Bytes out;
        const auto text = [&](const std::string& part) { out.insert(out.end(), part.begin(), part.end()); };
        text(std::string("(11:private-key(3:ecc(5:curve10:") + (p256 ? "NIST P-256" : "NIST P-384") +
             ")(1:q" + std::to_string(size) + ":");
        out.insert(out.end(), point, point + size);
        text(")(1:d" + std::to_string(d.size()) + ":");
        out.insert(out.end(), d.begin(), d.end());
        text(")))");
        return out;
    }

    test::Workplace place_;
};

/// gpgsm neither makes nor takes an ECDSA signature over a digest that is shorter than the key.
bool refused_by_gpgsm(KeyType key, DigestAlgorithm digest) {
    return key == KeyType::p384 && digest == DigestAlgorithm::sha256;
}

struct Way {
    KeyType key;
    SignatureAlgorithm algorithm;
    DigestAlgorithm digest;
};

} // namespace

TEST_CASE("gpgsm verifies what we sign, detached and attached, and nothing else", "[interop][signing]") {
    const GnupgHome home;
    const test::Workplace& place = home.place();
    const Bytes content = test::sample(100'000);
    place.put("content", content);
    place.put("other", test::sample(100'000, 2));
    for (const auto digest_algorithm :
         {DigestAlgorithm::sha256, DigestAlgorithm::sha384, DigestAlgorithm::sha512})
        for (const Way& way : {Way{KeyType::rsa_2048, SignatureAlgorithm::rsa_pkcs1_v15, digest_algorithm},
                               Way{KeyType::rsa_2048, SignatureAlgorithm::rsa_pss, digest_algorithm},
                               Way{KeyType::p256, SignatureAlgorithm::ecdsa, digest_algorithm},
                               Way{KeyType::p384, SignatureAlgorithm::ecdsa, digest_algorithm}}) {
            if (refused_by_gpgsm(way.key, way.digest)) continue;
            CAPTURE(static_cast<int>(way.key), static_cast<int>(way.algorithm), digest_name(way.digest));
            const auto part = test::signer_part(test::identity(way.key), way.algorithm, way.digest,
                                                digest(way.digest, content), test::now());
            place.put("detached.p7s", detached_signed_data({part}).value());
            const int good = home.gpgsm("--verify detached.p7s content");
            INFO(place.last_output());
            CHECK(good == 0);
            CHECK(place.last_output().find("Good signature") != std::string::npos);
            CHECK(home.gpgsm("--verify detached.p7s other") != 0);

            BufferSink sink(content.size() + 10'000);
            AttachedSignedDataWriter writer({part}, content.size(), sink);
            REQUIRE(writer.write(content));
            REQUIRE(writer.finish());
            place.put("attached.p7m", sink.take());
            CHECK(home.gpgsm("--verify --output out attached.p7m") == 0);
            CHECK(place.get("out") == content);
        }
}

TEST_CASE("we verify what gpgsm signs, detached and attached", "[interop][signing]") {
    const GnupgHome home;
    const test::Workplace& place = home.place();
    const Bytes content = test::sample(100'000);
    place.put("content", content);
    for (const KeyType key : {KeyType::rsa_2048, KeyType::p256, KeyType::p384}) {
        const test::Identity& signer = test::identity(key);
        home.import("signer", signer);
        for (const char* digest_option : {"SHA256", "SHA384", "SHA512"})
            for (const char* mode : {"--detach-sign", "--sign"}) {
                if (refused_by_gpgsm(key, std::string(digest_option) == "SHA256" ? DigestAlgorithm::sha256
                                                                                 : DigestAlgorithm::sha384))
                    continue;
                CAPTURE(static_cast<int>(key), digest_option, mode);
                const std::string user =
                    " --local-user 0x" +
                    upper(to_hex(digest(DigestAlgorithm::sha1, signer.certificate.der())));
                const std::string password = key == KeyType::rsa_2048 ? home.passphrase() : "";
                const int made = home.gpgsm(password + "--digest-algo " + digest_option + user +
                                            " --output signed " + mode + " content");
                INFO(place.last_output());
                REQUIRE(made == 0);
                SignedDataReader reader({test::root().certificate}, test::now(), nullptr);
                REQUIRE(reader.write(place.get("signed")));
                if (std::string(mode) == "--detach-sign") REQUIRE(reader.write_content(content));
                const auto report = reader.finish();
                REQUIRE(report);
                CHECK(report->valid());
                INFO(report->signers.at(0).detail);
                CHECK(report->signers.at(0).chain_checked);
            }
    }
}

TEST_CASE("we open what gpgsm seals", "[interop][signing]") {
    const GnupgHome home;
    const test::Workplace& place = home.place();
    const Bytes content = test::sample(100'000);
    place.put("content", content);
    const test::Identity& recipient = test::identity(KeyType::rsa_2048);
    home.import("recipient", recipient);
    const std::string user = upper(to_hex(digest(DigestAlgorithm::sha1, recipient.certificate.der())));
    for (const char* cipher : {"AES256", "AES128", "3DES"}) {
        CAPTURE(cipher);
        const int made = home.gpgsm(std::string("--cipher-algo ") + cipher + " --recipient 0x" + user +
                                    " --output sealed --encrypt content");
        INFO(place.last_output());
        REQUIRE(made == 0);
        const Bytes cms = place.get("sealed");
        BufferSink sink(cms.size());
        EnvelopeReader reader(sink);
        REQUIRE(reader.write(cms));
        REQUIRE(reader.header() != nullptr);
        CHECK_FALSE(reader.header()->authenticated);
        REQUIRE(reader.set_content_key(test::content_key(recipient, *reader.header())));
        REQUIRE(reader.finish());
        CHECK(sink.take() == content);
    }
}
