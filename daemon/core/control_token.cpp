// SPDX-License-Identifier: Apache-2.0
// token.* of the control socket (matrix A15).
#include "control_api_state.hpp"
#include "control_json.hpp"
#include "token_failures.hpp"

#include <nlohmann/json.hpp>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;
using protocol::Outcome;
using token::Role;

namespace {

using State = ControlApi::State;
using Request = State::Request;

constexpr std::size_t max_label_bytes = 256;

ControlOutcome done(const Result<void>& result) {
    if (!result) return token_failure(result.error());
    return json::object();
}

token::PinConfirmations confirmations(ParamReader& params) {
    token::PinConfirmations confirmed;
    confirmed.guessable = params.flag("confirmGuessable", false);
    confirmed.equal = params.flag("confirmEqual", false);
    return confirmed;
}

Secret take(const Request& request, const char* name) {
    return std::move(request->secrets.at(name));
}

/// Checks a PIN, then does `work` with the proof.
template <class Work>
ControlOutcome with_pin(token::Token& token, Role role, const Secret& pin, Work work) {
    auto proof = token.authorise(role, pin);
    if (!proof) return token_failure(proof.error());
    return done(work(std::move(*proof)));
}

void info(State& state, const Request& request, ControlReply reply) {
    if (auto failure = ParamReader(*request->params).finish()) return reply(std::move(*failure));
    state.on_pool(
        [&token = state.services.token]() -> ControlOutcome { return to_control_json(token.info()); },
        std::move(reply));
}

void initialise(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const auto confirmed = confirmations(params);
    const std::string label = params.optional_text("label", max_label_bytes, "Mohr");
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, label, confirmed] {
            return done(
                token.initialise(take(request, "user_pin"), take(request, "admin_pin"), label, confirmed));
        },
        std::move(reply));
}

/// The person confirmed the loss of so many certificates; if there are others by now, they were not told.
std::optional<Failure> check_loss(const token::Token& token, std::uint64_t told) {
    const std::size_t there = token.info().certificates;
    if (there == told) return std::nullopt;
    Failure failure(Code::confirmation_needed);
    failure.reason = "loss:" + std::to_string(there);
    return failure;
}

ControlOutcome rename(token::Token& token, const std::string& label, const Secret& admin_pin) {
    if (label.empty() || label == token.info().label) return json::object();
    return with_pin(token, Role::admin, admin_pin,
                    [&](token::Authorisation proof) { return token.set_label(std::move(proof), label); });
}

void reset(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const auto confirmed = confirmations(params);
    const std::uint64_t told = params.required_number("confirmLoss", 1000);
    const std::string label = params.optional_text("label", max_label_bytes);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, confirmed, told, label]() -> ControlOutcome {
            if (auto failure = check_loss(token, told)) return std::move(*failure);
            const Secret new_admin_pin = request->secrets.at("new_admin_pin").duplicate();
            auto outcome = with_pin(token, Role::admin, request->secrets.at("admin_pin"),
                                    [&](token::Authorisation proof) {
                                        return token.reset(std::move(proof), take(request, "new_user_pin"),
                                                           take(request, "new_admin_pin"), confirmed);
                                    });
            return outcome ? rename(token, label, new_admin_pin) : std::move(outcome);
        },
        std::move(reply));
}

void reset_blocked(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const auto confirmed = confirmations(params);
    const std::uint64_t told = params.required_number("confirmLoss", 1000);
    const std::string label = params.optional_text("label", max_label_bytes);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, &owner = state.services.owner, request, confirmed, told,
         label]() -> ControlOutcome {
            if (!token.info().admin.blocked())
                return Failure(Code::wrong_role, "the admin PIN is not blocked");
            if (auto failure = check_loss(token, told)) return std::move(*failure);
            switch (owner.check(request->secrets.at("owner_password"))) {
            case OwnerAuthentication::Verdict::right:
                break;
            case OwnerAuthentication::Verdict::wrong:
                return Failure(Code::owner_authentication_needed, "refused");
            case OwnerAuthentication::Verdict::unavailable: {
                Failure failure(Code::owner_authentication_needed, "owner authentication is not available");
                failure.reason = "unavailable";
                return failure;
            }
            }
            const Secret new_admin_pin = request->secrets.at("new_admin_pin").duplicate();
            auto outcome = done(token.reset_blocked(take(request, "new_user_pin"),
                                                    take(request, "new_admin_pin"), confirmed));
            return outcome ? rename(token, label, new_admin_pin) : std::move(outcome);
        },
        std::move(reply));
}

Role role_from(ParamReader& params) {
    const std::string role = params.text("role", 16);
    if (role != "user" && role != "admin") params.wrong("role");
    return role == "admin" ? Role::admin : Role::user;
}

void change_pin(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const Role role = role_from(params);
    const auto confirmed = confirmations(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, role, confirmed] {
            return with_pin(token, role, request->secrets.at("pin"), [&](token::Authorisation proof) {
                return token.change_pin(std::move(proof), take(request, "new_pin"), confirmed);
            });
        },
        std::move(reply));
}

void unblock(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const auto confirmed = confirmations(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, confirmed] {
            return with_pin(
                token, Role::admin, request->secrets.at("admin_pin"), [&](token::Authorisation proof) {
                    return token.unblock_user(std::move(proof), take(request, "new_user_pin"), confirmed);
                });
        },
        std::move(reply));
}

void verify(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const Role role = role_from(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, role] {
            return with_pin(token, role, request->secrets.at("pin"),
                            [](const token::Authorisation&) { return Result<void>(); });
        },
        std::move(reply));
}

void set_label(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const std::string label = params.text("label", max_label_bytes);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, label] {
            return with_pin(
                token, Role::admin, request->secrets.at("admin_pin"),
                [&](token::Authorisation proof) { return token.set_label(std::move(proof), label); });
        },
        std::move(reply));
}

void lock(State& state, const Request& request, ControlReply reply) {
    if (auto failure = ParamReader(*request->params).finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token]() -> ControlOutcome {
            token.lock();
            return json::object();
        },
        [told = state.services.token_locked, reply = std::move(reply)](ControlOutcome outcome) {
            told();
            reply(std::move(outcome));
        });
}

} // namespace

std::vector<Method> token_methods() {
    return {{"token.info", info, {}, {}},
            {"token.initialise", initialise, {"user_pin", "admin_pin"}, {}},
            {"token.reset", reset, {"admin_pin", "new_user_pin", "new_admin_pin"}, {}},
            {"token.resetBlocked", reset_blocked, {"new_user_pin", "new_admin_pin", "owner_password"}, {}},
            {"token.changePin", change_pin, {"pin", "new_pin"}, {}},
            {"token.unblock", unblock, {"admin_pin", "new_user_pin"}, {}},
            {"token.verify", verify, {"pin"}, {}},
            {"token.setLabel", set_label, {"admin_pin"}, {}},
            {"token.lock", lock, {}, {}}};
}

} // namespace mohr::core
