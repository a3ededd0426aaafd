// SPDX-License-Identifier: Apache-2.0
// What sites on the Dastine front may ask, and what they may not get.
#include "catch_compat.hpp"
#include "portal_fixture.hpp"
#include <mohr/base/encoding.hpp>

#include <algorithm>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::blind;
using mohr::test::envelope;
using mohr::test::memory_file;
using mohr::test::OperationFixture;
using mohr::test::PortalFixture;
using protocol::Code;

// --- access ---

TEST_CASE("a legacy site is let in by the prompt of its first selection, which says so [R188]", "[portal]") {
    PortalFixture f;
    CHECK(f.service->access(f.portal, 1) == link::Access::undecided);
    auto& call = f.ask(link::SelectCertificate{link::Purpose::any, {}});
    REQUIRE(f.surface.shown.size() == 1);
    CHECK(f.surface.last().kind == PromptKind::select);
    CHECK(f.surface.last().legacy);
    CHECK(f.surface.last().asks_access);
    CHECK(f.surface.last().remember == std::vector<std::string>{"access", "certificate"});
    f.surface.allow({}, f.silver.text());
    f.executor.run();
    CHECK(call.as<link::Selected>().certificate.certificate == f.certificate_of(f.silver).der());
    CHECK(f.service->access(f.portal, 1) == link::Access::granted);
    CHECK(f.service->access(f.portal, 2) == link::Access::granted);
    // For now only, for this front only, and for nobody else.
    CHECK(f.sites->decision(f.portal, SitePermission::access) == Decision::ask);
    CHECK(f.service->access(f.portal, 9) == link::Access::undecided);
    CHECK(f.service->access(f.other, 3) == link::Access::undecided);
    f.ask(link::SelectCertificate{link::Purpose::any, {}});
    CHECK_FALSE(f.surface.last().asks_access);
}

TEST_CASE("a remembered yes or no to a legacy site is the same as one to a modern one", "[portal]") {
    PortalFixture f;
    (void)f.select(f.silver, true);
    CHECK(f.sites->decision(f.portal, SitePermission::access) == Decision::allow);
    CHECK(f.service->access(f.portal, 9) == link::Access::granted);
    f.ask(link::SelectCertificate{link::Purpose::any, {}}, f.other, 3);
    f.surface.deny(true);
    f.executor.run();
    CHECK(f.sites->decision(f.other, SitePermission::access) == Decision::deny);
    CHECK(f.ask(link::SelectCertificate{link::Purpose::any, {}}, f.other, 3).code() == Code::origin_denied);
    CHECK(f.sign_with("", f.other, 3).code() == Code::origin_denied);
}

TEST_CASE("a site that nobody let in learns nothing of certificates without a prompt [T20]", "[portal]") {
    PortalFixture f;
    link::SelectCertificate nothing{link::Purpose::any, {}};
    nothing.filter.thumbprint = link::Thumbprint{DigestAlgorithm::sha1, Bytes(20)};
    auto foreign = envelope(f.certificate_of(f.rsa));
    foreign.recipients[0].serial_number += "01";
    const auto [request, code] = GENERATE_REF(table<link::Request, Code>(
        {{nothing, Code::certificate_not_found}, {foreign, Code::not_a_recipient}}));
    auto& call = f.ask(request);
    CHECK(call.pending());
    REQUIRE(f.surface.shown.size() == 1);
    CHECK(f.surface.last().kind == PromptKind::access);
    f.surface.deny();
    f.executor.run();
    CHECK(call.code() == Code::user_cancelled);
    auto& let_in = f.ask(request);
    f.surface.allow({}, {}, true);
    f.executor.run();
    CHECK(let_in.code() == code);
    CHECK(f.service->access(f.portal, 1) == link::Access::granted);
    CHECK(f.ask(request).code() == code);
}

TEST_CASE("access given for now ends ten minutes after the last connection", "[portal]") {
    PortalFixture f;
    const auto handle = f.select(f.silver);
    f.service->connection_closed(1);
    f.executor.advance(20min); // the second one is open still
    CHECK(f.sign_with(handle, f.portal, 2).pending());
    f.service->connection_closed(2);
    f.executor.advance(9min);
    f.service->connection_opened(4, f.portal, f.front);
    CHECK(f.service->access(f.portal, 4) == link::Access::granted);
    CHECK(f.sign_with(handle, f.portal, 4).pending());
    f.service->connection_closed(4);
    f.executor.advance(11min);
    f.service->connection_opened(5, f.portal, f.front);
    CHECK(f.service->access(f.portal, 5) == link::Access::undecided);
    CHECK(f.sign_with(handle, f.portal, 5).code() == Code::certificate_not_found);
}

// --- handles ---

TEST_CASE("what one socket of a page selects is good on its others [R189]", "[portal]") {
    PortalFixture f;
    const auto handle = f.select(f.silver);
    CHECK(f.sign_with(handle, f.portal, 2).pending());
}

TEST_CASE("a handle is worth nothing in another session or to another origin [R189] [T20]", "[portal]") {
    PortalFixture f;
    const auto handle = f.select(f.silver, true);
    (void)f.select(f.silver, true, f.other, 3);
    const auto mine = f.session;
    CHECK(f.sign_with(handle, f.other, 3).code() == Code::certificate_not_found);
    f.session = "another";
    CHECK(f.sign_with(handle).code() == Code::certificate_not_found);
    f.session = "";
    CHECK(f.sign_with(handle).code() == Code::certificate_not_found);
    f.session = mine;
    f.front = link::Api::v1;
    CHECK(f.sign_with(handle).code() == Code::invalid_request); // sessions are not for /v1
    f.session = "";
    CHECK(f.sign_with(handle).code() == Code::certificate_not_found);
    f.front = link::Api::dastine;
    f.session = mine;
    f.service->session_reset(f.portal, mine);
    CHECK(f.sign_with(handle).code() == Code::certificate_not_found);
}

TEST_CASE("a session is letters and digits, at most 64", "[portal]") {
    PortalFixture f;
    for (const auto& bad :
         {std::string(65, 'a'), std::string("a b"), std::string("a/../b"), std::string("م")}) {
        f.session = bad;
        CHECK(f.ask(link::ListCertificates{}).code() == Code::invalid_params);
    }
    CHECK(f.surface.shown.empty());
}

TEST_CASE("what is for the Dastine front only is refused to /v1 [T20]", "[portal]") {
    OperationFixture f;
    f.allow_access();
    link::SelectCertificate any{link::Purpose::any, {}};
    link::SelectCertificate filtered;
    filtered.filter.issuer = "CA";
    auto attributes = OperationFixture::cms({"text"});
    attributes.attributes.push_back(Bytes{0x30, 0x00});
    const std::vector<link::Request> all{any,
                                         filtered,
                                         attributes,
                                         link::DecryptBlock{"h", false, {}, {}, Bytes(256)},
                                         link::RequestCertificate{"h"},
                                         link::RemoveKey{"k"},
                                         link::RemoveCertificate{"h"},
                                         link::ChangePin{},
                                         link::UnblockPin{},
                                         link::ImportFile{},
                                         link::ImportCertificate{Bytes{1}, "h"}};
    for (const auto& request : all) CHECK(f.ask(request).code() == Code::invalid_request);
    CHECK(f.ask(blind(DigestAlgorithm::sha1, "text")).code() == Code::unsupported_algorithm);
    CHECK(f.surface.shown.empty());
}

// --- filters ---

TEST_CASE("a selection is narrowed by issuer, subject, usage and thumbprint", "[portal]") {
    PortalFixture f;
    f.allow_access();
    const auto found = [&](const link::CertificateFilter& filter) {
        auto& call = f.ask(link::SelectCertificate{link::Purpose::any, filter});
        if (!call.pending()) {
            CHECK(call.code() == Code::certificate_not_found);
            return std::size_t{0};
        }
        const auto shown = f.surface.last().certificates.size();
        f.service->cancel(call.id);
        f.executor.run();
        f.service->site_changed(f.portal); // forgets that the page took its prompt away
        return shown;
    };
    const auto certificate = f.certificate_of(f.bronze);
    CHECK(found({}) == 3);
    CHECK(found({"tEST ca", "", 0, {}}) == 3);
    CHECK(found({"Another CA", "", 0, {}}) == 0);
    CHECK(found({"", "", link::usage_key_encipherment, {}}) == 1);
    CHECK(found({"", "", link::usage_non_repudiation, {}}) == 3);
    CHECK(found({"", "", link::usage_non_repudiation | link::usage_key_agreement, {}}) == 1);
    CHECK(found({"", certificate.subject(), 0, {}}) >= 1);
    CHECK(found({"", "cn=Nobody", 0, {}}) == 0);
    for (const auto algorithm : {DigestAlgorithm::sha1, DigestAlgorithm::sha256})
        CHECK(found({"", "", 0, link::Thumbprint{algorithm, digest(algorithm, certificate.der())}}) == 1);
    CHECK(found({"", "", 0, link::Thumbprint{DigestAlgorithm::sha1, Bytes(20)}}) == 0);
    const auto refused = [&](const link::CertificateFilter& filter) {
        return f.ask(link::SelectCertificate{link::Purpose::any, filter}).code();
    };
    CHECK(refused({"", "not a name", 0, {}}) == Code::invalid_params);
    CHECK(refused({"", "", 0, link::Thumbprint{DigestAlgorithm::sha256, Bytes(20)}}) == Code::invalid_params);
}

// --- signatures ---

TEST_CASE("a blind signature of a legacy site is marked and allowed once by its own prompt [T19]",
          "[portal]") {
    PortalFixture f;
    f.allow_access();
    auto sign = blind(DigestAlgorithm::sha1, "attributes of a CMS made elsewhere");
    sign.certificate = f.select(f.rsa);
    auto& call = f.ask(sign);
    const auto& shown = f.surface.last();
    CHECK(shown.kind == PromptKind::sign);
    CHECK(shown.blind);
    CHECK(shown.asks_blind);
    CHECK(shown.weak);
    CHECK(shown.legacy);
    CHECK(shown.remember == std::vector<std::string>{"blind"});
    f.surface.allow(test::user_pin);
    f.executor.run();
    CHECK(test::verifies(f.certificate_of(f.rsa), DigestAlgorithm::sha1,
                         as_bytes("attributes of a CMS made elsewhere"),
                         call.as<link::Signed>().items[0].signature));
    CHECK(f.sites->decision(f.portal, SitePermission::blind) == Decision::ask);
    f.ask(sign);
    CHECK(f.surface.last().asks_blind);
    f.surface.allow(test::user_pin, {}, true);
    f.executor.run();
    CHECK(f.sites->decision(f.portal, SitePermission::blind) == Decision::allow);
    // Remembered, it still is a marked prompt each time.
    f.ask(sign);
    CHECK(f.surface.last().blind);
    CHECK_FALSE(f.surface.last().asks_blind);
}

TEST_CASE("blind signatures end with the operator's switch, the site's no, and the site's SHA-1 [T19]",
          "[portal]") {
    PortalFixture f;
    f.allow_access();
    f.sites->set(f.portal, SitePermission::blind, Decision::deny);
    CHECK(f.ask(blind(DigestAlgorithm::sha256, "text")).code() == Code::blind_denied);
    f.sites->touch(f.portal).quirks.sha1 = false;
    CHECK(f.ask(blind(DigestAlgorithm::sha1, "text")).code() == Code::unsupported_algorithm);
    f.sites->set(f.portal, SitePermission::blind, Decision::allow);
    f.config.forbid_blind = true;
    f.restart_service();
    CHECK(f.ask(blind(DigestAlgorithm::sha256, "text")).code() == Code::blind_denied);
    CHECK(f.surface.shown.empty());
}

TEST_CASE("bytes for a blind signature that are shown to the core may not be a login [T19]", "[portal]") {
    PortalFixture f;
    f.allow_access();
    const std::string statement = std::string("mohr-auth-v1\0", 13) + std::string(64, 'x');
    auto sign = blind(DigestAlgorithm::sha256, statement);
    sign.items[0].preview = 0;
    std::vector<Descriptor> previews;
    previews.push_back(memory_file(statement));
    CHECK(f.ask(sign, f.portal, 1, std::move(previews)).code() == Code::login_context);
    auto other = blind(DigestAlgorithm::sha256, "another text");
    other.items[0].preview = 0;
    std::vector<Descriptor> wrong;
    wrong.push_back(memory_file("what is shown"));
    CHECK(f.ask(other, f.portal, 1, std::move(wrong)).code() == Code::internal_error);
    CHECK(f.surface.shown.empty());
}

TEST_CASE("CMS over SHA-1 carries the page's attributes, none of which is one of ours [T20]", "[portal]") {
    PortalFixture f;
    f.allow_access();
    auto sign = OperationFixture::cms({"text"});
    sign.digest_algorithm = DigestAlgorithm::sha1;
    sign.items[0].digest = digest(DigestAlgorithm::sha1, as_bytes("text"));
    // unstructuredName, 1.2.840.113549.1.9.2: UTF8String "no. 12"
    const Bytes mine = from_hex("301706092a864886f70d010902310a0c086e6f2e2031322121").value();
    sign.attributes = {mine};
    auto& call = f.ask_and_allow(sign, f.rsa.text());
    CHECK(f.surface.last().weak);
    CHECK(f.surface.last().attributes == std::vector<std::string>{"1.2.840.113549.1.9.2"});
    const auto& item = call.as<link::Signed>().items[0];
    CHECK(std::search(item.signed_attributes.begin(), item.signed_attributes.end(), mine.begin(),
                      mine.end()) != item.signed_attributes.end());
    CHECK(test::verifies(f.certificate_of(f.rsa), DigestAlgorithm::sha1, item.signed_attributes,
                         item.signature));
    const auto shown = f.surface.shown.size();
    // messageDigest, 1.2.840.113549.1.9.4
    sign.attributes = {from_hex("301706092a864886f70d010904310a0c086e6f2e2031322121").value()};
    CHECK(f.ask(sign).code() == Code::invalid_params);
    sign.attributes = {Bytes{0x30, 0x00}};
    CHECK(f.ask(sign).code() == Code::invalid_params);
    sign.attributes = std::vector<Bytes>(17, mine);
    CHECK(f.ask(sign).code() == Code::invalid_params);
    CHECK(f.surface.shown.size() == shown);
}
