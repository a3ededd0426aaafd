// SPDX-License-Identifier: Apache-2.0
// Which sites may ask at all, and for how long.
#include "catch_compat.hpp"
#include "granted.hpp"

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::login;
using mohr::test::OperationFixture;
using protocol::Code;

namespace {

link::Decrypt decrypt_request() {
    link::Decrypt request;
    request.name = "letter";
    request.content_key_size = 32;
    link::Recipient recipient;
    recipient.serial_number = "01";
    recipient.issuer_der = Bytes{0x30, 0x00};
    recipient.key = link::RsaWrapped{};
    request.recipients.push_back(recipient);
    return request;
}

std::vector<link::Request> every_request() {
    std::vector<link::Request> all{link::SelectCertificate{}, link::ListCertificates{}, login(),
                                   OperationFixture::cms({"text"}), decrypt_request()};
    all.emplace_back(link::GenerateKey{"P-256", "CN=Test", "key"});
    all.emplace_back(link::ImportCertificate{Bytes{0x30, 0x00}});
    return all;
}

} // namespace

TEST_CASE("before a grant everything but the request for access is denied, with no prompt [R187]",
          "[consent]") {
    OperationFixture f;
    for (auto& request : every_request()) {
        auto& call = f.ask(std::move(request));
        CHECK(call.code() == Code::origin_denied);
    }
    CHECK(f.surface.shown.empty());
    CHECK(f.counting->key_uses() == 0);
    CHECK(f.counting->authorised == 0);
}

TEST_CASE("a denied origin stays denied while the answer is remembered [R187]", "[consent]") {
    OperationFixture f;
    auto& call = f.ask(link::RequestAccess{});
    CHECK(f.service->access(f.portal, 1) == link::Access::undecided);
    f.surface.deny(true);
    f.executor.run();
    CHECK(call.code() == Code::user_cancelled);
    CHECK(f.service->access(f.portal, 1) == link::Access::denied);
    CHECK(f.ask(link::RequestAccess{}).code() == Code::origin_denied);
    CHECK(f.surface.shown.size() == 1);
    CHECK(f.service->access(f.other, 2) == link::Access::undecided);
}

TEST_CASE("a remembered grant asks no more, until it is taken back [R187]", "[consent]") {
    OperationFixture f;
    auto& first = f.ask(link::RequestAccess{});
    CHECK(f.surface.last().kind == PromptKind::access);
    CHECK(f.surface.last().origin == f.portal);
    CHECK_FALSE(f.surface.last().pin.needed);
    f.surface.allow({}, {}, true);
    f.executor.run();
    CHECK(first.reply());
    CHECK(f.ask(link::RequestAccess{}, f.portal, 9).reply());
    CHECK(f.surface.shown.size() == 1);
    // The grant was durable before the page heard of it.
    auto stored = SitePermissions::open(f.scratch.path() / "sites.json", f.executor, f.clock);
    CHECK(stored->decision(f.portal, SitePermission::access) == Decision::allow);
    f.sites->forget(f.portal);
    f.service->site_changed(f.portal);
    f.executor.run();
    CHECK(f.service->access(f.portal, 1) == link::Access::undecided);
    CHECK_FALSE(f.access_told.empty());
    CHECK(f.ask(link::RequestAccess{}).pending());
    CHECK(f.surface.shown.size() == 2);
}

TEST_CASE("a grant that is not remembered ends with the front door and with a revocation [R16] [R187]",
          "[consent]") {
    OperationFixture f;
    const Program firefox{"firefox-esr", "/usr/lib/firefox-esr/firefox-esr", 812, true};
    const bool revoked = GENERATE(false, true);
    f.ask(link::RequestAccess{}, f.portal, 1);
    f.surface.allow();
    f.executor.run();
    REQUIRE(f.service->access(f.portal, 1) == link::Access::granted);
    if (revoked)
        f.service->site_changed(f.portal);
    else
        f.service->abort_sites(Code::cancelled);
    CHECK(f.service->access(f.portal, 1) == link::Access::undecided);
    f.service->program_found(2, f.portal, firefox);
    CHECK(f.service->access(f.portal, 2) == link::Access::undecided);
}

TEST_CASE("a site that has access and is silenced is known to be, until it may ask again [T15]",
          "[consent]") {
    OperationFixture f;
    f.allow_access();
    CHECK_FALSE(f.service->silenced(f.portal));
    for (int i = 0; i < 2; ++i) {
        f.ask(OperationFixture::cms({"text"}));
        f.surface.deny();
        f.executor.run();
    }
    CHECK(f.service->access(f.portal, 1) == link::Access::granted); // what needs no prompt goes on
    CHECK(f.service->silenced(f.portal));
    CHECK(f.access_told.back() == f.portal);
    CHECK(f.ask(OperationFixture::cms({"text"})).code() == Code::origin_denied);
    f.access_told.clear();
    f.executor.advance(601s);
    CHECK_FALSE(f.service->silenced(f.portal));
    CHECK(f.access_told == std::vector<std::string>{f.portal});
    // Also where prompts were not refused but left behind.
    for (int i = 0; i < 3; ++i) {
        auto& call = f.ask(OperationFixture::cms({"text"}));
        f.access_told.clear();
        f.service->cancel(call.id);
        f.executor.run();
    }
    CHECK(f.service->silenced(f.portal));
    CHECK(f.access_told == std::vector<std::string>{f.portal});
}

TEST_CASE("a grant taken back during a prompt ends the operation [R187]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms({"text"}));
    REQUIRE(call.pending());
    f.sites->set(f.portal, SitePermission::access, Decision::deny);
    f.service->site_changed(f.portal);
    f.surface.answers.back()(test::RecordingSurface::allowing(test::user_pin, f.silver.text()));
    f.executor.run();
    CHECK(call.code() == Code::origin_denied);
    CHECK(f.counting->key_uses() == 0);
}

TEST_CASE("a request for access that is cancelled while its answer is being saved is answered once [R187]",
          "[consent]") {
    OperationFixture f;
    auto& call = f.ask(link::RequestAccess{});
    f.surface.allow({}, {}, true);
    f.executor.run_io();
    REQUIRE(call.pending());
    f.service->cancel(call.id);
    f.executor.run();
    CHECK(call.code() == Code::cancelled);
    // What the person decided is kept all the same.
    CHECK(f.service->access(f.portal, 1) == link::Access::granted);
}
