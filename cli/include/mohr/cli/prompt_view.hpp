// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/cli/text.hpp>
#include <mohr/protocol/prompt.hpp>

#include <string>
#include <vector>

namespace mohr::cli {

using protocol::Prompt;

/// Escape sequences of ours; empty where the terminal knows none.
struct Style {
    std::string_view bold;
    std::string_view dim;
    std::string_view warning;
    std::string_view plain;
    /// For rewriting the question with its countdown: carriage return and erase to the end of the line.
    std::string_view rewrite;
    [[nodiscard]] static Style ansi() noexcept {
        return {"\033[1m", "\033[2m", "\033[1;31m", "\033[0m", "\r\033[K"};
    }
    [[nodiscard]] static Style none() noexcept { return {}; }
};

/// The whole of what the person must see before the first question, as lines that are at most `columns` wide
/// (styles not counted). Every foreign text has gone through printable(); a long list makes
/// more lines, never a shorter list. Only the previews of a batch are cut, and say by how many lines.
[[nodiscard]] std::vector<std::string> render_prompt(const Prompt& prompt, Language language,
                                                     const Style& style, unsigned columns);

} // namespace mohr::cli
