// SPDX-License-Identifier: Apache-2.0
// What sites on the Dastine front may have done to the token: keys, PINs, files.
#include "catch_compat.hpp"
#include "portal_fixture.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/openssl.hpp>

#include <openssl/x509v3.h>

using namespace mohr;
using namespace mohr::core;
using mohr::test::PortalFixture;
using protocol::Code;

// --- enrolment ---

TEST_CASE("a page makes a key with a request that names it, and brings its certificate", "[portal]") {
    PortalFixture f;
    f.allow_access();
    link::GenerateKey generate{"RSA-2048", "CN=Sara", "portal", {}};
    using Kind = link::NameKind;
    generate.names = {{Kind::upn, "sara@corp.example"},  {Kind::email, "sara@example.com"},
                      {Kind::dns, "sara.example.com"},   {Kind::uri, "https://example.com/sara"},
                      {Kind::directory, "CN=Sara,C=IR"}, {Kind::ip, "192.0.2.7"},
                      {Kind::identifier, "1.2.3.4"}};
    auto& made = f.ask_and_allow(generate);
    CHECK(f.surface.last().key_names.size() == 7);
    CHECK(f.surface.last().key_names[2] == "dns: sara.example.com");
    const auto& answer = made.as<link::Generated>();
    const unsigned char* cursor = answer.request.data();
    const OwnedX509Req request(d2i_X509_REQ(nullptr, &cursor, static_cast<long>(answer.request.size())));
    REQUIRE(request);
    CHECK(X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) == 1);
    auto* extensions = X509_REQ_get_extensions(request.get());
    auto* names =
        static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr));
    REQUIRE(names != nullptr);
    CHECK(sk_GENERAL_NAME_num(names) == 7);
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);

    const auto key = token::KeyId::from_text(answer.key_id).value();
    Bytes info;
    for (const auto& object : f.token->objects().value())
        if (object.id == key) info = object.public_key_info;
    const auto issued = f.authority.issue(info).der();
    // Another page, or another session of the same one, does not know the key (49).
    f.allow_access(f.other);
    CHECK(f.ask(link::ImportCertificate{issued, ""}, f.other, 3).code() == Code::certificate_not_found);
    const auto mine = f.session;
    f.session = "another";
    CHECK(f.ask(link::ImportCertificate{issued, ""}).code() == Code::certificate_not_found);
    CHECK(f.ask(link::RemoveKey{answer.key_id}).code() == Code::certificate_not_found);
    f.session = mine;
    CHECK(f.ask_and_allow(link::ImportCertificate{issued, ""}).as<link::Imported>().certificate.certificate ==
          issued);
    // It has its certificate: the session is done with it.
    CHECK(f.ask(link::ImportCertificate{issued, ""}).code() == Code::certificate_not_found);
    CHECK(f.ask(link::RemoveKey{answer.key_id}).code() == Code::certificate_not_found);
}

TEST_CASE("names that are none are refused with the request, and leave no key", "[portal]") {
    PortalFixture f;
    f.allow_access();
    using Kind = link::NameKind;
    const auto before = f.token->objects().value().size();
    for (const auto& bad : std::vector<link::AlternativeName>{{Kind::ip, "300.1.1.1"},
                                                              {Kind::dns, "a b"},
                                                              {Kind::email, "م@example.com"},
                                                              {Kind::directory, "nobody"},
                                                              {Kind::identifier, "1.2.x"}})
        CHECK(f.ask_and_allow(link::GenerateKey{"P-256", "CN=Sara", "", {bad}}).code() ==
              Code::invalid_params);
    CHECK(f.token->objects().value().size() == before);
    CHECK(f.ask(link::GenerateKey{"P-256", "CN=Sara", "", {{Kind::dns, ""}}}).code() == Code::invalid_params);
}

TEST_CASE("a generated key goes again, and only by its own session", "[portal]") {
    PortalFixture f;
    f.allow_access();
    const auto id =
        f.ask_and_allow(link::GenerateKey{"P-256", "CN=Sara", "", {}}).as<link::Generated>().key_id;
    const auto before = f.token->objects().value().size();
    CHECK(f.ask(link::RemoveKey{f.silver.text()}).code() == Code::certificate_not_found);
    auto& gone = f.ask(link::RemoveKey{id});
    CHECK(f.surface.last().kind == PromptKind::remove_key);
    f.surface.allow(test::user_pin);
    f.executor.run();
    CHECK(gone.reply());
    CHECK(f.token->objects().value().size() == before - 1);
    CHECK(f.ask(link::RemoveKey{id}).code() == Code::certificate_not_found);
}

TEST_CASE("a selected certificate renews its key's request, and is removed after a yes", "[portal]") {
    PortalFixture f;
    f.allow_access();
    const auto handle = f.select(f.rsa);
    auto& renewed = f.ask_and_allow(link::RequestCertificate{handle});
    CHECK(f.surface.last().kind == PromptKind::request);
    const auto& bytes = renewed.as<link::Generated>().request;
    const unsigned char* cursor = bytes.data();
    const OwnedX509Req request(d2i_X509_REQ(nullptr, &cursor, static_cast<long>(bytes.size())));
    REQUIRE(request);
    CHECK(X509_NAME_cmp(X509_REQ_get_subject_name(request.get()),
                        X509_get_subject_name(f.certificate_of(f.rsa).get0())) == 0);
    // Its new certificate comes back by the selected one, not by a generated key.
    const auto issued = f.authority.issue(f.certificate_of(f.rsa).public_key_info()).der();
    CHECK(f.ask(link::ImportCertificate{issued, ""}).code() == Code::certificate_not_found);
    CHECK(f.ask_and_allow(link::ImportCertificate{issued, handle}).reply());
    auto& removed = f.ask(link::RemoveCertificate{handle});
    CHECK(f.surface.last().kind == PromptKind::remove_certificate);
    REQUIRE(f.surface.last().certificates.size() == 1);
    f.surface.deny();
    f.executor.run();
    CHECK(removed.code() == Code::user_cancelled);
    CHECK(f.ask_and_allow(link::RemoveCertificate{handle}).reply());
    CHECK(f.sign_with(handle).code() == Code::certificate_not_found);
}

// --- PINs and files ---

TEST_CASE("a site starts a change of PIN and never sees one, and a bad new PIN comes back to the person",
          "[portal]") {
    PortalFixture f;
    f.allow_access();
    auto& call = f.ask(link::ChangePin{});
    CHECK(f.surface.last().kind == PromptKind::change_pin);
    CHECK(f.surface.last().pin.renewed);
    const auto answer = [&](std::string_view pin, std::string_view fresh, bool confirmed = false) {
        auto given = test::RecordingSurface::allowing(pin);
        given.new_pin = Secret(as_bytes(fresh));
        given.confirmed = confirmed;
        f.surface.answer(std::move(given));
        f.executor.run();
    };
    answer("000000", "908172");
    CHECK(f.surface.last().pin.last_wrong);
    answer(test::user_pin, "1");
    CHECK_FALSE(f.surface.last().pin.problem.empty());
    CHECK(call.pending());
    answer(test::user_pin, "123456");
    CHECK(f.surface.last().pin.confirm);
    answer(test::user_pin, "908172");
    CHECK(call.reply());
    CHECK(f.surface.shown.size() == 4);
    CHECK(f.token->authorise(token::Role::user, test::pin("908172")));
    // The screen is free again.
    f.ask(link::SelectCertificate{link::Purpose::any, {}});
    CHECK(f.surface.last().kind == PromptKind::select);
}

TEST_CASE("unblocking asks for the admin PIN and a new user PIN", "[portal]") {
    PortalFixture f;
    f.allow_access();
    auto& call = f.ask(link::UnblockPin{});
    CHECK(f.surface.last().kind == PromptKind::unblock_pin);
    CHECK(f.surface.last().pin.admin);
    auto given = test::RecordingSurface::allowing(test::admin_pin);
    given.new_pin = Secret(as_bytes("908172"));
    f.surface.answer(std::move(given));
    f.executor.run();
    CHECK(call.reply());
    CHECK(f.token->authorise(token::Role::user, test::pin("908172")));
    auto& bare = f.ask(link::UnblockPin{});
    f.surface.allow(test::admin_pin);
    f.executor.run();
    CHECK(bare.code() == Code::internal_error);
}

TEST_CASE("a file that is no PKCS#12 comes back to the person, who may give up", "[portal]") {
    PortalFixture f;
    f.allow_access();
    auto& call = f.ask(link::ImportFile{});
    CHECK(f.surface.last().kind == PromptKind::import_file);
    CHECK(f.surface.last().file);
    auto given = test::RecordingSurface::allowing(test::user_pin);
    given.password = Secret(as_bytes("secret"));
    given.file = Bytes(100, 0x30);
    f.surface.answer(std::move(given));
    f.executor.run();
    CHECK(call.pending());
    CHECK_FALSE(f.surface.last().pin.problem.empty());
    f.surface.deny();
    f.executor.run();
    CHECK(call.code() == Code::user_cancelled);
    auto& bare = f.ask(link::ImportFile{});
    f.surface.allow(test::user_pin);
    f.executor.run();
    CHECK(bare.code() == Code::internal_error);
}
