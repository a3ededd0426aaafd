// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/base/result.hpp>

#include <cstdint>
#include <filesystem>

namespace mohr::core {

/// Where large contents wait: unlinked 0600 files, which the door encrypts. On a disk where there is one to
/// be had: pages of a tmpfs are memory.
class SpoolDirectory {
public:
    /// `preferred` (0700, ours) if it is on a disk, else /var/tmp, else `preferred` all the same.
    [[nodiscard]] static SpoolDirectory choose(const std::filesystem::path& preferred);

    /// A file without a name. Fails with BaseErrc::io, also if not `expected_bytes` and a reserve are free.
    [[nodiscard]] Result<Descriptor> open(std::uint64_t expected_bytes) const;
    [[nodiscard]] bool in_memory() const noexcept { return in_memory_; }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    static constexpr std::uint64_t reserve_bytes = std::uint64_t{64} << 20;

private:
    SpoolDirectory(std::filesystem::path path, bool in_memory)
        : path_(std::move(path)), in_memory_(in_memory) {}
    std::filesystem::path path_;
    bool in_memory_ = false;
};

} // namespace mohr::core
