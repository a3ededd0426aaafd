// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>
#include <mohr/base/user_files.hpp>

#include <linux/fs.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace mohr {
namespace {

namespace errc = boost::system::errc;

Error failed(errc::errc_t what, const std::filesystem::path& path) {
    return {errc::make_error_code(what), path.string()};
}
/// What errno says.
Error failed(const std::filesystem::path& path) {
    return {boost::system::error_code(errno, boost::system::generic_category()), path.string()};
}

/// The directory entry itself made durable. Some file systems refuse to sync a directory; the file is whole
/// all the same.
void sync_directory(const std::filesystem::path& path) {
    const auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd) (void)::fsync(fd.get());
}

} // namespace

Result<OutputFile> OutputFile::create(const std::filesystem::path& path, Overwrite overwrite, mode_t mode) {
    struct stat existing {};
    if (::lstat(path.c_str(), &existing) == 0) {
        if (overwrite == Overwrite::no) return failed(errc::file_exists, path);
        if (!S_ISREG(existing.st_mode)) return failed(errc::invalid_argument, path);
    }
    const std::filesystem::path temporary =
        path.parent_path() /
        ("." + path.filename().string().substr(0, 200) + "." + to_hex(random_bytes(6)) + ".part");
    Descriptor fd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return failed(temporary);
    OutputFile output(path, temporary, std::move(fd), overwrite);
    if (::fchmod(output.fd(), mode) != 0) return failed(temporary);
    return output;
}

OutputFile::~OutputFile() {
    if (fd_) ::unlink(temporary_.c_str());
}

Result<void> OutputFile::commit() {
    if (::fsync(fd_.get()) != 0) return failed(temporary_);
    const unsigned flags = overwrite_ == Overwrite::no ? RENAME_NOREPLACE : 0;
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
        // EINVAL: the file system has no RENAME_NOREPLACE; a link fails where the name is taken.
        if (errno != EINVAL || ::link(temporary_.c_str(), path_.c_str()) != 0) return failed(path_);
        ::unlink(temporary_.c_str());
    }
    fd_.reset();
    sync_directory(path_);
    return {};
}

Result<InputFile> open_input(const std::filesystem::path& path) {
    InputFile input;
    input.fd = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (!input.fd || ::fstat(input.fd.get(), &status) != 0) return failed(path);
    if (!S_ISREG(status.st_mode)) return failed(errc::invalid_argument, path);
    input.size = static_cast<std::uint64_t>(status.st_size);
    input.mode = status.st_mode & 0777;
    return input;
}

Result<Bytes> read_input(const std::filesystem::path& path, std::size_t max_bytes) {
    const auto input = open_input(path);
    if (!input) return input.error();
    Bytes content;
    Bytes chunk(64 * 1024);
    for (;;) {
        const ssize_t count = ::read(input->fd.get(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed(path);
        if (count == 0) return content;
        content.insert(content.end(), chunk.begin(), chunk.begin() + count);
        if (content.size() > max_bytes) return failed(errc::file_too_large, path);
    }
}

} // namespace mohr
