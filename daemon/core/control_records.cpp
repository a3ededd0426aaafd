// SPDX-License-Identifier: Apache-2.0
// site.* and log.* of the control socket.
#include "control_api_state.hpp"
#include "control_json.hpp"
#include "site_quirks.hpp"
#include "token_failures.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;
using protocol::Outcome;

namespace {

using State = ControlApi::State;
using Request = State::Request;

constexpr std::size_t max_origin_bytes = 512;
constexpr std::uint64_t max_page_entries = 1000;
constexpr std::size_t max_query_bytes = 256;

void list_sites(State& state, const Request& request, ControlReply reply) {
    if (auto failure = ParamReader(*request->params).finish()) return reply(std::move(*failure));
    json out = json::array();
    for (const SiteRecord& site : state.services.sites.list()) out.push_back(to_control_json(site));
    reply(std::move(out));
}

/// The serialised origins that the front door knows: scheme, host, perhaps a port, nothing behind them.
bool is_origin(std::string_view text) {
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (!text.starts_with(scheme)) continue;
        const std::string_view host = text.substr(scheme.size());
        if (host.empty()) return false;
        for (const char c : host) {
            const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
                                 c == ':' || c == '[' || c == ']' || c == '_';
            if (!allowed) return false;
        }
        return true;
    }
    return false;
}

std::string origin_from(ParamReader& params) {
    std::string origin = params.text("origin", max_origin_bytes);
    if (!is_origin(origin)) params.wrong("origin");
    return origin;
}

/// Whether the site's access itself changes: that ends what was granted for a session only.
enum class SiteChange { access, other };

/// Durable and written down before the reply (rule 6).
void save_and_reply(State& state, const Request& request, const std::string& decision,
                    const std::string& origin, SiteChange change, ControlReply reply) {
    const auto self = state.shared_from_this();
    state.services.sites.save(
        [self, request, decision, origin, change, reply = std::move(reply)](const Result<void>& saved) {
            if (!saved) return reply(token_failure(saved.error()));
            self->log_entry(request, decision, origin, [self, origin, change, reply](bool written) {
                if (change == SiteChange::access) self->services.operations.site_changed(origin);
                reply(written ? ControlOutcome(json::object()) : ControlOutcome(State::not_logged()));
            });
        });
}

void set_site(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const std::string origin = origin_from(params);
    std::vector<std::pair<SitePermission, Decision>> wanted;
    std::string text;
    for (const auto& [name, permission] :
         {std::pair("access", SitePermission::access), std::pair("listing", SitePermission::listing),
          std::pair("blind", SitePermission::blind)}) {
        const std::string value = params.optional_text(name, 16);
        if (value.empty()) continue;
        const auto decision = decision_from_name(value);
        if (!decision) {
            params.wrong(name);
            continue;
        }
        wanted.emplace_back(permission, *decision);
        text += (text.empty() ? "" : ", ") + std::string(name) + ": " + value;
    }
    if (wanted.empty()) params.wrong("access");
    if (auto failure = params.finish()) return reply(std::move(*failure));
    for (const auto& [permission, decision] : wanted) state.services.sites.set(origin, permission, decision);
    const bool access = std::any_of(wanted.begin(), wanted.end(),
                                    [](const auto& one) { return one.first == SitePermission::access; });
    save_and_reply(state, request, text, origin, access ? SiteChange::access : SiteChange::other,
                   std::move(reply));
}

void set_site_quirk(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const std::string origin = origin_from(params);
    const std::string key = params.text("key", 64);
    const std::string value = params.text("value", 64);
    auto quirks = state.services.sites.quirks(origin);
    if (!set_quirk(quirks, key, value)) params.wrong("key");
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.services.sites.touch(origin).quirks = quirks;
    const auto self = state.shared_from_this();
    auto told = [self, origin, reply = std::move(reply)](ControlOutcome outcome) {
        self->services.door.access_changed(origin);
        reply(std::move(outcome));
    };
    save_and_reply(state, request, key + ": " + value, origin, SiteChange::other, std::move(told));
}

void end_window(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const std::string origin = origin_from(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    if (!state.services.operations.end_decrypt_window(origin))
        return reply(Failure(Code::not_found, "no decrypt window"));
    state.log_entry(request, "ended", origin, [reply = std::move(reply)](bool written) {
        reply(written ? ControlOutcome(json::object()) : ControlOutcome(State::not_logged()));
    });
}

void forget_site(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const std::string origin = origin_from(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    if (state.services.sites.find(origin) == nullptr) return reply(Failure(Code::not_found, "no such site"));
    state.services.sites.forget(origin);
    save_and_reply(state, request, "forgotten", origin, SiteChange::access, std::move(reply));
}

void read_log(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const std::uint64_t after = params.number("after", 0, UINT64_MAX);
    const std::uint64_t limit = params.number("limit", 100, max_page_entries);
    const std::string query = params.optional_text("query", max_query_bytes);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool(
        [&activity = state.services.activity, after, limit, query]() -> ControlOutcome {
            const auto page = activity.read(after, limit, query);
            if (!page) return token_failure(page.error());
            // A page never grows over what one message may hold: the client asks again after the last entry.
            constexpr std::size_t max_page_bytes = 768 * 1024;
            json entries = json::array();
            std::size_t bytes = 0;
            for (const std::string& line : page->entries) {
                bytes += line.size();
                if (bytes > max_page_bytes && !entries.empty()) break;
                json entry = json::parse(line, nullptr, false);
                if (entry.is_discarded()) entry = {{"damaged", printable(line, 1000)}};
                entries.push_back(std::move(entry));
            }
            return json{{"entries", std::move(entries)}, {"total", page->total}};
        },
        std::move(reply));
}

void verify_log(State& state, const Request& request, ControlReply reply) {
    if (auto failure = ParamReader(*request->params).finish()) return reply(std::move(*failure));
    state.on_pool(
        [&activity = state.services.activity]() -> ControlOutcome {
            const auto verdict = activity.verify();
            if (!verdict) return token_failure(verdict.error());
            json out{{"intact", verdict->intact}, {"entries", verdict->entries}};
            if (verdict->problem)
                out["problem"] = {{"file", verdict->problem->file},
                                  {"line", verdict->problem->line},
                                  {"sequence", verdict->problem->sequence},
                                  {"kind", verdict->problem->kind},
                                  {"detail", verdict->problem->detail}};
            return out;
        },
        std::move(reply));
}

} // namespace

std::vector<Method> record_methods() {
    return {{"site.list", list_sites, {}, {}},         {"site.set", set_site, {}, {}},
            {"site.setQuirk", set_site_quirk, {}, {}}, {"site.endWindow", end_window, {}, {}},
            {"site.forget", forget_site, {}, {}},      {"log.read", read_log, {}, {}},
            {"log.verify", verify_log, {}, {}}};
}

} // namespace mohr::core
