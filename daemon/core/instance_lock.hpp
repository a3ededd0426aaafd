// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/base/result.hpp>

#include <filesystem>
#include <optional>

namespace mohr::core {

/// At most one daemon for a profile: a lock that the kernel takes back when the process ends, however it
/// ends.
class InstanceLock {
public:
    /// Empty if somebody else holds it. Fails with BaseErrc::io or insecure_file.
    [[nodiscard]] static Result<std::optional<InstanceLock>> take(const std::filesystem::path& file);

private:
    explicit InstanceLock(Descriptor file) : file_(std::move(file)) {}
    Descriptor file_;
};

} // namespace mohr::core
