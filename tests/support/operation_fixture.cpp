// SPDX-License-Identifier: Apache-2.0
#include "operation_fixture.hpp"

#include "catch_compat.hpp"
#include <mohr/base/openssl.hpp>

#include <sys/mman.h>

#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace mohr::test {

const protocol::Outcome<link::Answer>& OperationFixture::Call::reply() const {
    if (replies.size() != 1) FAIL("replies: " << replies.size());
    return replies.front();
}

protocol::Code OperationFixture::Call::code() const {
    const auto& one = reply();
    if (one) FAIL("a value where a failure was expected");
    return one.error().code;
}

OperationFixture::OperationFixture() {
    open();
    initialise();
    counting = std::make_unique<CountingToken>(*token);
    sites = std::make_unique<core::SitePermissions>(
        core::SitePermissions::open(scratch.path() / "sites.json", executor, clock).value());
    log = core::ActivityLog::open({.directory = scratch.path() / "log"}, executor, *counting, clock).value();
    silver = add_key(token::KeyAlgorithm::ec_p256, "digitalSignature,nonRepudiation,keyAgreement");
    bronze = add_key(token::KeyAlgorithm::ec_p256, "nonRepudiation");
    restart_service();
}

OperationFixture::~OperationFixture() {
    service.reset();
    executor.run();
}

void OperationFixture::restart_service() {
    core::OperationService::Changes changes;
    changes.access = [this](const std::string& origin) { access_told.push_back(origin); };
    changes.token = [this] { ++token_told; };
    service = std::make_unique<core::OperationService>(executor, *counting, surface, *sites, *log, clock,
                                                       config, std::move(changes));
}

token::KeyId OperationFixture::add_key(token::KeyAlgorithm algorithm, const char* key_usage,
                                       std::chrono::hours lifetime) {
    const auto proof = user();
    const auto object = token->generate_key(proof, algorithm, "key").value();
    const auto certificate = authority.issue(object.public_key_info, key_usage, lifetime);
    (void)token
        ->import_certificate(proof, {certificate, authority.certificate()}, token::CertificateState::active)
        .value();
    return object.id;
}

Certificate OperationFixture::certificate_of(const token::KeyId& key) const {
    for (const auto& object : token->objects().value())
        if (object.id == key) return object.certificate.value();
    throw std::runtime_error("no such key");
}

void OperationFixture::allow_access(const std::string& origin) {
    sites->set(origin, core::SitePermission::access, core::Decision::allow);
}

OperationFixture::Call& OperationFixture::start(link::Request request, const std::string& origin,
                                                link::ConnectionId connection,
                                                std::vector<Descriptor> previews) {
    calls.push_back(std::make_unique<Call>());
    auto& call = *calls.back();
    call.id = calls.size();
    core::Requester who;
    who.connection = connection;
    who.origin = origin;
    who.local = connection == 0;
    who.api = front;
    who.session = session;
    who.program = {"firefox-esr", "/usr/lib/firefox-esr/firefox-esr", 812, true};
    core::OperationService::Callbacks callbacks;
    callbacks.on_state = [&call](link::PromptState state) { call.states.push_back(state); };
    callbacks.on_reply = [&call](protocol::Outcome<link::Answer> reply) {
        call.replies.push_back(std::move(reply));
    };
    service->start(
        std::move(who),
        link::Operation{call.id, connection, connection == 0 ? 7U : 0U, std::move(request), session},
        std::move(previews), std::move(callbacks));
    return call;
}

OperationFixture::Call& OperationFixture::start_local(link::Request request) {
    return start(std::move(request), "ignored", 0);
}

OperationFixture::Call& OperationFixture::ask(link::Request request, const std::string& origin,
                                              link::ConnectionId connection,
                                              std::vector<Descriptor> previews) {
    auto& call = start(std::move(request), origin, connection, std::move(previews));
    executor.run();
    return call;
}

OperationFixture::Call& OperationFixture::ask_and_allow(link::Request request, std::string certificate,
                                                        const std::string& origin,
                                                        link::ConnectionId connection) {
    const auto before = surface.shown.size();
    auto& call = ask(std::move(request), origin, connection);
    if (surface.shown.size() != before + 1) FAIL("no prompt was shown");
    surface.allow(user_pin, std::move(certificate));
    executor.run();
    return call;
}

link::SignItem OperationFixture::item(std::string_view content, int preview) {
    link::SignItem item;
    item.name = "document.txt";
    item.media_type = "text/plain";
    item.size = content.size();
    item.digest = digest(DigestAlgorithm::sha256, as_bytes(content));
    item.preview = preview;
    return item;
}

link::Sign OperationFixture::cms(const std::vector<std::string>& contents) {
    link::Sign sign;
    sign.format = link::SignFormat::cms;
    for (const auto& content : contents) sign.items.push_back(item(content));
    return sign;
}

std::vector<std::string> OperationFixture::log_lines() const {
    return log->read(1, 1000, "").value().entries;
}

Descriptor memory_file(std::string_view content, bool sealed) {
    Descriptor file(memfd_create("preview", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file || !write_all(file.get(), as_bytes(content))) throw std::runtime_error("memfd");
    constexpr int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    if (sealed && fcntl(file.get(), F_ADD_SEALS, seals) != 0) throw std::runtime_error("seals");
    return file;
}

bool verifies(const Certificate& certificate, DigestAlgorithm algorithm, ByteView message,
              ByteView signature) {
    const OwnedDigestContext context(EVP_MD_CTX_new());
    if (EVP_DigestVerifyInit(context.get(), nullptr, digest_method(algorithm), nullptr,
                             certificate.get0_public_key()) != 1)
        return false;
    const bool right = EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                        message.size()) == 1;
    if (!right) (void)openssl_error("verification");
    return right;
}

} // namespace mohr::test
