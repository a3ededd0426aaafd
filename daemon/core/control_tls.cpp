// SPDX-License-Identifier: Apache-2.0
// tls.* of the control socket, and what service.status says of it and of pages that are held back.
#include "control_api_state.hpp"
#include "control_json.hpp"
#include "peer_lookup.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;

namespace {

using State = ControlApi::State;
using Request = State::Request;

/// A page opens its connection and asks within milliseconds; one that waits longer is held back, most
/// likely by the browser's question whether it may reach this machine.
constexpr std::chrono::milliseconds held_back_after{1500};

json status_with_root(const TlsIdentity& identity) {
    json out = tls_json(identity);
    out["root"] = to_base64(identity.root().der());
    return out;
}

void tls_status(State& state, const Request& request, ControlReply reply) {
    if (auto failure = ParamReader(*request->params).finish()) return reply(std::move(*failure));
    reply(status_with_root(state.services.identity));
}

void tls_issue(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const bool dastine = params.flag("dastineHosts", false);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    const auto issued = state.services.issue_tls(dastine ? TlsNames::with_dastine : TlsNames::loopback);
    if (!issued) {
        state.services.log->error("TLS identity: {}", issued.error().describe());
        state.log_entry(request, "failed", "storage_failed", [](bool) {});
        return reply(Failure(Code::storage_failed));
    }
    state.log_entry(request, "allowed", dastine ? "dastineHosts" : "",
                    [self = state.shared_from_this(), reply](bool written) {
                        if (!written) return reply(State::not_logged());
                        reply(status_with_root(self->services.identity));
                    });
}

} // namespace

json tls_json(const TlsIdentity& identity) {
    const Instant now = SystemClock{}.now();
    return {{"name", identity.root().common_name()},
            {"fingerprint", to_hex(identity.root().fingerprint())},
            {"notBefore", to_rfc3339(identity.leaf().not_before())},
            {"notAfter", to_rfc3339(identity.leaf().not_after())},
            {"renew", needs_renewal(identity, now)},
            {"dastineHosts", names_of(identity) == TlsNames::with_dastine}};
}

json waiting_json(const std::vector<DoorHost::Waiting>& waiting) {
    const auto now = std::chrono::steady_clock::now();
    json out = json::array();
    for (const auto& one : waiting) {
        if (now - one.since < held_back_after) continue;
        const auto facts = client_socket(one.peer);
        if (!facts || !*facts) continue;
        const auto program = program_of_socket((*facts)->inode);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - one.since).count();
        out.push_back({{"program", program ? program->name : ""},
                       {"knownBrowser", program && program->known_browser},
                       {"port", one.peer.local_port},
                       {"seconds", seconds}});
    }
    return out;
}

std::vector<Method> tls_methods() {
    return {{"tls.status", tls_status, {}, {}}, {"tls.issue", tls_issue, {}, {}}};
}

} // namespace mohr::core
