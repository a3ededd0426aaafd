// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/x509.hpp>
#include <mohr/cli/session.hpp>

#include <filesystem>
#include <string>
#include <vector>

/// The certificate stores that Chromium and Firefox read, and the local roots of Mohr in them. Written by certutil, not by
/// a linked libnss: one process for each store, so that a damaged one cannot take this program or another store along.
namespace mohr::cli {

enum class BrowserFamily : std::uint8_t { chromium, firefox };

struct NssStore {
    BrowserFamily family = BrowserFamily::chromium;
    std::string label;               ///< "Chromium, Chrome, Edge", "Firefox: default-esr (snap)"
    std::filesystem::path directory; ///< holds cert9.db, or will
};

/// Every store of this person: Chromium's shared one (~/.pki/nssdb if that exists, otherwise
/// $XDG_DATA_HOME/pki/nssdb) if such a browser is installed, every profile in a profiles.ini of Firefox, and the Snap and
/// Flatpak copies of both.
[[nodiscard]] std::vector<NssStore> find_nss_stores(const Environment& environment);
/// Paths of the profiles in the text of a profiles.ini that lies in `directory`.
[[nodiscard]] std::vector<std::filesystem::path> firefox_profiles(std::string_view ini,
                                                                  const std::filesystem::path& directory);

/// A local root of Mohr in a store. Known by its name and by being self-issued: so a lost record, or another
/// profile, leaves nothing behind.
struct StoredRoot {
    std::string name;
    bool trusted = false; ///< for TLS servers
    Certificate certificate;
};

class Certutil {
public:
    /// Fails with certutil_missing, naming the package.
    [[nodiscard]] static Outcome<Certutil> find(const Environment& environment);

    [[nodiscard]] static bool exists(const NssStore& store);
    [[nodiscard]] Outcome<void> create(const NssStore& store) const;
    [[nodiscard]] Outcome<std::vector<StoredRoot>> roots(const NssStore& store) const;
    [[nodiscard]] Outcome<void> add(const NssStore& store, const Certificate& root) const;
    [[nodiscard]] Outcome<void> remove(const NssStore& store, const std::string& name) const;

private:
    explicit Certutil(std::filesystem::path program) : program_(std::move(program)) {}
    [[nodiscard]] Outcome<std::string> run(const NssStore& store, std::vector<std::string> arguments,
                                           std::string_view input = {}) const;
    std::filesystem::path program_;
};

/// What a store knows of the root that the service has now.
enum class StoreState : std::uint8_t { trusted, other_root, absent };
[[nodiscard]] StoreState state_of(const std::vector<StoredRoot>& roots, const Certificate& root);

} // namespace mohr::cli
