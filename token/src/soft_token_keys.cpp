// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"
#include "fault.hpp"
#include "key_usage.hpp"
#include "pkcs12.hpp"
#include "request.hpp"
#include "soft_token_impl.hpp"
#include <mohr/base/encoding.hpp>

#include <openssl/err.h>

#include <algorithm>

namespace mohr::token {
namespace {

constexpr std::size_t max_key_label_bytes = 128;
constexpr std::size_t max_given_certificates = 64;

Result<void> check_key_label(std::string_view label) {
    if (label.size() > max_key_label_bytes) return Error(TokenErrc::limit, "a label has at most 128 bytes");
    if (!is_utf8(label) || label.find('\0') != std::string_view::npos)
        return Error(TokenErrc::malformed, "label");
    return {};
}

/// The same list with one key replaced, added or (with nothing to put) taken away.
std::shared_ptr<const KeyList> with_key(const KeyList& list, const KeyId& id,
                                        std::shared_ptr<const StoredKey> key) {
    auto changed = std::make_shared<KeyList>(list);
    const auto place = std::find_if(changed->begin(), changed->end(),
                                    [&](const auto& known) { return known->object.id == id; });
    if (place == changed->end())
        changed->push_back(std::move(key));
    else if (key)
        *place = std::move(key);
    else
        changed->erase(place);
    return changed;
}

/// R124: importing the same certificate again must not lift its hold or its revocation.
CertificateState next_state(const TokenObject& old, const Certificate& certificate, CertificateState wanted) {
    const bool same = old.certificate && old.certificate->der() == certificate.der();
    return same && old.state != CertificateState::pending ? old.state : wanted;
}

Result<void> check_pair(EVP_PKEY* key) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    const bool sound = context && EVP_PKEY_check(context.get()) == 1;
    ERR_clear_error();
    if (!sound) return Error(TokenErrc::malformed, "the private key is not sound");
    return {};
}

} // namespace

std::shared_ptr<const KeyList> SoftToken::Impl::key_list() const {
    const std::shared_lock lock(view);
    return keys;
}

Result<std::shared_ptr<const StoredKey>> SoftToken::Impl::find(const KeyId& id) const {
    const auto list = key_list();
    const auto found =
        std::find_if(list->begin(), list->end(), [&](const auto& key) { return key->object.id == id; });
    if (found == list->end()) return Error(TokenErrc::no_such_key, id.text());
    return *found;
}

TokenObject SoftToken::Impl::seen_now(const TokenObject& stored) const {
    TokenObject out = stored;
    out.state = state_at(stored, options.clock.now());
    return out;
}

Result<std::vector<TokenObject>> SoftToken::objects() const {
    MOHR_TRY(impl_->ready());
    std::vector<TokenObject> out;
    for (const auto& key : *impl_->key_list()) out.push_back(impl_->seen_now(key->object));
    return out;
}

Result<std::vector<TokenObject>> SoftToken::object(const KeyId& id) const {
    MOHR_TRY(impl_->ready());
    std::vector<TokenObject> out;
    if (const auto key = impl_->find(id)) out.push_back(impl_->seen_now((*key)->object));
    return out;
}

/// Inserts or replaces, durably; with `change` held.
Result<TokenObject> SoftToken::Impl::store_key(StoredKey key) {
    auto stored = std::make_shared<const StoredKey>(std::move(key));
    MOHR_TRY(commit([&] { return vault.write_key(*stored); }));
    TokenObject out = seen_now(stored->object);
    const std::unique_lock exclusive(view);
    keys = with_key(*keys, stored->object.id, stored);
    return out;
}

Result<TokenObject> SoftToken::Impl::add_key(const Session& opened, EVP_PKEY* key, std::string label,
                                             const Certificate* certificate, std::vector<Certificate> chain) {
    StoredKey fresh;
    auto algorithm = algorithm_of(key);
    if (!algorithm) return algorithm.error();
    auto info = public_key_info(key);
    if (!info) return info.error();
    auto id = key_id_of(*info);
    if (!id) return id.error();
    auto pkcs8 = encode_private_key(key);
    if (!pkcs8) return pkcs8.error();
    fresh.sealed = seal_private_key(opened.master(), *id, *info, *pkcs8);
    fresh.object.id = *id;
    fresh.object.label = std::move(label);
    fresh.object.algorithm = *algorithm;
    fresh.object.state = certificate != nullptr ? CertificateState::active : CertificateState::pending;
    if (certificate != nullptr) fresh.object.certificate = *certificate;
    fresh.object.chain = std::move(chain);
    fresh.object.public_key_info = std::move(*info);
    fresh.object.created = options.clock.now();
    return store_key(std::move(fresh));
}

Result<TokenObject> SoftToken::generate_key(const Authorisation& user, KeyAlgorithm algorithm,
                                            std::string label) {
    MOHR_TRY(check_key_label(label));
    if (auto session = impl_->require(user, Role::user); !session) return session.error();
    if (impl_->key_list()->size() >= impl_->options.max_keys) return Error(TokenErrc::limit, "too many keys");
    auto key = generate_key_pair(algorithm); // seconds for RSA-4096: outside the lock
    if (!key) return key.error();
    const std::lock_guard lock(impl_->change);
    auto session = impl_->require(user, Role::user);
    if (!session) return session.error();
    if (impl_->key_list()->size() >= impl_->options.max_keys) return Error(TokenErrc::limit, "too many keys");
    impl_->touch();
    return impl_->add_key(**session, key->get(), std::move(label), nullptr, {});
}

Result<Bytes> SoftToken::certification_request(const Authorisation& user, const KeyId& id,
                                               std::string_view subject,
                                               const std::vector<AlternativeName>& names) {
    auto session = impl_->require(user, Role::user);
    if (!session) return session.error();
    auto key = impl_->find(id);
    if (!key) return key.error();
    MOHR_TRY(check_purpose((*key)->object, impl_->options.clock.now(), Purpose::certification_request));
    auto loaded = (*session)->load(**key);
    if (!loaded) return loaded.error();
    impl_->touch();
    return make_request((*loaded)->get0(), subject, names);
}

Result<TokenObject> SoftToken::import_certificate(const Authorisation& user,
                                                  const std::vector<Certificate>& certificates,
                                                  CertificateState state) {
    if (state != CertificateState::active && state != CertificateState::on_hold)
        return Error(TokenErrc::malformed, "state of an import");
    if (certificates.size() > max_given_certificates) return Error(TokenErrc::limit, "too many certificates");
    const std::lock_guard lock(impl_->change);
    if (auto session = impl_->require(user, Role::user); !session) return session.error();
    const auto list = impl_->key_list();
    for (const Certificate& certificate : certificates) {
        const Bytes info = certificate.public_key_info();
        const auto found = std::find_if(list->begin(), list->end(),
                                        [&](const auto& key) { return key->object.public_key_info == info; });
        if (found == list->end()) continue;
        StoredKey changed = **found;
        changed.object.state = next_state(changed.object, certificate, state);
        changed.object.certificate = certificate;
        changed.object.chain = arrange_chain(certificate, certificates);
        impl_->touch();
        return impl_->store_key(std::move(changed));
    }
    return Error(TokenErrc::no_matching_key);
}

Result<TokenObject> SoftToken::import_pkcs12(const Authorisation& user, ByteView file, Secret password) {
    if (auto session = impl_->require(user, Role::user); !session) return session.error();
    auto content = read_pkcs12(file, password);
    if (!content) return content.error();
    if (auto algorithm = algorithm_of(content->key.get()); !algorithm) return algorithm.error();
    MOHR_TRY(check_pair(content->key.get()));
    auto info = public_key_info(content->key.get());
    if (!info) return info.error();
    if (content->certificate.public_key_info() != *info)
        return Error(TokenErrc::malformed, "key and certificate do not fit");
    std::string label =
        content->friendly_name.empty() ? content->certificate.common_name() : content->friendly_name;
    if (!check_key_label(label)) label.clear();
    auto id = key_id_of(*info);
    if (!id) return id.error();

    const std::lock_guard lock(impl_->change);
    auto session = impl_->require(user, Role::user);
    if (!session) return session.error();
    impl_->touch();
    std::vector<Certificate> chain = arrange_chain(content->certificate, content->others);
    if (auto known = impl_->find(*id)) {
        StoredKey changed = **known;
        changed.object.state = next_state(changed.object, content->certificate, CertificateState::active);
        changed.object.certificate = content->certificate;
        changed.object.chain = std::move(chain);
        return impl_->store_key(std::move(changed));
    }
    if (impl_->key_list()->size() >= impl_->options.max_keys) return Error(TokenErrc::limit, "too many keys");
    return impl_->add_key(**session, content->key.get(), std::move(label), &content->certificate,
                          std::move(chain));
}

Result<TokenObject> SoftToken::activate_certificate(const Authorisation& user, const KeyId& id,
                                                    bool owner_authenticated,
                                                    const ActivationAnswer& answer) {
    const std::lock_guard lock(impl_->change);
    if (auto session = impl_->require(user, Role::user); !session) return session.error();
    auto key = impl_->find(id);
    if (!key) return key.error();
    if (!owner_authenticated) return Error(TokenErrc::owner_authentication_needed);
    if ((*key)->object.state != CertificateState::on_hold)
        return Error(TokenErrc::malformed, "the certificate is not on hold");
    if (!answer.accepted) return Error(TokenErrc::authority_refused);
    StoredKey changed = **key;
    changed.object.state = CertificateState::active;
    impl_->touch();
    return impl_->store_key(std::move(changed));
}

Result<void> SoftToken::retire(const KeyId& id, Retirement why) {
    const std::lock_guard lock(impl_->change);
    MOHR_TRY(impl_->ready());
    auto key = impl_->find(id);
    if (!key) return key.error();
    if (!(*key)->object.certificate) return Error(TokenErrc::certificate_pending);
    StoredKey changed = **key;
    if (why == Retirement::revoked)
        changed.object.state = CertificateState::revoked;
    else
        changed.object.replaced = true;
    if (auto stored = impl_->store_key(std::move(changed)); !stored) return stored.error();
    return {};
}

Result<void> SoftToken::remove(const Authorisation& user, const KeyId& id) {
    const std::lock_guard lock(impl_->change);
    auto session = impl_->require(user, Role::user);
    if (!session) return session.error();
    if (auto key = impl_->find(id); !key) return key.error();
    MOHR_TRY(impl_->commit([&] { return impl_->vault.delete_key(id); }));
    {
        const std::unique_lock exclusive(impl_->view);
        impl_->keys = with_key(*impl_->keys, id, nullptr);
    }
    (*session)->forget(id);
    impl_->touch();
    // secure_delete has zeroed the row in the database; the log may still hold it as it was written.
    const std::lock_guard database(impl_->database);
    impl_->vault.database().truncate_log();
    return {};
}

} // namespace mohr::token
