// SPDX-License-Identifier: Apache-2.0
// What is signed is what was shown: previews, blind signatures.
#include "catch_compat.hpp"
#include "granted.hpp"
#include "operation_work.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/signing/cms_signed.hpp>

using namespace mohr;
using namespace mohr::core;
using mohr::test::Granted;
using mohr::test::login;
using mohr::test::memory_file;
using mohr::test::OperationFixture;
using mohr::test::previews_of;
using mohr::test::raw;
using mohr::test::verifies;
using protocol::Code;

// --- previews: a door that shows A and asks for B ---

TEST_CASE("a raw signature is over the bytes that were shown [R188]", "[operations]") {
    Granted f;
    const std::vector<std::string> contents{"I owe you 10"};
    auto& call = f.ask(raw(contents), f.portal, 1, previews_of(contents));
    REQUIRE(f.surface.shown.size() == 1);
    const auto& shown = f.surface.last();
    CHECK(shown.kind == PromptKind::sign);
    CHECK(shown.purpose == "sign");
    CHECK(shown.registrable_domain == "portal.example");
    CHECK(shown.program.known_browser);
    REQUIRE(shown.documents.size() == 1);
    CHECK(shown.documents[0].preview == contents[0]);
    CHECK(shown.documents[0].size == contents[0].size());
    CHECK(shown.documents[0].digest == digest(DigestAlgorithm::sha256, as_bytes(contents[0])));
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    const auto& answer = call.as<link::Signed>();
    CHECK(answer.scheme == link::Scheme::ecdsa);
    CHECK(verifies(f.certificate_of(f.silver), DigestAlgorithm::sha256, as_bytes(contents[0]),
                   answer.items[0].signature));
    CHECK(answer.certificate.certificate == f.certificate_of(f.silver).der());
    CHECK(answer.certificate.chain.size() == 1);
    CHECK(answer.certificate.state == "active");
}

TEST_CASE("a door that shows A and asks for B gets nothing signed [T20]", "[operations]") {
    Granted f;
    auto sign = raw({"pay 10 to Reza"});
    auto& call = f.ask(sign, f.portal, 1, previews_of({"pay 99 to Reza"}));
    CHECK_FALSE(call.reply());
    // The same in one item of a batch, and with previews of two items exchanged.
    auto& batch = f.ask(raw({"one", "two", "six"}), f.portal, 1, previews_of({"one", "six", "two"}));
    CHECK_FALSE(batch.reply());
    CHECK(f.surface.shown.empty());
    CHECK(f.counting->authorised == 0);
}

TEST_CASE("a preview that could still change is refused [T20]", "[operations]") {
    Granted f;
    std::vector<Descriptor> open_files;
    open_files.push_back(memory_file("text", false));
    CHECK_FALSE(f.ask(raw({"text"}), f.portal, 1, std::move(open_files)).reply());
    std::vector<Descriptor> ordinary;
    test::write_file(f.scratch.path() / "ordinary", as_bytes("text"));
    std::filesystem::permissions(f.scratch.path() / "ordinary", std::filesystem::perms(0600));
    ordinary.push_back(open_private(f.scratch.path() / "ordinary", 0).value());
    CHECK_FALSE(f.ask(raw({"text"}), f.portal, 1, std::move(ordinary)).reply());
    CHECK(f.surface.shown.empty());
}

TEST_CASE("a preview of another size than announced is refused [T20]", "[operations]") {
    Granted f;
    for (const std::uint64_t size : {3U, 5U, 65536U, 65537U}) {
        auto sign = raw({"text"});
        sign.items[0].size = size;
        CHECK_FALSE(f.ask(sign, f.portal, 1, previews_of({"text"})).reply());
    }
    CHECK(f.surface.shown.empty());
}

TEST_CASE("a small raw document without its preview is refused, a large one is not [R188]", "[operations]") {
    Granted f;
    auto sign = raw({"text"});
    sign.items[0].preview = -1;
    CHECK(f.ask(sign).code() == Code::invalid_params);
    sign.items[0].size = link::max_small_preview_bytes;
    CHECK(f.ask(sign).code() == Code::invalid_params);
    sign.items[0].size = link::max_small_preview_bytes + 1;
    CHECK(f.ask(sign).pending());
    CHECK(f.surface.last().documents[0].preview.empty());
}

TEST_CASE("small previews come inside the message and are checked as those of a descriptor are [T20]",
          "[operations]") {
    Granted f;
    auto sign = raw({"pay 1 to Ali", "", "pay 2 to Sara"});
    for (auto& item : sign.items) item.preview = 0;
    sign.items[1].preview_offset = sign.items[2].preview_offset = 12;
    sign.previews = to_bytes(as_bytes("pay 1 to Alipay 2 to Sara"));
    auto& call = f.ask(sign);
    CHECK(f.surface.last().documents[0].preview == "pay 1 to Ali");
    CHECK(f.surface.last().documents[1].size == 0U);
    CHECK(f.surface.last().documents[2].preview == "pay 2 to Sara");
    CHECK(call.pending());
    const std::size_t shown = f.surface.shown.size();
    for (const std::uint64_t wrong :
         {std::uint64_t{11}, std::uint64_t{13}, std::uint64_t{25}, UINT64_MAX, UINT64_MAX - 12}) {
        auto moved = sign;
        moved.items[2].preview_offset = wrong;
        CHECK_FALSE(f.ask(moved).reply());
    }
    auto other = sign;
    other.previews = to_bytes(as_bytes("pay 9 to Alipay 2 to Sara"));
    CHECK_FALSE(f.ask(other).reply());
    // A descriptor beside them shows nothing.
    other = sign;
    other.items[0].preview = 1;
    CHECK(f.ask(other, f.portal, 1, previews_of({"pay 1 to Ali", "pay 1 to Ali"})).code() ==
          Code::invalid_params);
    CHECK(f.surface.shown.size() == shown);
}

TEST_CASE("one descriptor carries the previews of a batch, each at its own place [T20]", "[operations]") {
    Granted f;
    auto sign = raw({"pay 1 to Ali", "pay 2 to Sara"});
    sign.items[1].preview = 0;
    sign.items[1].preview_offset = 12;
    auto& call = f.ask(sign, f.portal, 1, previews_of({"pay 1 to Alipay 2 to Sara"}));
    CHECK(f.surface.last().documents[0].preview == "pay 1 to Ali");
    CHECK(f.surface.last().documents[1].preview == "pay 2 to Sara");
    CHECK(call.pending());
    const std::size_t shown = f.surface.shown.size();
    for (const std::uint64_t wrong :
         {std::uint64_t{11}, std::uint64_t{13}, std::uint64_t{25}, UINT64_MAX, UINT64_MAX - 12}) {
        sign.items[1].preview_offset = wrong;
        CHECK_FALSE(f.ask(sign, f.portal, 1, previews_of({"pay 1 to Alipay 2 to Sara"})).reply());
    }
    sign.items[1].preview = 1;
    CHECK(f.ask(sign, f.portal, 1, previews_of({"pay 1 to Alipay 2 to Sara"})).code() ==
          Code::invalid_params);
    CHECK(f.surface.shown.size() == shown);
}

TEST_CASE("data that begins with the login context is refused, whatever the format [T19]", "[operations]") {
    Granted f;
    const auto statement = operation_work::login_statement(f.portal, Bytes(32, 1));
    const std::string content(as_text(statement));
    auto sign = raw({content});
    CHECK(f.ask(sign, f.portal, 1, previews_of({content})).code() == Code::login_context);
    sign.format = link::SignFormat::cms;
    CHECK(f.ask(sign, f.portal, 1, previews_of({content})).code() == Code::login_context);
    const std::string close("mohr-auth-v1");
    CHECK(f.ask(raw({close}), f.portal, 1, previews_of({close})).pending());
}

TEST_CASE("a bare signature is not made over what another protocol signs [T19]", "[operations]") {
    Granted f;
    // Signed attributes over a document that nobody was shown: with them the bare signature is a CMS one.
    const auto attributes = signing::signed_attributes(
        DigestAlgorithm::sha256, digest(DigestAlgorithm::sha256, as_bytes("I owe you everything")),
        f.certificate_of(f.silver), std::nullopt);
    REQUIRE(attributes);
    const std::string tls_13 =
        std::string(64, ' ') + std::string("TLS 1.3, client CertificateVerify\0", 34) + std::string(32, 'h');
    const std::string tls_12 = std::string("\x01\x00\x00\xc4\x03\x03", 6) + std::string(200, 'r');
    const std::string ssh =
        std::string("\0\0\0\x20", 4) + std::string(32, 's') + "\x32" + std::string("\0\0\0\x04user", 8);
    for (const std::string& content : {std::string(as_text(*attributes)), tls_13, tls_12, ssh}) {
        auto sign = raw({content});
        CHECK(f.ask(sign, f.portal, 1, previews_of({content})).code() == Code::login_context);
        sign.format = link::SignFormat::cms; // our attributes stand before it
        CHECK(f.ask(sign, f.portal, 1, previews_of({content})).pending());
        f.service->abort_all(Code::cancelled);
        f.executor.run();
    }
    const std::string ordinary("10 reasons to sign");
    CHECK(f.ask(raw({ordinary}), f.portal, 1, previews_of({ordinary})).pending());
}

TEST_CASE("previews in a prompt are text, cut between characters and bounded over a batch", "[operations]") {
    Granted f;
    const std::string binary("\xff\x00\x01", 3);
    std::string persian;
    while (persian.size() < 9000) persian += "سند ";
    const std::vector<std::string> contents{binary, persian, "a\x1b[2Jb\nc"};
    f.ask(raw(contents), f.portal, 1, previews_of(contents));
    const auto& shown = f.surface.last();
    CHECK(shown.documents[0].preview.empty());
    CHECK(shown.documents[1].preview.size() <= 8 * 1024);
    CHECK(shown.documents[1].preview.size() > 8 * 1024 - 4);
    CHECK(is_utf8(shown.documents[1].preview));
    CHECK(shown.documents[2].preview == "a?[2Jb\nc");

    const std::vector<std::string> many(30, std::string(8000, 'x'));
    f.service->abort_all(Code::cancelled);
    f.executor.run();
    f.ask(raw(many), f.portal, 1, previews_of(many));
    std::size_t all = 0;
    for (const auto& document : f.surface.last().documents) all += document.preview.size();
    CHECK(all <= 64 * 1024);
    CHECK(all > 50 * 1024);
}

// --- blind signing ---

TEST_CASE("signing a bare digest needs a permission of its own, and a marked prompt each time [T18]",
          "[operations]") {
    Granted f;
    link::Sign sign;
    sign.items.push_back(OperationFixture::item("unseen"));
    sign.items[0].blind = true;
    sign.items[0].size = 0;
    CHECK(f.ask(sign).code() == Code::blind_denied);
    CHECK(f.surface.shown.empty());
    f.sites->set(f.portal, SitePermission::blind, Decision::allow);
    for (int i = 0; i < 2; ++i) {
        auto& call = f.ask(sign);
        CHECK(f.surface.last().blind);
        CHECK_FALSE(f.surface.last().documents[0].size);
        f.surface.allow(test::user_pin, f.silver.text());
        f.executor.run();
        CHECK(call.reply());
    }
    CHECK(f.log_lines().back().find("\"blind\":true") != std::string::npos);
    sign.format = link::SignFormat::cms;
    CHECK(f.ask(sign).code() == Code::invalid_params);
}

TEST_CASE("an operator forbids blind signing for every site [T18]", "[operations]") {
    Granted f;
    f.config.forbid_blind = true;
    f.restart_service();
    f.sites->set(f.portal, SitePermission::blind, Decision::allow);
    link::Sign sign;
    sign.items.push_back(OperationFixture::item("unseen"));
    sign.items[0].blind = true;
    CHECK(f.ask(sign).code() == Code::blind_denied);
}
