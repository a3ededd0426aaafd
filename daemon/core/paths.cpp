// SPDX-License-Identifier: Apache-2.0
#include "paths.hpp"

#include <mohr/base/files.hpp>

#include <cstdlib>

namespace mohr::core {
namespace fs = std::filesystem;

Environment process_environment() {
    return [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') return std::nullopt;
        return value;
    };
}

Result<Paths> profile_paths(const Environment& environment) {
    // The specification says that a relative path in a variable is to be ignored.
    const auto absolute = [&](const char* name) -> std::optional<fs::path> {
        const auto value = environment(name);
        if (!value || !fs::path(*value).is_absolute()) return std::nullopt;
        return fs::path(*value);
    };
    const auto home = absolute("HOME");
    const auto below = [&](const char* name, const char* fallback) -> Result<fs::path> {
        if (const auto value = absolute(name)) return *value / "mohr";
        if (!home) return Error(BaseErrc::io, std::string(name) + " and HOME are not set");
        return *home / fallback / "mohr";
    };
    const auto config = below("XDG_CONFIG_HOME", ".config");
    const auto data = below("XDG_DATA_HOME", ".local/share");
    const auto state = below("XDG_STATE_HOME", ".local/state");
    const auto cache = below("XDG_CACHE_HOME", ".cache");
    if (!config) return config.error();
    if (!data) return data.error();
    if (!state) return state.error();
    if (!cache) return cache.error();
    const auto runtime = absolute("XDG_RUNTIME_DIR");
    if (!runtime)
        return Error(BaseErrc::io,
                     "XDG_RUNTIME_DIR is not set; log in through the desktop or pam_systemd, or set it "
                     "to a directory that only you can enter");
    return Paths{*config / "mohrd.toml", *data, *state, *cache, *runtime / "mohr"};
}

Paths sandbox_paths(const fs::path& directory) {
    return {directory / "mohrd.toml", directory / "data", directory / "state", directory / "cache",
            directory / "run"};
}

Result<void> prepare(const Paths& paths) {
    MOHR_TRY(ensure_private_directory(paths.data));
    MOHR_TRY(ensure_private_directory(paths.state));
    MOHR_TRY(ensure_private_directory(paths.cache));
    MOHR_TRY(ensure_private_directory(paths.runtime));
    return {};
}

} // namespace mohr::core
