// SPDX-License-Identifier: Apache-2.0
// What must not happen: no use of a key without a person's yes to exactly this.
#include "catch_compat.hpp"
#include "operation_fixture.hpp"
#include <mohr/base/encoding.hpp>

#include <algorithm>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::OperationFixture;
using protocol::Code;

namespace {

link::Authenticate login(std::uint8_t seed = 1) {
    link::Authenticate request;
    request.challenge = Bytes(32, seed);
    return request;
}

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

TEST_CASE(
    "a grant that is not remembered covers the origin's connections from the same program, and ten minutes "
    "more [R187] [R189]",
    "[consent]") {
    OperationFixture f;
    const Program firefox{"firefox-esr", "/usr/lib/firefox-esr/firefox-esr", 812, true};
    const Program another{"curl", "/usr/bin/curl", 813, false};
    const auto reconnect = [&](link::ConnectionId connection, const Program& program,
                               const std::string& origin = OperationFixture::portal) {
        f.service->program_found(connection, origin, program);
        return f.service->access(origin, connection);
    };
    auto& call = f.ask(link::RequestAccess{}, f.portal, 1);
    f.surface.allow();
    f.executor.run();
    REQUIRE(call.reply());
    CHECK(f.service->access(f.portal, 1) == link::Access::granted);
    CHECK(f.service->access(f.portal, 2) == link::Access::undecided); // nobody knows yet who that is
    CHECK(f.service->access(f.other, 1) == link::Access::undecided);
    CHECK(reconnect(2, firefox) == link::Access::granted);
    CHECK(reconnect(3, another) == link::Access::undecided);
    CHECK(reconnect(4, Program{}) == link::Access::undecided);
    CHECK(reconnect(5, firefox, f.other) == link::Access::undecided);
    f.service->connection_closed(1);
    f.executor.advance(1h);
    CHECK(reconnect(6, firefox) == link::Access::granted); // 2 is still open
    f.service->connection_closed(2);
    f.service->connection_closed(6);
    CHECK(f.service->access(f.portal, 6) == link::Access::undecided);
    f.executor.advance(9min);
    f.access_told.clear();
    CHECK(reconnect(7, firefox) == link::Access::granted); // a page that was reloaded
    f.executor.run();
    CHECK(f.access_told == std::vector<std::string>{f.portal});
    f.service->connection_closed(7);
    f.executor.advance(10min);
    CHECK(reconnect(8, firefox) == link::Access::undecided);
    // It is nowhere on disk.
    CHECK(f.sites->list().empty());
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

TEST_CASE("remembering never covers the use of a key: each signature and login asks for the PIN [R188]",
          "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.sites->set(f.portal, SitePermission::listing, Decision::allow);
    for (std::uint8_t i = 1; i <= 3; ++i) {
        const auto shown = f.surface.shown.size();
        auto& signing = f.ask(OperationFixture::cms({"text"}));
        REQUIRE(signing.pending());
        REQUIRE(f.surface.shown.size() == shown + 1);
        CHECK(f.surface.last().pin.needed);
        CHECK(f.surface.last().remember.empty());
        f.surface.allow(test::user_pin, f.silver.text(), true);
        f.executor.run();
        CHECK(signing.reply());
        auto& loggin_in = f.ask(login(i));
        REQUIRE(loggin_in.pending());
        CHECK(f.surface.last().kind == PromptKind::authenticate);
        CHECK(f.surface.last().pin.needed);
        f.surface.allow(test::user_pin, f.silver.text(), true);
        f.executor.run();
        CHECK(loggin_in.reply());
    }
    CHECK(f.counting->authorised == 6);
}

TEST_CASE("an answer without a PIN, or that says no, uses no key [R188]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& without = f.ask(OperationFixture::cms({"text"}));
    f.surface.allow({}, f.silver.text());
    f.executor.run();
    CHECK_FALSE(without.reply());
    auto& denied = f.ask(OperationFixture::cms({"text"}));
    auto answer = test::RecordingSurface::allowing(test::user_pin, f.silver.text());
    answer.allow = false;
    f.surface.answers.back()(std::move(answer));
    f.executor.run();
    CHECK(denied.code() == Code::user_cancelled);
    CHECK(f.counting->authorised == 0);
    CHECK(f.counting->key_uses() == 0);
}

TEST_CASE("what is signed is exactly what was shown [R188] [T20]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask_and_allow(OperationFixture::cms({"one", "two", "three"}), f.silver.text());
    const auto& shown = f.surface.last();
    const auto& signed_items = call.as<link::Signed>().items;
    REQUIRE(shown.documents.size() == 3);
    REQUIRE(signed_items.size() == 3);
    CHECK(f.counting->signatures == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& item = signed_items[i];
        CHECK(test::verifies(f.certificate_of(f.silver), DigestAlgorithm::sha256, item.signed_attributes,
                             item.signature));
        // messageDigest holds the digest that the person saw.
        const auto& digest = shown.documents[i].digest;
        CHECK(std::search(item.signed_attributes.begin(), item.signed_attributes.end(), digest.begin(),
                          digest.end()) != item.signed_attributes.end());
    }
}

TEST_CASE("an answer for one operation signs nothing for another [R189] [T20]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.allow_access(f.other);
    auto& mine = f.ask(OperationFixture::cms({"mine"}), f.portal, 1);
    auto& theirs = f.ask(OperationFixture::cms({"theirs"}), f.other, 2);
    f.service->connection_closed(1);
    f.executor.run();
    REQUIRE(f.surface.shown.size() == 2);
    CHECK(f.surface.last().origin == f.other);
    // The person's yes to the first comes when the second is on screen.
    f.surface.answers[0](test::RecordingSurface::allowing(test::user_pin, f.silver.text()));
    f.executor.run();
    CHECK(mine.code() == Code::cancelled);
    CHECK(theirs.pending());
    CHECK(f.counting->key_uses() == 0);
}

TEST_CASE("an answer given twice signs once [T20]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms({"text"}));
    for (int i = 0; i < 3; ++i)
        f.surface.answers.back()(test::RecordingSurface::allowing(test::user_pin, f.silver.text()));
    f.executor.run();
    CHECK(call.reply());
    f.surface.answers.back()(test::RecordingSurface::allowing(test::user_pin, f.silver.text()));
    f.executor.run();
    CHECK(f.counting->authorised == 1);
    CHECK(f.counting->signatures == 1);
}

TEST_CASE("a certificate that was not shown, or not as usable, cannot be picked [R193]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    for (const auto& picked : {f.bronze.text(), std::string(40, '0'), std::string("nonsense")}) {
        auto& call = f.ask(login());
        f.surface.allow(test::user_pin, picked);
        f.executor.run();
        CHECK(call.code() == Code::certificate_not_found);
    }
    CHECK(f.counting->key_uses() == 0);
    CHECK(f.counting->authorised == 0);
}

namespace {

/// Every moment in the life of a signature, counted in steps of the executor; the person's answer is one too.
bool live_one_step(OperationFixture& f, std::size_t& answered, std::string_view pin) {
    if (f.surface.open && answered < f.surface.answers.size()) {
        answered = f.surface.answers.size();
        f.surface.allow(pin, f.silver.text());
        return true;
    }
    return f.executor.step();
}

} // namespace

TEST_CASE("exactly one reply, and nothing released, wherever an operation is ended [R188] [T20]",
          "[consent]") {
    const auto how =
        GENERATE(as<std::string>(), "cancel", "closed", "stop", "agent gone", "deadline", "revoked");
    const bool batch = GENERATE(false, true);
    int moments = 0;
    int denied = 0;
    bool more = true;
    OperationFixture f;
    for (int steps = 0; more; ++steps) {
        REQUIRE(steps < 200);
        f.allow_access();
        f.surface.present = true;
        std::size_t answered = f.surface.answers.size();
        const auto connection = static_cast<link::ConnectionId>(steps + 1);
        auto& call = f.start(OperationFixture::cms(batch ? std::vector<std::string>(9, "text")
                                                         : std::vector<std::string>{"text"}),
                             f.portal, connection);
        for (int i = 0; i < steps && more; ++i) more = live_one_step(f, answered, test::user_pin);
        // Once the service has let go of it, the reply is on its way and nothing can call it back.
        const bool live = f.service->running() == 1;
        const auto before = f.counting->signatures.load();
        if (how == "cancel") f.service->cancel(call.id);
        if (how == "closed") f.service->connection_closed(connection);
        if (how == "stop") f.service->abort_all(Code::cancelled);
        if (how == "agent gone") {
            f.surface.present = false;
            f.surface.open = false;
            f.service->surface_changed();
        }
        if (how == "deadline" && f.surface.open) f.executor.advance(120s);
        if (how == "revoked") {
            f.sites->set(f.portal, SitePermission::access, Decision::deny);
            f.service->site_changed(f.portal);
        }
        const bool ends_all = how == "cancel" || how == "closed" || how == "stop" || how == "revoked";
        if (!ends_all)
            while (live_one_step(f, answered, test::user_pin)) {
            }
        else
            f.executor.run();
        REQUIRE(call.replies.size() == 1);
        CHECK(f.service->running() == 0);
        if (live && ends_all) {
            REQUIRE_FALSE(call.replies.front());
            CHECK(f.counting->signatures == before);
        }
        if (live && !call.replies.front()) ++denied;
        ++moments;
        f.sites->lift(f.portal);
        f.service->site_changed(f.portal);
        f.executor.advance(121s);
        REQUIRE(call.replies.size() == 1);
    }
    CHECK(moments >= 8);
    CHECK(denied >= (how == "deadline" ? 1 : 3));
}

TEST_CASE("a wrong PIN brings the same prompt with fewer tries, down to blocked [R55]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms({"text"}));
    for (unsigned left = 5; left > 0; --left) {
        CHECK(f.surface.last().pin.tries_left == left);
        CHECK(f.surface.last().pin.last_wrong == (left < 5));
        CHECK(f.surface.last().documents.size() == 1);
        REQUIRE(call.pending());
        f.surface.allow("000000", f.silver.text());
        f.executor.run();
    }
    CHECK(call.code() == Code::pin_blocked);
    CHECK(f.surface.shown.size() == 5);
    CHECK(f.ask(OperationFixture::cms({"text"})).code() == Code::pin_blocked);
    CHECK(f.surface.shown.size() == 5);
    CHECK(f.counting->key_uses() == 0);
}

TEST_CASE("after a wrong PIN the right one signs, and every try is written down [R55] [T34]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms({"text"}));
    f.surface.allow("000000", f.silver.text());
    f.executor.run();
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    CHECK(call.reply());
    const auto lines = f.log_lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].find("\"pin_wrong\"") != std::string::npos);
    CHECK(lines[1].find("\"allowed\"") != std::string::npos);
    CHECK(call.states == std::vector<link::PromptState>{link::PromptState::shown});
}

TEST_CASE("a page is told that its prompt is queued only while it waits behind another", "[consent]") {
    using States = std::vector<link::PromptState>;
    OperationFixture f;
    f.allow_access();
    f.allow_access(f.other);
    const auto& first = f.ask(OperationFixture::cms({"text"}));
    const auto& second = f.ask(OperationFixture::cms({"text"}), f.other, 2);
    CHECK(first.states == States{link::PromptState::shown});
    CHECK(second.states == States{link::PromptState::queued});
    f.surface.deny();
    f.executor.run();
    CHECK(second.states == States{link::PromptState::queued, link::PromptState::shown});
}

TEST_CASE("an unlocked token checks a right PIN at once, and a wrong one pays before it is told [R55] [T34]",
          "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.counting->at_once = true;
    f.token->lock();
    CHECK(f.ask_and_allow(OperationFixture::cms({"one"}), f.silver.text()).reply());
    CHECK(f.counting->authorised == 1); // locked: only the whole check can open it
    CHECK(f.ask_and_allow(OperationFixture::cms({"two"}), f.silver.text()).reply());
    CHECK(f.counting->authorised == 1);
    CHECK(f.counting->signatures == 2);
    const auto epoch = f.token->info().epoch;
    auto& call = f.ask(OperationFixture::cms({"three"}));
    f.surface.allow("000000", f.silver.text());
    f.executor.run();
    CHECK(f.counting->authorised == 2);
    CHECK(f.token->info().epoch == epoch + 1);
    CHECK(f.surface.last().pin.tries_left == 4);
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    CHECK(call.reply());
    CHECK(f.counting->authorised == 3); // the tries that came back had to be written first
    const auto lines = f.log_lines();
    REQUIRE(lines.size() == 4);
    CHECK(lines[1].find("\"allowed\"") != std::string::npos);
    CHECK(lines[2].find("\"pin_wrong\"") != std::string::npos);
}

TEST_CASE("nothing is released whose log entry cannot be committed [T34]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.counting->commit_failure = Error(token::TokenErrc::storage, "disk full");
    auto& call = f.ask_and_allow(OperationFixture::cms({"text"}), f.silver.text());
    CHECK(call.code() == Code::internal_error);
    f.counting->commit_failure.reset();
    CHECK(f.ask_and_allow(OperationFixture::cms({"text"}), f.silver.text()).reply());
    CHECK(f.log->verify()->intact);
}

TEST_CASE("a signature is not released before its log entry is committed [T34]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms({"text"}));
    f.surface.allow(test::user_pin, f.silver.text());
    std::uint64_t committed = f.token->log_head().count;
    while (call.pending() && f.executor.step()) {
        if (!call.pending()) break;
        committed = f.token->log_head().count;
    }
    REQUIRE(call.reply());
    CHECK(committed == f.token->log_head().count);
    CHECK(f.log_lines().size() == 1);
}

TEST_CASE("no certificate is revealed, and no refusal told, before its log entry is committed [T34] [T13]",
          "[consent]") {
    OperationFixture f;
    f.allow_access();
    SECTION("a selection that cannot be written down reveals nothing") {
        f.counting->commit_failure = Error(token::TokenErrc::storage, "disk full");
        auto& call = f.ask(link::SelectCertificate{});
        f.surface.allow({}, f.silver.text());
        f.executor.run();
        CHECK(call.code() == Code::internal_error);
    }
    SECTION("a refusal is told all the same, once its entry was tried") {
        auto& call = f.ask(link::SelectCertificate{});
        f.surface.deny();
        while (call.pending() && f.executor.step()) {
        }
        CHECK(call.code() == Code::user_cancelled);
        CHECK(f.log_lines().size() == 1);
    }
}

TEST_CASE("a batch is all or nothing [R188]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.counting->fail_signature_number = 7;
    auto& call =
        f.ask_and_allow(OperationFixture::cms(std::vector<std::string>(20, "text")), f.silver.text());
    CHECK(call.code() == Code::internal_error);
    const auto lines = f.log_lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].find("\"failed\"") != std::string::npos);
}

TEST_CASE("a batch that is cancelled while it is being signed stops there [R188]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms(std::vector<std::string>(50, "text")));
    f.counting->on_signature = [&](int number) {
        if (number == 3) f.service->cancel(call.id);
    };
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    CHECK(call.code() == Code::cancelled);
    CHECK(f.counting->signatures == 3);
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

TEST_CASE("each decision has one line that says who, what, with which certificate and how [T34]",
          "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.ask_and_allow(OperationFixture::cms({"one", "two"}), f.silver.text());
    f.ask(OperationFixture::cms({"three"}));
    f.surface.deny();
    f.executor.run();
    f.ask(OperationFixture::cms({"four"}));
    f.executor.advance(120s);
    const auto lines = f.log_lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].find("\"origin\":\"https://portal.example\"") != std::string::npos);
    CHECK(lines[0].find("/usr/lib/firefox-esr/firefox-esr") != std::string::npos);
    CHECK(lines[0].find("\"operation\":\"sign\"") != std::string::npos);
    CHECK(lines[0].find(to_hex(f.certificate_of(f.silver).fingerprint())) != std::string::npos);
    for (const auto* text : {"one", "two"})
        CHECK(lines[0].find(to_hex(digest(DigestAlgorithm::sha256, as_bytes(text)))) != std::string::npos);
    CHECK(lines[1].find("\"denied\"") != std::string::npos);
    CHECK(lines[2].find("\"expired\"") != std::string::npos);
}

TEST_CASE("no PIN, right or wrong, gets into the log or the site list [T32] [R188]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    auto& call = f.ask(OperationFixture::cms({"canary-text"}));
    f.surface.allow("918273645", f.silver.text());
    f.executor.run();
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    REQUIRE(call.reply());
    std::string everything;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(f.scratch.path()))
        if (entry.is_regular_file()) everything += as_text(test::read_file(entry.path()));
    // The search itself works: what must be there is found.
    REQUIRE(everything.find("document.txt") != std::string::npos);
    REQUIRE(everything.find(f.portal) != std::string::npos);
    CHECK(everything.find("918273645") == std::string::npos);
    CHECK(everything.find(test::user_pin) == std::string::npos);
    CHECK(everything.find("canary-text") == std::string::npos);
}
