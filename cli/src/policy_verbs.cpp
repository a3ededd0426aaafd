// SPDX-License-Identifier: Apache-2.0
// mohr policy: spares all users of this machine the browser's question for given sites.
#include "layout.hpp"
#include "policy_files.hpp"
#include <mohr/cli/command_line.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <unistd.h>

namespace mohr::cli {
namespace {

using nlohmann::json;

struct PolicyOptions {
    std::string browser = "all";
    std::vector<std::string> sites;
    std::string root = "/";
};

std::vector<PolicyBrowser> chosen(const PolicyOptions& options) {
    std::vector<PolicyBrowser> out;
    for (const PolicyBrowser browser : policy_browsers)
        if (options.browser == "all" || options.browser == policy_name(browser)) out.push_back(browser);
    return out;
}

/// The same command, for the one who may.
Failure needs_root(const PolicyOptions& options, std::string_view verb) {
    std::string command = "sudo mohr policy " + std::string(verb) + " --browser " + options.browser;
    for (const auto& site : options.sites) command += " --site " + site;
    return {Exit::failed, "needs_root",
            "Policies are for all users of this machine; only root may set them. Run:", command};
}

json entry_of(PolicyBrowser browser, const PolicyOptions& options) {
    const PolicyFile file = read_policy(browser, options.root);
    const char* state = file.state == PolicyState::absent    ? "absent"
                        : file.state == PolicyState::ours    ? "installed"
                        : file.state == PolicyState::foreign ? "foreign"
                                                             : "damaged";
    return {{"browser", policy_name(browser)},
            {"file", policy_path(browser, options.root).string()},
            {"state", state},
            {"sites", file.sites},
            {"inTheWay", file.in_the_way}};
}

void show(Session& session, const PolicyOptions& options) {
    Table table({"BROWSER", "STATE", "SITES", "FILE"});
    json all = json::array();
    std::string notes;
    for (const PolicyBrowser browser : chosen(options)) {
        json entry = entry_of(browser, options);
        std::string sites;
        for (const json& site : entry["sites"]) sites += (sites.empty() ? "" : " ") + site.get<std::string>();
        table.add({entry["browser"], entry["state"], sites, entry["file"]});
        for (const json& file : entry["inTheWay"])
            notes += file.get<std::string>() + " says something about this too.\n";
        all.push_back(std::move(entry));
    }
    session.result({{"policies", all}}, table.text() + notes);
}

Outcome<Exit> change(Session& session, const PolicyOptions& options, std::string_view verb) {
    for (const auto& site : options.sites)
        if (!is_policy_site(site))
            return Failure(Exit::usage, "usage",
                           "A site is an https origin in lower case, such as https://portal.example.", site);
    if (options.root == "/" && ::geteuid() != 0) return needs_root(options, verb);
    for (const PolicyBrowser browser : chosen(options)) {
        std::vector<std::string> sites = read_policy(browser, options.root).sites;
        const bool was_there = !sites.empty();
        for (const auto& site : options.sites) {
            std::erase(sites, site);
            if (verb == "install") sites.push_back(site);
        }
        if (verb == "remove" && options.sites.empty()) sites.clear();
        if (!was_there && sites.empty()) continue; // nothing of ours to remove
        MOHR_TRY(write_policy(browser, options.root, sites));
    }
    show(session, options);
    return Exit::ok;
}

} // namespace

void add_policy_verbs(CommandLine& line) {
    CLI::App& policy =
        line.add_group("policy", "Let sites reach Mohr without the browser's question, for all users");
    const auto options = std::make_shared<PolicyOptions>();
    CLI::App& install = line.add_verb(policy, "install", "Add sites to the policy of a browser",
                                      [options](Session& s) { return change(s, *options, "install"); });
    CLI::App& remove = line.add_verb(policy, "remove", "Take sites out of it, or the whole policy",
                                     [options](Session& s) { return change(s, *options, "remove"); });
    CLI::App& status =
        line.add_verb(policy, "status", "Show what is set", [options](Session& s) -> Outcome<Exit> {
            show(s, *options);
            return Exit::ok;
        });
    for (CLI::App* verb : {&install, &remove, &status}) {
        verb->add_option("--browser", options->browser, "Which browser (default: all)")
            ->check(CLI::IsMember({"all", "chromium", "chrome", "edge", "firefox"}));
        verb->add_option("--root", options->root,
                         "Below this directory instead of /, for packages and images")
            ->type_name("FILE");
    }
    install.add_option("--site", options->sites, "Such as https://portal.example; may be repeated")
        ->required();
    remove.add_option("--site", options->sites, "Only this one; may be repeated");
}

} // namespace mohr::cli
