// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <filesystem>
#include <utility>

namespace mohr {

/// Owns a file descriptor.
class Descriptor {
public:
    Descriptor() noexcept = default;
    explicit Descriptor(int fd) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
    void reset() noexcept;

private:
    int fd_ = -1;
};

/// errno as an Error of BaseErrc::io, with what was being done.
[[nodiscard]] Error system_failure(std::string_view what);

/// Makes the directory (and its parents) with mode 0700, or checks that it is ours, 0700 and no symbolic
/// link. Fails with BaseErrc::io or insecure_file.
[[nodiscard]] Result<void> ensure_private_directory(const std::filesystem::path& path);

/// Opens with openat2(RESOLVE_NO_SYMLINKS) and checks: regular file, ours, no access for group and others.
/// `flags` as in open(2); O_CLOEXEC is added; with O_CREAT the mode is 0600. Fails with BaseErrc::io (detail
/// names the path) or insecure_file.
[[nodiscard]] Result<Descriptor> open_private(const std::filesystem::path& path, int flags);

/// The whole file, at most `max_bytes` (more is BaseErrc::malformed).
[[nodiscard]] Result<Bytes> read_private(const std::filesystem::path& path, std::size_t max_bytes);

/// Replaces the file durably: new file 0600 beside it, fsync, rename, fsync of the directory.
[[nodiscard]] Result<void> write_private(const std::filesystem::path& path, ByteView content);

/// Writes all bytes, also over short writes and EINTR.
[[nodiscard]] Result<void> write_all(int fd, ByteView bytes);

} // namespace mohr
