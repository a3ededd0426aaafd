// SPDX-License-Identifier: Apache-2.0
// What sites on the Dastine front may ask, and what they may not get.
#include "catch_compat.hpp"
#include "operation_fixture.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/openssl.hpp>

#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::memory_file;
using mohr::test::OperationFixture;
using protocol::Code;

namespace {

struct PortalFixture : OperationFixture {
    PortalFixture() {
        front = link::Api::dastine;
        session = "k3JdA0000000001";
        rsa = add_key(token::KeyAlgorithm::rsa_2048, "digitalSignature,nonRepudiation,keyEncipherment");
        service->connection_opened(1, portal, front);
        service->connection_opened(2, portal, front);
        service->connection_opened(3, other, front);
    }
    /// Selects with the given key and returns the handle.
    std::string select(const token::KeyId& key, bool remember = false, const std::string& origin = portal,
                       link::ConnectionId connection = 1) {
        auto& call = ask(link::SelectCertificate{link::Purpose::any, {}}, origin, connection);
        surface.allow({}, key.text(), remember);
        executor.run();
        return call.as<link::Selected>().certificate.handle;
    }
    Call& sign_with(const std::string& handle, const std::string& origin = portal,
                    link::ConnectionId connection = 1) {
        auto request = cms({"text"});
        request.certificate = handle;
        return ask(request, origin, connection);
    }
    token::KeyId rsa;
};

link::Sign blind(DigestAlgorithm algorithm, std::string_view data) {
    link::Sign sign;
    sign.digest_algorithm = algorithm;
    auto item = OperationFixture::item(data);
    item.digest = digest(algorithm, as_bytes(data));
    item.blind = true;
    sign.items.push_back(std::move(item));
    return sign;
}

/// An RSA block of PKCS#1 v1.5 or OAEP around these bytes.
Bytes rsa_block(const Certificate& to, std::string_view message, int padding) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(to.get0_public_key(), nullptr));
    REQUIRE(EVP_PKEY_encrypt_init(context.get()) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) == 1);
    Bytes out(512);
    std::size_t length = out.size();
    const auto bytes = as_bytes(message);
    REQUIRE(EVP_PKEY_encrypt(context.get(), out.data(), &length, bytes.data(), bytes.size()) == 1);
    out.resize(length);
    return out;
}

/// A CMS envelope to one certificate, as the door takes it apart.
link::Decrypt envelope(const Certificate& to) {
    link::Decrypt decrypt;
    decrypt.name = "envelope";
    decrypt.content_key_size = 16;
    link::Recipient recipient;
    recipient.issuer_der = to.issuer_der();
    recipient.serial_number = to.serial_number();
    link::RsaWrapped wrapped;
    wrapped.digest = wrapped.mgf1 = DigestAlgorithm::sha1;
    wrapped.encrypted_key = rsa_block(to, "0123456789abcdef", RSA_PKCS1_PADDING);
    recipient.key = wrapped;
    decrypt.recipients.push_back(std::move(recipient));
    return decrypt;
}

PromptAnswer with_window(unsigned items, unsigned minutes) {
    auto answer = test::RecordingSurface::allowing(test::user_pin);
    answer.window = WindowTerms{items, minutes};
    return answer;
}

bool has_log(const OperationFixture& f, std::string_view text) {
    const auto lines = f.log_lines();
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

} // namespace

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
