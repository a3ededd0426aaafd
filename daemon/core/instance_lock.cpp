// SPDX-License-Identifier: Apache-2.0
#include "instance_lock.hpp"

#include <sys/file.h>

#include <cerrno>
#include <fcntl.h>

namespace mohr::core {

Result<std::optional<InstanceLock>> InstanceLock::take(const std::filesystem::path& file) {
    auto opened = open_private(file, O_RDWR | O_CREAT);
    if (!opened) return opened.error();
    if (::flock(opened->get(), LOCK_EX | LOCK_NB) == 0)
        return std::optional(InstanceLock(std::move(*opened)));
    if (errno == EWOULDBLOCK) return std::optional<InstanceLock>{};
    return system_failure(file.string());
}

} // namespace mohr::core
