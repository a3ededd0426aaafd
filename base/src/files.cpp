// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace mohr {

void Descriptor::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Error system_failure(std::string_view what) {
    const int number = errno;
    return {BaseErrc::io, std::string(what) + ": " + std::strerror(number)};
}

namespace {
Descriptor open_no_symlinks(const std::filesystem::path& path, int flags, mode_t mode) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return Descriptor(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

Result<void> check_private(int fd, mode_t kind, const std::filesystem::path& path) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return system_failure(path.string());
    if ((status.st_mode & S_IFMT) != kind)
        return Error(BaseErrc::insecure_file, path.string() + ": not of the expected kind");
    if (status.st_uid != ::geteuid())
        return Error(BaseErrc::insecure_file,
                     path.string() + ": belongs to uid " + std::to_string(status.st_uid));
    if ((status.st_mode & 077) != 0)
        return Error(BaseErrc::insecure_file, path.string() + ": others have access; run chmod go= on it");
    return {};
}
} // namespace

Result<void> ensure_private_directory(const std::filesystem::path& path) {
    std::error_code ignored;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ignored);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_failure(path.string());
    const Descriptor directory = open_no_symlinks(path, O_RDONLY | O_DIRECTORY, 0);
    if (!directory)
        return errno == ELOOP
                   ? Error(BaseErrc::insecure_file, path.string() + ": a symbolic link is in the path")
                   : system_failure(path.string());
    return check_private(directory.get(), S_IFDIR, path);
}

Result<Descriptor> open_private(const std::filesystem::path& path, int flags) {
    Descriptor file = open_no_symlinks(path, flags, 0600);
    if (!file)
        return errno == ELOOP
                   ? Error(BaseErrc::insecure_file, path.string() + ": a symbolic link is in the path")
                   : system_failure(path.string());
    MOHR_TRY(check_private(file.get(), S_IFREG, path));
    return file;
}

Result<Bytes> read_private(const std::filesystem::path& path, std::size_t max_bytes) {
    auto file = open_private(path, O_RDONLY);
    if (!file) return file.error();
    Bytes content(max_bytes + 1);
    std::size_t length = 0;
    while (length < content.size()) {
        const ssize_t n = ::read(file->get(), content.data() + length, content.size() - length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure(path.string());
        if (n == 0) break;
        length += static_cast<std::size_t>(n);
    }
    if (length > max_bytes)
        return Error(BaseErrc::malformed,
                     path.string() + ": longer than " + std::to_string(max_bytes) + " bytes");
    content.resize(length);
    return content;
}

Result<void> write_all(int fd, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure("write");
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

Result<void> write_private(const std::filesystem::path& path, ByteView content) {
    const std::filesystem::path fresh = path.string() + "." + to_hex(random_bytes(6)) + ".new";
    auto file = open_private(fresh, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return file.error();
    const auto fail = [&](Error error) {
        ::unlink(fresh.c_str());
        return error;
    };
    if (auto written = write_all(file->get(), content); !written) return fail(written.error());
    if (::fsync(file->get()) != 0) return fail(system_failure(fresh.string()));
    if (::rename(fresh.c_str(), path.c_str()) != 0) return fail(system_failure(path.string()));
    const Descriptor directory = open_no_symlinks(path.parent_path(), O_RDONLY | O_DIRECTORY, 0);
    if (!directory || ::fsync(directory.get()) != 0) return system_failure(path.parent_path().string());
    return {};
}

} // namespace mohr
