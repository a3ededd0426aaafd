// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "challenge_memory.hpp"
#include "operation_fixture.hpp"
#include "operation_work.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>
#include <mohr/signing/cms_enveloped.hpp>
#include <mohr/signing/cms_signed.hpp>

#include <algorithm>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;
using mohr::test::memory_file;
using mohr::test::OperationFixture;
using mohr::test::verifies;
using protocol::Code;

namespace {

struct Granted : OperationFixture {
    Granted() { allow_access(); }
};

link::Sign raw(const std::vector<std::string>& contents) {
    link::Sign sign;
    int preview = 0;
    for (const auto& content : contents) sign.items.push_back(OperationFixture::item(content, preview++));
    return sign;
}

std::vector<Descriptor> previews_of(const std::vector<std::string>& contents) {
    std::vector<Descriptor> files;
    for (const auto& content : contents) files.push_back(memory_file(content));
    return files;
}

link::Authenticate login(std::size_t bytes = 32, std::uint8_t seed = 1) {
    link::Authenticate request;
    request.challenge = Bytes(bytes, seed);
    return request;
}

std::string handle_of(Granted& f, const token::KeyId& key,
                      const std::string& origin = OperationFixture::portal,
                      link::ConnectionId connection = 1) {
    auto& call = f.ask(link::SelectCertificate{}, origin, connection);
    f.surface.allow({}, key.text());
    f.executor.run();
    return call.as<link::Selected>().certificate.handle;
}

} // namespace

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

// --- shape ---

TEST_CASE("a list of 500 items is signed, one of 501 is not [R188] [T20]", "[operations]") {
    Granted f;
    auto& too_many = f.ask(OperationFixture::cms(std::vector<std::string>(501, "text")));
    CHECK(too_many.code() == Code::limit_exceeded);
    CHECK(too_many.reply().error().limit == "batch");
    CHECK(too_many.reply().error().max == 500U);
    CHECK(f.ask(OperationFixture::cms({})).code() == Code::invalid_params);
    CHECK(f.surface.shown.empty());
    auto& call =
        f.ask_and_allow(OperationFixture::cms(std::vector<std::string>(500, "text")), f.silver.text());
    CHECK(call.as<link::Signed>().items.size() == 500);
    CHECK(f.surface.last().documents.size() == 500);
    CHECK(f.counting->signatures == 500);
    CHECK(f.counting->authorised == 1);
}

TEST_CASE("a digest must have its algorithm's length, and SHA-1 is not taken", "[operations]") {
    Granted f;
    auto sign = OperationFixture::cms({"text"});
    sign.items[0].digest.pop_back();
    CHECK(f.ask(sign).code() == Code::invalid_params);
    sign.digest_algorithm = DigestAlgorithm::sha512;
    sign.items[0].digest = Bytes(32, 1);
    CHECK(f.ask(sign).code() == Code::invalid_params);
    sign.digest_algorithm = DigestAlgorithm::sha1;
    sign.items[0].digest = Bytes(20, 1);
    CHECK(f.ask(sign).code() == Code::unsupported_algorithm);
    CHECK(f.surface.shown.empty());
}

TEST_CASE("a document's name is 1 to 255 printable characters of UTF-8", "[operations]") {
    Granted f;
    const auto code = [&](const std::string& name) {
        auto sign = OperationFixture::cms({"text"});
        sign.items[0].name = name;
        auto& call = f.ask(sign);
        if (call.pending()) {
            f.service->abort_all(Code::cancelled);
            f.executor.run();
            return Code::cancelled;
        }
        return call.code();
    };
    std::string persian;
    for (int i = 0; i < 255; ++i) persian += "م";
    for (const auto& good : {std::string("a"), persian, std::string("قرارداد.pdf")})
        CHECK(code(good) == Code::cancelled);
    for (const auto& bad : {std::string(), persian + "م", std::string("a\nb"), std::string("a\x7f"),
                            std::string("a\xc2\x85"), std::string("\xff"), std::string("a\0b", 3)})
        CHECK(code(bad) == Code::invalid_params);
}

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

// --- this computer ---

TEST_CASE("a file job asks like anybody, as this computer, without a grant [R188]", "[operations]") {
    OperationFixture f;
    auto& call = f.start_local(OperationFixture::cms({"text"}));
    f.executor.run();
    REQUIRE(f.surface.shown.size() == 1);
    CHECK(f.surface.last().local);
    CHECK(f.surface.last().origin == "this computer: mohr");
    CHECK(f.surface.last().registrable_domain.empty());
    CHECK(f.surface.last().pin.needed);
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    CHECK(call.as<link::Signed>().certificate.handle == f.silver.text());
    auto named = OperationFixture::cms({"text"});
    named.certificate = f.bronze.text();
    f.start_local(named);
    f.executor.run();
    CHECK(f.surface.last().certificates.size() == 1);
}

TEST_CASE("no web origin can pass for this computer [R189]", "[operations]") {
    OperationFixture f;
    f.start_local(OperationFixture::cms({"text"}));
    f.executor.run();
    auto& pretender = f.ask(OperationFixture::cms({"text"}), "this computer: mohr", 3);
    CHECK(pretender.code() == Code::origin_denied);
}

// --- the state of things ---

TEST_CASE("without a token, or without an agent, the reply says so, to granted origins only [T13]",
          "[operations]") {
    OperationFixture f;
    f.surface.present = false;
    CHECK(f.ask(OperationFixture::cms({"text"})).code() == Code::origin_denied);
    f.allow_access();
    CHECK(f.ask(OperationFixture::cms({"text"})).code() == Code::no_agent);

    test::TokenFixture blank;
    blank.open();
    OperationService service(f.executor, *blank.token, f.surface, *f.sites, *f.log, f.clock, f.config, {});
    std::optional<Code> code;
    OperationService::Callbacks callbacks;
    callbacks.on_reply = [&](const protocol::Outcome<link::Answer>& reply) { code = reply.error().code; };
    Requester who;
    who.connection = 1;
    who.origin = f.portal;
    service.start(who, link::Operation{1, 1, 0, OperationFixture::cms({"text"})}, {}, callbacks);
    f.executor.run();
    CHECK(code == Code::token_not_initialised);
}

TEST_CASE("an operation number that is in use is refused, and the first goes on", "[operations]") {
    Granted f;
    auto& first = f.ask(OperationFixture::cms({"text"}));
    std::optional<Code> code;
    OperationService::Callbacks callbacks;
    callbacks.on_reply = [&](const protocol::Outcome<link::Answer>& reply) { code = reply.error().code; };
    Requester who;
    who.connection = 1;
    who.origin = f.portal;
    f.service->start(who, link::Operation{first.id, 1, 0, OperationFixture::cms({"other"})}, {}, callbacks);
    f.executor.run();
    CHECK(code == Code::invalid_request);
    f.surface.allow(test::user_pin, f.silver.text());
    f.executor.run();
    CHECK(first.reply());
}

TEST_CASE("more operations than may run at once are refused, and none is lost [R192]", "[operations]") {
    Granted f;
    f.config.max_running = 3;
    f.restart_service();
    for (int i = 0; i < 3; ++i) f.start(OperationFixture::cms({"text"}));
    auto& fourth = f.start(OperationFixture::cms({"text"}));
    f.executor.run();
    CHECK(fourth.code() == Code::limit_exceeded);
    f.service->abort_all(Code::cancelled);
    f.executor.run();
    for (const auto& call : f.calls) CHECK(call->replies.size() == 1);
}

TEST_CASE("a silenced origin learns when it may ask again [T15]", "[operations]") {
    OperationFixture f;
    for (int i = 0; i < 2; ++i) {
        f.ask(link::RequestAccess{});
        f.surface.deny();
        f.executor.run();
    }
    CHECK(f.service->access(f.portal, 1) == link::Access::silenced);
    auto& call = f.ask(link::RequestAccess{});
    CHECK(call.code() == Code::origin_denied);
    CHECK(call.reply().error().retry_after == 600U);
    f.access_told.clear();
    f.executor.advance(601s);
    CHECK(f.access_told == std::vector<std::string>{f.portal});
    CHECK(f.service->access(f.portal, 1) == link::Access::undecided);
    for (int i = 0; i < 2; ++i) {
        f.ask(link::RequestAccess{});
        f.surface.deny();
        f.executor.run();
    }
    f.sites->lift(f.portal);
    f.service->site_changed(f.portal);
    CHECK(f.service->access(f.portal, 1) == link::Access::undecided);
}

TEST_CASE("memory used up on the pool fails one operation, and the next prompt is shown [R192]",
          "[operations]") {
    using Bug = test::CountingToken::Bug;
    const auto bug = GENERATE(Bug::objects, Bug::authorise, Bug::sign);
    const auto contents = GENERATE(std::vector<std::string>{"text"}, std::vector<std::string>(9, "text"));
    Granted f;
    f.counting->bug = bug;
    auto& call = f.ask(OperationFixture::cms(contents));
    if (bug != Bug::objects) {
        f.surface.allow(test::user_pin, f.silver.text());
        f.executor.run();
    }
    CHECK(call.code() == Code::internal_error);
    CHECK(f.service->running() == 0);
    f.counting->bug = Bug::none;
    auto& next = f.ask_and_allow(OperationFixture::cms({"next"}), f.silver.text());
    CHECK(next.reply());
}
