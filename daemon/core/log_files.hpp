// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "log_chain.hpp"
#include <mohr/base/files.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The activity log's files as they lie on disk.
namespace mohr::core::log_chain {

/// The files of a directory, by number. Fails with BaseErrc::io.
[[nodiscard]] Result<std::map<std::uint64_t, std::filesystem::path>>
list_files(const std::filesystem::path& directory);

/// The first `bytes` bytes (all, if there are fewer). Fails with BaseErrc::io.
[[nodiscard]] Result<std::string> read_up_to(int fd, std::uint64_t bytes);

/// Lines without their line feeds; `torn` is what follows the last line feed.
struct Lines {
    std::vector<std::string_view> lines;
    std::string_view torn;
};
[[nodiscard]] Lines split_lines(std::string_view content);

/// What is checked: everything that was open at one moment, with the head that was committed then.
struct Snapshot {
    struct File {
        std::string name;
        Descriptor descriptor;
        std::uint64_t bytes = 0;
    };
    std::vector<File> files;
    std::uint64_t count = 0;
    Mac head{};
};
[[nodiscard]] Result<LogVerdict> verify(const Secret& key, const Snapshot& snapshot);

} // namespace mohr::core::log_chain
