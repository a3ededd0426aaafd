// SPDX-License-Identifier: Apache-2.0
// What sites on the Dastine front may have opened, one by one or within a window.
#include "catch_compat.hpp"
#include "portal_fixture.hpp"
#include <mohr/base/encoding.hpp>

#include <openssl/rsa.h>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::envelope;
using mohr::test::has_log;
using mohr::test::OperationFixture;
using mohr::test::PortalFixture;
using mohr::test::rsa_block;
using mohr::test::with_window;
using protocol::Code;

// --- decryption ---

TEST_CASE("a decrypt window does not open where the line that says so cannot be committed [T20] [T34]",
          "[portal]") {
    PortalFixture f;
    const auto request = envelope(f.certificate_of(f.rsa));
    auto& first = f.ask(request);
    REQUIRE(f.surface.shown.size() == 1);
    CHECK(f.surface.last().window == WindowTerms{200, 15});
    CHECK(f.surface.last().asks_access);
    f.counting->commit_failure = Error(token::TokenErrc::storage, "disk full");
    f.surface.answer(with_window(3, 15));
    f.executor.run();
    CHECK(first.code() == Code::internal_error);
    CHECK(f.service->decrypt_windows().empty());
}

TEST_CASE("a decrypt window opens its items without prompts, and not one more", "[portal]") {
    PortalFixture f;
    const auto request = envelope(f.certificate_of(f.rsa));
    auto& first = f.ask(request);
    REQUIRE(f.surface.shown.size() == 1);
    CHECK(f.surface.last().window == WindowTerms{200, 15});
    CHECK(f.surface.last().asks_access);
    f.surface.answer(with_window(3, 15));
    f.executor.run();
    CHECK(first.as<link::Decrypted>().content_key.same_as(as_bytes("0123456789abcdef")));
    REQUIRE(f.service->decrypt_windows().size() == 1);
    CHECK(f.service->decrypt_windows()[0].origin == f.portal);
    CHECK(f.service->decrypt_windows()[0].items_left == 2);
    for (int i = 0; i < 2; ++i)
        CHECK(f.ask(request, f.portal, 2)
                  .as<link::Decrypted>()
                  .content_key.same_as(as_bytes("0123456789abcdef")));
    CHECK(f.surface.shown.size() == 1);
    CHECK(f.counting->authorised == 1);
    CHECK(f.service->decrypt_windows().empty());
    CHECK(f.ask(request).pending());
    CHECK(f.surface.shown.size() == 2);
    // Each is in the log.
    CHECK(f.log_lines().size() == 3);
    CHECK(has_log(f, "decrypt window: 3 items in 15 minutes"));
    CHECK(has_log(f, "in a decrypt window: item 3 of 3"));
}

TEST_CASE("a decrypt window holds for its time, site, certificate and kind only [T20]", "[portal]") {
    PortalFixture f;
    f.allow_access();
    f.allow_access(f.other);
    const auto second = f.add_key(token::KeyAlgorithm::rsa_2048, "keyEncipherment");
    auto request = envelope(f.certificate_of(f.rsa));
    request.authenticated = true;
    f.ask(request);
    f.surface.answer(with_window(200, 15));
    f.executor.run();
    const auto prompts = [&](link::Request wanted, const std::string& origin = OperationFixture::portal,
                             link::ConnectionId connection = 1) {
        const auto before = f.surface.shown.size();
        auto& call = f.ask(std::move(wanted), origin, connection);
        const bool asked = f.surface.shown.size() != before;
        if (asked) {
            f.surface.deny();
            f.executor.run();
            f.service->tick();
            f.sites->lift(origin);
        }
        CHECK_FALSE(call.pending());
        return asked;
    };
    CHECK_FALSE(prompts(request));
    CHECK(prompts(request, f.other, 3));
    CHECK(prompts(envelope(f.certificate_of(second))));
    auto cbc = request;
    cbc.authenticated = false;
    CHECK(prompts(cbc));
    CHECK_FALSE(prompts(request));
    f.executor.advance(14min);
    CHECK_FALSE(prompts(request));
    f.executor.advance(61s);
    CHECK(prompts(request));
}

TEST_CASE("a decrypt window ends by lock, reset, stop, revocation and command [T20]", "[portal]") {
    PortalFixture f;
    f.allow_access();
    const auto request = envelope(f.certificate_of(f.rsa));
    f.ask(request);
    f.surface.answer(with_window(200, 15));
    f.executor.run();
    CHECK_FALSE(f.ask(request).pending());
    REQUIRE(f.service->decrypt_windows().size() == 1);
    const int way = GENERATE(0, 1, 2, 3, 4, 5);
    if (way == 0) {
        f.counting->lock();
        f.service->token_locked();
    } else if (way == 1) {
        f.service->session_reset(f.portal, f.session);
    } else if (way == 2) {
        f.service->abort_sites(Code::user_cancelled);
    } else if (way == 3) {
        f.sites->set(f.portal, SitePermission::access, Decision::ask);
        f.service->site_changed(f.portal);
    } else if (way == 4) {
        CHECK(f.service->end_decrypt_window(f.portal));
        CHECK_FALSE(f.service->end_decrypt_window(f.portal));
    } else {
        f.counting->lock(); // whoever locked it said nothing yet
    }
    CHECK((f.service->decrypt_windows().empty() || way == 5));
    CHECK(f.ask(request).pending());
    CHECK(f.service->decrypt_windows().empty());
}

TEST_CASE("a window that was given before the lock does not open after it [T20]", "[portal]") {
    PortalFixture f;
    f.allow_access();
    const auto request = envelope(f.certificate_of(f.rsa));
    auto& call = f.ask(request);
    f.surface.answer(with_window(200, 15));
    f.executor.run_io();
    f.service->token_locked(); // while the key is at work
    f.executor.run();
    CHECK(call.reply());
    CHECK(f.service->decrypt_windows().empty());
}

TEST_CASE("an answer that takes a larger window than was offered decrypts nothing", "[portal]") {
    PortalFixture f;
    f.allow_access();
    const auto [items, minutes] = GENERATE(table<unsigned, unsigned>({{201, 1}, {1, 16}, {0, 1}, {1, 0}}));
    auto& call = f.ask(envelope(f.certificate_of(f.rsa)));
    f.surface.answer(with_window(items, minutes));
    f.executor.run();
    CHECK(call.code() == Code::internal_error);
    CHECK(f.counting->decryptions == 0);
    CHECK(f.service->decrypt_windows().empty());
}

TEST_CASE("no window is offered to /v1", "[portal]") {
    PortalFixture f;
    f.front = link::Api::v1;
    f.session.clear();
    f.allow_access();
    auto& call = f.ask(envelope(f.certificate_of(f.rsa)));
    CHECK_FALSE(f.surface.last().window);
    f.surface.answer(with_window(2, 2));
    f.executor.run();
    CHECK(call.code() == Code::internal_error);
}

TEST_CASE("one RSA block is decrypted behind a prompt of its own, and no failure tells its cause [T21]",
          "[portal]") {
    PortalFixture f;
    f.allow_access();
    const auto handle = f.select(f.rsa);
    const auto certificate = f.certificate_of(f.rsa);
    const auto decrypt = [&](Bytes block, bool oaep) -> auto& {
        return f.ask_and_allow(
            link::DecryptBlock{handle, oaep, DigestAlgorithm::sha1, DigestAlgorithm::sha1, std::move(block)});
    };
    CHECK(decrypt(rsa_block(certificate, "a secret of 22 bytes..", RSA_PKCS1_PADDING), false)
              .as<link::Decrypted>()
              .content_key.same_as(as_bytes("a secret of 22 bytes..")));
    CHECK(f.surface.last().unauthenticated);
    CHECK_FALSE(f.surface.last().window);
    CHECK(decrypt(rsa_block(certificate, "", RSA_PKCS1_PADDING), false)
              .as<link::Decrypted>()
              .content_key.empty());
    CHECK(decrypt(rsa_block(certificate, "secret", RSA_PKCS1_OAEP_PADDING), true)
              .as<link::Decrypted>()
              .content_key.same_as(as_bytes("secret")));
    // Implicit rejection: what is no PKCS#1 v1.5 gives an answer all the same, and always the same one.
    Bytes wrong = rsa_block(certificate, "secret", RSA_PKCS1_OAEP_PADDING);
    const auto once = decrypt(wrong, false).as<link::Decrypted>().content_key.duplicate();
    CHECK(decrypt(wrong, false).as<link::Decrypted>().content_key.same_as(once.reveal()));
    CHECK(decrypt(rsa_block(certificate, "secret", RSA_PKCS1_PADDING), true).code() ==
          Code::decryption_failed);
    CHECK(decrypt(Bytes(255, 1), false).code() == Code::decryption_failed);
    CHECK(decrypt(Bytes(256, 0xff), false).code() == Code::decryption_failed);
    CHECK(f.ask(link::DecryptBlock{"stranger", false, {}, {}, wrong}).code() == Code::certificate_not_found);
}
