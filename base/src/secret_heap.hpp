// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// The allocator of the one secret arena of the process. Small blocks come from lists of equal size that each
/// thread keeps for itself, large ones from a best-fit tree. Every block is zeroed when it is freed.
namespace mohr::secret_heap {

/// Once, before any thread; `begin` is aligned to a page. The memory stays until the process ends.
void open(void* begin, std::size_t size);
[[nodiscard]] bool is_open() noexcept;
[[nodiscard]] bool owns(const void* block) noexcept;

/// Aligned to 16 bytes; nullptr if the arena is used up.
[[nodiscard]] void* allocate(std::size_t size) noexcept;
void release(void* block) noexcept;
/// At least what was asked for.
[[nodiscard]] std::size_t block_size(const void* block) noexcept;

} // namespace mohr::secret_heap
