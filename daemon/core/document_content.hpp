// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>

#include <cstdint>
#include <functional>

namespace mohr::core {

/// The bytes of one or more documents, which nobody can change any more: a sealed memfd, or what a message
/// carried.
class DocumentContent {
public:
    explicit DocumentContent(Bytes carried) : carried_(std::move(carried)) {}
    explicit DocumentContent(Descriptor file) : file_(std::move(file)) {}

    /// Gives the `size` bytes from `offset` on in pieces. BaseErrc::malformed where the file is not sealed
    /// (F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_SEAL) or too short, BaseErrc::io. Blocks.
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::uint64_t size,
                                    const std::function<void(ByteView)>& take) const;
    /// A sealed memfd with the content, ours; made at the first call where the content was carried. On one
    /// thread. BaseErrc::io
    [[nodiscard]] Result<int> descriptor() const;

private:
    Bytes carried_;
    mutable Descriptor file_;
};

} // namespace mohr::core
