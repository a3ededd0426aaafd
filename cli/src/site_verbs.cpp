// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/cli/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mohr::cli {
namespace {

struct SiteOptions {
    std::string origin;
    bool listing = false;
    bool blind = false;
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
    for (CLI::App* verb : {&allow, &deny, &drop})
        verb->add_option("ORIGIN", options->origin, "Such as https://portal.example")->required();
    for (CLI::App* verb : {&allow, &deny}) {
        verb->add_flag("--listing", options->listing,
                       "About seeing the list of certificates instead of access");
        verb->add_flag("--blind", options->blind, "About signing what cannot be shown, instead of access");
    }
}

} // namespace mohr::cli
