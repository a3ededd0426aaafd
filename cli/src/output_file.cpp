// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/output_file.hpp>

namespace mohr::cli {
namespace {

namespace errc = boost::system::errc;

std::string what_failed(const Error& error) {
    return error.code.message() + ": " + error.detail;
}

Failure output_failure(const Error& error, const std::filesystem::path& path) {
    if (error.code == errc::file_exists)
        return {Exit::exists, "exists", "The output exists already; --force replaces it.", path.string()};
    if (error.code == errc::invalid_argument)
        return {Exit::failed, "not_a_file", "Only a regular file can be replaced.", path.string()};
    return {Exit::failed, "failed", "The output cannot be written.", what_failed(error)};
}

Failure input_failure(const Error& error, const std::filesystem::path& path) {
    if (error.code == errc::no_such_file_or_directory || error.code == errc::not_a_directory)
        return {Exit::not_found, "not_found", "The file cannot be read.", what_failed(error)};
    if (error.code == errc::invalid_argument)
        return {Exit::unreadable, "not_a_file", "This is not a regular file.", path.string()};
    if (error.code == errc::file_too_large)
        return {Exit::unreadable, "limit_exceeded", "The file is too large.", path.string()};
    return {Exit::unreadable, "unreadable", "The file cannot be read.", what_failed(error)};
}

} // namespace

Outcome<OutputFile> OutputFile::create(const std::filesystem::path& path, Overwrite overwrite, mode_t mode) {
    auto file = mohr::OutputFile::create(path, overwrite, mode);
    if (!file) return output_failure(file.error(), path);
    return OutputFile(std::move(*file));
}

Outcome<void> OutputFile::commit() {
    if (const auto committed = file_.commit(); !committed)
        return output_failure(committed.error(), file_.path());
    return {};
}

Outcome<InputFile> open_input(const std::filesystem::path& path) {
    auto input = mohr::open_input(path);
    if (!input) return input_failure(input.error(), path);
    return std::move(*input);
}

Outcome<Bytes> read_input(const std::filesystem::path& path, std::size_t max_bytes) {
    auto content = mohr::read_input(path, max_bytes);
    if (!content) return input_failure(content.error(), path);
    return std::move(*content);
}

} // namespace mohr::cli
