// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/base/openssl.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/signing/sink.hpp>

#include <cstdint>

namespace mohr::door {

/// Bytes kept for later, in order: the first few in memory, the rest encrypted in a file that the core has
/// handed out (unlinked, 0600). Each record of 64 KiB is sealed by AES-256-GCM under a key of this spool
/// alone, with its number as nonce and associated data, so that a page of the disk tells nothing and cannot
/// be exchanged. A reader follows the writer; rewind() starts over.
class Spool final : public signing::Sink {
public:
    static constexpr std::size_t record_bytes = 64 * 1024;
    static constexpr std::size_t memory_bytes = 256 * 1024;

    Spool();
    ~Spool() override;

    /// Fails with BaseErrc::io (the disk is full).
    [[nodiscard]] Result<void> write(ByteView bytes) override;
    /// Whether more should only be written after give().
    [[nodiscard]] bool wants_file() const noexcept { return !file_ && held_.size() >= memory_bytes; }
    [[nodiscard]] Result<void> give(Descriptor file);
    [[nodiscard]] bool has_file() const noexcept { return static_cast<bool>(file_); }

    [[nodiscard]] std::uint64_t size() const noexcept { return written_; }
    [[nodiscard]] std::uint64_t unread() const noexcept { return written_ - read_; }
    /// The next bytes, at most `max_bytes` and not all there are; nothing where all is read. Fails with
    /// BaseErrc::io or malformed (the file is not what was written).
    [[nodiscard]] Result<Bytes> read(std::size_t max_bytes);
    /// Not after forget_read().
    void rewind() noexcept { read_ = 0; }
    /// Frees what has been read, as long as all is in memory; give() is then over.
    void forget_read();

private:
    [[nodiscard]] Result<void> flush_records();
    [[nodiscard]] Result<void> seal_record(ByteView plain);
    [[nodiscard]] Result<void> open_record(std::uint64_t number);

    Secret key_;
    Descriptor file_;
    std::uint64_t records_ = 0; ///< in the file
    std::uint64_t written_ = 0;
    std::uint64_t read_ = 0;
    Bytes held_; ///< what is not in the file
    std::uint64_t forgotten_ = 0;
    Bytes sealed_;
    Bytes opened_;
    std::uint64_t opened_number_ = UINT64_MAX;
    OwnedCipherContext cipher_;
};

} // namespace mohr::door
