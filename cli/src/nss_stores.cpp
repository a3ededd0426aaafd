// SPDX-License-Identifier: Apache-2.0
#include "nss_stores.hpp"

#include "program.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/output_file.hpp>
#include <mohr/protocol/tls_names.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <unistd.h>

namespace mohr::cli {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_ini_bytes = 1024 * 1024;

bool has_directory(const fs::path& path) {
    std::error_code error;
    return fs::is_directory(path, error);
}

/// A directory of ours: nothing is written into a place that belongs to somebody else.
bool is_own_directory(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
}

/// Chromium's own rule (threats: measured): the old place hides the new one.
fs::path chromium_store(const fs::path& home, const fs::path& data) {
    const fs::path old = home / ".pki/nssdb";
    return has_directory(old) ? old : data / "pki/nssdb";
}

bool uses_chromium(const Environment& environment) {
    for (const char* name : {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
                             "microsoft-edge", "microsoft-edge-stable", "brave-browser"})
        if (find_in_path(environment.search_path, name)) return true;
    for (const char* name : {"chromium", "google-chrome", "microsoft-edge", "BraveSoftware"})
        if (has_directory(environment.config / name)) return true;
    return Certutil::exists({{}, {}, chromium_store(environment.home, environment.data)});
}

void add_chromium(const Environment& environment, std::vector<NssStore>& stores) {
    if (uses_chromium(environment))
        stores.push_back({BrowserFamily::chromium, "Chromium, Chrome, Edge",
                          chromium_store(environment.home, environment.data)});
    for (const char* name : {"chromium", "brave"}) {
        const fs::path home = environment.home / "snap" / name / "current"; // $HOME inside the snap
        if (is_own_directory(home))
            stores.push_back({BrowserFamily::chromium, std::string(name) + " (snap)",
                              chromium_store(home, home / ".local/share")});
    }
    for (const char* id :
         {"org.chromium.Chromium", "com.google.Chrome", "com.microsoft.Edge", "com.brave.Browser"}) {
        const fs::path home = environment.home / ".var/app" / id; // where a Flatpak keeps ~/.pki and its data
        if (is_own_directory(home))
            stores.push_back({BrowserFamily::chromium, std::string(id) + " (flatpak)",
                              chromium_store(home, home / "data")});
    }
}

void add_firefox(const fs::path& directory, std::string_view kind, std::vector<NssStore>& stores) {
    const auto ini = read_input(directory / "profiles.ini", max_ini_bytes);
    if (!ini) return;
    for (const fs::path& profile : firefox_profiles(as_text(*ini), directory)) {
        if (!is_own_directory(profile)) continue;
        stores.push_back(
            {BrowserFamily::firefox, "Firefox: " + profile.filename().string() + std::string(kind), profile});
    }
}

std::string trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

/// The last line that certutil wrote says what was wrong.
std::string reason(const ProgramResult& result) {
    std::istringstream lines(result.err);
    std::string last;
    for (std::string line; std::getline(lines, line);)
        if (!trimmed(line).empty()) last = trimmed(line);
    return printable(last.empty() ? "status " + std::to_string(result.status) : last, 300);
}

} // namespace

std::vector<fs::path> firefox_profiles(std::string_view ini, const fs::path& directory) {
    std::vector<fs::path> found;
    std::istringstream lines{std::string(ini)};
    bool in_profile = false;
    bool relative = true;
    std::string path;
    const auto flush = [&] {
        if (in_profile && !path.empty()) {
            const fs::path profile = (relative ? directory / path : fs::path(path)).lexically_normal();
            if (std::find(found.begin(), found.end(), profile) == found.end()) found.push_back(profile);
        }
        path.clear();
        relative = true;
    };
    for (std::string line; std::getline(lines, line);) {
        const std::string text = trimmed(line);
        if (text.starts_with("[")) {
            flush();
            in_profile = text.starts_with("[Profile");
        } else if (text.starts_with("Path=")) {
            path = text.substr(5);
        } else if (text.starts_with("IsRelative=")) {
            relative = text.substr(11) != "0";
        }
    }
    flush();
    return found;
}

std::vector<NssStore> find_nss_stores(const Environment& environment) {
    std::vector<NssStore> stores;
    const fs::path& home = environment.home;
    if (!home.is_absolute()) return stores;
    add_chromium(environment, stores);
    const std::array<std::pair<fs::path, const char*>, 6> firefox{{
        {home / ".mozilla/firefox", ""},
        {environment.config / "mozilla/firefox", ""},
        {home / "snap/firefox/common/.mozilla/firefox", " (snap)"},
        {home / "snap/firefox/common/.config/mozilla/firefox", " (snap)"},
        {home / ".var/app/org.mozilla.firefox/.mozilla/firefox", " (flatpak)"},
        {home / ".var/app/org.mozilla.firefox/config/mozilla/firefox", " (flatpak)"},
    }};
    for (const auto& [directory, kind] : firefox) add_firefox(directory, kind, stores);
    return stores;
}

Outcome<Certutil> Certutil::find(const Environment& environment) {
    if (const auto program = find_in_path(environment.search_path, "certutil")) return Certutil(*program);
    return Failure(Exit::failed, "certutil_missing", "The program certutil is missing.",
                   "sudo apt install libnss3-tools");
}

bool Certutil::exists(const NssStore& store) {
    std::error_code error;
    return fs::exists(store.directory / "cert9.db", error);
}

Outcome<std::string> Certutil::run(const NssStore& store, std::vector<std::string> arguments,
                                   std::string_view input) const {
    arguments.insert(arguments.begin(), {"-d", "sql:" + store.directory.string()});
    const auto result = run_program(program_, arguments, input);
    if (!result) return result.error();
    if (result->status == 0) return result->out;
    if (result->err.find("SEC_ERROR_BAD_PASSWORD") != std::string::npos)
        return Failure(
            Exit::failed, "store_password",
            "The store has a primary password, which Mohr does not ask for. Import the root by hand.",
            store.directory.string());
    return Failure(Exit::failed, "store_failed", "certutil: " + reason(*result), store.directory.string());
}

Outcome<void> Certutil::create(const NssStore& store) const {
    std::error_code error;
    fs::create_directories(store.directory, error); // 0700: the umask of this program
    if (error)
        return Failure(Exit::failed, "store_failed", "The store cannot be made: " + error.message(),
                       store.directory.string());
    const auto made = run(store, {"-N", "--empty-password"});
    if (!made) return made.error();
    return {};
}

Outcome<std::vector<StoredRoot>> Certutil::roots(const NssStore& store) const {
    std::vector<StoredRoot> found;
    if (!exists(store)) return found;
    const auto listing = run(store, {"-L"});
    if (!listing) return listing.error();
    std::istringstream lines(*listing);
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(protocol::local_root_name)) continue;
        const std::string text = trimmed(line);
        const std::size_t space = text.find_last_of(' ');
        const std::string name = trimmed(text.substr(0, space));
        const auto pem = run(store, {"-L", "-n", name, "-a"});
        if (!pem) return pem.error();
        const auto certificates = read_certificates(as_bytes(*pem));
        if (!certificates) continue;
        const Certificate& root = certificates->front();
        if (root.subject() != root.issuer() || root.common_name() != name) continue; // somebody else's
        const std::string flags = text.substr(space + 1);
        found.push_back({name, flags.substr(0, flags.find(',')).find('C') != std::string::npos, root});
    }
    return found;
}

Outcome<void> Certutil::add(const NssStore& store, const Certificate& root) const {
    // -f: a store with a password would have certutil ask for it on the terminal.
    const auto added =
        run(store, {"-A", "-t", "C,,", "-n", root.common_name(), "-a", "-f", "/dev/null"}, to_pem(root));
    if (added) return {};
    // Without the password the certificate is there all the same, only not trusted.
    (void)run(store, {"-D", "-n", root.common_name(), "-f", "/dev/null"});
    return added.error();
}

Outcome<void> Certutil::remove(const NssStore& store, const std::string& name) const {
    const auto removed = run(store, {"-D", "-n", name, "-f", "/dev/null"});
    if (!removed) return removed.error();
    return {};
}

StoreState state_of(const std::vector<StoredRoot>& roots, const Certificate& root) {
    StoreState state = StoreState::absent;
    for (const StoredRoot& stored : roots) {
        if (stored.certificate.fingerprint() != root.fingerprint())
            state = StoreState::other_root;
        else if (stored.trusted)
            return StoreState::trusted;
    }
    return state;
}

} // namespace mohr::cli
