// SPDX-License-Identifier: Apache-2.0
// Files, clock, trust, host names and policies.
#include "doctor.hpp"
#include "host_names.hpp"
#include "nss_stores.hpp"
#include "policy_files.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/cli/output_file.hpp>
#include <mohr/protocol/members.hpp>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

namespace mohr::cli {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// Below this the vault and the log cannot be written safely.
constexpr std::uint64_t least_free_bytes = 16 * 1024 * 1024;
/// A write that is under way is not a leftover.
constexpr std::chrono::minutes unfinished_after{10};
/// No file of Mohr is from before this; a clock that says so is wrong.
constexpr std::chrono::sys_days oldest_sane_date{std::chrono::year(2025) / 1 / 1};
constexpr std::chrono::hours clock_tolerance{24};

std::string octal(mode_t mode) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%03o", static_cast<unsigned>(mode & 07777));
    return text.data();
}

std::string own_name() {
    const passwd* const entry = ::getpwuid(::geteuid()); // one thread
    return entry == nullptr ? std::to_string(::geteuid()) : entry->pw_name;
}

/// chmod that follows no link and works on the very thing that was looked at.
Outcome<void> set_mode(const fs::path& path, mode_t mode) {
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd && ::fchmod(fd.get(), mode) == 0) return {};
    // A socket cannot be opened; its directory is ours alone by now.
    if (!fd && errno == ENXIO && ::chmod(path.c_str(), mode) == 0) return {};
    return failure_from(system_failure(path.string()), "The mode cannot be changed.");
}

/// True if it is there, ours and no link, so that it is worth to look inside.
bool check_private(Examination& at, const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return false;
    const std::string name = path.string();
    if (S_ISLNK(status.st_mode)) {
        at.found("file.link", {{"path", name}});
        return false;
    }
    if (status.st_uid != ::geteuid()) {
        at.found("file.foreign", {{"path", name}, {"user", own_name()}});
        return false;
    }
    if ((status.st_mode & 077) != 0) {
        const mode_t right = S_ISDIR(status.st_mode) ? 0700 : 0600;
        at.found("file.open_to_others",
                 {{"path", name}, {"mode", octal(status.st_mode)}, {"right", octal(right)}},
                 [path, right] { return set_mode(path, right); });
    }
    return true;
}

/// The name of a file that is replaced in one step: "sites.json.0123456789ab.new", ".name.0123456789ab.part".
bool is_unfinished(const fs::path& path, const struct stat& status) {
    if (path.extension() != ".new" && path.extension() != ".part") return false;
    const auto age =
        std::chrono::system_clock::now() - std::chrono::system_clock::from_time_t(status.st_mtime);
    return age > unfinished_after;
}

void check_tree(Examination& at, const fs::path& directory, unsigned depth) {
    if (!check_private(at, directory) || depth == 0) return;
    std::error_code error;
    std::vector<fs::path> inside;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error))
        inside.push_back(entry->path());
    std::sort(inside.begin(), inside.end());
    for (const fs::path& path : inside) {
        struct stat status {};
        if (::lstat(path.c_str(), &status) != 0) continue;
        if (S_ISDIR(status.st_mode)) {
            check_tree(at, path, depth - 1);
        } else if (S_ISREG(status.st_mode) && is_unfinished(path, status)) {
            at.found("file.unfinished", {{"path", path.string()}}, [path]() -> Outcome<void> {
                if (::unlink(path.c_str()) == 0) return {};
                return failure_from(system_failure(path.string()), "It cannot be deleted.");
            });
        } else {
            check_private(at, path);
        }
    }
}

void check_space(Examination& at, const fs::path& path) {
    struct statvfs space {};
    if (::statvfs(path.c_str(), &space) != 0) return;
    const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
    if (free < least_free_bytes)
        at.found("file.disk_full", {{"path", path.string()}, {"free", std::to_string(free)}});
}

std::string date_of(Instant instant) {
    return to_rfc3339(instant).substr(0, 10);
}

} // namespace

void check_files(Examination& at) {
    if (at.is_sandbox()) return;
    const fs::path data = at.environment.data / "mohr";
    const fs::path state = at.environment.state / "mohr";
    for (const fs::path& directory : {data, state, at.environment.runtime_directory / "mohr"})
        check_tree(at, directory, 3);
    check_private(at, at.environment.cache / "mohr");
    check_space(at, data);
    // The root is read here, since the daemon may be down.
    if (const auto pem = read_input(data / "tls/root.pem", 64 * 1024))
        if (auto certificates = read_certificates(*pem)) at.root = certificates->front();
}

void check_clock(Examination& at) {
    const Instant now = SystemClock{}.now();
    if (now < oldest_sane_date)
        return at.found(
            "clock.behind",
            {{"now", to_rfc3339(now)}, {"witness", "this program"}, {"then", date_of(oldest_sane_date)}});
    if (at.root && now + clock_tolerance < at.root->not_before())
        return at.found("clock.behind", {{"now", to_rfc3339(now)},
                                         {"witness", "the local certificate"},
                                         {"then", date_of(at.root->not_before())}});
    struct stat status {};
    const fs::path vault = at.environment.data / "mohr/vault.db";
    if (at.is_sandbox() || ::stat(vault.c_str(), &status) != 0) return;
    const auto written = std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::from_time_t(status.st_mtime));
    if (now + clock_tolerance < written)
        at.found("clock.behind",
                 {{"now", to_rfc3339(now)}, {"witness", vault.string()}, {"then", date_of(written)}});
}

void check_trust(Examination& at) {
    if (at.status)
        if (const auto reply = at.session.call("tls.status", nullptr))
            if (const auto der = from_base64(text_member(*reply, "root")))
                if (auto root = Certificate::from_der(*der)) at.root = *root;
    if (at.root && at.root->not_after() - SystemClock{}.now() < std::chrono::days(30))
        at.found("trust.ends", {{"date", date_of(at.root->not_after())}});
    const auto certutil = Certutil::find(at.environment);
    if (!certutil) return at.found("trust.certutil_missing");
    for (const NssStore& store : find_nss_stores(at.environment)) {
        const std::pair<std::string, std::string> label{"store", store.label};
        const std::pair<std::string, std::string> directory{"directory", store.directory.string()};
        const auto roots = certutil->roots(store);
        if (!roots) {
            at.found("trust.unreadable", {label, directory, {"problem", roots.error().message}});
            continue;
        }
        if (!at.root) continue;
        for (const StoredRoot& root : *roots)
            if (root.certificate.fingerprint() != at.root->fingerprint())
                at.found("trust.old_root", {label, directory, {"name", root.name}});
        if (state_of(*roots, *at.root) == StoreState::absent) at.found("trust.absent", {label, directory});
    }
}

void check_hosts(Examination& at) {
    // Only who agreed to serve them needs them.
    if (!at.status || !flag_member(member(*at.status, "tls"), "dastineHosts")) return;
    for (const HostName& host : resolve_dastine_hosts()) {
        if (host.state == HostState::loopback) continue;
        std::string addresses;
        for (const auto& address : host.addresses) addresses += (addresses.empty() ? "" : ", ") + address;
        at.found(
            host.state == HostState::unknown ? "hosts.unknown" : "hosts.elsewhere",
            {{"host", std::string(host.name)}, {"addresses", addresses}, {"hosts_command", hosts_command()}});
    }
}

void check_policies(Examination& at) {
    for (const PolicyBrowser browser : policy_browsers) {
        const PolicyFile file = read_policy(browser, "/");
        const std::string path = policy_path(browser, "/").string();
        const std::pair<std::string, std::string> name{"browser", std::string(policy_name(browser))};
        struct stat status {};
        const bool closed = ::stat(path.c_str(), &status) == 0 && (status.st_mode & 0004) == 0;
        if (closed)
            at.found("policy.unreadable", {{"path", path}, name});
        else if (file.state == PolicyState::damaged)
            at.found("policy.damaged", {{"path", path}, name});
        else if (file.state == PolicyState::ours)
            for (const auto& other : file.in_the_way)
                at.found("policy.in_the_way", {{"path", path}, {"other", other}});
    }
}

} // namespace mohr::cli
