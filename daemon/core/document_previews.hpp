// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "document_content.hpp"
#include <mohr/protocol/errors.hpp>
#include <mohr/protocol/link.hpp>

#include <memory>
#include <string>
#include <vector>

namespace mohr::core {

/// What a prompt may show of one document.
struct DocumentPreview {
    std::string text; ///< its beginning, where that is UTF-8
    std::shared_ptr<const DocumentContent> content;
};

inline constexpr std::size_t max_prompt_preview_bytes = 8 * 1024;
/// Of all texts of one prompt together: a batch must fit into one message to the agent.
inline constexpr std::size_t max_prompt_previews_bytes = 64 * 1024;

/// Compares each preview with its item's size and digest, in bytes that can no longer change, and refuses login
/// statements and, for bare signatures, what other protocols sign. `files` are the message's descriptors.
/// Blocks.
[[nodiscard]] protocol::Outcome<std::vector<DocumentPreview>>
check_previews(const protocol::link::Sign& sign,
               const std::vector<std::shared_ptr<const DocumentContent>>& files);

} // namespace mohr::core
