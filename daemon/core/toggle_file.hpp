// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <filesystem>

namespace mohr::core {

/// What the person last chose for the front door (R15). On where nothing was chosen yet (R12).
class ToggleFile {
public:
    explicit ToggleFile(std::filesystem::path state_directory)
        : path_(std::move(state_directory) / "front-door") {}
    /// Fails with BaseErrc::insecure_file or malformed: a choice that cannot be read is not guessed.
    [[nodiscard]] Result<bool> read() const;
    /// Durable before it returns.
    [[nodiscard]] Result<void> write(bool open) const;

private:
    std::filesystem::path path_;
};

} // namespace mohr::core
