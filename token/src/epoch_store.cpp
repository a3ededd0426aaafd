// SPDX-License-Identifier: Apache-2.0
#include "epoch_store.hpp"

#include <mohr/base/files.hpp>

#include <keyutils.h>

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace mohr::token {
namespace {

constexpr std::size_t max_record_bytes = 4096;

// The fault tests link a second build of this file in which nothing is synced, to show that they notice.
#if defined(MOHR_SYNCS_REMOVED)
constexpr bool synced = false;
#else
constexpr bool synced = true;
#endif

/// A daemon started by systemd has a session keyring without a link to the user's, and could then not read
/// its own key.
bool reach_user_keyring() noexcept {
    return keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_PROCESS_KEYRING) == 0;
}

} // namespace

Result<void> SystemFileOperations::write(const std::filesystem::path& path, ByteView content) {
    auto file = open_private(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file) return file.error();
    return write_all(file->get(), content);
}

Result<void> SystemFileOperations::sync(const std::filesystem::path& path) {
    auto file = open_private(path, O_WRONLY);
    if (!file) return file.error();
    if (::fsync(file->get()) != 0) return system_failure(path.string());
    return {};
}

Result<void> SystemFileOperations::rename(const std::filesystem::path& from,
                                          const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_failure(to.string());
    return {};
}

Result<void> SystemFileOperations::sync_directory(const std::filesystem::path& path) {
    const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return system_failure(path.string());
    return {};
}

PrivateStateFile::PrivateStateFile(std::filesystem::path path, FileOperations& operations)
    : path_(std::move(path)), operations_(operations) {}

Result<std::optional<Bytes>> PrivateStateFile::read() {
    std::error_code failure;
    const auto status = std::filesystem::symlink_status(path_, failure);
    if (status.type() == std::filesystem::file_type::not_found) return std::optional<Bytes>{};
    auto content = read_private(path_, max_record_bytes);
    if (!content) return content.error();
    return std::optional<Bytes>(std::move(*content));
}

Result<void> PrivateStateFile::write(ByteView content) {
    const std::filesystem::path fresh = path_.string() + ".new";
    MOHR_TRY(operations_.write(fresh, content));
    if (synced) MOHR_TRY(operations_.sync(fresh));
    MOHR_TRY(operations_.rename(fresh, path_));
    if (synced) MOHR_TRY(operations_.sync_directory(path_.parent_path()));
    return {};
}

KeyringRecord::KeyringRecord(bool enabled, std::string_view serial)
    : enabled_(enabled && reach_user_keyring()), description_("mohr:epoch:" + std::string(serial)) {}

std::optional<Bytes> KeyringRecord::read() const {
    if (!enabled_) return std::nullopt;
    const long key = keyctl_search(KEY_SPEC_USER_KEYRING, "user", description_.c_str(), 0);
    if (key < 0) return std::nullopt;
    Bytes content(max_record_bytes);
    const long length =
        keyctl_read(static_cast<key_serial_t>(key), reinterpret_cast<char*>(content.data()), content.size());
    if (length < 0 || static_cast<std::size_t>(length) > content.size()) return std::nullopt;
    content.resize(static_cast<std::size_t>(length));
    return content;
}

void KeyringRecord::write(ByteView content) const noexcept {
    if (enabled_)
        add_key("user", description_.c_str(), content.data(), content.size(), KEY_SPEC_USER_KEYRING);
}

void KeyringRecord::forget() const noexcept {
    if (!enabled_) return;
    const long key = keyctl_search(KEY_SPEC_USER_KEYRING, "user", description_.c_str(), 0);
    if (key >= 0) keyctl_unlink(static_cast<key_serial_t>(key), KEY_SPEC_USER_KEYRING);
}

} // namespace mohr::token
