// SPDX-License-Identifier: Apache-2.0
#include <mohr/protocol/members.hpp>
#include <mohr/protocol/prompt.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace mohr::protocol {
namespace {

constexpr std::array<std::pair<std::string_view, Prompt::Kind>, 21> kinds{{
    {"access", Prompt::Kind::access},
    {"listing", Prompt::Kind::listing},
    {"select", Prompt::Kind::select},
    {"sign", Prompt::Kind::sign},
    {"authenticate", Prompt::Kind::authenticate},
    {"decrypt", Prompt::Kind::decrypt},
    {"generate", Prompt::Kind::generate},
    {"import", Prompt::Kind::import},
    {"request", Prompt::Kind::request},
    {"remove_key", Prompt::Kind::remove_key},
    {"remove_certificate", Prompt::Kind::remove_certificate},
    {"change_pin", Prompt::Kind::change_pin},
    {"unblock_pin", Prompt::Kind::unblock_pin},
    {"import_file", Prompt::Kind::import_file},
    {"initialise", Prompt::Kind::initialise},
    {"reset", Prompt::Kind::reset},
    {"reset_blocked", Prompt::Kind::reset_blocked},
    {"change_admin_pin", Prompt::Kind::change_admin_pin},
    {"set_label", Prompt::Kind::set_label},
    {"verify_pin", Prompt::Kind::verify_pin},
    {"mark", Prompt::Kind::mark},
}};
constexpr std::uint64_t longest_deadline_seconds = 3600;
constexpr unsigned longest_pin = 64;

/// Reads members of one object and remembers the first that is missing or wrong.
class Reader {
public:
    Reader(const nlohmann::json& object, std::string path, std::string& problem)
        : object_(object), path_(std::move(path)), problem_(problem) {}

    std::string text(std::string_view name) {
        const nlohmann::json& value = member(object_, name);
        if (!value.is_string()) return wrong(name), std::string();
        return value.get<std::string>();
    }
    std::uint64_t number(std::string_view name) {
        const nlohmann::json& value = member(object_, name);
        if (!is_count(value)) return wrong(name), 0;
        return value.get<std::uint64_t>();
    }
    bool flag(std::string_view name) {
        const nlohmann::json& value = member(object_, name);
        if (!value.is_boolean()) return wrong(name), false;
        return value.get<bool>();
    }
    const nlohmann::json& list(std::string_view name) {
        static const nlohmann::json empty = nlohmann::json::array();
        const nlohmann::json& value = member(object_, name);
        if (value.is_array()) return value;
        wrong(name);
        return empty;
    }
    void wrong(std::string_view name) {
        if (problem_.empty()) problem_ = path_ + std::string(name);
    }

private:
    const nlohmann::json& object_;
    std::string path_;
    std::string& problem_;
};

std::vector<std::string> texts(const nlohmann::json& list) {
    std::vector<std::string> all;
    if (!list.is_array()) return all;
    for (const auto& one : list)
        if (one.is_string()) all.push_back(one.get<std::string>());
    return all;
}

Prompt::Document read_document(const nlohmann::json& object, std::string& problem) {
    Reader reader(object, "documents[].", problem);
    Prompt::Document document;
    document.name = reader.text("name");
    if (!member(object, "size").is_null()) document.size = reader.number("size");
    document.media_type = text_member(object, "mediaType");
    document.digest_algorithm = text_member(object, "digestAlgorithm");
    document.digest = text_member(object, "digest");
    document.preview = text_member(object, "preview");
    document.preview_descriptor = text_member(object, "previewDescriptor");
    document.preview_offset = number_member(object, "previewOffset", 0);
    return document;
}

Prompt::Certificate read_certificate(const nlohmann::json& object, std::string& problem) {
    Reader reader(object, "certificates[].", problem);
    Prompt::Certificate certificate;
    certificate.id = reader.text("id");
    certificate.common_name = reader.text("commonName");
    certificate.issuer = text_member(object, "issuer");
    certificate.not_after = text_member(object, "notAfter");
    certificate.usable = reader.flag("usable");
    certificate.reason = text_member(object, "reason");
    certificate.preselected = flag_member(object, "preselected");
    certificate.level = text_member(object, "level");
    certificate.uses = texts(member(object, "uses"));
    return certificate;
}

Prompt::Pin read_pin(const nlohmann::json& object, std::string& problem) {
    Reader reader(object, "pin.", problem);
    Prompt::Pin pin;
    pin.needed = reader.flag("needed");
    if (!member(object, "triesLeft").is_null())
        pin.tries_left = static_cast<unsigned>(reader.number("triesLeft"));
    pin.min_length = static_cast<unsigned>(number_member(object, "minLength", pin.min_length));
    pin.max_length = static_cast<unsigned>(number_member(object, "maxLength", pin.max_length));
    if (pin.min_length > pin.max_length || pin.max_length > longest_pin) reader.wrong("maxLength");
    pin.last_wrong = flag_member(object, "lastWrong");
    pin.admin = text_member(object, "role") == "admin";
    const nlohmann::json& renewed = member(object, "new");
    pin.renewed = renewed.is_object();
    pin.new_min_length = static_cast<unsigned>(number_member(renewed, "minLength", pin.new_min_length));
    pin.new_max_length = static_cast<unsigned>(number_member(renewed, "maxLength", pin.new_max_length));
    if (pin.new_max_length > longest_pin) reader.wrong("new.maxLength");
    const nlohmann::json& admin = member(object, "newAdmin");
    pin.renewed_admin = admin.is_object();
    pin.new_admin_min_length =
        static_cast<unsigned>(number_member(admin, "minLength", pin.new_admin_min_length));
    pin.new_admin_max_length =
        static_cast<unsigned>(number_member(admin, "maxLength", pin.new_admin_max_length));
    if (pin.new_admin_max_length > longest_pin) reader.wrong("newAdmin.maxLength");
    pin.problem = text_member(object, "problem");
    pin.confirm = flag_member(object, "confirm");
    return pin;
}

Prompt::Program read_program(const nlohmann::json& object) {
    return {text_member(object, "name"), text_member(object, "path"), number_member(object, "pid"),
            flag_member(object, "knownBrowser")};
}

} // namespace

bool Prompt::same_question(const Prompt& other) const {
    return kind == other.kind && origin == other.origin && local == other.local &&
           registrable_domain == other.registrable_domain && insecure == other.insecure &&
           program == other.program && purpose == other.purpose && blind == other.blind &&
           unauthenticated == other.unauthenticated && weak == other.weak && documents == other.documents &&
           certificates == other.certificates && remember == other.remember &&
           key_algorithm == other.key_algorithm && key_subject == other.key_subject &&
           legacy == other.legacy && asks_access == other.asks_access && asks_blind == other.asks_blind &&
           key_names == other.key_names && attributes == other.attributes && window == other.window &&
           file == other.file && password == other.password && owner_password == other.owner_password &&
           label == other.label && losses == other.losses;
}

Outcome<Prompt> decode_prompt(const nlohmann::json& params) {
    std::string problem;
    Reader reader(params, "", problem);
    Prompt prompt;
    prompt.number = reader.number("prompt");
    const std::string kind = reader.text("kind");
    const auto* const row =
        std::find_if(kinds.begin(), kinds.end(), [&](const auto& entry) { return entry.first == kind; });
    if (row == kinds.end())
        reader.wrong("kind");
    else
        prompt.kind = row->second;
    prompt.origin = reader.text("origin");
    prompt.local = reader.flag("local");
    prompt.registrable_domain = text_member(params, "registrableDomain");
    prompt.insecure = flag_member(params, "insecure");
    prompt.program = read_program(member(params, "program"));
    prompt.purpose = text_member(params, "purpose");
    // Warnings that are left out by mistake would be a lie: they are compulsory.
    prompt.blind = reader.flag("blind");
    prompt.unauthenticated = reader.flag("unauthenticated");
    prompt.weak = reader.flag("weak");
    prompt.legacy = reader.flag("legacy");
    prompt.asks_access = reader.flag("asksAccess");
    prompt.asks_blind = reader.flag("asksBlind");
    prompt.deadline =
        std::chrono::seconds(std::min(reader.number("deadlineSeconds"), longest_deadline_seconds));
    for (const auto& object : reader.list("documents"))
        prompt.documents.push_back(read_document(object, problem));
    for (const auto& object : reader.list("certificates"))
        prompt.certificates.push_back(read_certificate(object, problem));
    prompt.pin = read_pin(member(params, "pin"), problem);
    prompt.remember = texts(member(params, "remember"));
    prompt.key_names = texts(member(params, "keyNames"));
    prompt.attributes = texts(member(params, "attributes"));
    prompt.file = flag_member(params, "file");
    prompt.password = prompt.file || flag_member(params, "password");
    prompt.owner_password = flag_member(params, "ownerPassword");
    prompt.label = text_member(params, "label");
    prompt.losses = texts(member(params, "losses"));
    const nlohmann::json& window = member(params, "window");
    if (window.is_object())
        prompt.window = Prompt::Window{static_cast<unsigned>(number_member(window, "items")),
                                       static_cast<unsigned>(number_member(window, "minutes"))};
    prompt.key_algorithm = text_member(params, "keyAlgorithm");
    prompt.key_subject = text_member(params, "keySubject");
    if (!problem.empty()) {
        Failure failure(Code::invalid_params, "prompt.show: " + problem);
        failure.path = problem;
        return failure;
    }
    return prompt;
}

} // namespace mohr::protocol
