// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/user_files.hpp>
#include <mohr/cli/failure.hpp>

/// mohr/base/user_files.hpp, with the failures of this program.
namespace mohr::cli {

using mohr::Overwrite;

class OutputFile {
public:
    /// Fails with `exists` already here, so that nobody is asked for a PIN in vain.
    [[nodiscard]] static Outcome<OutputFile> create(const std::filesystem::path& path, Overwrite overwrite,
                                                    mode_t mode = 0600);
    [[nodiscard]] int fd() const noexcept { return file_.fd(); }
    /// Fails with `exists` if the place was taken meanwhile.
    [[nodiscard]] Outcome<void> commit();

private:
    explicit OutputFile(mohr::OutputFile file) : file_(std::move(file)) {}
    mohr::OutputFile file_;
};

/// Fails with not_found or unreadable.
[[nodiscard]] Outcome<InputFile> open_input(const std::filesystem::path& path);
[[nodiscard]] Outcome<Bytes> read_input(const std::filesystem::path& path, std::size_t max_bytes);

} // namespace mohr::cli
