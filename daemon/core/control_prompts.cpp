// SPDX-License-Identifier: Apache-2.0
#include "control_prompts.hpp"

#include "certificate_choice.hpp"
#include "control_json.hpp"
#include "token_failures.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;
using protocol::Outcome;
using token::KeyId;
using token::TokenState;

namespace {

constexpr std::size_t max_label_bytes = 256;
constexpr std::size_t max_subject_bytes = 1024;
constexpr std::size_t max_import_bytes = 512 * 1024;

/// One method at a time.
class Planner {
public:
    Planner(const json& params, const token::Token& token, const token::PinPolicy& policy)
        : reader_(params), token_(token), info_(token.info()), policy_(policy) {}

    Outcome<PlannedPrompt> initialise() {
        prompt().kind = PromptKind::initialise;
        prompt().label = reader_.optional_text("label", max_label_bytes, "Mohr");
        if (auto failure = reader_.finish()) return *failure;
        if (info_.state == TokenState::not_activated) return Failure(Code::token_not_activated);
        if (info_.state == TokenState::initialised) return Failure(Code::exists);
        renew_both();
        return std::move(planned_);
    }
    Outcome<PlannedPrompt> reset() {
        prompt().kind = PromptKind::reset;
        if (auto failure = lose_everything()) return *failure;
        return with_pin(token::Role::admin);
    }
    Outcome<PlannedPrompt> reset_blocked() {
        prompt().kind = PromptKind::reset_blocked;
        prompt().owner_password = true;
        if (auto failure = lose_everything()) return *failure;
        if (!info_.admin.blocked()) return Failure(Code::wrong_role, "the admin PIN is not blocked");
        return std::move(planned_);
    }
    Outcome<PlannedPrompt> change_pin() {
        const token::Role role = read_role();
        if (auto failure = reader_.finish()) return *failure;
        const bool admin = role == token::Role::admin;
        prompt().kind = admin ? PromptKind::change_admin_pin : PromptKind::change_pin;
        admin ? renew_admin() : renew_user();
        return with_pin(role);
    }
    Outcome<PlannedPrompt> unblock() {
        if (auto failure = reader_.finish()) return *failure;
        prompt().kind = PromptKind::unblock_pin;
        renew_user();
        return with_pin(token::Role::admin);
    }
    Outcome<PlannedPrompt> verify() {
        const token::Role role = read_role();
        if (auto failure = reader_.finish()) return *failure;
        prompt().kind = PromptKind::verify_pin;
        return with_pin(role);
    }
    Outcome<PlannedPrompt> set_label() {
        prompt().kind = PromptKind::set_label;
        prompt().label = reader_.text("label", max_label_bytes);
        if (auto failure = reader_.finish()) return *failure;
        return with_pin(token::Role::admin);
    }
    Outcome<PlannedPrompt> generate() {
        prompt().kind = PromptKind::generate;
        prompt().key_algorithm = reader_.optional_text("algorithm", 16, "RSA-2048");
        (void)reader_.optional_text("label", max_label_bytes);
        prompt().key_subject = reader_.optional_text("subject", max_subject_bytes);
        for (const auto& name : alternative_names(reader_)) prompt().key_names.push_back(shown_name(name));
        if (auto failure = reader_.finish()) return *failure;
        if (!algorithm_from_name(prompt().key_algorithm)) return Failure(Code::unsupported_algorithm);
        return with_pin(token::Role::user);
    }
    Outcome<PlannedPrompt> request() {
        const auto object = read_object();
        prompt().kind = PromptKind::request;
        prompt().key_subject = reader_.optional_text("subject", max_subject_bytes);
        for (const auto& name : alternative_names(reader_)) prompt().key_names.push_back(shown_name(name));
        if (auto failure = reader_.finish()) return *failure;
        if (!object) return object.error();
        prompt().key_algorithm = algorithm_name(object->algorithm);
        return with_pin(token::Role::user);
    }
    Outcome<PlannedPrompt> import() {
        const Bytes data = reader_.bytes("data", max_import_bytes);
        if (auto failure = reader_.finish()) return *failure;
        const auto certificates = read_certificates(data);
        if (!certificates) return token_failure(certificates.error());
        prompt().kind = PromptKind::import;
        prompt().documents = shown_certificates(*certificates);
        return with_pin(token::Role::user);
    }
    Outcome<PlannedPrompt> import_pkcs12() {
        const Bytes data = reader_.bytes("data", max_import_bytes);
        if (auto failure = reader_.finish()) return *failure;
        PromptDocument document;
        document.name = "PKCS#12";
        document.size = data.size();
        document.media_type = "application/x-pkcs12";
        document.digest_algorithm = DigestAlgorithm::sha256;
        document.digest = digest(DigestAlgorithm::sha256, data);
        prompt().kind = PromptKind::import_file;
        prompt().documents.push_back(std::move(document));
        prompt().password = true;
        return with_pin(token::Role::user);
    }
    Outcome<PlannedPrompt> remove() {
        const auto object = read_object();
        if (auto failure = reader_.finish()) return *failure;
        if (!object) return object.error();
        if (object->certificate) {
            prompt().kind = PromptKind::remove_certificate;
            prompt().certificates.push_back(removable_certificate(*object));
        } else {
            prompt().kind = PromptKind::remove_key;
            prompt().key_algorithm = algorithm_name(object->algorithm);
            prompt().key_subject = object->label;
        }
        return with_pin(token::Role::user);
    }

private:
    [[nodiscard]] PromptRequest& prompt() noexcept { return planned_.prompt; }

    token::Role read_role() {
        const std::string role = reader_.text("role", 16);
        if (role != "user" && role != "admin") reader_.wrong("role");
        return role == "admin" ? token::Role::admin : token::Role::user;
    }

    Outcome<token::TokenObject> read_object() {
        const auto id = KeyId::from_text(reader_.text("id", 64));
        if (!id) reader_.wrong("id");
        auto objects = token_.objects();
        if (!objects) return token_failure(objects.error());
        for (auto& object : *objects)
            if (id && object.id == *id) return std::move(object);
        return Failure(Code::not_found, "no such key");
    }

    void renew_user() {
        prompt().pin.renewed = true;
        prompt().pin.new_min_length = policy_.user_min;
        prompt().pin.new_max_length = policy_.user_max;
    }
    void renew_admin() {
        prompt().pin.renewed_admin = true;
        prompt().pin.new_admin_min_length = policy_.admin_min;
        prompt().pin.new_admin_max_length = policy_.admin_max;
    }
    void renew_both() {
        renew_user();
        renew_admin();
    }

    /// R51: the person is told every key that goes.
    std::optional<Failure> lose_everything() {
        prompt().label = reader_.optional_text("label", max_label_bytes);
        if (auto failure = reader_.finish()) return failure;
        if (info_.state != TokenState::initialised) return Failure(Code::token_not_initialised);
        const auto objects = token_.objects();
        if (!objects) return token_failure(objects.error());
        for (const auto& object : *objects) {
            const auto& certificate = object.certificate;
            if (certificate) ++planned_.certificates;
            prompt().losses.push_back(certificate ? certificate->common_name()
                                      : !object.label.empty()
                                          ? object.label
                                          : std::string(algorithm_name(object.algorithm)));
        }
        renew_both();
        return std::nullopt;
    }

    Outcome<PlannedPrompt> with_pin(token::Role role) {
        if (info_.state != TokenState::initialised) return Failure(Code::token_not_initialised);
        const bool admin = role == token::Role::admin;
        const token::RoleInfo& asked = admin ? info_.admin : info_.user;
        if (asked.blocked()) return Failure(Code::pin_blocked);
        PromptPin& pin = prompt().pin;
        pin.needed = true;
        pin.admin = admin;
        pin.tries_left = asked.tries_left;
        pin.min_length = admin ? policy_.admin_min : policy_.user_min;
        pin.max_length = admin ? policy_.admin_max : policy_.user_max;
        planned_.tries_at_most = asked.tries_at_most;
        return std::move(planned_);
    }

    ParamReader reader_;
    const token::Token& token_;
    token::TokenInfo info_;
    const token::PinPolicy& policy_;
    PlannedPrompt planned_;
};

/// How the method calls what a prompt calls otherwise.
struct Naming {
    const char* method;
    Outcome<PlannedPrompt> (Planner::*plan)();
    const char* pin = "user_pin";
    const char* new_user_pin = "new_user_pin";
    const char* new_admin_pin = "new_admin_pin";
};
constexpr std::array<Naming, 13> prompted{{
    {"certificate.import", &Planner::import},
    {"certificate.importPkcs12", &Planner::import_pkcs12},
    {"certificate.remove", &Planner::remove},
    {"key.generate", &Planner::generate},
    {"key.remove", &Planner::remove},
    {"key.request", &Planner::request},
    {"token.changePin", &Planner::change_pin, "pin", "new_pin", "new_pin"},
    {"token.initialise", &Planner::initialise, "", "user_pin", "admin_pin"},
    {"token.reset", &Planner::reset, "admin_pin"},
    {"token.resetBlocked", &Planner::reset_blocked},
    {"token.setLabel", &Planner::set_label, "admin_pin"},
    {"token.unblock", &Planner::unblock, "admin_pin"},
    {"token.verify", &Planner::verify, "pin"},
}};

const Naming* naming_of(std::string_view method) noexcept {
    const auto* const found = std::find_if(prompted.begin(), prompted.end(),
                                           [&](const Naming& one) { return method == one.method; });
    return found == prompted.end() ? nullptr : found;
}

/// "user:length,admin:characters"; empty where the rules of R42 to R46 are kept.
std::string problems_of(const PromptPin& asked, const PromptAnswer& answer, const token::PinPolicy& policy) {
    std::string problems;
    const auto add = [&](const char* role, std::optional<token::PinProblem> problem) {
        if (!problem) return;
        problems += (problems.empty() ? "" : ",") + std::string(role) + std::string(name_of(*problem));
    };
    if (asked.renewed) add("user:", token::check_user_pin(answer.new_pin->reveal(), policy));
    if (asked.renewed_admin) add("admin:", token::check_admin_pin(answer.new_admin_pin->reveal(), policy));
    return problems;
}

} // namespace

bool has_prompt(std::string_view method) noexcept {
    return naming_of(method) != nullptr;
}

Outcome<PlannedPrompt> plan_prompt(const std::string& method, const json& params, const token::Token& token,
                                   const token::PinPolicy& policy) {
    Planner planner(params, token, policy);
    return (planner.*naming_of(method)->plan)();
}

Outcome<std::shared_ptr<ControlRequest>> completed_request(const ControlRequest& asked,
                                                           const PlannedPrompt& planned, PromptAnswer answer,
                                                           const token::PinPolicy& policy) {
    const PromptRequest& shown = planned.prompt;
    if (std::string problems = problems_of(shown.pin, answer, policy); !problems.empty()) {
        Failure failure(Code::pin_invalid);
        failure.reason = std::move(problems);
        return failure;
    }
    const Naming& naming = *naming_of(asked.method);
    auto full = std::make_shared<ControlRequest>();
    full->connection = asked.connection;
    full->peer = asked.peer;
    full->id = asked.id;
    full->method = asked.method;
    full->params = std::make_unique<json>(*asked.params);
    const bool sets_pins = shown.pin.renewed || shown.pin.renewed_admin;
    if (sets_pins) (*full->params)["confirmGuessable"] = answer.confirmed;
    if (sets_pins) (*full->params)["confirmEqual"] = answer.confirmed;
    const bool loses = shown.kind == PromptKind::reset || shown.kind == PromptKind::reset_blocked;
    if (loses) (*full->params)["confirmLoss"] = planned.certificates;
    const auto give = [&](bool wanted, const char* name, std::optional<Secret>& secret) {
        if (wanted) full->secrets.emplace(name, *std::move(secret));
    };
    give(shown.pin.needed, naming.pin, answer.pin);
    give(shown.pin.renewed, naming.new_user_pin, answer.new_pin);
    give(shown.pin.renewed_admin, naming.new_admin_pin, answer.new_admin_pin);
    give(shown.password, "password", answer.password);
    give(shown.owner_password, "owner_password", answer.owner_password);
    return full;
}

} // namespace mohr::core
