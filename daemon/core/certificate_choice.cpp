// SPDX-License-Identifier: Apache-2.0
#include "certificate_choice.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>
#include <mohr/base/x509_details.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>

namespace mohr::core {

using protocol::Code;
using protocol::Failure;
using token::CertificateState;
using token::KeyAlgorithm;
using token::Purpose;

namespace {

constexpr std::size_t handle_bytes = 16;
constexpr std::size_t kept_certificates = 16;

bool is_rsa(KeyAlgorithm algorithm) noexcept {
    return algorithm == KeyAlgorithm::rsa_2048 || algorithm == KeyAlgorithm::rsa_3072 ||
           algorithm == KeyAlgorithm::rsa_4096;
}

bool usage_allows(const KeyUsage& usage, Purpose purpose, bool rsa) noexcept {
    if (!usage.present) return true;
    switch (purpose) {
    case Purpose::sign_document:
        return usage.digital_signature || usage.non_repudiation;
    case Purpose::authenticate:
        return usage.digital_signature;
    case Purpose::decrypt:
        return usage.key_encipherment || (!rsa && usage.key_agreement);
    case Purpose::activation_proof:
    case Purpose::certification_request:
        return false;
    }
    return false;
}

bool scheme_fits(link::Scheme scheme, bool rsa) noexcept {
    if (scheme == link::Scheme::automatic) return true;
    return (scheme == link::Scheme::ecdsa) != rsa;
}

Code code_for(const std::string& reason) {
    if (reason == "key_usage") return Code::key_usage;
    if (reason == "algorithm") return Code::unsupported_algorithm;
    return Code::certificate_unusable;
}

/// One precise code where all certificates fail for one reason; else there is simply none that could be used.
Failure none_usable(const std::vector<PromptCertificate>& all) {
    if (all.empty()) return Failure(Code::certificate_not_found, "no certificate");
    const auto code = code_for(all.front().reason);
    const bool same = std::all_of(all.begin(), all.end(),
                                  [&](const PromptCertificate& one) { return code_for(one.reason) == code; });
    return Failure(same ? code : Code::certificate_not_found, "no usable certificate");
}

/// The levels of our own certificate profile, by their policies; the arc is that of RFC 5612.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> levels{{
    {"1.3.6.1.4.1.32473.1.1", "bronze"},
    {"1.3.6.1.4.1.32473.1.2", "silver"},
    {"1.3.6.1.4.1.32473.1.3", "gold"},
    {"1.3.6.1.4.1.32473.1.4", "platinum"},
}};

std::string level_of(const Certificate& certificate) {
    for (const auto& policy : certificate_policies(certificate))
        for (const auto& [known, name] : levels)
            if (policy == known) return std::string(name);
    return {};
}

PromptCertificate describe(const token::TokenObject& object) {
    const Certificate& certificate = *object.certificate;
    PromptCertificate one;
    one.id = object.id.text();
    one.common_name = certificate.common_name();
    one.issuer = certificate.issuer();
    one.not_after = certificate.not_after();
    one.level = level_of(certificate);
    const auto add = [&](Purpose purpose, const char* name) {
        if (usage_allows(certificate.key_usage(), purpose, is_rsa(object.algorithm)))
            one.uses.emplace_back(name);
    };
    add(Purpose::sign_document, "sign");
    add(Purpose::authenticate, "authenticate");
    add(Purpose::decrypt, "decrypt");
    return one;
}

/// The last few are kept: printing the names of one costs more than a P-256 signature.
PromptCertificate shown_certificate(const token::TokenObject& object) {
    struct Kept {
        Certificate certificate; ///< alive, so that its address is nobody else's
        PromptCertificate shown;
    };
    thread_local std::deque<Kept> kept;
    const auto known = std::find_if(kept.begin(), kept.end(), [&](const Kept& one) {
        return one.certificate.get0() == object.certificate->get0() && one.shown.id == object.id.text();
    });
    if (known != kept.end()) return known->shown;
    auto shown = describe(object);
    if (kept.size() >= kept_certificates) kept.pop_front();
    kept.push_back({*object.certificate, shown});
    return shown;
}

} // namespace

std::vector<PromptDocument> shown_certificates(const std::vector<Certificate>& certificates) {
    std::vector<PromptDocument> documents;
    for (const Certificate& certificate : certificates) {
        PromptDocument document;
        document.name = certificate.common_name();
        document.size = certificate.der().size();
        document.media_type = "application/pkix-cert";
        document.digest_algorithm = DigestAlgorithm::sha256;
        document.digest = certificate.fingerprint();
        documents.push_back(std::move(document));
    }
    return documents;
}

PromptCertificate removable_certificate(const token::TokenObject& object) {
    auto one = shown_certificate(object);
    one.usable = true; // for this: a certificate that is good for nothing can go too
    one.preselected = true;
    return one;
}

std::string unusable_reason(const token::TokenObject& object, Purpose purpose, link::Scheme scheme) {
    if (!object.certificate || object.state == CertificateState::pending) return "pending";
    if (object.state == CertificateState::on_hold) return "on_hold";
    if (object.state == CertificateState::revoked) return "revoked";
    const bool rsa = is_rsa(object.algorithm);
    if (!usage_allows(object.certificate->key_usage(), purpose, rsa)) return "key_usage";
    if (purpose == Purpose::decrypt) return {};
    if (object.state == CertificateState::expired) return "expired";
    if (object.replaced) return "replaced";
    return scheme_fits(scheme, rsa) ? std::string() : std::string("algorithm");
}

link::Scheme resolved(link::Scheme scheme, KeyAlgorithm algorithm) noexcept {
    if (scheme != link::Scheme::automatic) return scheme;
    return is_rsa(algorithm) ? link::Scheme::rsa_pkcs1_v15 : link::Scheme::ecdsa;
}

std::optional<KeyAlgorithm> key_algorithm_from_name(std::string_view name) noexcept {
    if (name == "RSA-2048") return KeyAlgorithm::rsa_2048;
    if (name == "RSA-3072") return KeyAlgorithm::rsa_3072;
    if (name == "RSA-4096") return KeyAlgorithm::rsa_4096;
    if (name == "P-256") return KeyAlgorithm::ec_p256;
    if (name == "P-384") return KeyAlgorithm::ec_p384;
    return std::nullopt;
}

protocol::Outcome<std::vector<PromptCertificate>> choose_from(const std::vector<token::TokenObject>& objects,
                                                              const ChoiceRequest& wanted) {
    std::vector<PromptCertificate> shown;
    for (const auto& object : objects) {
        if (!object.certificate || (wanted.only && object.id != *wanted.only)) continue;
        auto one = shown_certificate(object);
        one.reason = unusable_reason(object, wanted.purpose, wanted.scheme);
        if (wanted.any && unusable_reason(object, Purpose::decrypt, wanted.scheme).empty())
            one.reason.clear();
        one.usable = one.reason.empty();
        shown.push_back(std::move(one));
    }
    std::stable_partition(shown.begin(), shown.end(), [](const auto& one) { return one.usable; });
    if (shown.empty() || !shown.front().usable) return none_usable(shown);
    const auto known = std::find_if(shown.begin(), shown.end(), [&](const auto& one) {
        return one.usable && one.id == wanted.preselected;
    });
    const auto usable = std::count_if(shown.begin(), shown.end(), [](const auto& one) { return one.usable; });
    if (known != shown.end())
        known->preselected = true;
    else if (usable == 1)
        shown.front().preselected = true;
    return shown;
}

std::optional<token::KeyId> picked(const std::vector<PromptCertificate>& shown, const std::string& answer) {
    const auto found = std::find_if(shown.begin(), shown.end(), [&](const PromptCertificate& one) {
        return one.usable && (answer.empty() ? one.preselected : one.id == answer);
    });
    return found == shown.end() ? std::nullopt : token::KeyId::from_text(found->id);
}

std::string CertificateHandles::handle(const HandleScope& scope, const token::KeyId& key) {
    // A page makes its sessions up; each handle in one cost a decision, so this is far away.
    if (handles_.size() >= max_scopes && !handles_.contains(scope)) handles_.erase(handles_.begin());
    auto& known = handles_[scope];
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const auto& entry) { return entry.second == key; });
    if (found != known.end()) return found->first;
    return known.emplace(to_hex(random_bytes(handle_bytes)), key).first->first;
}

std::optional<token::KeyId> CertificateHandles::find(const HandleScope& scope,
                                                     const std::string& handle) const {
    const auto place = handles_.find(scope);
    if (place == handles_.end()) return std::nullopt;
    const auto found = place->second.find(handle);
    if (found == place->second.end()) return std::nullopt;
    return found->second;
}

void CertificateHandles::drop(link::ConnectionId connection) {
    std::erase_if(handles_,
                  [&](const auto& entry) { return connection != 0 && entry.first.connection == connection; });
}

void CertificateHandles::drop(const HandleScope& scope) {
    handles_.erase(scope);
}

void CertificateHandles::drop_sessions(const std::string& origin) {
    std::erase_if(handles_, [&](const auto& entry) {
        return entry.first.connection == 0 && entry.first.origin == origin;
    });
}

link::CertificateView CertificateHandles::view(const HandleScope& scope, const token::TokenObject& object) {
    link::CertificateView view;
    // A file job has neither; its requester knows the token's own ids.
    const bool local = scope.connection == 0 && scope.session.empty();
    view.handle = local ? object.id.text() : handle(scope, object.id);
    view.certificate = object.certificate->der();
    for (const auto& issuer : object.chain) view.chain.push_back(issuer.der());
    view.state = object.state == CertificateState::expired ? "expired" : "active";
    return view;
}

} // namespace mohr::core
