// SPDX-License-Identifier: Apache-2.0
#include "certificate_filter.hpp"
#include "control_json.hpp"
#include "document_previews.hpp"
#include "link_recipient.hpp"
#include "operation_checks.hpp"
#include "operation_work.hpp"
#include "portal_sessions.hpp"
#include "token_failures.hpp"
#include <mohr/signing/cms_signed.hpp>

#include <algorithm>
#include <utility>

namespace mohr::core::operation_work {

using protocol::Code;
using protocol::Failure;
using protocol::Outcome;
using token::Purpose;

namespace {

/// Hashing this much takes about as long as a hop to the pool and back.
constexpr std::uint64_t quick_preview_bytes = 32 * 1024;

std::string name_kind(link::NameKind kind) {
    switch (kind) {
    case link::NameKind::upn:
        return "upn";
    case link::NameKind::email:
        return "email";
    case link::NameKind::dns:
        return "dns";
    case link::NameKind::directory:
        return "directory";
    case link::NameKind::uri:
        return "uri";
    case link::NameKind::ip:
        return "ip";
    case link::NameKind::identifier:
        return "identifier";
    }
    return {};
}

/// Fills the prompt of one kind of request.
class Writer {
public:
    Writer(const Order& order, Prepared& prepared) : order_(order), prepared_(prepared) {}

    Outcome<void> operator()(const link::RequestAccess&) {
        prepared_.prompt.kind = PromptKind::access;
        prepared_.prompt.remember = {"access"};
        return {};
    }
    Outcome<void> operator()(const link::ListCertificates& list) {
        prepared_.prompt.kind = PromptKind::listing;
        prepared_.prompt.remember.emplace_back("listing");
        return narrow(list.filter);
    }
    Outcome<void> operator()(const link::SelectCertificate& select) {
        prepared_.prompt.kind = PromptKind::select;
        prepared_.prompt.remember.emplace_back("certificate");
        if (auto ok = narrow(select.filter); !ok) return ok;
        switch (select.purpose) {
        case link::Purpose::sign:
            return choose(Purpose::sign_document, link::Scheme::automatic);
        case link::Purpose::authenticate:
            return choose(Purpose::authenticate, link::Scheme::automatic);
        case link::Purpose::decrypt:
            return choose(Purpose::decrypt, link::Scheme::automatic);
        case link::Purpose::any:
            return choose(Purpose::sign_document, link::Scheme::automatic, true);
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
        auto previews = check_previews(sign, order_.previews);
        if (!previews) return previews.error();
        for (std::size_t i = 0; i < sign.items.size(); ++i) {
            const auto& item = sign.items[i];
            PromptDocument document;
            document.name = item.name;
            if (!item.blind || item.size > 0) document.size = item.size;
            document.media_type = item.media_type;
            document.digest_algorithm = sign.digest_algorithm;
            document.digest = item.digest;
            document.preview = std::move((*previews)[i].text);
            document.content = std::move((*previews)[i].content);
            document.content_offset = item.preview_offset;
            prompt.documents.push_back(std::move(document));
            prompt.blind = prompt.blind || item.blind;
        }
        prompt.weak = sign.digest_algorithm == DigestAlgorithm::sha1;
        for (const auto& attribute : sign.attributes) {
            auto type = signing::attribute_type(attribute);
            if (!type) {
                Failure failure(Code::invalid_params, type.error().detail);
                failure.path = "attributes";
                return failure;
            }
            prompt.attributes.push_back(std::move(*type));
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
        if (prompt.legacy) prompt.window = WindowTerms{DecryptWindow::max_items, DecryptWindow::max_minutes};
        return choose(Purpose::decrypt, link::Scheme::automatic);
    }
    Outcome<void> operator()(const link::GenerateKey& generate) {
        prepared_.prompt.kind = PromptKind::generate;
        prepared_.prompt.key_algorithm = generate.algorithm;
        prepared_.prompt.key_subject = generate.subject;
        for (const auto& name : generate.names)
            prepared_.prompt.key_names.push_back(name_kind(name.kind) + (": " + name.value));
        if (!key_algorithm_from_name(generate.algorithm))
            return Failure(Code::unsupported_algorithm, "key algorithm");
        return {};
    }
    Outcome<void> operator()(const link::ImportCertificate& import) {
        prepared_.prompt.kind = PromptKind::import;
        auto certificates = operation_checks::read_certificate_sequence(import.data);
        if (!certificates) return certificates.error();
        prepared_.prompt.documents = shown_certificates(*certificates);
        prepared_.certificates = std::move(*certificates);
        return order_.portal ? only_of_session() : Outcome<void>();
    }
    /// One block says nothing of itself, so it is marked like any content that is not tamper-proof.
    Outcome<void> operator()(const link::DecryptBlock& decrypt) {
        auto& prompt = prepared_.prompt;
        prompt.kind = PromptKind::decrypt;
        prompt.unauthenticated = true;
        PromptDocument document;
        document.name = "RSA block";
        document.size = decrypt.block.size();
        prompt.documents.push_back(std::move(document));
        return choose(Purpose::decrypt, link::Scheme::rsa_pkcs1_v15);
    }
    Outcome<void> operator()(const link::RequestCertificate&) {
        prepared_.prompt.kind = PromptKind::request;
        const auto* object = find(order_.only);
        if (object == nullptr || !object->certificate) return Failure(Code::certificate_not_found);
        prepared_.prompt.key_subject = object->certificate->subject();
        prepared_.prompt.key_algorithm = algorithm_name(object->algorithm);
        return choose(Purpose::sign_document, link::Scheme::automatic, true);
    }
    Outcome<void> operator()(const link::RemoveKey& remove) {
        prepared_.prompt.kind = PromptKind::remove_key;
        const auto* object = find(token::KeyId::from_text(remove.key_id));
        const bool mine = object != nullptr && !object->certificate && is_of_session(object->id);
        if (!mine) return Failure(Code::certificate_not_found, "not a key of this session");
        prepared_.prompt.key_algorithm = algorithm_name(object->algorithm);
        prepared_.prompt.key_subject = object->label;
        return {};
    }
    Outcome<void> operator()(const link::RemoveCertificate&) {
        prepared_.prompt.kind = PromptKind::remove_certificate;
        const auto* object = find(order_.only);
        if (object == nullptr || !object->certificate) return Failure(Code::certificate_not_found);
        prepared_.prompt.certificates.push_back(removable_certificate(*object));
        return {};
    }
    Outcome<void> operator()(const link::ChangePin&) {
        prepared_.prompt.kind = PromptKind::change_pin;
        return {};
    }
    Outcome<void> operator()(const link::UnblockPin&) {
        prepared_.prompt.kind = PromptKind::unblock_pin;
        return {};
    }
    Outcome<void> operator()(const link::ImportFile& import) {
        prepared_.prompt.kind = PromptKind::import_file;
        prepared_.prompt.file = true;
        prepared_.prompt.password = true;
        if (const auto filter = CertificateFilter::from(import.filter); !filter) return filter.error();
        return {};
    }

private:
    [[nodiscard]] const token::TokenObject* find(const std::optional<token::KeyId>& id) const {
        const auto found = std::find_if(prepared_.objects.begin(), prepared_.objects.end(),
                                        [&](const auto& object) { return id && object.id == *id; });
        return found == prepared_.objects.end() ? nullptr : &*found;
    }
    [[nodiscard]] bool is_of_session(const token::KeyId& key) const {
        return std::find(order_.session_keys.begin(), order_.session_keys.end(), key) !=
               order_.session_keys.end();
    }

    /// A page brings certificates for keys that it had made, or for the one it has selected, and no others.
    Outcome<void> only_of_session() {
        auto& certificates = prepared_.certificates;
        const auto fitting =
            std::stable_partition(certificates.begin(), certificates.end(), [&](const Certificate& one) {
                return std::any_of(prepared_.objects.begin(), prepared_.objects.end(),
                                   [&](const auto& object) {
                                       const bool asked = is_of_session(object.id) ||
                                                          (order_.only && object.id == *order_.only);
                                       return asked && object.public_key_info == one.public_key_info();
                                   });
            });
        if (fitting == certificates.begin())
            return Failure(Code::certificate_not_found, "for no key of this session");
        return {};
    }

    Outcome<void> narrow(const link::CertificateFilter& wanted) {
        const auto filter = CertificateFilter::from(wanted);
        if (!filter) return filter.error();
        std::erase_if(prepared_.objects, [&](const token::TokenObject& object) {
            return object.certificate && !filter->matches(*object.certificate);
        });
        return {};
    }

    Outcome<void> choose(Purpose purpose, link::Scheme scheme, bool any = false) {
        ChoiceRequest wanted;
        wanted.any = any;
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

bool is_quick(const token::Token& token, const Order& order) noexcept {
    if (!token.answers_at_once()) return false;
    if (std::holds_alternative<link::Decrypt>(order.request) ||
        std::holds_alternative<link::ImportCertificate>(order.request))
        return false;
    const auto* sign = std::get_if<link::Sign>(&order.request);
    if (sign == nullptr) return true;
    std::uint64_t shown = 0;
    for (const auto& item : sign->items)
        if (item.preview >= 0) shown += std::min<std::uint64_t>(item.size, quick_preview_bytes + 1);
    return shown <= quick_preview_bytes;
}

Outcome<Prepared> prepare(const token::Token& token, const Order& order) {
    const auto info = token.info();
    if (info.state == token::TokenState::not_activated) return Failure(Code::token_not_activated);
    if (info.state != token::TokenState::initialised) return Failure(Code::token_not_initialised);
    // Where the certificate is named already, the others are not looked at.
    const bool one = order.only && std::holds_alternative<link::Sign>(order.request);
    auto objects = one ? token.object(*order.only) : token.objects();
    if (!objects) return token_failure(objects.error());
    Prepared prepared;
    prepared.prompt = order.prompt;
    prepared.objects = std::move(*objects);
    prepared.unlocked = info.unlocked;
    Writer writer(order, prepared);
    if (auto ok = std::visit(writer, order.request); !ok) return ok.error();
    auto& prompt = prepared.prompt;
    if (uses_key(prompt.kind)) {
        const bool admin = prompt.kind == PromptKind::unblock_pin;
        const auto& role = admin ? info.admin : info.user;
        if (role.blocked()) return Failure(Code::pin_blocked);
        prompt.pin.needed = true;
        prompt.pin.tries_left = role.tries_left;
        prompt.pin.min_length = admin ? order.admin_pin_min : order.pin_min;
        prompt.pin.max_length = admin ? order.admin_pin_max : order.pin_max;
        prompt.pin.admin = admin;
        prompt.pin.renewed = admin || prompt.kind == PromptKind::change_pin;
        prompt.pin.new_min_length = order.pin_min;
        prompt.pin.new_max_length = order.pin_max;
    }
    return prepared;
}

} // namespace mohr::core::operation_work
