// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/cli/failure.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The administrator's answer to the browsers' question whether a site may reach this machine: policy files for all
/// users, so below /etc and root's.
namespace mohr::cli {

enum class PolicyBrowser : unsigned char { chromium, chrome, edge, firefox };
inline constexpr PolicyBrowser policy_browsers[]{PolicyBrowser::chromium, PolicyBrowser::chrome,
                                                 PolicyBrowser::edge, PolicyBrowser::firefox};
[[nodiscard]] std::string_view policy_name(PolicyBrowser browser) noexcept;
/// Ours alone for the Chromium family; Firefox has one file for everybody.
[[nodiscard]] std::filesystem::path policy_path(PolicyBrowser browser, const std::filesystem::path& root);

/// "https://portal.example", "https://portal.example:8443": an https origin in lower case.
[[nodiscard]] bool is_policy_site(std::string_view site) noexcept;

enum class PolicyState : unsigned char { absent, ours, foreign, damaged };
struct PolicyFile {
    PolicyState state = PolicyState::absent;
    std::vector<std::string> sites;
    std::vector<std::string>
        in_the_way; ///< other files of the directory that say something else, which may win
};
[[nodiscard]] PolicyFile read_policy(PolicyBrowser browser, const std::filesystem::path& root);

/// The content for these sites, as config/policies/ has it.
[[nodiscard]] std::string policy_text(PolicyBrowser browser, const std::vector<std::string>& sites);
/// Writes it, readable for all. Without sites the file goes. Fails with exists where the file is not ours.
[[nodiscard]] Outcome<void> write_policy(PolicyBrowser browser, const std::filesystem::path& root,
                                         const std::vector<std::string>& sites);

} // namespace mohr::cli
