// SPDX-License-Identifier: Apache-2.0
// Opening what is sealed, and keys that a page has made.
#include "catch_compat.hpp"
#include "granted.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/signing/cms_enveloped.hpp>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::Granted;
using mohr::test::handle_of;
using mohr::test::OperationFixture;
using protocol::Code;

// --- secrecy ---

namespace {

/// Seals 5 bytes to `recipient` and takes the envelope apart as the door does.
struct Sealed {
    link::Decrypt request;
    Bytes envelope;
};
Sealed seal(const Certificate& recipient) {
    signing::BufferSink envelope(1 << 20);
    signing::EnvelopeWriter writer({recipient}, signing::ContentCipher::aes_256_gcm, envelope);
    (void)writer.start().value();
    (void)writer.write(as_bytes("hello")).value();
    (void)writer.finish().value();
    Sealed sealed{{}, envelope.take()};
    signing::BufferSink plain(1024);
    signing::EnvelopeReader reader(plain);
    (void)reader.write(sealed.envelope).value();
    const auto* header = reader.header();
    REQUIRE(header);
    sealed.request.name = "letter.p7m";
    sealed.request.size = sealed.envelope.size();
    sealed.request.authenticated = header->authenticated;
    sealed.request.cipher = header->content_cipher;
    sealed.request.content_key_size = static_cast<std::uint32_t>(header->content_key_size);
    for (const auto& one : header->recipients) {
        link::Recipient to;
        to.issuer_der = one.issuer_der;
        to.serial_number = one.serial_number;
        to.subject_key_identifier = one.subject_key_identifier;
        if (const auto* rsa = std::get_if<signing::RsaRecipient>(&one.key))
            to.key = link::RsaWrapped{rsa->oaep, rsa->oaep_digest, rsa->oaep_mgf1, rsa->encrypted_key};
        if (const auto* ec = std::get_if<signing::EcRecipient>(&one.key))
            to.key = link::EcWrapped{ec->originator_public_key, ec->kdf_digest, ec->wrap_bits,
                                     ec->shared_info, ec->encrypted_key};
        sealed.request.recipients.push_back(std::move(to));
    }
    return sealed;
}

std::string opened(const Sealed& sealed, const Secret& key) {
    signing::BufferSink plain(1024);
    signing::EnvelopeReader reader(plain);
    if (!reader.write(sealed.envelope) || !reader.set_content_key(key.duplicate()) || !reader.finish())
        return {};
    return std::string(as_text(plain.take()));
}

} // namespace

TEST_CASE("an envelope opens for RSA and EC recipients after the person's yes [R188]", "[operations]") {
    Granted f;
    const bool rsa = GENERATE(true, false);
    const auto key = rsa ? f.add_key(token::KeyAlgorithm::rsa_2048, "keyEncipherment") : f.silver;
    const auto sealed = seal(f.certificate_of(key));
    auto& call = f.ask(sealed.request);
    REQUIRE(f.surface.shown.size() == 1);
    CHECK(f.surface.last().kind == PromptKind::decrypt);
    CHECK_FALSE(f.surface.last().unauthenticated);
    CHECK(f.surface.last().certificates.size() == 1);
    CHECK(f.counting->key_uses() == 0);
    f.surface.allow(test::user_pin);
    f.executor.run();
    CHECK(opened(sealed, call.as<link::Decrypted>().content_key) == "hello");
    CHECK(f.log_lines().size() == 1);
}

TEST_CASE("an expired certificate still decrypts, and signs no more [R193]", "[operations]") {
    Granted f;
    const auto key = f.add_key(token::KeyAlgorithm::ec_p256, "digitalSignature,keyAgreement", 1h);
    const auto handle = handle_of(f, key);
    f.clock.advance(2h);
    const auto sealed = seal(f.certificate_of(key));
    auto& call = f.ask_and_allow(sealed.request);
    CHECK(opened(sealed, call.as<link::Decrypted>().content_key) == "hello");
    auto sign = OperationFixture::cms({"text"});
    sign.certificate = handle;
    CHECK(f.ask(sign).code() == Code::certificate_unusable);
}

TEST_CASE("an envelope for somebody else shows no prompt", "[operations]") {
    Granted f;
    auto sealed = seal(f.certificate_of(f.silver));
    sealed.request.recipients[0].serial_number += "01";
    CHECK(f.ask(sealed.request).code() == Code::not_a_recipient);
    sealed.request.recipients[0].issuer_der.clear();
    sealed.request.recipients[0].serial_number.clear();
    CHECK(f.ask(sealed.request).code() == Code::invalid_params);
    sealed.request.recipients.clear();
    CHECK(f.ask(sealed.request).code() == Code::not_a_recipient);
    CHECK(f.surface.shown.empty());
}

TEST_CASE("content that is not tamper-proof is marked in the prompt [T22]", "[operations]") {
    Granted f;
    auto sealed = seal(f.certificate_of(f.silver));
    sealed.request.authenticated = false;
    f.ask(sealed.request);
    CHECK(f.surface.last().unauthenticated);
}

TEST_CASE("every failure to unwrap is one code, and wrong RSA padding gives a key of the right size [T21]",
          "[operations]") {
    Granted f;
    const auto rsa_key = f.add_key(token::KeyAlgorithm::rsa_2048, "keyEncipherment");
    auto to_rsa = seal(f.certificate_of(rsa_key));
    auto& wrapped = std::get<link::RsaWrapped>(to_rsa.request.recipients[0].key);
    wrapped.encrypted_key[100] ^= 1;
    CHECK(f.ask_and_allow(to_rsa.request).code() == Code::decryption_failed);
    wrapped.encrypted_key.resize(100);
    CHECK(f.ask_and_allow(to_rsa.request).code() == Code::decryption_failed);
    auto to_ec = seal(f.certificate_of(f.silver));
    std::get<link::EcWrapped>(to_ec.request.recipients[0].key).encrypted_key[3] ^= 1;
    CHECK(f.ask_and_allow(to_ec.request).code() == Code::decryption_failed);
    auto wrong_size = seal(f.certificate_of(f.silver));
    wrong_size.request.content_key_size = 16;
    CHECK(f.ask_and_allow(wrong_size.request).code() == Code::decryption_failed);
    // PKCS#1 v1.5: implicit rejection, no oracle.
    auto pkcs1 = seal(f.certificate_of(rsa_key));
    auto& bad = std::get<link::RsaWrapped>(pkcs1.request.recipients[0].key);
    bad.oaep = false;
    CHECK(f.ask_and_allow(pkcs1.request).as<link::Decrypted>().content_key.size() == 32);
}

// --- enrolment ---

TEST_CASE("a page's key is made, certified and imported, each behind a PIN [R148]", "[operations]") {
    Granted f;
    auto& made = f.ask_and_allow(link::GenerateKey{"P-256", "CN=Applicant", "mine"});
    CHECK(f.surface.last().kind == PromptKind::generate);
    CHECK(f.surface.last().key_algorithm == "P-256");
    CHECK(f.surface.last().key_subject == "CN=Applicant");
    CHECK(f.surface.last().pin.needed);
    const auto& request = made.as<link::Generated>().request;
    const auto* der = request.data();
    const OwnedX509Req parsed(d2i_X509_REQ(nullptr, &der, static_cast<long>(request.size())));
    REQUIRE(parsed);
    CHECK(X509_REQ_verify(parsed.get(), X509_REQ_get0_pubkey(parsed.get())) == 1);
    CHECK(f.token_told == 1);

    const auto info = to_der(i2d_PUBKEY, X509_REQ_get0_pubkey(parsed.get())).value();
    const auto issued = f.authority.issue(info, "digitalSignature");
    Bytes both = issued.der();
    const auto& ca = f.authority.certificate().der();
    both.insert(both.end(), ca.begin(), ca.end());
    auto& imported = f.ask_and_allow(link::ImportCertificate{both});
    CHECK(f.surface.last().kind == PromptKind::import);
    REQUIRE(f.surface.last().documents.size() == 2);
    CHECK(f.surface.last().documents[0].digest == issued.fingerprint());
    const auto& view = imported.as<link::Imported>().certificate;
    CHECK(view.certificate == issued.der());
    CHECK(f.token_told == 2);
    auto sign = OperationFixture::cms({"text"});
    sign.certificate = view.handle;
    CHECK(f.ask_and_allow(sign).reply());
}

TEST_CASE("a refused key or certificate leaves the token as it was [R148] [R165]", "[operations]") {
    Granted f;
    auto& denied = f.ask(link::GenerateKey{"P-256", "CN=Applicant", "mine"});
    f.surface.deny();
    f.executor.run();
    CHECK(denied.code() == Code::user_cancelled);
    CHECK(f.ask(link::GenerateKey{"DSA-1024", "", ""}).code() == Code::unsupported_algorithm);
    CHECK(f.ask(link::GenerateKey{"P-256", std::string(1025, 'x'), ""}).code() == Code::limit_exceeded);
    CHECK(f.counting->generated == 0);
    const auto before = f.token->objects().value().size();
    CHECK_FALSE(f.ask_and_allow(link::GenerateKey{"P-256", "not a name", "mine"}).reply());
    CHECK(f.token->objects().value().size() == before);
    CHECK(f.ask(link::ImportCertificate{Bytes(100, 0x30)}).code() == Code::malformed_data);
    CHECK(f.ask(link::ImportCertificate{}).code() == Code::malformed_data);
    const auto stranger = f.authority.certificate().der();
    CHECK(f.ask_and_allow(link::ImportCertificate{stranger}).code() == Code::certificate_not_found);
}

TEST_CASE("a key that nobody waits for any more is removed again, and that is written down [R126] [R148]",
          "[operations]") {
    Granted f;
    const auto before = f.token->objects().value().size();
    const std::string how = GENERATE(as<std::string>(), "cancelled", "closed", "not logged");
    CAPTURE(how);
    auto& call = f.ask(link::GenerateKey{"P-256", "CN=Applicant", "mine"});
    f.surface.allow(test::user_pin);
    if (how == "not logged") {
        f.counting->commit_failure = Error(token::TokenErrc::storage, "told to");
        f.executor.run();
        f.counting->commit_failure.reset();
    } else {
        // Step by step until the key is there; its reply has not left yet.
        while (f.token->objects().value().size() == before && f.executor.step()) {
        }
        REQUIRE(f.token->objects().value().size() == before + 1);
        if (how == "cancelled") f.service->cancel(call.id);
        if (how == "closed") f.service->connection_closed(1);
    }
    f.executor.run();
    CHECK_FALSE(call.reply());
    CHECK(f.token->objects().value().size() == before);
    if (how == "not logged") return;
    CHECK(f.log_lines().back().find("what was made is removed again") != std::string::npos);
}
