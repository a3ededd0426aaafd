// SPDX-License-Identifier: Apache-2.0
// What each command of the Dastine front asks of the core.
#include "dastine_job.hpp"
#include "dastine_work.hpp"
#include "overloaded.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/signing/cms_signed.hpp>

#include <algorithm>

namespace mohr::door {

using dastine::Deed;
using protocol::Code;

namespace {

using Made = Outcome<std::unique_ptr<Work>>;

Failure at(Code code, std::string path, std::string why = {}) {
    Failure failure(code, std::move(why));
    failure.path = std::move(path);
    return failure;
}
Failure not_selected() {
    return at(Code::certificate_not_found, "selected", "no certificate is selected");
}
Failure other_answer() {
    return Failure(Code::internal_error, "the core answered another operation");
}

/// Only where the label may be known to the page: before a grant every name passes.
bool names_another(const std::string& name, const std::string& label) {
    return !name.empty() && !label.empty() && name != token_name(label);
}
Failure another_token() {
    return Failure(Code::token_not_initialised, "another token");
}

std::uint32_t usage_bits(const std::vector<dastine::Usage>& usages) {
    std::uint32_t bits = 0;
    for (const dastine::Usage usage : usages) {
        switch (usage) {
        case dastine::Usage::digital_signature:
            bits |= link::usage_digital_signature;
            break;
        case dastine::Usage::non_repudiation:
            bits |= link::usage_non_repudiation;
            break;
        // What our keys decrypt is keys, so that data encipherment is asked of the same certificates.
        case dastine::Usage::key_encipherment:
        case dastine::Usage::data_encipherment:
            bits |= link::usage_key_encipherment;
            break;
        case dastine::Usage::key_agreement:
            bits |= link::usage_key_agreement;
            break;
        }
    }
    return bits;
}
link::CertificateFilter to_link(const dastine::Filter& filter) {
    link::CertificateFilter out;
    out.issuer = filter.issuer;
    out.key_usages = usage_bits(filter.usages);
    return out;
}
link::CertificateFilter to_link(const dastine::SelectBySubject& select) {
    link::CertificateFilter out = to_link(select.filter);
    out.subject = select.subject;
    return out;
}

std::vector<link::AlternativeName> to_link(const dastine::SubjectAltNames& names) {
    std::vector<link::AlternativeName> out;
    const auto add = [&](link::NameKind kind, const std::string& value) {
        if (!value.empty()) out.push_back({kind, value});
    };
    add(link::NameKind::upn, names.upn);
    add(link::NameKind::email, names.rfc822);
    add(link::NameKind::dns, names.dns);
    add(link::NameKind::directory, names.directory);
    add(link::NameKind::uri, names.uri);
    add(link::NameKind::ip, names.ip);
    add(link::NameKind::identifier, names.id);
    return out;
}

/// Base64 of DER or PKCS#7, or PEM of either: as bare DER certificates, one behind the other.
Outcome<Bytes> der_sequence(std::string_view text) {
    auto bytes = from_base64(text);
    const auto certificates = read_certificates(bytes ? ByteView(*bytes) : as_bytes(text));
    if (!certificates) return at(Code::malformed_data, "certificate", certificates.error().describe());
    Bytes sequence;
    for (const Certificate& one : *certificates)
        sequence.insert(sequence.end(), one.der().begin(), one.der().end());
    return sequence;
}

Outcome<std::vector<Bytes>> encoded(const std::vector<dastine::Attribute>& attributes) {
    std::vector<Bytes> out;
    for (const dastine::Attribute& one : attributes) {
        auto der = signing::encode_attribute(one.type, one.value);
        if (!der) return at(Code::malformed_data, "attributes", der.error().describe());
        out.push_back(std::move(*der));
    }
    return out;
}

Outcome<Bytes> nothing(link::Answer& answer) {
    if (!std::holds_alternative<link::Completed>(answer)) return other_answer();
    return Bytes();
}
Outcome<Bytes> subjects(link::Answer& answer) {
    const auto* const listed = std::get_if<link::Listed>(&answer);
    if (listed == nullptr) return other_answer();
    std::string lines;
    for (const link::CertificateView& view : listed->certificates) {
        const auto certificate = Certificate::from_der(view.certificate);
        if (!certificate) return Failure(Code::internal_error, certificate.error().describe());
        lines += certificate->subject() + "\n";
    }
    if (lines.empty()) return Failure(Code::certificate_not_found, "none fits");
    return dastine::to_utf16le(lines);
}

} // namespace

Deed deed_of(const dastine::Command& command) noexcept {
    if (is_selection(command)) return Deed::select;
    return std::visit(Overloaded{
                          [](const dastine::FindCertificates&) { return Deed::select; },
                          [](const dastine::Sign&) { return Deed::sign; },
                          [](const dastine::CmsSign&) { return Deed::cms_sign; },
                          [](const dastine::CmsSignWithAttributes&) { return Deed::cms_sign; },
                          [](const dastine::CmsDecrypt&) { return Deed::decrypt; },
                          [](const dastine::Decrypt&) { return Deed::decrypt; },
                          [](const dastine::GenerateKeyPair&) { return Deed::generate; },
                          [](const dastine::RequestBySelectedCertificate&) { return Deed::request; },
                          [](const dastine::ImportCertificate&) { return Deed::import; },
                          [](const dastine::ImportFile&) { return Deed::import_file; },
                          [](const dastine::RemoveSelectedCertificate&) { return Deed::remove_certificate; },
                          [](const dastine::RemoveKeyPair&) { return Deed::remove_key_pair; },
                          [](const dastine::ChangePin&) { return Deed::change_pin; },
                          [](const dastine::UnblockPin&) { return Deed::unblock_pin; },
                          [](const auto&) { return Deed::other; },
                      },
                      command);
}

bool is_selection(const dastine::Command& command) noexcept {
    return std::holds_alternative<dastine::SelectByUi>(command) ||
           std::holds_alternative<dastine::SelectBySubject>(command) ||
           std::holds_alternative<dastine::SelectByThumbprint>(command);
}

std::string token_name(std::string_view label) {
    std::string name(label);
    std::replace(name.begin(), name.end(), '|', ' ');
    return name.size() > 3 ? name : "Mohr " + name;
}

std::unique_ptr<Work> DastineSession::select(const WorkContext& context, link::CertificateFilter filter,
                                             dastine::Store store) {
    const auto take = [this](link::Answer& answer) -> Outcome<Bytes> {
        link::CertificateView* view = nullptr;
        if (auto* const selected = std::get_if<link::Selected>(&answer)) view = &selected->certificate;
        if (auto* const imported = std::get_if<link::Imported>(&answer)) view = &imported->certificate;
        if (view == nullptr) return other_answer();
        selected_ = Selected{std::move(view->handle), std::move(view->certificate)};
        return Bytes();
    };
    if (store == dastine::Store::file)
        return make_ask_work(context, link::ImportFile{std::move(filter)}, take);
    return make_ask_work(context, link::SelectCertificate{link::Purpose::any, std::move(filter)}, take);
}

Made DastineSession::make_work(Job& job) {
    WorkContext context{job, clock_, [&host = host_] { host.step_soon(); }};
    context.previews = {host_.preview_budget(), key_.origin};
    context.hash_thread = host_.hash_thread();
    const auto ask = [&](link::Request request, TakeAnswer take) -> Made {
        return make_ask_work(context, std::move(request), std::move(take));
    };
    const auto on_token = [&](const std::string& name, link::Request request) -> Made {
        if (names_another(name, job.order.token_label)) return another_token();
        return ask(std::move(request), nothing);
    };
    return std::visit(
        Overloaded{
            [&](dastine::SelectByUi& c) -> Made { return select(context, to_link(c.filter), c.store); },
            [&](dastine::SelectBySubject& c) -> Made { return select(context, to_link(c), c.store); },
            [&](dastine::SelectByThumbprint& c) -> Made {
                link::CertificateFilter filter;
                filter.thumbprint = link::Thumbprint{c.algorithm, std::move(c.thumbprint)};
                return select(context, std::move(filter), dastine::Store::any);
            },
            [&](dastine::FindCertificates& c) -> Made {
                return ask(link::ListCertificates{to_link(c.filter)}, subjects);
            },
            [&](dastine::RemoveSelectedCertificate&) -> Made {
                if (!selected_) return not_selected();
                return ask(link::RemoveCertificate{selected_->handle}, [this](link::Answer& answer) {
                    auto done = nothing(answer);
                    if (done) selected_.reset();
                    return done;
                });
            },
            [&](dastine::ChangePin& c) { return on_token(c.token, link::ChangePin{}); },
            [&](dastine::UnblockPin& c) { return on_token(c.token, link::UnblockPin{}); },
            [&](auto&) -> Made {
                return job.order.content ? make_document_work(job, context)
                                         : make_enrolment_work(job, context);
            },
        },
        job.order.command);
}

Made DastineSession::make_document_work(Job& job, const WorkContext& context) {
    const link::SiteQuirks& quirks = job.order.quirks;
    const std::shared_ptr<Feed> feed = job.order.content->feed();
    const auto cms = [&](DigestAlgorithm hash, bool attached) -> Outcome<SignWork> {
        if (!selected_) return not_selected();
        if (hash == DigestAlgorithm::sha1 && !quirks.sha1)
            return Failure(Code::unsupported_algorithm, "SHA-1 is switched off for this site");
        SignWork work;
        work.format = link::SignFormat::cms;
        work.digest = hash;
        work.certificate = selected_->handle;
        work.attached =
            quirks.attach == link::Attach::as_asked ? attached : quirks.attach == link::Attach::always;
        work.documents.push_back({"data", {}, {}, feed, {}});
        return work;
    };
    return std::visit(
        Overloaded{
            [&](dastine::Sign& c) -> Made {
                if (!selected_) return not_selected();
                return make_dastine_sign_work(context, {feed, c.hash, selected_->handle,
                                                        quirks.prehashed == link::Prehashed::automatic,
                                                        quirks.little_endian, quirks.sha1});
            },
            [&](dastine::CmsSign& c) -> Made {
                auto work = cms(c.hash, c.attached);
                if (!work) return work.error();
                return make_sign_work(context, std::move(*work));
            },
            [&](dastine::CmsSignWithAttributes& c) -> Made {
                auto work = cms(DigestAlgorithm::sha256, true);
                if (!work) return work.error();
                auto authenticated = encoded(c.authenticated);
                auto unauthenticated = encoded(c.unauthenticated);
                if (!authenticated) return authenticated.error();
                if (!unauthenticated) return unauthenticated.error();
                work->attributes = std::move(*authenticated);
                work->unsigned_attributes = std::move(*unauthenticated);
                return make_sign_work(context, std::move(*work));
            },
            [&](dastine::CmsDecrypt&) -> Made {
                return make_decrypt_work(context, {feed, {}});
            },
            [&](dastine::Decrypt&) -> Made {
                if (!selected_) return not_selected();
                return make_dastine_block_work(context, {feed, selected_->handle, quirks.oaep});
            },
            [](auto&) -> Made { return Failure(Code::internal_error, "no work behind this command"); },
        },
        job.order.command);
}

Made DastineSession::generate(const WorkContext& context, dastine::GenerateKeyPair& command) {
    if (command.target == dastine::CsrTarget::selected_certificate && !selected_) return not_selected();
    link::GenerateKey request;
    request.algorithm = "RSA-" + std::to_string(command.key_bits);
    request.subject = std::move(command.subject);
    request.names = to_link(command.names);
    return make_ask_work(context, std::move(request), [this](link::Answer& answer) -> Outcome<Bytes> {
        auto* const made = std::get_if<link::Generated>(&answer);
        if (made == nullptr) return other_answer();
        generated_key_ = std::move(made->key_id);
        return std::move(made->request);
    });
}

Made DastineSession::import(const WorkContext& context, const dastine::ImportCertificate& command) {
    const bool on_selected = command.target == dastine::CsrTarget::selected_certificate;
    auto sequence = der_sequence(command.certificate);
    if (!sequence) return sequence.error();
    if (on_selected && !selected_) return not_selected();
    if (!on_selected && generated_key_.empty() && !selected_)
        return at(Code::not_found, "generated", "no key pair of this session");
    const std::string handle = selected_ ? selected_->handle : std::string();
    return make_ask_work(context, link::ImportCertificate{std::move(*sequence), handle},
                         [this](link::Answer& answer) -> Outcome<Bytes> {
                             if (!std::holds_alternative<link::Imported>(answer)) return other_answer();
                             generated_key_.clear();
                             return Bytes();
                         });
}

Made DastineSession::make_enrolment_work(Job& job, const WorkContext& context) {
    const auto ask = [&](link::Request request, TakeAnswer take) -> Made {
        return make_ask_work(context, std::move(request), std::move(take));
    };
    return std::visit(
        Overloaded{
            [&](dastine::GenerateKeyPair& c) -> Made {
                if (names_another(c.token, job.order.token_label)) return another_token();
                return generate(context, c);
            },
            [&](dastine::RequestBySelectedCertificate&) -> Made {
                if (!selected_) return not_selected();
                return ask(link::RequestCertificate{selected_->handle},
                           [](link::Answer& answer) -> Outcome<Bytes> {
                               auto* const made = std::get_if<link::Generated>(&answer);
                               if (made == nullptr) return other_answer();
                               return std::move(made->request);
                           });
            },
            [&](dastine::ImportCertificate& c) -> Made { return import(context, c); },
            [&](dastine::ImportFile& c) -> Made {
                if (names_another(c.token, job.order.token_label)) return another_token();
                return ask(link::ImportFile{}, [](link::Answer& answer) -> Outcome<Bytes> {
                    if (!std::holds_alternative<link::Imported>(answer)) return other_answer();
                    return Bytes();
                });
            },
            [&](dastine::RemoveKeyPair&) -> Made {
                if (generated_key_.empty()) return Failure(Code::not_found, "no key pair of this session");
                return ask(link::RemoveKey{generated_key_}, [this](link::Answer& answer) {
                    auto done = nothing(answer);
                    if (done) generated_key_.clear();
                    return done;
                });
            },
            [](auto&) -> Made { return Failure(Code::internal_error, "no work behind this command"); },
        },
        job.order.command);
}

} // namespace mohr::door
