// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mohr::cli {
namespace {

struct SiteOptions {
    std::string origin;
    bool listing = false;
    bool blind = false;
    std::string key;
    std::string value;
};

Outcome<Exit> list(Session& session) {
    const auto reply = session.call("site.list", nullptr);
    if (!reply) return reply.error();
    Table table({"SITE", "ACCESS", "LISTING", "BLIND", "UNTIL", "SILENCED UNTIL", "PROGRAM"});
    if (reply->is_array())
        for (const auto& site : *reply)
            table.add({text_member(site, "origin"), text_member(site, "access"), text_member(site, "listing"),
                       text_member(site, "blind"), shown(member(site, "expires")),
                       shown(member(site, "silencedUntil")), shown(member(site, "program"))});
    session.result(*reply, table.empty() ? "" : table.text());
    return Exit::ok;
}

/// Without --listing and --blind it is about access; with them about exactly those.
Outcome<Exit> set(Session& session, const SiteOptions& options, std::string_view decision) {
    nlohmann::json params{{"origin", options.origin}};
    if (options.listing) params["listing"] = decision;
    if (options.blind) params["blind"] = decision;
    if (!options.listing && !options.blind) params["access"] = decision;
    // Design section 4: a blind signature could also serve as a login in the person's name.
    if (options.blind && decision == "allow") MOHR_TRY(session.confirm(session.say(Text::warn_blind)));
    const auto reply = session.call("site.set", params);
    if (!reply) return reply.error();
    session.result(*reply, session.say(Text::done));
    return Exit::ok;
}

Outcome<Exit> set_quirk(Session& session, const SiteOptions& options) {
    const auto reply = session.call(
        "site.setQuirk", {{"origin", options.origin}, {"key", options.key}, {"value", options.value}});
    if (!reply) return reply.error();
    session.result(*reply, session.say(Text::done));
    return Exit::ok;
}

/// All that is kept of one site; nothing was decided about one that is not kept.
Outcome<Exit> show(Session& session, const SiteOptions& options) {
    const auto reply = session.call("site.list", nullptr);
    if (!reply) return reply.error();
    if (reply->is_array())
        for (const auto& site : *reply) {
            if (text_member(site, "origin") != options.origin) continue;
            Table table({"WHAT", "VALUE"});
            for (const char* name :
                 {"origin", "access", "listing", "blind", "expires", "silencedUntil", "program"})
                table.add({name, shown(member(site, name))});
            const nlohmann::json& quirks = member(site, "dastine");
            if (quirks.is_object())
                for (const auto& [key, value] : quirks.items()) table.add({key, shown(value)});
            session.result(site, table.text());
            return Exit::ok;
        }
    const auto& missing = protocol::row(protocol::Code::not_found);
    return Failure(exit_for(missing.code), std::string(missing.name), std::string(missing.message));
}

Outcome<Exit> end_window(Session& session, const SiteOptions& options) {
    const auto reply = session.call("site.endWindow", {{"origin", options.origin}});
    if (!reply) return reply.error();
    session.result(*reply, session.say(Text::done));
    return Exit::ok;
}

Outcome<Exit> forget(Session& session, const SiteOptions& options) {
    const auto reply = session.call("site.forget", {{"origin", options.origin}});
    if (!reply) return reply.error();
    session.result(*reply, session.say(Text::done));
    return Exit::ok;
}

} // namespace

void add_site_verbs(CommandLine& line) {
    CLI::App& site = line.add_group("site", "What sites may do; the use of a key is asked every time");
    line.add_verb(site, "list", "Show what was decided for which site", list);
    const auto options = std::make_shared<SiteOptions>();
    CLI::App& allow = line.add_verb(site, "allow", "Let a site use Mohr",
                                    [options](Session& session) { return set(session, *options, "allow"); });
    CLI::App& deny = line.add_verb(site, "deny", "Refuse a site without asking",
                                   [options](Session& session) { return set(session, *options, "deny"); });
    CLI::App& drop = line.add_verb(site, "forget", "Forget all decisions: the site must ask again",
                                   [options](Session& session) { return forget(session, *options); });
    CLI::App& quirk = line.add_verb(site, "set", "Change how one Dastine portal is treated",
                                    [options](Session& session) { return set_quirk(session, *options); });
    CLI::App& one = line.add_verb(site, "show", "Show all that is kept of one site",
                                  [options](Session& session) { return show(session, *options); });
    CLI::App& stop = line.add_verb(site, "stop-decrypting", "End a site's decrypt window",
                                   [options](Session& session) { return end_window(session, *options); });
    for (CLI::App* verb : {&allow, &deny, &drop, &quirk, &one, &stop})
        verb->add_option("ORIGIN", options->origin, "Such as https://portal.example")->required();
    quirk.add_option("KEY", options->key)
        ->required()
        ->check(CLI::IsMember(
            {"sign.prehashed", "sign.byte_order", "cms.attach", "decrypt.padding", "codes", "sha1"}));
    quirk.add_option("VALUE", options->value)->required();
    for (CLI::App* verb : {&allow, &deny}) {
        verb->add_flag("--listing", options->listing,
                       "About seeing the list of certificates instead of access");
        verb->add_flag("--blind", options->blind, "About signing what cannot be shown, instead of access");
    }
}

} // namespace mohr::cli
