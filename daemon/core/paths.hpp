// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace mohr::core {

/// Where one profile keeps its things (XDG Base Directory Specification 0.8). Every directory is 0700.
struct Paths {
    std::filesystem::path config_file; ///< mohrd.toml; need not exist
    std::filesystem::path data;        ///< the vault
    std::filesystem::path state;       ///< the epoch's second copy, the activity log, the toggle
    std::filesystem::path cache;       ///< spools; on a disk, not in memory
    std::filesystem::path runtime;     ///< the control socket

    [[nodiscard]] std::filesystem::path control_socket() const { return runtime / "control.sock"; }
    [[nodiscard]] std::filesystem::path tls() const { return data / "tls"; }
};

/// Reads one variable of the environment; empty where it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
[[nodiscard]] Environment process_environment();

/// The person's own profile. Fails with BaseErrc::io if neither HOME nor the variables say where that is, or
/// if XDG_RUNTIME_DIR is missing (there is no safe place to guess for a socket).
[[nodiscard]] Result<Paths> profile_paths(const Environment& environment);

/// Everything of a sandbox lies below its directory; no variable is asked.
[[nodiscard]] Paths sandbox_paths(const std::filesystem::path& directory);

/// Makes the directories, or checks that they are ours, 0700 and no symbolic links (T31).
[[nodiscard]] Result<void> prepare(const Paths& paths);

} // namespace mohr::core
