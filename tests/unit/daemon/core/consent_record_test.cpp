// SPDX-License-Identifier: Apache-2.0
// Tries, and what is written down before anything is released.
#include "catch_compat.hpp"
#include "operation_fixture.hpp"
#include <mohr/base/encoding.hpp>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::OperationFixture;
using protocol::Code;

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

TEST_CASE("a signature that is made at once waits for its log entry all the same [T34]", "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.counting->at_once = true;
    REQUIRE(f.ask_and_allow(OperationFixture::cms({"unlocks"}), f.silver.text()).reply());
    const auto committed = f.token->log_head().count;
    const int made = f.counting->signatures;
    auto& call = f.ask(OperationFixture::cms({"text"}));
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run_io();
    CHECK(f.counting->signatures == made + 1); // without the pool
    CHECK(call.pending());
    CHECK(f.token->log_head().count == committed);
    f.executor.run();
    CHECK(call.reply());
    CHECK(f.token->log_head().count == committed + 1);

    f.counting->commit_failure = Error(token::TokenErrc::storage, "disk full");
    auto& refused = f.ask_and_allow(OperationFixture::cms({"more"}), f.silver.text());
    CHECK(f.counting->signatures == made + 2);
    CHECK(refused.code() == Code::internal_error);
}

TEST_CASE("a signature that fails at once is answered after its log entry, and written down [T34]",
          "[consent]") {
    OperationFixture f;
    f.allow_access();
    f.counting->at_once = true;
    REQUIRE(f.ask_and_allow(OperationFixture::cms({"unlocks"}), f.silver.text()).reply());
    f.counting->fail_signature_number = f.counting->signatures + 1;
    auto& call = f.ask_and_allow(OperationFixture::cms({"text"}), f.silver.text());
    CHECK_FALSE(call.reply());
    const auto lines = f.log_lines();
    REQUIRE(lines.size() == 3);
    CHECK(lines[1].find("\"allowed\"") != std::string::npos);
    CHECK(lines[2].find("\"failed\"") != std::string::npos);
}
