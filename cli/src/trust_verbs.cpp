// SPDX-License-Identifier: Apache-2.0
// mohr trust: the local root in the stores of the person's browsers. Running it is the person's decision.
#include "host_names.hpp"
#include "layout.hpp"
#include "nss_stores.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mohr::cli {
namespace {

using nlohmann::json;

struct TrustOptions {
    bool dastine_hosts = false;
    bool no_dastine_hosts = false;
};

struct LocalRoot {
    json status;
    Certificate root;
};

Outcome<LocalRoot> as_root(Outcome<json> reply) {
    if (!reply) return reply.error();
    const auto der = from_base64(text_member(*reply, "root"));
    const auto root = der ? Certificate::from_der(*der) : Result<Certificate>(der.error());
    if (!root) return Failure(Exit::no_answer, "protocol_error", "The service sent no certificate.");
    reply->erase("root");
    return LocalRoot{std::move(*reply), *root};
}

/// The root to install: the one there is, or another if its time runs out or its names are to change.
Outcome<LocalRoot> wanted_root(Session& session, const TrustOptions& options, bool& issued) {
    auto current = as_root(session.call("tls.status", nullptr));
    if (!current) return current;
    const bool has = flag_member(current->status, "dastineHosts");
    const bool wants = options.dastine_hosts || (has && !options.no_dastine_hosts);
    if (has == wants && !flag_member(current->status, "renew")) return current;
    issued = true;
    return as_root(session.call("tls.issue", {{"dastineHosts", wants}}));
}

json about(const NssStore& store) {
    return {{"browser", store.family == BrowserFamily::chromium ? "chromium" : "firefox"},
            {"store", store.label},
            {"directory", store.directory.string()}};
}

json names_of(const std::vector<StoredRoot>& roots) {
    json names = json::array();
    for (const StoredRoot& root : roots) names.push_back(root.name);
    return names;
}

void put_failure(json& entry, const Failure& failure) {
    entry["result"] = "failed";
    entry["code"] = failure.code;
    entry["problem"] = failure.message;
}

/// Adds the root where it is missing, and then takes out those that it replaces.
Outcome<void> install_into(const Certutil& certutil, const NssStore& store, const Certificate& root,
                           json& entry) {
    if (!Certutil::exists(store)) MOHR_TRY(certutil.create(store));
    const auto before = certutil.roots(store);
    if (!before) return before.error();
    entry["result"] = "kept";
    if (state_of(*before, root) != StoreState::trusted) {
        MOHR_TRY(certutil.add(store, root));
        const auto after = certutil.roots(store);
        if (!after) return after.error();
        if (state_of(*after, root) != StoreState::trusted)
            return Failure(Exit::failed, "store_failed", "The store did not take the root.");
        entry["result"] = "added";
    }
    json removed = json::array();
    for (const StoredRoot& old : *before) {
        if (old.name == root.common_name()) continue;
        MOHR_TRY(certutil.remove(store, old.name));
        removed.push_back(old.name);
    }
    entry["removed"] = std::move(removed);
    return {};
}

struct Report {
    json stores = json::array();
    bool failed = false;
    bool restart = false; ///< Chromium reads its store only when it starts
};

std::string table_of(const json& stores) {
    Table table({"STORE", "RESULT", "DIRECTORY"});
    for (const json& entry : stores) {
        std::string result = text_member(entry, "result", text_member(entry, "state"));
        if (const auto problem = text_member(entry, "problem"); !problem.empty()) result += ": " + problem;
        table.add({text_member(entry, "store"), result, text_member(entry, "directory")});
    }
    return table.empty() ? "" : table.text();
}

Outcome<Exit> install(Session& session, const TrustOptions& options) {
    const auto certutil = Certutil::find(session.settings().environment);
    if (!certutil) return certutil.error();
    bool issued = false;
    const auto root = wanted_root(session, options, issued);
    if (!root) return root.error();
    Report report;
    for (const NssStore& store : find_nss_stores(session.settings().environment)) {
        json entry = about(store);
        if (const auto done = install_into(*certutil, store, root->root, entry); !done) {
            put_failure(entry, done.error());
            report.failed = true;
        }
        report.restart =
            report.restart || (store.family == BrowserFamily::chromium && entry["result"] == "added");
        report.stores.push_back(std::move(entry));
    }
    std::string text = table_of(report.stores);
    text += session.say(report.stores.empty() ? Text::trust_no_browser
                        : report.failed       ? Text::trust_partly
                                              : Text::trust_installed) +
            "\n";
    if (report.restart) text += session.say(Text::trust_restart) + "\n";
    if (flag_member(root->status, "dastineHosts")) text += session.say(Text::trust_hosts_hint) + "\n";
    session.result({{"root", root->status},
                    {"issued", issued},
                    {"stores", report.stores},
                    {"restartChromium", report.restart}},
                   text);
    return report.failed ? Exit::failed : Exit::ok;
}

Outcome<void> remove_from(const Certutil& certutil, const NssStore& store, json& entry) {
    const auto roots = certutil.roots(store);
    if (!roots) return roots.error();
    for (const StoredRoot& root : *roots) MOHR_TRY(certutil.remove(store, root.name));
    entry["removed"] = names_of(*roots);
    entry["result"] = roots->empty() ? "nothing" : "removed";
    return {};
}

Outcome<Exit> remove(Session& session) {
    const auto certutil = Certutil::find(session.settings().environment);
    if (!certutil) return certutil.error();
    Report report;
    for (const NssStore& store : find_nss_stores(session.settings().environment)) {
        json entry = about(store);
        if (const auto done = remove_from(*certutil, store, entry); !done) {
            put_failure(entry, done.error());
            report.failed = true;
        }
        report.restart =
            report.restart || (store.family == BrowserFamily::chromium && entry["result"] == "removed");
        report.stores.push_back(std::move(entry));
    }
    std::string text = table_of(report.stores);
    text += session.say(report.failed ? Text::trust_remove_partly : Text::trust_removed) + "\n";
    if (report.restart) text += session.say(Text::trust_restart) + "\n";
    session.result({{"stores", report.stores}, {"restartChromium", report.restart}}, text);
    return report.failed ? Exit::failed : Exit::ok;
}

const char* state_name(StoreState state) {
    switch (state) {
    case StoreState::trusted:
        return "trusted";
    case StoreState::other_root:
        return "other_root";
    case StoreState::absent:
        break;
    }
    return "not_trusted";
}

Outcome<Exit> status(Session& session) {
    const auto certutil = Certutil::find(session.settings().environment);
    if (!certutil) return certutil.error();
    // The stores can be looked at while the service is down; what it would want of them is then unknown.
    const auto root = as_root(session.call("tls.status", nullptr));
    bool attention = !root || flag_member(root->status, "renew");
    json stores = json::array();
    for (const NssStore& store : find_nss_stores(session.settings().environment)) {
        json entry = about(store);
        const auto roots = certutil->roots(store);
        if (!roots) {
            put_failure(entry, roots.error());
            entry["state"] = "unreadable";
        } else {
            entry["roots"] = names_of(*roots);
            entry["state"] = root             ? state_name(state_of(*roots, root->root))
                             : roots->empty() ? "not_trusted"
                                              : "unknown";
        }
        attention = attention || entry["state"] != "trusted";
        stores.push_back(std::move(entry));
    }
    std::string text;
    if (root) {
        Fields fields;
        fields.add("root", text_member(root->status, "name"));
        fields.add("fingerprint", text_member(root->status, "fingerprint"));
        fields.add("valid until", text_member(root->status, "notAfter"));
        fields.add("Dastine hosts", flag_member(root->status, "dastineHosts") ? "yes" : "no");
        text += fields.text();
        if (flag_member(root->status, "renew")) text += session.say(Text::trust_renew) + "\n";
    } else {
        text += session.say(Text::not_running) + "\n";
    }
    session.result({{"root", root ? root->status : json()}, {"stores", stores}}, text + table_of(stores));
    return attention ? Exit::attention : Exit::ok;
}

Outcome<Exit> hosts(Session& session) {
    Table table({"NAME", "STATE", "ADDRESSES"});
    json names = json::array();
    bool good = true;
    for (const HostName& host : resolve_dastine_hosts()) {
        const char* state = host.state == HostState::loopback  ? "loopback"
                            : host.state == HostState::unknown ? "unknown"
                                                               : "elsewhere";
        good = good && host.state == HostState::loopback;
        std::string addresses;
        for (const auto& address : host.addresses) addresses += (addresses.empty() ? "" : " ") + address;
        table.add({std::string(host.name), state, addresses});
        names.push_back({{"name", host.name}, {"state", state}, {"addresses", host.addresses}});
    }
    std::string text = table.text();
    if (!good)
        text += session.say(Text::trust_hosts_how) + "\n\n" + hosts_lines() + "\n  " + hosts_command() + "\n";
    session.result({{"hosts", names}, {"lines", hosts_lines()}, {"command", hosts_command()}}, text);
    return good ? Exit::ok : Exit::attention;
}

} // namespace

void add_trust_verbs(CommandLine& line) {
    CLI::App& trust =
        line.add_group("trust", "Let this person's browsers know the local certificate (for wss)");
    const auto options = std::make_shared<TrustOptions>();
    CLI::App& add =
        line.add_verb(trust, "install", "Put the local root into the stores of Chromium and Firefox",
                      [options](Session& session) { return install(session, *options); });
    auto* const with =
        add.add_flag("--dastine-hosts", options->dastine_hosts,
                     "Also for localhost.dastine.pki.co.ir and local.dastine.pki.co.ir, which existing "
                     "https portals use");
    add.add_flag("--no-dastine-hosts", options->no_dastine_hosts, "No longer for these two")->excludes(with);
    line.add_verb(trust, "remove", "Take every local root of Mohr out of them", remove);
    line.add_verb(trust, "status", "Show which store knows it, and until when it is valid", status);
    line.add_verb(trust, "hosts", "Show how the two Dastine host names resolve, and how to map them", hosts);
}

} // namespace mohr::cli
