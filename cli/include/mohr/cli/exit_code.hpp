// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/errors.hpp>

#include <span>
#include <string_view>

namespace mohr::cli {

/// What the program ends with; docs/cli.md lists them and a test compares the two.
enum class Exit : int {
    ok = 0,
    failed = 1,
    usage = 2,
    not_running = 3,
    declined = 4,
    pin_wrong = 5,
    pin_blocked = 6,
    not_found = 7,
    invalid = 8,
    exists = 9,
    confirmation = 10,
    token_not_ready = 11,
    nobody_to_ask = 12,
    no_answer = 13,
    unreadable = 14,
    attention = 15,
    faulty = 16,
};

struct ExitRow {
    Exit exit;
    std::string_view name;    ///< "exit" in the JSON of an error
    std::string_view meaning; ///< as docs/cli.md has it
};
[[nodiscard]] std::span<const ExitRow> exit_rows() noexcept;
[[nodiscard]] std::string_view exit_name(Exit exit) noexcept;

/// The one mapping from the service's codes.
[[nodiscard]] Exit exit_for(protocol::Code code) noexcept;

} // namespace mohr::cli
