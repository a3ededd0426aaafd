// SPDX-License-Identifier: Apache-2.0
#include "link_recipient.hpp"
#include "operation_checks.hpp"
#include "operation_work.hpp"
#include "token_failures.hpp"

#include <algorithm>
#include <utility>

namespace mohr::core::operation_work {

using protocol::Code;
using protocol::Failure;
using protocol::Outcome;
using token::Purpose;

namespace {

/// Fills the prompt of one kind of request.
class Writer {
public:
    Writer(const Order& order, Prepared& prepared) : order_(order), prepared_(prepared) {}

    Outcome<void> operator()(const link::RequestAccess&) {
        prepared_.prompt.kind = PromptKind::access;
        prepared_.prompt.remember = {"access"};
        return {};
    }
    Outcome<void> operator()(const link::ListCertificates&) {
        prepared_.prompt.kind = PromptKind::listing;
        prepared_.prompt.remember = {"listing"};
        return {};
    }
    Outcome<void> operator()(const link::SelectCertificate& select) {
        prepared_.prompt.kind = PromptKind::select;
        prepared_.prompt.remember = {"certificate"};
        switch (select.purpose) {
        case link::Purpose::sign:
            return choose(Purpose::sign_document, link::Scheme::automatic);
        case link::Purpose::authenticate:
            return choose(Purpose::authenticate, link::Scheme::automatic);
        case link::Purpose::decrypt:
            return choose(Purpose::decrypt, link::Scheme::automatic);
        case link::Purpose::any:
            break;
        }
        return Failure(Code::invalid_params);
    }
    Outcome<void> operator()(const link::Authenticate& login) {
        prepared_.prompt.kind = PromptKind::authenticate;
        return choose(Purpose::authenticate, login.scheme);
    }
    Outcome<void> operator()(const link::Sign& sign) {
        auto& prompt = prepared_.prompt;
        prompt.kind = PromptKind::sign;
        auto texts = operation_checks::check_previews(sign, order_.previews);
        if (!texts) return texts.error();
        for (std::size_t i = 0; i < sign.items.size(); ++i) {
            const auto& item = sign.items[i];
            PromptDocument document;
            document.name = item.name;
            if (!item.blind) document.size = item.size;
            document.media_type = item.media_type;
            document.digest_algorithm = sign.digest_algorithm;
            document.digest = item.digest;
            document.preview = std::move((*texts)[i]);
            prompt.documents.push_back(std::move(document));
            prompt.blind = prompt.blind || item.blind;
        }
        return choose(Purpose::sign_document, sign.scheme);
    }
    Outcome<void> operator()(const link::Decrypt& decrypt) {
        auto& prompt = prepared_.prompt;
        prompt.kind = PromptKind::decrypt;
        prompt.unauthenticated = !decrypt.authenticated;
        PromptDocument document;
        document.name = decrypt.name;
        document.size = decrypt.size;
        prompt.documents.push_back(std::move(document));
        std::erase_if(prepared_.objects, [&](const token::TokenObject& object) {
            return !object.certificate ||
                   std::none_of(decrypt.recipients.begin(), decrypt.recipients.end(),
                                [&](const auto& one) { return to_signing(one).fits(*object.certificate); });
        });
        if (prepared_.objects.empty()) return Failure(Code::not_a_recipient);
        return choose(Purpose::decrypt, link::Scheme::automatic);
    }
    Outcome<void> operator()(const link::GenerateKey& generate) {
        prepared_.prompt.kind = PromptKind::generate;
        prepared_.prompt.key_algorithm = generate.algorithm;
        prepared_.prompt.key_subject = generate.subject;
        if (!key_algorithm_from_name(generate.algorithm))
            return Failure(Code::unsupported_algorithm, "key algorithm");
        return {};
    }
    Outcome<void> operator()(const link::ImportCertificate& import) {
        prepared_.prompt.kind = PromptKind::import;
        auto certificates = operation_checks::read_certificate_sequence(import.data);
        if (!certificates) return certificates.error();
        for (const auto& certificate : *certificates) {
            PromptDocument document;
            document.name = certificate.common_name();
            document.size = certificate.der().size();
            document.media_type = "application/pkix-cert";
            document.digest_algorithm = DigestAlgorithm::sha256;
            document.digest = certificate.fingerprint();
            prepared_.prompt.documents.push_back(std::move(document));
        }
        prepared_.certificates = std::move(*certificates);
        return {};
    }
    template <class T>
    Outcome<void> operator()(const T&) {
        return Failure(Code::method_not_found, "not built yet");
    }

private:
    Outcome<void> choose(Purpose purpose, link::Scheme scheme) {
        ChoiceRequest wanted;
        wanted.purpose = purpose;
        wanted.scheme = scheme;
        wanted.only = order_.only;
        wanted.preselected = order_.preselected;
        auto shown = choose_from(prepared_.objects, wanted);
        if (!shown) return shown.error();
        prepared_.prompt.certificates = std::move(*shown);
        prepared_.prompt.purpose = purpose == Purpose::sign_document  ? "sign"
                                   : purpose == Purpose::authenticate ? "authenticate"
                                                                      : "decrypt";
        return {};
    }

    const Order& order_;
    Prepared& prepared_;
};

bool uses_key(PromptKind kind) noexcept {
    return kind != PromptKind::access && kind != PromptKind::listing && kind != PromptKind::select;
}

} // namespace

Outcome<Prepared> prepare(const token::Token& token, const Order& order) {
    const auto info = token.info();
    if (info.state == token::TokenState::not_activated) return Failure(Code::token_not_activated);
    if (info.state != token::TokenState::initialised) return Failure(Code::token_not_initialised);
    auto objects = token.objects();
    if (!objects) return token_failure(objects.error());
    Prepared prepared;
    prepared.prompt = order.prompt;
    prepared.objects = std::move(*objects);
    Writer writer(order, prepared);
    if (auto ok = std::visit(writer, order.request); !ok) return ok.error();
    auto& prompt = prepared.prompt;
    if (uses_key(prompt.kind)) {
        if (info.user.blocked()) return Failure(Code::pin_blocked);
        prompt.pin = PromptPin{true, info.user.tries_left, order.pin_min, order.pin_max, false};
    }
    return prepared;
}

} // namespace mohr::core::operation_work
