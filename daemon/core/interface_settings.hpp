// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <string>

namespace mohr::core {

/// What the person knows our windows by: an imitation cannot show it. Told to mohr-prompt alone.
struct Mark {
    static constexpr std::size_t max_phrase_characters = 64;
    static constexpr std::size_t max_picture_bytes = 64 * 1024;

    std::string phrase; ///< UTF-8
    Bytes picture;      ///< PNG; only mohr-prompt decodes it
    bool operator==(const Mark&) const = default;
};

/// Whether it may be kept: the phrase is text of the right length without control characters, the picture is empty or begins
/// as a PNG does, and not too large.
[[nodiscard]] bool is_acceptable(const Mark& mark);

/// How all windows look, kept in a 0600 file of the profile. I/O thread only.
class InterfaceSettings {
public:
    struct Values {
        std::string language = "fa";  ///< "fa", "en"
        std::string theme = "system"; ///< "system", "light", "dark"
        Mark mark;
        bool operator==(const Values&) const = default;
    };

    /// What cannot be read counts as not set: how windows look must not keep the daemon from starting. `problem` says why.
    InterfaceSettings(std::filesystem::path file, std::string& problem);

    [[nodiscard]] const Values& values() const noexcept { return values_; }
    /// Kept durably before they count. Fails with BaseErrc::malformed or io.
    [[nodiscard]] Result<void> set(Values values);

    /// What the person's desktop prefers now, which is not kept here: how "system" looks.
    void set_desktop_dark(bool dark) noexcept { desktop_dark_ = dark; }
    [[nodiscard]] bool desktop_dark() const noexcept { return desktop_dark_; }

private:
    std::filesystem::path file_;
    Values values_;
    bool desktop_dark_ = false;
};

/// `interface` of a prompt.show, where the theme is "light" or "dark".
[[nodiscard]] nlohmann::json to_prompt_json(const InterfaceSettings& settings);

} // namespace mohr::core
