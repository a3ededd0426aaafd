// SPDX-License-Identifier: Apache-2.0
#include "control_api_state.hpp"
#include "control_prompts.hpp"
#include "guarded.hpp"
#include "operation_log.hpp"
#include "peer_lookup.hpp"
#include "token_failures.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

#include <algorithm>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;

namespace {

const std::vector<Method>& all_methods() {
    static const std::vector<Method> methods = [] {
        std::vector<Method> all = service_methods();
        for (auto more : {token_methods(), key_methods(), record_methods(), file_methods(), tls_methods(),
                          interface_methods()})
            all.insert(all.end(), more.begin(), more.end());
        std::sort(all.begin(), all.end(),
                  [](const Method& a, const Method& b) { return std::string_view(a.name) < b.name; });
        return all;
    }();
    return methods;
}

/// Which key a change was about, for the activity log: its id, and whose certificate came to it.
std::string key_named(const ControlRequest& request, const json& result) {
    const auto text = [](const json& object, const char* name) {
        const auto found = object.find(name);
        return found != object.end() && found->is_string() ? printable(found->get<std::string>(), 128)
                                                           : std::string();
    };
    std::string id = text(result, "id");
    if (id.empty()) id = text(*request.params, "id");
    const std::string name = text(result, "commonName");
    return name.empty() ? id : id + " " + name;
}

Failure wrong_attachment(const std::string& path) {
    Failure failure(Code::invalid_params);
    failure.path = path;
    return failure;
}

/// The secrets exactly, the descriptors without the optional ones at the end.
std::optional<Failure> check_attachments(const Method& method, const ControlRequest& request) {
    for (const char* name : method.secrets)
        if (request.secrets.count(name) == 0) return wrong_attachment(std::string("secrets.") + name);
    if (request.secrets.size() != method.secrets.size()) return wrong_attachment("secrets");
    std::size_t known = 0;
    for (const char* name : method.descriptors) known += request.descriptors.count(name);
    if (known != request.descriptors.size()) return wrong_attachment("descriptors");
    if (!method.descriptors.empty() && request.descriptors.count(method.descriptors.front()) == 0)
        return wrong_attachment(std::string("descriptors.") + method.descriptors.front());
    return std::nullopt;
}

/// Who did it, for the activity log.
constexpr const char* local_origin = "this computer: mohr";

/// The person types the secrets into a prompt of ours, and the method runs as if a terminal had sent them: with the same
/// checks, and the same lines in the activity log.
void ask_for_secrets(ControlApi::State& state, const Method& method,
                     const ControlApi::State::Request& request, ControlReply reply) {
    const auto planned = std::make_shared<protocol::Outcome<PlannedPrompt>>(Failure(Code::internal_error));
    const auto ask = [weak = state.weak_from_this(), &method, request, planned,
                      reply](const ControlOutcome&) {
        const auto self = weak.lock();
        if (!self) return;
        if (!*planned) return reply(planned->error());
        if (!self->server->connected(request->connection)) return reply(Failure(Code::cancelled));
        self->name_asker(*request, (*planned)->prompt);
        ControlQuestion question{(*planned)->prompt, (*planned)->tries_at_most, {}};
        question.act = [weak, &method, request, planned](const PromptRequest&, PromptAnswer answer,
                                                         ControlReply done) {
            const auto state_now = weak.lock();
            if (!state_now) return;
            auto full =
                completed_request(*request, **planned, std::move(answer), state_now->services.config.pin);
            if (full) return method.run(*state_now, std::move(*full), std::move(done));
            state_now->services.loop.post([done, failure = full.error()] { done(failure); });
        };
        self->asking->ask(request, std::move(question), reply);
    };
    state.on_pool(
        [planned, request, &token = state.services.token,
         &config = state.services.config]() -> ControlOutcome {
            *planned = plan_prompt(request->method, *request->params, token, config.pin);
            return json::object();
        },
        ask);
}

} // namespace

void ControlApi::State::begin() {
    services.operations.broker().on_change([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->broadcast("service.changed");
    });
    asking = std::make_shared<ControlAsking>(
        services.operations.broker(),
        [weak = weak_from_this()](const ControlRequest& request, const std::string& decision,
                                  std::function<void()> then) {
            const auto self = weak.lock();
            if (self) self->log_entry(request, decision, {}, [then = std::move(then)](bool) { then(); });
        });
}

void ControlApi::State::name_asker(const ControlRequest& request, PromptRequest& prompt) const {
    prompt.origin = local_origin;
    prompt.local = true;
    prompt.program = program_of_process(request.peer);
    prompt.window_only = true;
}

void ControlApi::State::broadcast(std::string_view method) {
    if (server == nullptr) return;
    for (const std::uint64_t connection : subscribers) server->notify(connection, method, json::object());
}

void ControlApi::State::on_pool(Work work, ControlReply reply) {
    const std::weak_ptr<State> weak = weak_from_this();
    services.loop.post_to_pool(
        [weak, &loop = services.loop, work = std::move(work), reply = std::move(reply)] {
            loop.post([outcome = guarded<ControlOutcome>(work), reply] { reply(outcome); });
        });
}

void ControlApi::State::on_pool_logged(const Request& request, Work work, ControlReply reply) {
    const std::weak_ptr<State> weak = weak_from_this();
    on_pool(std::move(work), [weak, request, reply = std::move(reply)](ControlOutcome outcome) {
        const auto self = weak.lock();
        if (!self) return reply(std::move(outcome));
        std::string decision = "allowed";
        std::string detail;
        if (!outcome) {
            const Code code = outcome.error().code;
            detail = protocol::row(code).name;
            decision = code == Code::pin_wrong || code == Code::pin_blocked ? "pin_wrong" : "failed";
        }
        const bool changed = static_cast<bool>(outcome);
        if (changed) detail = key_named(*request, outcome.value());
        auto held = std::make_shared<ControlOutcome>(std::move(outcome));
        self->log_entry(request, decision, detail, [weak, held, reply, changed](bool written) {
            reply(changed && !written ? ControlOutcome(not_logged()) : std::move(*held));
            const auto later = weak.lock();
            if (!later) return;
            if (changed) later->services.token_used();
            later->broadcast("token.changed"); // also after a wrong PIN: the tries have changed
        });
    });
}

void ControlApi::State::log_entry(const Request& request, const std::string& decision,
                                  const std::string& detail, std::function<void(bool written)> then) {
    log_entry(*request, decision, detail, std::move(then));
}

void ControlApi::State::log_entry(const ControlRequest& request, const std::string& decision,
                                  const std::string& detail, std::function<void(bool written)> then) {
    LogEntry entry;
    entry.origin = local_origin;
    entry.program = program_text(program_of_process(request.peer));
    entry.operation = request.method;
    entry.decision = decision;
    entry.detail = detail;
    services.activity.append(std::move(entry),
                             [log = services.log, then = std::move(then)](const Result<void>& written) {
                                 if (!written) log->error("activity log: {}", written.error().describe());
                                 then(written.has_value());
                             });
}

Failure ControlApi::State::not_logged() {
    Failure failure(Code::internal_error, "the activity log took no line");
    failure.reason = "done_but_not_logged";
    return failure;
}

ControlApi::ControlApi(ControlServices services) : state_(std::make_shared<State>(std::move(services))) {
    state_->begin();
}
ControlApi::~ControlApi() = default;

void ControlApi::attach(ControlServer& server) {
    state_->server = &server;
}

void ControlApi::handle(ControlRequest request, ControlReply reply) {
    const auto& methods = all_methods();
    const auto found = std::find_if(methods.begin(), methods.end(),
                                    [&](const Method& m) { return request.method == m.name; });
    if (found == methods.end()) return reply(Failure(Code::method_not_found));
    const bool asks = !found->secrets.empty() && request.secrets.empty() && request.descriptors.empty() &&
                      has_prompt(found->name) && state_->services.surface.may_draw_windows();
    if (asks)
        return ask_for_secrets(*state_, *found, std::make_shared<ControlRequest>(std::move(request)),
                               std::move(reply));
    if (auto failure = check_attachments(*found, request)) return reply(std::move(*failure));
    found->run(*state_, std::make_shared<ControlRequest>(std::move(request)), std::move(reply));
}

void ControlApi::notification(std::uint64_t connection, const std::string& method, const json& params) {
    if (method != "$/cancel" || !params.contains("id")) return;
    const json& id = params.at("id");
    if (id.is_number_integer())
        state_->asking->cancel(connection, protocol::jsonrpc::Id(id.get<std::int64_t>()));
    else if (id.is_string())
        state_->asking->cancel(connection, protocol::jsonrpc::Id(id.get<std::string>()));
    for (const RunningJob& job : state_->jobs) {
        const bool same =
            (std::holds_alternative<std::int64_t>(job.id) && id == std::get<std::int64_t>(job.id)) ||
            (std::holds_alternative<std::string>(job.id) && id == std::get<std::string>(job.id));
        if (job.connection == connection && same) state_->services.door.cancel_job(job.job);
    }
}

void ControlApi::gone(std::uint64_t connection) {
    state_->subscribers.erase(connection);
    state_->asking->gone(connection);
    for (const RunningJob& job : state_->jobs)
        if (job.connection == connection) state_->services.door.cancel_job(job.job);
    TerminalAgent* const terminal = state_->services.terminal;
    if (terminal == nullptr || !terminal->remove(connection)) return;
    state_->services.log->info("agent: gone");
    LogEntry entry;
    entry.origin = local_origin;
    entry.operation = "agent.unregister";
    entry.decision = "allowed";
    state_->services.activity.append(std::move(entry));
    state_->services.operations.surface_changed();
    state_->broadcast("agent.changed");
}

void ControlApi::abort() {
    state_->asking->abort();
}

void ControlApi::broadcast(std::string_view method) {
    state_->broadcast(method);
}

std::vector<std::string> ControlApi::methods() {
    std::vector<std::string> names;
    for (const Method& method : all_methods()) names.emplace_back(method.name);
    return names;
}

} // namespace mohr::core
