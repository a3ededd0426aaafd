// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

/// Files that the person named, as the programs that work for them open and write them.
namespace mohr {

enum class Overwrite { no, yes };

/// A result on its way to disk: written to a temporary beside its place, which it takes only on commit(),
/// whole and durable. Without commit() nothing is left behind.
class OutputFile {
public:
    /// Fails with errc::file_exists already here, so that nobody is asked for a PIN in vain; with
    /// errc::invalid_argument where what is to be replaced is no regular file; else with what the system said.
    [[nodiscard]] static Result<OutputFile> create(const std::filesystem::path& path, Overwrite overwrite,
                                                   mode_t mode = 0600);
    OutputFile(OutputFile&& other) noexcept = default;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    /// Fails with errc::file_exists if the place was taken meanwhile.
    [[nodiscard]] Result<void> commit();

private:
    OutputFile(std::filesystem::path path, std::filesystem::path temporary, Descriptor fd,
               Overwrite overwrite)
        : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)),
          overwrite_(overwrite) {}
    std::filesystem::path path_;
    std::filesystem::path temporary_;
    Descriptor fd_; ///< empty once moved from or committed
    Overwrite overwrite_;
};

/// Open for reading, regular, never a pipe that could block.
struct InputFile {
    Descriptor fd;
    std::uint64_t size = 0;
    mode_t mode = 0;
};
/// Fails with errc::invalid_argument if it is no regular file, else with what the system said.
[[nodiscard]] Result<InputFile> open_input(const std::filesystem::path& path);
/// The whole of such a file; errc::file_too_large beyond `max_bytes`.
[[nodiscard]] Result<Bytes> read_input(const std::filesystem::path& path, std::size_t max_bytes);

} // namespace mohr
