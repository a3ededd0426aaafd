// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include "pins.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <ostream>

namespace mohr::cli {
namespace {

std::string role_text(const nlohmann::json& role) {
    if (!flag_member(role, "set")) return "not set";
    const std::uint64_t left = number_member(role, "triesLeft");
    if (left == 0) return "BLOCKED";
    return std::to_string(left) + " of " + std::to_string(number_member(role, "triesAtMost")) +
           " attempts left";
}

std::string info_text(const nlohmann::json& info) {
    Fields fields;
    fields.add("state", text_member(info, "state"));
    fields.add("label", text_member(info, "label"));
    fields.add("serial", text_member(info, "serial"));
    fields.add("user PIN", role_text(member(info, "user")));
    fields.add("admin PIN", role_text(member(info, "admin")));
    fields.add("unlocked", flag_member(info, "unlocked") ? "yes" : "no");
    fields.add("keys", std::to_string(number_member(info, "keys")));
    fields.add("certificates", std::to_string(number_member(info, "certificates")));
    const std::string keeper = text_member(info, "deviceSecret");
    fields.add("device secret", keeper);
    // Design section 3: who restores everything together gains tries, unless a TPM counts too.
    if (keeper != "tpm2")
        fields.add("note", "without a TPM nothing stops who restores vault, state and secret together");
    if (flag_member(info, "olderCopySuspected"))
        fields.add("WARNING", "an older copy of the token is suspected; the admin PIN is needed once");
    fields.add("Argon2id", std::to_string(number_member(info, "argon2MemoryKib") / 1024) + " MiB, " +
                               std::to_string(number_member(info, "argon2Passes")) + " passes");
    fields.add("vault version", std::to_string(number_member(info, "vaultVersion")));
    return fields.text();
}

Outcome<Exit> info(Session& session) {
    const auto reply = session.call("token.info", nullptr);
    if (!reply) return reply.error();
    session.result(*reply, info_text(*reply));
    return Exit::ok;
}

Exit report_done(Session& session, const nlohmann::json& reply) {
    session.result(reply, session.say(Text::done));
    return Exit::ok;
}

Outcome<Exit> initialise(Session& session, const std::string& label) {
    const auto state = session.call("token.info", nullptr);
    if (!state) return state.error();
    if (text_member(*state, "state") == "initialised")
        return Failure(Exit::exists, "already_initialised",
                       "The token is initialised; use: mohr token reset");
    std::vector<NamedSecret> secrets;
    auto user = ask_new_pin(session, PinRole::user);
    if (!user) return user.error();
    secrets.emplace_back("user_pin", std::move(*user));
    auto admin = ask_new_pin(session, PinRole::admin);
    if (!admin) return admin.error();
    secrets.emplace_back("admin_pin", std::move(*admin));
    const auto reply =
        call_with_confirmations(session, "token.initialise", {{"label", label}}, secrets, PinRole::none);
    if (!reply) return reply.error();
    return report_done(session, *reply);
}

/// R51, R57: what a reset destroys, by name, before anybody can say yes. Returns how many certificates.
Outcome<std::size_t> tell_loss(Session& session) {
    const auto keys = session.call("key.list", nullptr);
    if (!keys) return keys.error();
    std::size_t certificates = 0;
    std::string list;
    for (const auto& object : *keys) {
        if (!member(object, "certificate").is_object() && !member(object, "certificate").is_string())
            continue;
        ++certificates;
        list += "  " + printable(text_member(object, "commonName", text_member(object, "label"))) + "  " +
                printable(text_member(object, "id")) + "\n";
    }
    const Language language = session.language();
    session.aside() << (certificates == 0
                            ? session.say(Text::reset_nothing_lost)
                            : say(Text::reset_loses, language, {{"n", number(certificates, language)}}))
                    << '\n'
                    << list;
    MOHR_TRY(session.confirm(session.say(Text::reset_sure)));
    return certificates;
}

Outcome<Exit> reset(Session& session, const std::string& label) {
    const auto state = session.call("token.info", nullptr);
    if (!state) return state.error();
    if (text_member(*state, "state") != "initialised")
        return Failure(Exit::token_not_ready, "token_not_initialised",
                       "The token is not initialised; use: mohr token init");
    const nlohmann::json& admin_state = member(*state, "admin");
    const bool blocked = flag_member(admin_state, "set") && number_member(admin_state, "triesLeft", 1) == 0;
    const auto loss = tell_loss(session);
    if (!loss) return loss.error();
    // R57: with a blocked admin PIN the owner of the device is asked, and asked twice.
    if (blocked)
        MOHR_TRY(session.confirm(session.say(Text::admin_pin_blocked) + " " + session.say(Text::reset_sure)));

    std::vector<NamedSecret> secrets;
    auto proof =
        blocked ? session.person().secret(session.say(Text::ask_owner_password)) : ask_admin_pin(session);
    if (!proof) return proof.error();
    auto user = ask_new_pin(session, PinRole::user);
    if (!user) return user.error();
    auto admin = ask_new_pin(session, PinRole::admin);
    if (!admin) return admin.error();
    if (!blocked) secrets.emplace_back("admin_pin", std::move(*proof));
    secrets.emplace_back("new_user_pin", std::move(*user));
    secrets.emplace_back("new_admin_pin", std::move(*admin));
    if (blocked) secrets.emplace_back("owner_password", std::move(*proof));
    nlohmann::json params{{"confirmLoss", *loss}};
    params["label"] = label.empty() ? text_member(*state, "label") : label;
    const auto reply =
        call_with_confirmations(session, blocked ? "token.resetBlocked" : "token.reset", std::move(params),
                                secrets, blocked ? PinRole::none : PinRole::admin);
    if (!reply) return reply.error();
    return report_done(session, *reply);
}

Outcome<Exit> change_pin(Session& session, PinRole role) {
    const bool admin = role == PinRole::admin;
    std::vector<NamedSecret> secrets;
    auto old_pin = admin ? ask_admin_pin(session) : ask_user_pin(session);
    if (!old_pin) return old_pin.error();
    secrets.emplace_back("pin", std::move(*old_pin));
    auto new_pin = ask_new_pin(session, role);
    if (!new_pin) return new_pin.error();
    secrets.emplace_back("new_pin", std::move(*new_pin));
    const auto reply = call_with_confirmations(session, "token.changePin",
                                               {{"role", admin ? "admin" : "user"}}, secrets, role);
    if (!reply) return reply.error();
    return report_done(session, *reply);
}

Outcome<Exit> unblock(Session& session) {
    std::vector<NamedSecret> secrets;
    auto admin = ask_admin_pin(session);
    if (!admin) return admin.error();
    secrets.emplace_back("admin_pin", std::move(*admin));
    auto user = ask_new_pin(session, PinRole::user);
    if (!user) return user.error();
    secrets.emplace_back("new_user_pin", std::move(*user));
    const auto reply =
        call_with_confirmations(session, "token.unblock", nlohmann::json::object(), secrets, PinRole::admin);
    if (!reply) return reply.error();
    return report_done(session, *reply);
}

/// The verbs that need one PIN and no confirmation.
Outcome<Exit> with_one_pin(Session& session, std::string_view method, const nlohmann::json& params,
                           std::string_view name, PinRole role) {
    auto pin = role == PinRole::admin ? ask_admin_pin(session) : ask_user_pin(session);
    if (!pin) return pin.error();
    std::vector<NamedSecret> secrets;
    secrets.emplace_back(std::string(name), std::move(*pin));
    const auto reply = for_role(session.call(method, params, std::move(secrets)), role);
    if (!reply) return reply.error();
    return report_done(session, *reply);
}

Outcome<Exit> lock(Session& session) {
    const auto reply = session.call("token.lock", nullptr);
    if (!reply) return reply.error();
    return report_done(session, *reply);
}

void add_role_option(CLI::App& verb, std::string& role) {
    verb.add_option("--role", role, "Whose PIN (default: user)")->check(CLI::IsMember({"user", "admin"}));
}

PinRole role_of(const std::string& name) {
    return name == "admin" ? PinRole::admin : PinRole::user;
}

} // namespace

void add_token_verbs(CommandLine& line) {
    CLI::App& token = line.add_group("token", "The token itself: its state and its PINs");
    line.add_verb(token, "info", "Show state, attempts left and how the token is kept", info);

    const auto label = std::make_shared<std::string>("Mohr");
    CLI::App& init = line.add_verb(token, "init", "Set both PINs of a new token",
                                   [label](Session& session) { return initialise(session, *label); });
    init.add_option("--label", *label, "Name of the token (default: Mohr)");

    const auto reset_label = std::make_shared<std::string>();
    CLI::App& reset_verb =
        line.add_verb(token, "reset", "Destroy every key and set both PINs anew",
                      [reset_label](Session& session) { return reset(session, *reset_label); });
    reset_verb.add_option("--label", *reset_label, "Name of the token (default: as before)");

    const auto role = std::make_shared<std::string>("user");
    CLI::App& change =
        line.add_verb(token, "change-pin", "Change a PIN that you know",
                      [role](Session& session) { return change_pin(session, role_of(*role)); });
    add_role_option(change, *role);

    CLI::App& verify = line.add_verb(
        token, "verify-pin", "Check a PIN; a right user PIN unlocks the token", [role](Session& session) {
            return with_one_pin(session, "token.verify", {{"role", *role}}, "pin", role_of(*role));
        });
    add_role_option(verify, *role);

    line.add_verb(token, "unblock", "Set a new user PIN with the admin PIN; keys stay", unblock);
    line.add_verb(token, "lock", "Forget the keys in memory until the next PIN", lock);

    const auto new_label = std::make_shared<std::string>();
    CLI::App& relabel = line.add_verb(token, "label", "Rename the token", [new_label](Session& session) {
        return with_one_pin(session, "token.setLabel", {{"label", *new_label}}, "admin_pin", PinRole::admin);
    });
    relabel.add_option("LABEL", *new_label, "The new name")->required();
}

} // namespace mohr::cli
