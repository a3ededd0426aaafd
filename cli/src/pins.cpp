// SPDX-License-Identifier: Apache-2.0
#include "pins.hpp"

#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

#include <ostream>

namespace mohr::cli {
namespace {
constexpr int repeat_rounds = 3;
constexpr int confirmation_rounds = 4;
} // namespace

Outcome<Secret> ask_user_pin(Session& session) {
    return session.person().secret(session.say(Text::ask_user_pin));
}

Outcome<Secret> ask_admin_pin(Session& session) {
    return session.person().secret(session.say(Text::ask_admin_pin));
}

Outcome<Secret> ask_new_pin(Session& session, PinRole role) {
    const bool admin = role == PinRole::admin;
    const Text differs = admin ? Text::admin_pin_repeat_differs : Text::user_pin_repeat_differs;
    for (int round = 0; round < repeat_rounds; ++round) {
        auto first =
            session.person().secret(session.say(admin ? Text::ask_new_admin_pin : Text::ask_new_user_pin));
        if (!first || !session.person().can_repeat()) return first;
        const auto second = session.person().secret(
            session.say(admin ? Text::ask_new_admin_pin_again : Text::ask_new_user_pin_again));
        if (!second) return second.error();
        if (first->same_as(second->reveal())) return first;
        session.aside() << session.say(differs) << '\n';
    }
    return Failure(Exit::failed, "pin_repeat_differs", say(differs, Language::en));
}

Outcome<nlohmann::json> call_with_confirmations(Session& session, std::string_view method,
                                                nlohmann::json params,
                                                const std::vector<NamedSecret>& secrets, PinRole role) {
    for (int round = 0;; ++round) {
        std::vector<NamedSecret> copies;
        for (const auto& [name, secret] : secrets) copies.emplace_back(name, secret.duplicate());
        auto reply = for_role(session.call(method, params, std::move(copies)), role);
        if (reply || reply.error().code != "confirmation_needed" || round == confirmation_rounds)
            return reply;
        const std::string& reason = reply.error().reason;
        // Certificates came or went since the loss was named: the person must begin again, knowing it.
        if (reason.starts_with("loss:")) return reply;
        const bool equal = reason.find("equal") != std::string::npos;
        params[equal ? "confirmEqual" : "confirmGuessable"] = true;
        MOHR_TRY(session.confirm(
            equal ? session.say(Text::pins_equal)
                  : say(Text::guessable, session.language(), {{"reason", printable(reason)}})));
    }
}

} // namespace mohr::cli
