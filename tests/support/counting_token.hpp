// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/token/token.hpp>

#include <atomic>
#include <functional>
#include <new>
#include <optional>
#include <utility>

namespace mohr::test {

/// A real token that counts how often its keys and PINs are used, and can be told to fail.
class CountingToken final : public token::Token {
public:
    explicit CountingToken(token::Token& inner) : inner_(inner) {}

    std::atomic<int> authorised{0};
    std::atomic<int> signatures{0};
    std::atomic<int> decryptions{0};
    std::atomic<int> generated{0};
    std::atomic<int> imported{0};
    std::optional<Error> commit_failure;   ///< of the activity log's head
    int fail_signature_number = 0;         ///< the n-th signature fails
    std::function<void(int)> on_signature; ///< told the number of each, before it is made
    enum class Bug { none, objects, authorise, sign };
    Bug bug = Bug::none; ///< what throws, as a bug or memory used up would

    bool at_once = false; ///< answers on the I/O thread where it can, as the soft token by itself does

    [[nodiscard]] int key_uses() const { return signatures + decryptions + generated + imported; }

    bool answers_at_once() const noexcept override { return at_once && inner_.answers_at_once(); }
    std::optional<token::Authorisation> authorise_at_once(const Secret& pin) override {
        return at_once ? inner_.authorise_at_once(pin) : std::nullopt;
    }
    bool signs_at_once(const token::TokenObject& object) const noexcept override {
        return at_once && inner_.signs_at_once(object);
    }
    token::TokenInfo info() const override { return inner_.info(); }
    Result<std::vector<token::TokenObject>> objects() const override {
        if (bug == Bug::objects) throw std::bad_alloc();
        return inner_.objects();
    }
    Result<std::vector<token::TokenObject>> object(const token::KeyId& id) const override {
        if (bug == Bug::objects) throw std::bad_alloc();
        return inner_.object(id);
    }
    Result<void> initialise(Secret user, Secret admin, std::string label,
                            token::PinConfirmations confirmed) override {
        return inner_.initialise(std::move(user), std::move(admin), std::move(label), confirmed);
    }
    Result<void> reset(token::Authorisation proof, Secret user, Secret admin,
                       token::PinConfirmations confirmed) override {
        return inner_.reset(std::move(proof), std::move(user), std::move(admin), confirmed);
    }
    Result<void> reset_blocked(Secret user, Secret admin, token::PinConfirmations confirmed) override {
        return inner_.reset_blocked(std::move(user), std::move(admin), confirmed);
    }
    Result<token::Authorisation, token::PinFailure> authorise(token::Role role, const Secret& pin) override {
        ++authorised;
        if (bug == Bug::authorise) throw std::bad_alloc();
        return inner_.authorise(role, pin);
    }
    Result<void> change_pin(token::Authorisation proof, Secret pin,
                            token::PinConfirmations confirmed) override {
        return inner_.change_pin(std::move(proof), std::move(pin), confirmed);
    }
    Result<void> unblock_user(token::Authorisation proof, Secret pin,
                              token::PinConfirmations confirmed) override {
        return inner_.unblock_user(std::move(proof), std::move(pin), confirmed);
    }
    Result<void> set_label(token::Authorisation proof, std::string label) override {
        return inner_.set_label(std::move(proof), std::move(label));
    }
    Result<token::TokenObject> generate_key(const token::Authorisation& user, token::KeyAlgorithm algorithm,
                                            std::string label) override {
        ++generated;
        return inner_.generate_key(user, algorithm, std::move(label));
    }
    Result<Bytes> certification_request(const token::Authorisation& user, const token::KeyId& key,
                                        std::string_view subject,
                                        const std::vector<token::AlternativeName>& names) override {
        return inner_.certification_request(user, key, subject, names);
    }
    using Token::certification_request;
    Result<token::TokenObject> import_certificate(const token::Authorisation& user,
                                                  const std::vector<Certificate>& certificates,
                                                  token::CertificateState state) override {
        ++imported;
        return inner_.import_certificate(user, certificates, state);
    }
    Result<token::TokenObject> import_pkcs12(const token::Authorisation& user, ByteView file,
                                             Secret password) override {
        return inner_.import_pkcs12(user, file, std::move(password));
    }
    Result<token::TokenObject> activate_certificate(const token::Authorisation& user, const token::KeyId& key,
                                                    bool owner,
                                                    const token::ActivationAnswer& answer) override {
        return inner_.activate_certificate(user, key, owner, answer);
    }
    Result<void> retire(const token::KeyId& key, token::Retirement why) override {
        return inner_.retire(key, why);
    }
    Result<void> remove(const token::Authorisation& user, const token::KeyId& key) override {
        return inner_.remove(user, key);
    }
    Result<Bytes> sign(const token::Authorisation& user, const token::KeyId& key, token::Purpose purpose,
                       token::SignatureScheme scheme, DigestAlgorithm algorithm, ByteView digest) override {
        if (bug == Bug::sign) throw std::bad_alloc();
        const int number = ++signatures;
        if (on_signature) on_signature(number);
        if (number == fail_signature_number) return Error(token::TokenErrc::storage, "told to");
        return inner_.sign(user, key, purpose, scheme, algorithm, digest);
    }
    Result<Secret> unwrap(const token::Authorisation& user, const token::KeyId& key,
                          const token::RsaUnwrap& how, ByteView encrypted) override {
        ++decryptions;
        return inner_.unwrap(user, key, how, encrypted);
    }
    Result<Secret> agree(const token::Authorisation& user, const token::KeyId& key, ByteView peer) override {
        ++decryptions;
        return inner_.agree(user, key, peer);
    }
    void lock() override { inner_.lock(); }
    std::optional<SteadyInstant> lock_if_idle() override { return inner_.lock_if_idle(); }
    Result<Secret> log_key() const override { return inner_.log_key(); }
    token::LogHead log_head() const override { return inner_.log_head(); }
    Result<void> commit_log_head(const token::LogHead& head) override {
        if (commit_failure) return *commit_failure;
        return inner_.commit_log_head(head);
    }

private:
    token::Token& inner_;
};

} // namespace mohr::test
