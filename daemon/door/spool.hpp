// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "disk.hpp"
#include <mohr/base/files.hpp>
#include <mohr/signing/sink.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace mohr::door {

/// A file for a spool, and who reads and writes it; without a disk that is done where it is asked for.
struct SpoolFile {
    SpoolFile() = default;
    SpoolFile(Descriptor of, Disk* by = nullptr) : file(std::move(of)), disk(by) {} // NOLINT: any file is one
    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(file); }
    Descriptor file;
    Disk* disk = nullptr;
};

/// Bytes kept for later, in order: the first few in memory, the rest encrypted in a file that the core has
/// handed out (unlinked, 0600). Each record of 64 KiB is sealed by AES-256-GCM under a key of this spool
/// alone, with its number as nonce and associated data, so that a page of the disk tells nothing and cannot
/// be exchanged. A reader follows the writer; rewind() starts over. The disk is not waited for: what is to be written
/// is behind(), what is to be read comes later, and both are told.
class Spool final : public signing::Sink {
public:
    static constexpr std::size_t record_bytes = 64 * 1024;
    static constexpr std::size_t memory_bytes = 256 * 1024;
    /// A writer waits while this much is not written yet.
    static constexpr std::size_t behind_bytes = 512 * 1024;

    Spool();
    ~Spool() override;

    /// `changed` is called from the loop whenever the disk has done something: read() may have more, is_behind() may
    /// be over, or failure() is set. It may destroy the spool.
    void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

    /// Fails with BaseErrc::io (the disk is full), perhaps only at a later call.
    [[nodiscard]] Result<void> write(ByteView bytes) override;
    /// Whether more should only be written after give().
    [[nodiscard]] bool wants_file() const noexcept { return !file_ && held_.size() >= memory_bytes; }
    [[nodiscard]] Result<void> give(SpoolFile file);
    [[nodiscard]] bool has_file() const noexcept { return file_ != nullptr; }
    [[nodiscard]] std::size_t behind() const noexcept { return behind_; }
    [[nodiscard]] bool is_behind() const noexcept { return behind_ >= behind_bytes; }

    [[nodiscard]] std::size_t held_bytes() const noexcept { return held_.size(); } ///< in memory
    [[nodiscard]] std::uint64_t size() const noexcept { return written_; }
    [[nodiscard]] std::uint64_t unread() const noexcept { return written_ - read_; }
    /// The next bytes, at most `max_bytes` and not all there are; nothing where all is read, or where unread() ones
    /// come from the disk only later. Fails with BaseErrc::io or malformed (the file is not what was written).
    [[nodiscard]] Result<Bytes> read(std::size_t max_bytes);
    /// Not after forget_read().
    void rewind() noexcept { read_ = 0; }
    /// Frees what has been read, if that is all or worth it, as long as all is in memory; give() is then over.
    void forget_read();

private:
    class File;
    /// Records that have come from the file.
    struct Piece {
        std::uint64_t begin = 0;
        Bytes bytes{};
        [[nodiscard]] bool covers(std::uint64_t at) const noexcept {
            return at >= begin && at - begin < bytes.size();
        }
    };

    [[nodiscard]] Result<void> flush_records();
    void fetch(std::uint64_t number);
    [[nodiscard]] bool fetch_what_is_next(std::uint64_t number);
    template <class Work, class Then>
    void run(Work work, Then then);

    std::shared_ptr<File> file_;
    Disk* disk_ = nullptr;
    std::function<void()> changed_;
    std::optional<Error> failure_;
    std::uint64_t records_ = 0; ///< in the file, or on their way
    std::uint64_t written_ = 0;
    std::uint64_t read_ = 0;
    Bytes held_; ///< what is not in the file
    std::uint64_t forgotten_ = 0;
    std::size_t behind_ = 0;
    Piece opened_;
    Piece ahead_;
    bool fetching_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace mohr::door
