// SPDX-License-Identifier: Apache-2.0
// Which certificate signs, and what a login is.
#include "catch_compat.hpp"
#include "challenge_memory.hpp"
#include "granted.hpp"
#include "operation_work.hpp"
#include <mohr/base/encoding.hpp>

#include <algorithm>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::Granted;
using mohr::test::handle_of;
using mohr::test::login;
using mohr::test::OperationFixture;
using mohr::test::verifies;
using protocol::Code;

// --- certificates ---

TEST_CASE("the prompt greys what cannot be used and says why [R193]", "[operations]") {
    Granted f;
    const auto expired = f.add_key(token::KeyAlgorithm::ec_p256, "digitalSignature", 1h);
    f.clock.advance(2h);
    f.ask(login());
    const auto& shown = f.surface.last().certificates;
    REQUIRE(shown.size() == 3);
    CHECK(shown[0].id == f.silver.text());
    CHECK(shown[0].usable);
    CHECK(shown[0].preselected);
    const auto reason = [&](const token::KeyId& key) {
        const auto found =
            std::find_if(shown.begin(), shown.end(), [&](const auto& one) { return one.id == key.text(); });
        return found == shown.end() ? std::string("missing") : found->reason;
    };
    CHECK(reason(f.bronze) == "key_usage");
    CHECK(reason(expired) == "expired");
}

TEST_CASE("bronze signs but neither logs in nor decrypts [R193]", "[operations]") {
    Granted f;
    const auto handle = handle_of(f, f.bronze);
    auto sign = OperationFixture::cms({"text"});
    sign.certificate = handle;
    CHECK(f.ask_and_allow(sign).reply());
    auto request = login();
    request.certificate = handle;
    CHECK(f.ask(request).code() == Code::key_usage);
    const auto& bronze = f.certificate_of(f.bronze);
    link::Decrypt decrypt;
    decrypt.content_key_size = 32;
    link::Recipient recipient;
    recipient.issuer_der = bronze.issuer_der();
    recipient.serial_number = bronze.serial_number();
    recipient.key = link::EcWrapped{};
    decrypt.recipients.push_back(recipient);
    CHECK(f.ask(decrypt).code() == Code::key_usage);
}

TEST_CASE("the last certificate used at a site is preselected there and nowhere else", "[operations]") {
    Granted f;
    f.allow_access(f.other);
    f.ask_and_allow(OperationFixture::cms({"text"}), f.bronze.text());
    const auto preselected = [&](const std::string& origin, link::ConnectionId connection) {
        f.ask(OperationFixture::cms({"text"}), origin, connection);
        std::string id;
        for (const auto& one : f.surface.last().certificates)
            if (one.preselected) id = one.id;
        f.service->abort_all(Code::cancelled);
        f.executor.run();
        return id;
    };
    CHECK(preselected(f.portal, 1) == f.bronze.text());
    CHECK(preselected(f.other, 2).empty());
    f.restart_service();
    CHECK(preselected(f.portal, 5) == f.bronze.text());
}

TEST_CASE("a handle is worth nothing on another connection or for another origin [R189]", "[operations]") {
    Granted f;
    f.allow_access(f.other);
    const auto handle = handle_of(f, f.silver);
    auto sign = OperationFixture::cms({"text"});
    sign.certificate = handle;
    CHECK(f.ask(sign, f.portal, 2).code() == Code::certificate_not_found);
    CHECK(f.ask(sign, f.other, 3).code() == Code::certificate_not_found);
    // Not even where the door says that it is the same connection.
    CHECK(f.ask(sign, f.other, 1).code() == Code::certificate_not_found);
    CHECK(f.surface.shown.size() == 1);
    CHECK(f.ask(sign, f.portal, 1).pending());
    CHECK(f.surface.last().certificates.size() == 1);
    f.service->connection_closed(1);
    f.executor.run();
    CHECK(f.ask(sign, f.portal, 1).code() == Code::certificate_not_found);
    CHECK(handle_of(f, f.silver, f.portal, 4) != handle);
}

TEST_CASE("the key's own id is no handle for a page [R189]", "[operations]") {
    Granted f;
    auto sign = OperationFixture::cms({"text"});
    sign.certificate = f.silver.text();
    CHECK(f.ask(sign).code() == Code::certificate_not_found);
}

TEST_CASE("an algorithm that does not fit the key is refused before anybody is asked", "[operations]") {
    Granted f;
    auto sign = OperationFixture::cms({"text"});
    sign.certificate = handle_of(f, f.silver);
    sign.scheme = link::Scheme::rsa_pss;
    CHECK(f.ask(sign).code() == Code::unsupported_algorithm);
}

TEST_CASE("selecting shows one certificate to the page, and listing needs its own permission [R187]",
          "[operations]") {
    Granted f;
    auto& list = f.ask(link::ListCertificates{});
    CHECK(f.surface.last().kind == PromptKind::listing);
    CHECK_FALSE(f.surface.last().pin.needed);
    f.surface.allow({}, {}, true);
    f.executor.run();
    CHECK(list.as<link::Listed>().certificates.size() == 2);
    CHECK(f.ask(link::ListCertificates{}).as<link::Listed>().certificates.size() == 2);
    CHECK(f.surface.shown.size() == 1);
    f.sites->set(f.portal, SitePermission::listing, Decision::deny);
    CHECK(f.ask(link::ListCertificates{}).code() == Code::origin_denied);
    CHECK(f.surface.shown.size() == 1);
    CHECK(f.counting->authorised == 0);
}

// --- login ---

TEST_CASE("a login signs context, origin and challenge, composed here [T19] [R189]", "[operations]") {
    Granted f;
    const auto request = login(64, 9);
    auto& call = f.ask_and_allow(request, f.silver.text());
    CHECK(f.surface.last().kind == PromptKind::authenticate);
    CHECK(f.surface.last().documents.empty());
    const auto& answer = call.as<link::Authenticated>();
    CHECK(answer.origin == f.portal);
    Bytes expected = to_bytes(as_bytes(std::string_view("mohr-auth-v1\0", 13)));
    for (const auto& part : {digest(DigestAlgorithm::sha256, as_bytes(f.portal)),
                             digest(DigestAlgorithm::sha256, request.challenge)})
        expected.insert(expected.end(), part.begin(), part.end());
    CHECK(expected.size() == 77);
    CHECK(verifies(f.certificate_of(f.silver), DigestAlgorithm::sha256, expected, answer.signature));
    // The same challenge at another origin is another statement.
    const auto elsewhere = operation_work::login_statement(f.other, request.challenge);
    CHECK_FALSE(verifies(f.certificate_of(f.silver), DigestAlgorithm::sha256, elsewhere, answer.signature));
}

TEST_CASE("a challenge has 32 to 512 bytes", "[operations]") {
    Granted f;
    CHECK(f.ask(login(31)).code() == Code::invalid_params);
    CHECK(f.ask(login(513)).code() == Code::invalid_params);
    CHECK(f.ask(login(512)).pending());
}

TEST_CASE("a challenge serves once, also while its first use is being decided [T20]", "[operations]") {
    Granted f;
    f.allow_access(f.other);
    auto& refused = f.ask(login());
    CHECK(f.ask(login(), f.portal, 2).code() == Code::invalid_params);
    f.surface.deny();
    f.executor.run();
    CHECK(refused.code() == Code::user_cancelled);
    // Nothing was signed over it, so it may be tried again.
    CHECK(f.ask_and_allow(login(), f.silver.text()).reply());
    CHECK(f.ask(login()).code() == Code::invalid_params);
    CHECK(f.ask(login(), f.portal, 7).code() == Code::invalid_params);
    CHECK(f.ask(login(), f.other, 8).pending());
}

TEST_CASE(
    "a challenge that was answered serves no more after a restart, one that was refused does [T19] [T20]",
    "[operations]") {
    Granted f;
    const auto path = f.scratch.path() / "challenges";
    const auto restart = [&] {
        f.restart_service();
        f.service->keep_challenges(ChallengeFile::open(path).value());
    };
    restart();
    CHECK(f.ask_and_allow(login(32, 1), f.silver.text()).reply());
    f.ask(login(32, 2));
    f.surface.deny();
    f.executor.run();
    // The PIN was right, but nothing came of it: used all the same.
    f.counting->fail_signature_number = f.counting->signatures + 1;
    CHECK_FALSE(f.ask_and_allow(login(32, 3), f.silver.text()).reply());
    restart();
    CHECK(f.ask(login(32, 1)).code() == Code::invalid_params);
    CHECK(f.ask(login(32, 3)).code() == Code::invalid_params);
    CHECK(f.ask(login(32, 2)).pending());
}

TEST_CASE("no login is signed whose challenge cannot be kept [T19]", "[operations]") {
    Granted f;
    // Full, so that the next entry makes it anew, in a directory that is gone by then.
    const auto directory = f.scratch.path() / "state";
    REQUIRE(ensure_private_directory(directory));
    REQUIRE(write_private(directory / "challenges", Bytes(2 * ChallengeMemory::max_challenges * 32, 0x11)));
    f.service->keep_challenges(ChallengeFile::open(directory / "challenges").value());
    std::filesystem::rename(directory, f.scratch.path() / "elsewhere");
    CHECK(f.ask_and_allow(login(), f.silver.text()).code() == Code::internal_error);
    CHECK(f.counting->signatures == 0);
}
