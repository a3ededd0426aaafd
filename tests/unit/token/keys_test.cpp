// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "request.hpp"
#include "token_fixture.hpp"
#include <mohr/base/encoding.hpp>

#include <set>

using namespace mohr;
using namespace mohr::token;
using mohr::test::pin;
using mohr::test::run;

namespace {

constexpr KeyAlgorithm every_algorithm[] = {KeyAlgorithm::rsa_2048, KeyAlgorithm::rsa_3072,
                                            KeyAlgorithm::rsa_4096, KeyAlgorithm::ec_p256,
                                            KeyAlgorithm::ec_p384};

/// What `openssl` says about a signature over `message`, with the public key of `key`.
test::CommandResult verify_with_openssl(const test::ScratchDirectory& scratch, const TokenObject& key,
                                        const std::string& message, ByteView signature,
                                        const std::string& options) {
    test::write_file(scratch.path() / "key.der", key.public_key_info);
    test::write_file(scratch.path() / "message", as_bytes(message));
    test::write_file(scratch.path() / "signature", signature);
    return run("openssl pkey -pubin -inform DER -in key.der -out key.pem && "
               "openssl dgst " +
                   options + " -verify key.pem -signature signature message",
               scratch.path());
}

struct SignatureCase {
    KeyAlgorithm key;
    SignatureScheme scheme;
    DigestAlgorithm digest;
    const char* openssl; ///< options of `openssl dgst` that demand exactly this kind
};

TokenObject with_certificate(test::TokenFixture& fixture, const test::TestAuthority& authority,
                             KeyAlgorithm algorithm, const char* usage = nullptr) {
    const Authorisation user = fixture.user();
    const TokenObject key = fixture.token->generate_key(user, algorithm, "key").value();
    return fixture.token
        ->import_certificate(user, {authority.issue(key.public_key_info, usage)}, CertificateState::active)
        .value();
}

} // namespace

TEST_CASE("every key algorithm is generated, stored and listed again after a restart [R50] [R148]",
          "[token][keys]") {
    test::TokenFixture fixture;
    fixture.initialise();
    std::vector<TokenObject> made;
    for (const KeyAlgorithm algorithm : every_algorithm) {
        made.push_back(fixture.token->generate_key(fixture.user(), algorithm, "کلید ۱").value());
        fixture.clock.advance(std::chrono::milliseconds(5));
    }
    fixture.open();
    const auto listed = fixture.token->objects().value();
    REQUIRE(listed.size() == made.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
        CHECK(listed[i].id == made[i].id);
        CHECK(listed[i].algorithm == every_algorithm[i]);
        CHECK(listed[i].label == "کلید ۱");
        CHECK(listed[i].state == CertificateState::pending);
        CHECK(listed[i].public_key_info == made[i].public_key_info);
        CHECK(listed[i].created == made[i].created);
        CHECK(KeyId::from_text(listed[i].id.text()) == listed[i].id);
    }
    CHECK(fixture.token->info().keys == 5);
    CHECK(fixture.token->info().certificates == 0);
}

TEST_CASE("a key's id is the key identifier of RFC 5280 that openssl computes", "[token][keys]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const TokenObject key =
        fixture.token
            ->generate_key(fixture.user(), GENERATE(KeyAlgorithm::rsa_2048, KeyAlgorithm::ec_p384), "")
            .value();
    test::write_file(fixture.scratch.path() / "key.der", key.public_key_info);
    // Offset of the BIT STRING's content differs by algorithm, so openssl makes a certificate with the
    // extension itself.
    const auto made =
        run("openssl pkey -pubin -inform DER -in key.der -out pub.pem && openssl ecparam -name prime256v1 "
            "-genkey -noout -out ca.pem && "
            "openssl req -new -key ca.pem -subj /CN=x -out ca.csr && printf 'subjectKeyIdentifier=hash\\n' > "
            "ext && "
            "openssl x509 -req -in ca.csr -signkey ca.pem -force_pubkey pub.pem -extfile ext 2>/dev/null | "
            "openssl x509 -noout -ext subjectKeyIdentifier | tail -1 | tr -d ': ' | tr A-F a-f",
            fixture.scratch.path());
    CHECK(made.output.find(key.id.text()) != std::string::npos);
}

TEST_CASE("openssl verifies every kind of signature, and refuses it over another message [R147]",
          "[token][sign]") {
    using enum SignatureScheme;
    using enum DigestAlgorithm;
    using enum KeyAlgorithm;
    const auto kind = GENERATE(
        SignatureCase{rsa_2048, rsa_pkcs1_v15, sha1, "-sha1"},
        SignatureCase{rsa_2048, rsa_pkcs1_v15, sha256, "-sha256"},
        SignatureCase{rsa_3072, rsa_pkcs1_v15, sha384, "-sha384"},
        SignatureCase{rsa_4096, rsa_pkcs1_v15, sha512, "-sha512"},
        SignatureCase{
            rsa_2048, rsa_pss, sha256,
            "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256"},
        SignatureCase{
            rsa_2048, rsa_pss, sha512,
            "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64 -sigopt rsa_mgf1_md:sha512"},
        SignatureCase{
            rsa_3072, rsa_pss, sha384,
            "-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 -sigopt rsa_mgf1_md:sha384"},
        SignatureCase{ec_p256, ecdsa, sha256, "-sha256"}, SignatureCase{ec_p384, ecdsa, sha384, "-sha384"},
        SignatureCase{ec_p256, ecdsa, sha512, "-sha512"});
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const TokenObject key = with_certificate(fixture, authority, kind.key);
    const std::string message = "to be signed";
    // Twice: the second one runs through a context that was used before.
    for (int round = 0; round < 2; ++round) {
        const Bytes signature = fixture.token
                                    ->sign(fixture.user(), key.id, Purpose::sign_document, kind.scheme,
                                           kind.digest, digest(kind.digest, as_bytes(message)))
                                    .value();
        const auto good = verify_with_openssl(fixture.scratch, key, message, signature, kind.openssl);
        CHECK(good.output.find("Verified OK") != std::string::npos);
        CHECK(good.status == 0);
        CHECK(verify_with_openssl(fixture.scratch, key, message + "!", signature, kind.openssl).status != 0);
    }
}

TEST_CASE("a scheme that does not fit the key, or a digest of another size, is refused", "[token][sign]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const TokenObject rsa = with_certificate(fixture, authority, KeyAlgorithm::rsa_2048);
    const TokenObject ec = with_certificate(fixture, authority, KeyAlgorithm::ec_p256);
    const Bytes digest32(32);
    const auto sign = [&](const TokenObject& key, SignatureScheme scheme, ByteView bytes) {
        return fixture.token->sign(fixture.user(), key.id, Purpose::sign_document, scheme,
                                   DigestAlgorithm::sha256, bytes);
    };
    CHECK(sign(rsa, SignatureScheme::ecdsa, digest32).error().code == TokenErrc::unsupported_scheme);
    CHECK(sign(ec, SignatureScheme::rsa_pss, digest32).error().code == TokenErrc::unsupported_scheme);
    CHECK(sign(rsa, SignatureScheme::rsa_pkcs1_v15, Bytes(31)).error().code == TokenErrc::unsupported_scheme);
    CHECK(sign(ec, SignatureScheme::ecdsa, Bytes(33)).error().code == TokenErrc::unsupported_scheme);
    CHECK(sign(ec, SignatureScheme::ecdsa, {}).error().code == TokenErrc::unsupported_scheme);
    CHECK(fixture.token
              ->sign(fixture.user(), KeyId{}, Purpose::sign_document, SignatureScheme::ecdsa,
                     DigestAlgorithm::sha256, digest32)
              .error()
              .code == TokenErrc::no_such_key);
}

TEST_CASE(
    "openssl accepts the certification request of every key and sees the subject in it [R50] [R120] [R148]",
    "[token][request]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const KeyAlgorithm algorithm =
        GENERATE(KeyAlgorithm::rsa_2048, KeyAlgorithm::ec_p256, KeyAlgorithm::ec_p384);
    const TokenObject key = fixture.token->generate_key(fixture.user(), algorithm, "").value();
    const Bytes request =
        fixture.token
            ->certification_request(fixture.user(), key.id, "CN=مریم رضایی\\, test,O=Example Ltd,C=IR")
            .value();
    test::write_file(fixture.scratch.path() / "request.der", request);
    const auto checked =
        run("openssl req -inform DER -in request.der -verify -noout -subject -nameopt RFC2253,-esc_msb",
            fixture.scratch.path());
    CHECK(checked.status == 0);
    CHECK(checked.output.find("verify OK") != std::string::npos);
    CHECK(checked.output.find("CN=مریم رضایی\\, test,O=Example Ltd,C=IR") != std::string::npos);
    CHECK(run("openssl asn1parse -inform DER -in request.der", fixture.scratch.path())
              .output.find("UTF8STRING        :Example Ltd") != std::string::npos);
    test::write_file(fixture.scratch.path() / "key.der", key.public_key_info);
    CHECK(run("openssl req -inform DER -in request.der -pubkey -noout > a.pem && openssl pkey -pubin -inform "
              "DER -in key.der > b.pem && cmp a.pem b.pem",
              fixture.scratch.path())
              .status == 0);

    const Bytes empty = fixture.token->certification_request(fixture.user(), key.id, "").value();
    test::write_file(fixture.scratch.path() / "empty.der", empty);
    CHECK(run("openssl req -inform DER -in empty.der -verify -noout", fixture.scratch.path()).status == 0);
}

TEST_CASE("RFC 4514 text becomes the name it says, and what is not such text is refused",
          "[token][request]") {
    const auto printed = [](std::string_view text) {
        const auto name = parse_subject(text);
        REQUIRE(name);
        const OwnedBio bio(BIO_new(BIO_s_mem()));
        X509_NAME_print_ex(bio.get(), name->get(), 0,
                           XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
        return std::string(as_text(bio_content(bio.get())));
    };
    CHECK(printed("CN=a,OU=b,DC=example,DC=org") == "CN=a,OU=b,DC=example,DC=org");
    CHECK(printed("cn = spaces around , o = kept  inside ") == "CN=spaces around,O=kept  inside");
    CHECK(printed("OU=Sales+CN=J.  Smith,DC=example") == "OU=Sales+CN=J.  Smith,DC=example");
    CHECK(printed("CN=James \\\"Jim\\\" Smith\\, III") == "CN=James \\\"Jim\\\" Smith\\, III");
    CHECK(printed("CN=Lu\\C4\\8Di\\C4\\87") == "CN=Lučić");
    CHECK(printed("2.5.4.3=by number") == "CN=by number");
    CHECK(printed("CN=\\ leading\\ ") == "CN=\\ leading\\ ");
    for (const std::string_view bad :
         {"CN", "CN=", "=x", "CN=a,", ",CN=a", "CN=a+", "NOSUCH=a", "CN=a\"b", "CN=a;O=b", "CN=#0c0161",
          "CN=a\\", "CN=a\\q", "C=IRN", "C=1", "CN=\\ff", "CN=a\\00b", "DC=é", "9.9.9.9.9=x", "CN=<x>"}) {
        CAPTURE(bad);
        const auto name = parse_subject(bad);
        REQUIRE(!name);
        CHECK(name.error().code == TokenErrc::malformed);
    }
    CHECK(!parse_subject("CN=" + std::string(1100, 'a')));
}

TEST_CASE("a certificate finds its key by the public key, and its issuers become the chain [R50] [R122]",
          "[token][certificates]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const test::TestAuthority stranger(fixture.clock, "Unrelated CA");
    const Authorisation user = fixture.user();
    const TokenObject other = fixture.token->generate_key(user, KeyAlgorithm::ec_p256, "other").value();
    const TokenObject key = fixture.token->generate_key(user, KeyAlgorithm::ec_p256, "mine").value();
    const Certificate leaf = authority.issue(key.public_key_info);

    CHECK(fixture.token->import_certificate(user, {authority.certificate()}, CertificateState::active)
              .error()
              .code == TokenErrc::no_matching_key);
    CHECK(fixture.token->import_certificate(user, {}, CertificateState::active).error().code ==
          TokenErrc::no_matching_key);
    CHECK(fixture.token->import_certificate(user, {leaf}, CertificateState::expired).error().code ==
          TokenErrc::malformed);
    const TokenObject stored =
        fixture.token
            ->import_certificate(user, {stranger.certificate(), authority.certificate(), leaf},
                                 CertificateState::active)
            .value();
    CHECK(stored.id == key.id);
    CHECK(stored.state == CertificateState::active);
    fixture.open();
    const auto listed = fixture.token->objects().value();
    REQUIRE(listed.size() == 2);
    CHECK(!listed[0].certificate);
    REQUIRE(listed[1].certificate);
    CHECK(listed[1].certificate->der() == leaf.der());
    REQUIRE(listed[1].chain.size() == 1);
    CHECK(listed[1].chain[0].der() == authority.certificate().der());
    CHECK(fixture.token->info().certificates == 1);
}

TEST_CASE("importing a certificate again does not lift its hold or its revocation [R124]",
          "[token][certificates]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const Authorisation user = fixture.user();
    const TokenObject key = fixture.token->generate_key(user, KeyAlgorithm::ec_p256, "").value();
    const Certificate leaf = authority.issue(key.public_key_info);
    CHECK(fixture.token->import_certificate(user, {leaf}, CertificateState::on_hold).value().state ==
          CertificateState::on_hold);
    CHECK(fixture.token->import_certificate(user, {leaf}, CertificateState::active).value().state ==
          CertificateState::on_hold);
    REQUIRE(fixture.token->retire(key.id, Retirement::revoked));
    CHECK(fixture.token->import_certificate(user, {leaf}, CertificateState::active).value().state ==
          CertificateState::revoked);
    CHECK(fixture.token
              ->import_certificate(user, {authority.issue(key.public_key_info)}, CertificateState::active)
              .value()
              .state == CertificateState::active);
}

TEST_CASE("a certificate past its end is shown as expired, before it is active", "[token][certificates]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const TokenObject key = with_certificate(fixture, authority, KeyAlgorithm::ec_p256);
    CHECK(key.state == CertificateState::active);
    fixture.clock.set_now(key.certificate->not_after());
    CHECK(fixture.token->objects().value()[0].state == CertificateState::active);
    fixture.clock.set_now(key.certificate->not_after() + std::chrono::seconds(1));
    CHECK(fixture.token->objects().value()[0].state == CertificateState::expired);
}

TEST_CASE("a PKCS#12 file of openssl brings key, certificate and chain, and a wrong password is told apart",
          "[token][pkcs12]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const std::string kind = GENERATE("rsa:2048", "ec");
    const std::string new_key = kind == "ec" ? "ec -pkeyopt ec_paramgen_curve:P-256" : kind;
    const auto made =
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem "
            "-subj '/CN=File CA' -days 3650 && "
            "openssl req -new -newkey " +
                new_key +
                " -nodes -keyout key.pem -out req.pem -subj '/CN=From a file' && "
                "openssl x509 -req -in req.pem -CA ca.pem -CAkey ca.key -days 3650 -out cert.pem && "
                "openssl pkcs12 -export -inkey key.pem -in cert.pem -certfile ca.pem -name 'friendly' "
                "-passout pass:right -out file.p12",
            fixture.scratch.path());
    REQUIRE(made.status == 0);
    const Bytes file = test::read_file(fixture.scratch.path() / "file.p12");
    const Authorisation user = fixture.user();
    CHECK(fixture.token->import_pkcs12(user, file, pin("wrong")).error().code == TokenErrc::wrong_password);
    CHECK(fixture.token->import_pkcs12(user, file, Secret()).error().code == TokenErrc::wrong_password);
    CHECK(fixture.token->import_pkcs12(user, ByteView(file).first(file.size() - 1), pin("right"))
              .error()
              .code == TokenErrc::malformed);
    CHECK(fixture.token->import_pkcs12(user, as_bytes("not such a file"), pin("right")).error().code ==
          TokenErrc::malformed);
    CHECK(fixture.token->objects().value().empty());

    const TokenObject key = fixture.token->import_pkcs12(user, file, pin("right")).value();
    CHECK(key.label == "friendly");
    CHECK(key.state == CertificateState::active);
    REQUIRE(key.certificate);
    CHECK(key.certificate->common_name() == "From a file");
    CHECK(key.chain.size() == 1);
    const Bytes signature =
        fixture.token
            ->sign(user, key.id, Purpose::sign_document,
                   kind == "ec" ? SignatureScheme::ecdsa : SignatureScheme::rsa_pkcs1_v15,
                   DigestAlgorithm::sha256, digest(DigestAlgorithm::sha256, as_bytes("message")))
            .value();
    CHECK(verify_with_openssl(fixture.scratch, key, "message", signature, "-sha256").status == 0);
    // Again: the same key once more, not a second one.
    CHECK(fixture.token->import_pkcs12(user, file, pin("right")));
    CHECK(fixture.token->info().keys == 1);
}

TEST_CASE("a PKCS#12 file without a password, or with an outdated cipher, is handled as what it is",
          "[token][pkcs12]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const auto made =
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out "
            "cert.pem -subj /CN=x -days 3650 && "
            "openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass: -out empty.p12 && "
            "openssl pkcs12 -export -legacy -inkey key.pem -in cert.pem -passout pass:x -out legacy.p12",
            fixture.scratch.path());
    REQUIRE(made.status == 0);
    const auto import = [&](const char* name, std::string_view password) {
        return fixture.token->import_pkcs12(fixture.user(), test::read_file(fixture.scratch.path() / name),
                                            pin(password));
    };
    CHECK(import("empty.p12", ""));
    CHECK(import("legacy.p12", "x").error().code == TokenErrc::unsupported_scheme);
    CHECK(import("legacy.p12", "y").error().code == TokenErrc::wrong_password);
}

TEST_CASE("a removed key is gone from the list, from use and from the files [R150]", "[token][keys]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const TokenObject key = with_certificate(fixture, authority, KeyAlgorithm::ec_p256);
    const TokenObject kept =
        fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, "kept").value();
    const auto on_disk = [&](ByteView bytes) {
        for (const char* name : {"vault.db", "vault.db-wal"}) {
            const auto path = fixture.scratch.path() / "data" / name;
            if (!std::filesystem::exists(path)) continue;
            if (as_text(test::read_file(path)).find(as_text(bytes)) != std::string_view::npos) return true;
        }
        return false;
    };
    // The stored row holds the public key; whoever finds that finds the sealed private key beside it.
    REQUIRE(on_disk(key.public_key_info));
    REQUIRE(on_disk(kept.public_key_info));
    const Authorisation user = fixture.user();
    REQUIRE(fixture.token->remove(user, key.id));
    CHECK(!on_disk(key.public_key_info));
    CHECK(on_disk(kept.public_key_info));
    CHECK(fixture.token->objects().value().size() == 1);
    CHECK(fixture.token->remove(user, key.id).error().code == TokenErrc::no_such_key);
    CHECK(fixture.token
              ->sign(user, key.id, Purpose::sign_document, SignatureScheme::ecdsa, DigestAlgorithm::sha256,
                     Bytes(32))
              .error()
              .code == TokenErrc::no_such_key);
    fixture.open();
    CHECK(fixture.token->objects().value().size() == 1);
}

TEST_CASE("the number of keys and the length of labels are limited, and at least 16 keys fit",
          "[token][keys]") {
    test::TokenFixture fixture;
    auto options = fixture.options();
    options.max_keys = 1;
    fixture.open(std::move(options));
    fixture.initialise();
    const Authorisation user = fixture.user();
    for (int i = 0; i < 16; ++i) REQUIRE(fixture.token->generate_key(user, KeyAlgorithm::ec_p256, "k"));
    CHECK(fixture.token->generate_key(user, KeyAlgorithm::ec_p256, "k").error().code == TokenErrc::limit);
    CHECK(fixture.token->generate_key(user, KeyAlgorithm::ec_p256, std::string(129, 'x')).error().code ==
          TokenErrc::limit);
    CHECK(fixture.token->generate_key(user, KeyAlgorithm::ec_p256, "\xff").error().code ==
          TokenErrc::malformed);
    CHECK(fixture.token->set_label(fixture.admin(), std::string(65, 'x')).error().code == TokenErrc::limit);
    CHECK(fixture.token->set_label(fixture.admin(), "\xc3").error().code == TokenErrc::malformed);
    CHECK(fixture.token->set_label(fixture.admin(), std::string(64, 'x')));
    CHECK(fixture.token->info().label == std::string(64, 'x'));
}
