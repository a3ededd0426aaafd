// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/cli/failure.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Other programs whose work is theirs: certutil, mohrd --check-config.
namespace mohr::cli {

struct ProgramResult {
    int status = 0; ///< as of exit(3); 128 and the signal's number if one ended it
    std::string out;
    std::string err;
};

/// The first executable of that name in $PATH.
[[nodiscard]] std::optional<std::filesystem::path> find_in_path(std::string_view search_path,
                                                                std::string_view name);

/// Runs it to its end with `input` as its standard input. What it writes is cut at 1 MiB each. Fails if it cannot be
/// started or takes longer than `limit`, after which it is killed.
[[nodiscard]] Outcome<ProgramResult> run_program(const std::filesystem::path& program,
                                                 const std::vector<std::string>& arguments,
                                                 std::string_view input = {},
                                                 std::chrono::milliseconds limit = std::chrono::seconds(30));

} // namespace mohr::cli
