// SPDX-License-Identifier: Apache-2.0
// interface.* of the control socket: how windows look, and what the person knows them by.
#include "control_api_state.hpp"
#include "control_json.hpp"
#include "token_failures.hpp"

#include <nlohmann/json.hpp>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;

namespace {

using State = ControlApi::State;
using Request = State::Request;

constexpr std::size_t max_name_bytes = 16;

/// The mark itself is told to nobody here: who could read it could imitate a window.
json interface_json(const InterfaceSettings& settings) {
    const auto& values = settings.values();
    return {{"language", values.language},
            {"theme", values.theme},
            {"desktopDark", settings.desktop_dark()},
            {"mark", values.mark != Mark()}};
}

ControlOutcome stored(State& state, InterfaceSettings::Values values) {
    if (const auto kept = state.services.interface.set(std::move(values)); !kept)
        return token_failure(kept.error());
    state.broadcast("interface.changed");
    return interface_json(state.services.interface);
}

void get(State& state, const Request& request, ControlReply reply) {
    if (auto failure = ParamReader(*request->params).finish()) return reply(std::move(*failure));
    reply(interface_json(state.services.interface));
}

void set(State& state, const Request& request, ControlReply reply) {
    auto values = state.services.interface.values();
    ParamReader params(*request->params);
    values.language = params.optional_text("language", max_name_bytes, values.language);
    values.theme = params.optional_text("theme", max_name_bytes, values.theme);
    if (values.language != "fa" && values.language != "en") params.wrong("language");
    if (values.theme != "system" && values.theme != "light" && values.theme != "dark") params.wrong("theme");
    if (auto failure = params.finish()) return reply(std::move(*failure));
    reply(stored(state, std::move(values)));
}

void set_mark(State& state, const Request& request, ControlReply reply) {
    if (auto failure = ParamReader(*request->params).finish()) return reply(std::move(*failure));
    if (!state.services.surface.may_draw_windows()) return reply(Failure(Code::no_agent, "needs a window"));
    ControlQuestion question;
    question.prompt.kind = PromptKind::mark;
    state.name_asker(*request, question.prompt);
    question.act = [weak = state.weak_from_this(), request](const PromptRequest&, PromptAnswer answer,
                                                            const ControlReply& done) {
        const auto self = weak.lock();
        if (!self) return;
        auto values = self->services.interface.values();
        values.mark = {std::move(answer.phrase), std::move(answer.picture)};
        auto outcome = std::make_shared<ControlOutcome>(stored(*self, std::move(values)));
        const char* const decision = *outcome ? "allowed" : "failed";
        const std::string detail(*outcome ? std::string_view() : protocol::row(outcome->error().code).name);
        self->log_entry(request, decision, detail, [outcome, done](bool written) {
            done(*outcome && !written ? ControlOutcome(State::not_logged()) : std::move(*outcome));
        });
    };
    state.asking->ask(request, std::move(question), std::move(reply));
}

} // namespace

std::vector<Method> interface_methods() {
    return {{"interface.get", get, {}, {}},
            {"interface.set", set, {}, {}},
            {"interface.setMark", set_mark, {}, {}}};
}

} // namespace mohr::core
