// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>
#include <mohr/cli/output_file.hpp>

#include <linux/fs.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace mohr::cli {
namespace {

Failure taken(const std::filesystem::path& path) {
    return {Exit::exists, "exists", "The output exists already; --force replaces it.", path.string()};
}

/// The directory entry itself made durable. Some file systems refuse to sync a directory; the file is whole
/// all the same.
void sync_directory(const std::filesystem::path& path) {
    const auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd) (void)::fsync(fd.get());
}

} // namespace

Outcome<OutputFile> OutputFile::create(const std::filesystem::path& path, Overwrite overwrite, mode_t mode) {
    struct stat existing {};
    if (::lstat(path.c_str(), &existing) == 0) {
        if (overwrite == Overwrite::no) return taken(path);
        if (!S_ISREG(existing.st_mode))
            return Failure(Exit::failed, "not_a_file", "Only a regular file can be replaced.", path.string());
    }
    const std::filesystem::path temporary =
        path.parent_path() /
        ("." + path.filename().string().substr(0, 200) + "." + to_hex(random_bytes(6)) + ".part");
    Descriptor fd(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return failure_from(system_failure(temporary.string()), "The output cannot be written.");
    if (::fchmod(fd.get(), mode) != 0)
        return failure_from(system_failure(temporary.string()), "The output cannot be written.");
    return OutputFile(path, temporary, std::move(fd), overwrite);
}

OutputFile::~OutputFile() {
    if (fd_) ::unlink(temporary_.c_str());
}

Outcome<void> OutputFile::commit() {
    if (::fsync(fd_.get()) != 0)
        return failure_from(system_failure(temporary_.string()), "The output could not be written.");
    const unsigned flags = overwrite_ == Overwrite::no ? RENAME_NOREPLACE : 0;
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
        if (errno == EEXIST) return taken(path_);
        // EINVAL: the file system has no RENAME_NOREPLACE; a link fails where the name is taken.
        if (errno != EINVAL || ::link(temporary_.c_str(), path_.c_str()) != 0)
            return errno == EEXIST
                       ? taken(path_)
                       : failure_from(system_failure(path_.string()), "The output could not be named.");
        ::unlink(temporary_.c_str());
    }
    fd_.reset();
    sync_directory(path_);
    return {};
}

Outcome<InputFile> open_input(const std::filesystem::path& path) {
    InputFile input;
    input.fd = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!input.fd) {
        const bool missing = errno == ENOENT || errno == ENOTDIR;
        Failure failure = failure_from(system_failure(path.string()), "The file cannot be read.");
        failure.exit = missing ? Exit::not_found : Exit::unreadable;
        failure.code = missing ? "not_found" : "unreadable";
        return failure;
    }
    struct stat status {};
    if (::fstat(input.fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return Failure(Exit::unreadable, "not_a_file", "This is not a regular file.", path.string());
    input.size = static_cast<std::uint64_t>(status.st_size);
    input.mode = status.st_mode & 0777;
    return input;
}

Outcome<Bytes> read_input(const std::filesystem::path& path, std::size_t max_bytes) {
    const auto input = open_input(path);
    if (!input) return input.error();
    Bytes content;
    Bytes chunk(64 * 1024);
    for (;;) {
        const ssize_t count = ::read(input->fd.get(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure_from(system_failure(path.string()), "The file cannot be read.");
        if (count == 0) return content;
        content.insert(content.end(), chunk.begin(), chunk.begin() + count);
        if (content.size() > max_bytes)
            return Failure(Exit::unreadable, "limit_exceeded", "The file is too large.",
                           path.string() + ": more than " + std::to_string(max_bytes) + " bytes");
    }
}

} // namespace mohr::cli
