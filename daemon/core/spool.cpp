// SPDX-License-Identifier: Apache-2.0
#include "spool.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

#include <linux/magic.h>
#include <sys/statfs.h>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace mohr::core {
namespace {

bool is_memory(const std::filesystem::path& path) {
    struct statfs facts {};
    return ::statfs(path.c_str(), &facts) == 0 &&
           (facts.f_type == TMPFS_MAGIC || facts.f_type == RAMFS_MAGIC);
}

} // namespace

SpoolDirectory SpoolDirectory::choose(const std::filesystem::path& preferred) {
    if (!is_memory(preferred)) return {preferred, false};
    const std::filesystem::path shared = "/var/tmp";
    if (::access(shared.c_str(), W_OK | X_OK) == 0 && !is_memory(shared)) return {shared, false};
    return {preferred, true};
}

Result<Descriptor> SpoolDirectory::open(std::uint64_t expected_bytes) const {
    struct statfs facts {};
    if (::statfs(path_.c_str(), &facts) != 0) return system_failure(path_.string());
    const auto block = static_cast<std::uint64_t>(facts.f_bsize);
    const std::uint64_t free_bytes = static_cast<std::uint64_t>(facts.f_bavail) * block;
    if (free_bytes < reserve_bytes || free_bytes - reserve_bytes < expected_bytes)
        return Error(BaseErrc::io,
                     path_.string() + ": only " + std::to_string(free_bytes) + " bytes are free");
    Descriptor file(::open(path_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600));
    if (file) return file;
    if (errno != EOPNOTSUPP && errno != EISDIR) return system_failure(path_.string());
    // A file system without O_TMPFILE (overlay of old kernels, NFS): a random name that is gone at once.
    const std::filesystem::path name = path_ / ("spool-" + to_hex(random_bytes(16)));
    file = Descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return system_failure(name.string());
    if (::unlink(name.c_str()) != 0) return system_failure(name.string());
    return file;
}

} // namespace mohr::core
