// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/cli/failure.hpp>

#include <filesystem>

namespace mohr::cli {

enum class Overwrite { no, yes };

/// A result on its way to disk: written to a temporary beside its place, which it takes only on commit(),
/// whole and durable. Without commit() nothing is left behind.
class OutputFile {
public:
    /// Fails with `exists` already here, so that nobody is asked for a PIN in vain.
    [[nodiscard]] static Outcome<OutputFile> create(const std::filesystem::path& path, Overwrite overwrite,
                                                    mode_t mode = 0600);
    OutputFile(OutputFile&& other) noexcept = default;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    /// Fails with `exists` if the place was taken meanwhile.
    [[nodiscard]] Outcome<void> commit();

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

/// A file that the person named: opened for reading, regular, never a pipe that could block. Fails with
/// not_found or unreadable.
struct InputFile {
    Descriptor fd;
    std::uint64_t size = 0;
    mode_t mode = 0;
};
[[nodiscard]] Outcome<InputFile> open_input(const std::filesystem::path& path);
/// The whole of such a file, at most `max_bytes`.
[[nodiscard]] Outcome<Bytes> read_input(const std::filesystem::path& path, std::size_t max_bytes);

} // namespace mohr::cli
