// SPDX-License-Identifier: Apache-2.0
#include "policy_files.hpp"

#include <mohr/base/files.hpp>
#include <mohr/cli/output_file.hpp>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <algorithm>

namespace mohr::cli {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t max_policy_bytes = 1024 * 1024;
constexpr const char* allowed_key = "LoopbackNetworkAllowedForUrls";
constexpr const char* blocked_key = "LoopbackNetworkBlockedForUrls";
constexpr const char* firefox_key = "LocalNetworkAccess";
constexpr const char* https = "https://";

bool is_firefox(PolicyBrowser browser) {
    return browser == PolicyBrowser::firefox;
}

json parse(const fs::path& path) {
    const auto content = read_input(path, max_policy_bytes);
    if (!content) return json::value_t::discarded;
    const std::string_view text = as_text(*content);
    return json::parse(text.begin(), text.end(), nullptr, false);
}

std::optional<std::vector<std::string>> texts(const json& list) {
    if (!list.is_array()) return std::nullopt;
    std::vector<std::string> out;
    for (const json& one : list) {
        if (!one.is_string()) return std::nullopt;
        out.push_back(one.get<std::string>());
    }
    return out;
}

/// The sites of a document that has exactly our members; nothing if it is somebody else's.
std::optional<std::vector<std::string>> our_sites(PolicyBrowser browser, const json& document) {
    if (!document.is_object() || document.size() != 1) return std::nullopt;
    if (!is_firefox(browser))
        return document.contains(allowed_key) ? texts(document.at(allowed_key)) : std::nullopt;
    const json policies = document.value("policies", json());
    if (!policies.is_object() || policies.size() != 1 || !policies.contains(firefox_key)) return std::nullopt;
    const json& access = policies.at(firefox_key);
    if (!access.is_object() || access.size() != 1) return std::nullopt;
    auto hosts = texts(access.value("SkipDomains", json()));
    if (hosts)
        for (std::string& host : *hosts) host.insert(0, https);
    return hosts;
}

void look_beside(const fs::path& own, PolicyFile& file) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(own.parent_path(), error)) {
        if (entry.path() == own || entry.path().extension() != ".json") continue;
        const json other = parse(entry.path());
        if (other.is_object() && (other.contains(allowed_key) || other.contains(blocked_key)))
            file.in_the_way.push_back(entry.path().string());
    }
    std::sort(file.in_the_way.begin(), file.in_the_way.end());
}

/// mkdir -p, with directories that everybody may enter whatever the umask is.
Outcome<void> make_public_directories(const fs::path& path) {
    if (path.empty() || ::access(path.c_str(), F_OK) == 0) return {};
    MOHR_TRY(make_public_directories(path.parent_path()));
    if (::mkdir(path.c_str(), 0755) != 0 || ::chmod(path.c_str(), 0755) != 0)
        return failure_from(system_failure(path.string()), "The directory cannot be made.");
    return {};
}

} // namespace

std::string_view policy_name(PolicyBrowser browser) noexcept {
    switch (browser) {
    case PolicyBrowser::chromium:
        return "chromium";
    case PolicyBrowser::chrome:
        return "chrome";
    case PolicyBrowser::edge:
        return "edge";
    case PolicyBrowser::firefox:
        break;
    }
    return "firefox";
}

fs::path policy_path(PolicyBrowser browser, const fs::path& root) {
    switch (browser) {
    case PolicyBrowser::chromium:
        return root / "etc/chromium/policies/managed/mohr.json";
    case PolicyBrowser::chrome:
        return root / "etc/opt/chrome/policies/managed/mohr.json";
    case PolicyBrowser::edge:
        return root / "etc/opt/edge/policies/managed/mohr.json";
    case PolicyBrowser::firefox:
        break;
    }
    return root / "etc/firefox/policies/policies.json";
}

bool is_policy_site(std::string_view site) noexcept {
    if (!site.starts_with("https://") || site.size() > 260) return false;
    const std::string_view host = site.substr(8);
    if (host.empty() || host.front() == '.' || host.front() == '-' || host.front() == ':') return false;
    return std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':';
    });
}

PolicyFile read_policy(PolicyBrowser browser, const fs::path& root) {
    PolicyFile file;
    const fs::path path = policy_path(browser, root);
    if (!is_firefox(browser)) look_beside(path, file);
    std::error_code error;
    if (!fs::exists(fs::symlink_status(path, error))) return file;
    const json document = parse(path);
    if (document.is_discarded()) {
        file.state = PolicyState::damaged;
        return file;
    }
    const auto sites = our_sites(browser, document);
    file.state = sites ? PolicyState::ours : PolicyState::foreign;
    if (sites) file.sites = *sites;
    return file;
}

std::string policy_text(PolicyBrowser browser, const std::vector<std::string>& sites) {
    if (!is_firefox(browser)) return json{{allowed_key, sites}}.dump(2) + "\n";
    std::vector<std::string> hosts; // Firefox knows hosts only, of the page or of what it reaches
    for (const std::string& site : sites) {
        const std::string host = site.substr(std::string_view(https).size());
        hosts.push_back(host.substr(0, host.find(':')));
    }
    return json{{"policies", {{firefox_key, {{"SkipDomains", hosts}}}}}}.dump(2) + "\n";
}

Outcome<void> write_policy(PolicyBrowser browser, const fs::path& root,
                           const std::vector<std::string>& sites) {
    const fs::path path = policy_path(browser, root);
    const PolicyFile before = read_policy(browser, root);
    // What cannot be read as JSON under our own name was ours; Firefox's file is everybody's.
    if (before.state == PolicyState::foreign || (before.state == PolicyState::damaged && is_firefox(browser)))
        return Failure(Exit::exists, "exists", "The policy file is somebody else's; add this by hand.",
                       path.string() + ": " + policy_text(browser, sites));
    if (sites.empty()) {
        std::error_code error;
        fs::remove(path, error);
        if (error)
            return Failure(Exit::failed, "failed", "The policy cannot be removed: " + error.message(),
                           path.string());
        return {};
    }
    MOHR_TRY(make_public_directories(path.parent_path()));
    auto output = OutputFile::create(path, Overwrite::yes, 0644);
    if (!output) return output.error();
    if (const auto written = write_all(output->fd(), as_bytes(policy_text(browser, sites))); !written)
        return failure_from(written.error(), "The policy cannot be written.");
    return output->commit();
}

} // namespace mohr::cli
