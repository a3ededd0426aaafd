// SPDX-License-Identifier: Apache-2.0
#include "prompt_json.hpp"

#include "control_json.hpp"
#include "interface_settings.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

namespace mohr::core {

using nlohmann::json;

namespace {

/// A PKCS#12 file fits with room; base64 of it fits a message.
constexpr std::size_t max_answer_file_bytes = 512 * 1024;
constexpr std::size_t max_losses = 10000;

/// Text that pages, documents and certificates bring along may hold characters that turn the line around: no agent gets
/// them as they are, so that none has to think of it (T17).
std::string shown(const std::string& text) {
    return printable(text, std::string::npos);
}

json shown_list(const std::vector<std::string>& texts) {
    json list = json::array();
    for (const std::string& text : texts) list.push_back(shown(text));
    return list;
}

json documents_json(const std::vector<PromptDocument>& documents) {
    json list = json::array();
    for (const PromptDocument& document : documents) {
        json one{{"name", shown(document.name)},
                 {"mediaType", shown(document.media_type)},
                 {"digestAlgorithm", digest_name(document.digest_algorithm)},
                 {"digest", to_hex(document.digest)}};
        if (document.size) one["size"] = *document.size;
        if (!document.preview.empty()) one["preview"] = printable_lines(document.preview);
        list.push_back(std::move(one));
    }
    return list;
}

json certificates_json(const std::vector<PromptCertificate>& certificates) {
    json list = json::array();
    for (const PromptCertificate& certificate : certificates) {
        json one{{"id", certificate.id},
                 {"commonName", shown(certificate.common_name)},
                 {"issuer", shown(certificate.issuer)},
                 {"notAfter", to_rfc3339(certificate.not_after)},
                 {"usable", certificate.usable},
                 {"reason", certificate.reason},
                 {"preselected", certificate.preselected}};
        if (!certificate.level.empty()) one["level"] = certificate.level;
        if (!certificate.uses.empty()) one["uses"] = certificate.uses;
        list.push_back(std::move(one));
    }
    return list;
}

json pin_json(const PromptPin& asked) {
    json pin{{"needed", asked.needed},
             {"minLength", asked.min_length},
             {"maxLength", asked.max_length},
             {"lastWrong", asked.last_wrong}};
    if (asked.tries_left) pin["triesLeft"] = *asked.tries_left;
    pin["role"] = asked.admin ? "admin" : "user";
    if (asked.renewed)
        pin["new"] = {{"minLength", asked.new_min_length}, {"maxLength", asked.new_max_length}};
    if (asked.renewed_admin)
        pin["newAdmin"] = {{"minLength", asked.new_admin_min_length},
                           {"maxLength", asked.new_admin_max_length}};
    if (!asked.problem.empty()) {
        pin["problem"] = asked.problem;
        pin["confirm"] = asked.confirm;
    }
    return pin;
}

} // namespace

json to_control_json(const PromptRequest& request) {
    // Rounded up: a countdown that ends early would be a lie.
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(request.deadline).count();
    json out{{"prompt", request.prompt},
             {"kind", prompt_kind_name(request.kind)},
             {"origin", request.origin},
             {"local", request.local},
             {"registrableDomain", request.registrable_domain},
             {"insecure", request.insecure},
             {"legacy", request.legacy},
             {"asksAccess", request.asks_access},
             {"asksBlind", request.asks_blind},
             {"program",
              {{"name", shown(request.program.name)},
               {"path", shown(request.program.path)},
               {"pid", request.program.pid},
               {"knownBrowser", request.program.known_browser}}},
             {"purpose", request.purpose},
             {"blind", request.blind},
             {"unauthenticated", request.unauthenticated},
             {"weak", request.weak},
             {"deadlineSeconds", seconds},
             {"documents", documents_json(request.documents)},
             {"certificates", certificates_json(request.certificates)},
             {"pin", pin_json(request.pin)},
             {"remember", request.remember},
             {"keyAlgorithm", request.key_algorithm},
             {"keySubject", shown(request.key_subject)},
             {"keyNames", shown_list(request.key_names)},
             {"attributes", shown_list(request.attributes)},
             {"file", request.file}};
    if (request.password) out["password"] = true;
    if (request.owner_password) out["ownerPassword"] = true;
    if (!request.label.empty()) out["label"] = shown(request.label);
    if (!request.losses.empty()) out["losses"] = shown_list(request.losses);
    if (request.window)
        out["window"] = {{"items", request.window->items}, {"minutes", request.window->minutes}};
    return out;
}

std::optional<PromptAnswer> prompt_answer_from(const json& result) {
    ParamReader reader(result);
    const std::string decision = reader.text("decision", 16);
    PromptAnswer answer;
    answer.certificate = reader.optional_text("certificate", 64);
    answer.remember = reader.flag("remember", false);
    answer.confirmed = reader.flag("confirmed", false);
    if (result.is_object() && result.contains("file"))
        answer.file = reader.bytes("file", max_answer_file_bytes);
    answer.losses = reader.number("confirmLoss", 0, max_losses);
    answer.phrase = reader.optional_text("phrase", 4 * Mark::max_phrase_characters);
    if (result.is_object() && result.contains("picture"))
        answer.picture = reader.bytes("picture", Mark::max_picture_bytes);
    if (result.is_object() && result.contains("window")) {
        ParamReader terms(*reader.take("window"));
        WindowTerms window;
        window.items = static_cast<unsigned>(terms.required_number("items", 1000));
        window.minutes = static_cast<unsigned>(terms.required_number("minutes", 1000));
        if (terms.finish()) return std::nullopt;
        answer.window = window;
    }
    if (reader.finish() || (decision != "allow" && decision != "deny")) return std::nullopt;
    answer.allow = decision == "allow";
    return answer;
}

PromptAnswer decision_of(ControlAnswer answer, const PromptPin& asked) {
    std::optional<PromptAnswer> decision;
    if (answer.result) decision = prompt_answer_from(*answer.result);
    // What is no answer is no permission.
    if (!decision) decision.emplace();
    const auto take = [&](const char* name, std::optional<Secret>& into) {
        const auto found = answer.secrets.find(name);
        if (found != answer.secrets.end() && decision->allow) into = std::move(found->second);
    };
    take(asked.admin ? "admin_pin" : "user_pin", decision->pin);
    take("new_user_pin", decision->new_pin);
    take("new_admin_pin", decision->new_admin_pin);
    take("password", decision->password);
    take("owner_password", decision->owner_password);
    return *std::move(decision);
}

} // namespace mohr::core
