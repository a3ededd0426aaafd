// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counters.hpp"
#include <mohr/token/soft_token.hpp>

#include <filesystem>
#include <string>

namespace mohr::token {

/// What replacing a file durably takes. The fault tests bring a disk that forgets what was not synced, or is
/// full.
class FileOperations {
public:
    virtual ~FileOperations() = default;
    /// Makes or empties the file, mode 0600, and writes `content`.
    [[nodiscard]] virtual Result<void> write(const std::filesystem::path& path, ByteView content) = 0;
    [[nodiscard]] virtual Result<void> sync(const std::filesystem::path& path) = 0;
    [[nodiscard]] virtual Result<void> rename(const std::filesystem::path& from,
                                              const std::filesystem::path& to) = 0;
    [[nodiscard]] virtual Result<void> sync_directory(const std::filesystem::path& path) = 0;
};

class SystemFileOperations final : public FileOperations {
public:
    [[nodiscard]] Result<void> write(const std::filesystem::path& path, ByteView content) override;
    [[nodiscard]] Result<void> sync(const std::filesystem::path& path) override;
    [[nodiscard]] Result<void> rename(const std::filesystem::path& from,
                                      const std::filesystem::path& to) override;
    [[nodiscard]] Result<void> sync_directory(const std::filesystem::path& path) override;
};

/// The second file under the state directory: written beside, synced, renamed, directory synced. A token
/// writes it also when it goes: who brings an own one keeps it longer than the token.
class PrivateStateFile final : public StateFile {
public:
    /// `operations` outlives this.
    PrivateStateFile(std::filesystem::path path, FileOperations& operations);
    [[nodiscard]] Result<std::optional<Bytes>> read() override;
    [[nodiscard]] Result<void> write(ByteView content) override;

private:
    std::filesystem::path path_;
    FileOperations& operations_;
};

/// A key of type "user" in the kernel's keyring of this uid: gone after a reboot, not in any backup. Every
/// failure is tolerated, because containers and hardened kernels have no keyring.
class KeyringRecord {
public:
    KeyringRecord(bool enabled, std::string_view serial);
    [[nodiscard]] std::optional<Bytes> read() const;
    void write(ByteView content) const noexcept;
    void forget() const noexcept;

private:
    bool enabled_;
    std::string description_;
};

} // namespace mohr::token
