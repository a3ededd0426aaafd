// SPDX-License-Identifier: Apache-2.0
#include "control_json.hpp"

#include "site_quirks.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;

namespace {

json quirks_json(const link::SiteQuirks& quirks) {
    json out = json::object();
    for (const auto& [name, value] : quirk_texts(quirks)) out[name] = value;
    return out;
}

json optional_time(const std::optional<Instant>& instant) {
    return instant ? json(to_rfc3339(*instant)) : json(nullptr);
}

std::string_view state_name(token::CertificateState state) noexcept {
    switch (state) {
    case token::CertificateState::pending:
        return "pending";
    case token::CertificateState::on_hold:
        return "on_hold";
    case token::CertificateState::active:
        return "active";
    case token::CertificateState::expired:
        return "expired";
    case token::CertificateState::revoked:
        return "revoked";
    }
    return "pending";
}

json role_json(const token::RoleInfo& role) {
    return {{"set", role.set},
            {"triesLeft", role.tries_left},
            {"triesAtMost", role.tries_at_most},
            {"blocked", role.blocked()}};
}

json key_usage_json(const KeyUsage& usage) {
    json names = json::array();
    if (usage.digital_signature) names.push_back("digitalSignature");
    if (usage.non_repudiation) names.push_back("nonRepudiation");
    if (usage.key_encipherment) names.push_back("keyEncipherment");
    if (usage.key_agreement) names.push_back("keyAgreement");
    return names;
}

constexpr std::array<std::pair<token::KeyAlgorithm, std::string_view>, 5> algorithms{{
    {token::KeyAlgorithm::rsa_2048, "RSA-2048"},
    {token::KeyAlgorithm::rsa_3072, "RSA-3072"},
    {token::KeyAlgorithm::rsa_4096, "RSA-4096"},
    {token::KeyAlgorithm::ec_p256, "P-256"},
    {token::KeyAlgorithm::ec_p384, "P-384"},
}};

using NameKind = token::AlternativeName::Kind;
constexpr std::array<std::pair<NameKind, std::string_view>, 4> name_kinds{
    {{NameKind::email, "email"}, {NameKind::dns, "dns"}, {NameKind::uri, "uri"}, {NameKind::ip, "ip"}}};
constexpr std::size_t max_names = 16;
constexpr std::size_t max_name_bytes = 255;

std::optional<token::AlternativeName> alternative_name(const json& value) {
    if (!value.is_object() || value.size() != 2 || !value.contains("kind") || !value.contains("value"))
        return std::nullopt;
    if (!value["kind"].is_string() || !value["value"].is_string()) return std::nullopt;
    const auto& text = value["value"].get_ref<const std::string&>();
    if (text.empty() || text.size() > max_name_bytes) return std::nullopt;
    for (const auto& [kind, name] : name_kinds)
        if (value["kind"].get_ref<const std::string&>() == name) return token::AlternativeName{kind, text};
    return std::nullopt;
}

} // namespace

std::string_view algorithm_name(token::KeyAlgorithm algorithm) noexcept {
    for (const auto& [value, name] : algorithms)
        if (value == algorithm) return name;
    return "";
}

std::optional<token::KeyAlgorithm> algorithm_from_name(std::string_view wanted) noexcept {
    for (const auto& [value, name] : algorithms)
        if (name == wanted) return value;
    return std::nullopt;
}

std::string_view state_name(token::TokenState state) noexcept {
    switch (state) {
    case token::TokenState::not_activated:
        return "not_activated";
    case token::TokenState::activated:
        return "activated";
    case token::TokenState::initialised:
        return "initialised";
    }
    return "not_activated";
}

json to_control_json(const token::TokenInfo& info) {
    return {{"state", state_name(info.state)},
            {"label", info.label},
            {"serial", info.serial},
            {"user", role_json(info.user)},
            {"admin", role_json(info.admin)},
            {"unlocked", info.unlocked},
            {"deviceSecret", info.device_secret},
            {"olderCopySuspected", info.older_copy_suspected},
            {"epoch", info.epoch},
            {"argon2MemoryKib", info.argon2_memory_kib},
            {"argon2Passes", info.argon2_passes},
            {"vaultVersion", info.vault_version},
            {"keys", info.keys},
            {"certificates", info.certificates}};
}

json to_control_json(const token::TokenObject& object) {
    json out{{"id", object.id.text()},
             {"label", object.label},
             {"algorithm", algorithm_name(object.algorithm)},
             {"state", state_name(object.state)},
             {"created", to_rfc3339(object.created)},
             {"replaced", object.replaced},
             {"publicKeyInfo", to_base64(object.public_key_info)}};
    if (!object.certificate) return out;
    const Certificate& certificate = *object.certificate;
    out["certificate"] = to_base64(certificate.der());
    out["commonName"] = certificate.common_name();
    out["subject"] = certificate.subject();
    out["issuer"] = certificate.issuer();
    out["serialNumber"] = certificate.serial_number();
    out["notBefore"] = to_rfc3339(certificate.not_before());
    out["notAfter"] = to_rfc3339(certificate.not_after());
    out["keyUsage"] = key_usage_json(certificate.key_usage());
    json chain = json::array();
    for (const Certificate& issuer : object.chain) chain.push_back(to_base64(issuer.der()));
    out["chain"] = std::move(chain);
    return out;
}

json to_control_json(const SiteRecord& site) {
    return {{"origin", site.origin},
            {"access", decision_name(site.access)},
            {"listing", decision_name(site.listing)},
            {"blind", decision_name(site.blind)},
            {"certificate", site.certificate},
            {"expires", optional_time(site.access_expires ? site.access_expires : site.listing_expires)},
            {"silencedUntil", optional_time(site.silenced_until)},
            {"blocked", site.blocked},
            {"program", site.program},
            {"dastine", quirks_json(site.quirks)}};
}

const json* ParamReader::take(const char* name) {
    taken_.emplace_back(name);
    if (!params_.is_object()) return nullptr;
    const auto found = params_.find(name);
    return found == params_.end() ? nullptr : &*found;
}

void ParamReader::wrong(const std::string& name) {
    if (problem_) return;
    problem_.emplace(Code::invalid_params);
    problem_->path = name;
}

std::string ParamReader::text(const char* name, std::size_t max_bytes) {
    const json* value = take(name);
    if (value == nullptr || !value->is_string() || value->get_ref<const std::string&>().size() > max_bytes) {
        wrong(name);
        return {};
    }
    return value->get<std::string>();
}

std::string ParamReader::optional_text(const char* name, std::size_t max_bytes, std::string fallback) {
    if (!params_.is_object() || !params_.contains(name) || params_.at(name).is_null()) {
        taken_.emplace_back(name);
        return fallback;
    }
    return text(name, max_bytes);
}

bool ParamReader::flag(const char* name, bool fallback) {
    const json* value = take(name);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) {
        wrong(name);
        return fallback;
    }
    return value->get<bool>();
}

std::uint64_t ParamReader::number(const char* name, std::uint64_t fallback, std::uint64_t max) {
    const json* value = take(name);
    if (value == nullptr) return fallback;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > max) {
        wrong(name);
        return fallback;
    }
    return value->get<std::uint64_t>();
}

std::uint64_t ParamReader::required_number(const char* name, std::uint64_t max) {
    if (!params_.is_object() || !params_.contains(name)) wrong(name);
    return number(name, 0, max);
}

Bytes ParamReader::bytes(const char* name, std::size_t max_bytes) {
    const std::string base64 = text(name, (max_bytes + 2) / 3 * 4);
    auto decoded = from_base64(base64);
    if (decoded && decoded->size() <= max_bytes) return std::move(*decoded);
    wrong(name);
    return {};
}

std::vector<Bytes> ParamReader::list_of_bytes(const char* name, std::size_t max_items,
                                              std::size_t max_bytes) {
    const json* value = take(name);
    if (value == nullptr) return {};
    if (!value->is_array() || value->size() > max_items) {
        wrong(name);
        return {};
    }
    std::vector<Bytes> out;
    for (const json& entry : *value) {
        auto decoded = entry.is_string() ? from_base64(entry.get_ref<const std::string&>())
                                         : Result<Bytes>(Error(BaseErrc::malformed));
        if (!decoded || decoded->size() > max_bytes) {
            wrong(std::string(name) + "[" + std::to_string(out.size()) + "]");
            return {};
        }
        out.push_back(std::move(*decoded));
    }
    return out;
}

std::optional<Failure> ParamReader::finish() {
    if (!params_.is_object()) wrong("");
    if (!problem_)
        for (const auto& [name, value] : params_.items())
            if (std::find(taken_.begin(), taken_.end(), name) == taken_.end()) {
                wrong(name);
                break;
            }
    return problem_;
}

std::vector<token::AlternativeName> alternative_names(ParamReader& params) {
    std::vector<token::AlternativeName> out;
    const json* list = params.take("names");
    if (list == nullptr) return out;
    if (!list->is_array() || list->size() > max_names) {
        params.wrong("names");
        return out;
    }
    for (const json& one : *list) {
        auto name = alternative_name(one);
        if (!name) {
            params.wrong("names[" + std::to_string(out.size()) + "]");
            return out;
        }
        out.push_back(std::move(*name));
    }
    return out;
}

std::string shown_name(const token::AlternativeName& name) {
    for (const auto& [kind, text] : name_kinds)
        if (kind == name.kind) return std::string(text) + ": " + name.value;
    return name.value;
}

} // namespace mohr::core
