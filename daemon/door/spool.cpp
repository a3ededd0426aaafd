// SPDX-License-Identifier: Apache-2.0
#include "spool.hpp"

#include <mohr/base/openssl.hpp>
#include <mohr/base/random.hpp>
#include <mohr/base/secret.hpp>

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace mohr::door {
namespace {

constexpr std::size_t tag_bytes = 16;
constexpr std::size_t sealed_bytes = Spool::record_bytes + tag_bytes;
/// Read at once; as much again is fetched while it is used.
constexpr std::size_t fetched_records = 2;

std::array<std::uint8_t, 12> nonce_of(std::uint64_t number) {
    std::array<std::uint8_t, 12> nonce{};
    boost::endian::store_big_u64(nonce.data() + 4, number);
    return nonce;
}

Result<void> pwrite_all(int fd, ByteView bytes, std::uint64_t at) {
    while (!bytes.empty()) {
        const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure("spool");
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        at += static_cast<std::uint64_t>(n);
    }
    return {};
}

Result<void> pread_all(int fd, std::span<std::uint8_t> bytes, std::uint64_t at) {
    while (!bytes.empty()) {
        const ssize_t n = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure("spool");
        if (n == 0) return Error(BaseErrc::malformed, "spool: shorter than what was written");
        bytes = bytes.subspan(static_cast<std::size_t>(n));
        at += static_cast<std::uint64_t>(n);
    }
    return {};
}

} // namespace

/// What the disk's side works with; destroyed there too, for closing a large file takes its time.
class Spool::File {
public:
    [[nodiscard]] static Result<std::shared_ptr<File>> make(Descriptor descriptor) {
        auto file = std::make_shared<File>();
        file->descriptor_ = std::move(descriptor);
        file->key_ = random_secret(32);
        file->cipher_.reset(EVP_CIPHER_CTX_new());
        MOHR_TRY(check(file->cipher_ != nullptr, "spool cipher"));
        return file;
    }

    /// Whole records.
    [[nodiscard]] Result<void> write(std::uint64_t number, ByteView plain) {
        for (; !plain.empty(); plain = plain.subspan(record_bytes))
            MOHR_TRY(seal_record(number++, plain.first(record_bytes)));
        return {};
    }
    [[nodiscard]] Result<Bytes> read(std::uint64_t number, std::size_t count) {
        Bytes plain(count * record_bytes);
        for (std::size_t i = 0; i < count; ++i) {
            const auto record = std::span(plain).subspan(i * record_bytes, record_bytes);
            const auto opened = open_record(number + i, record);
            if (opened) continue;
            if (i == 0) return opened.error();
            plain.resize(i * record_bytes); // what is wrong is told when its turn comes
            break;
        }
        return plain;
    }

private:
    [[nodiscard]] Result<void> seal_record(std::uint64_t number, ByteView plain) {
        const auto nonce = nonce_of(number);
        sealed_.resize(sealed_bytes);
        int length = 0;
        EVP_CIPHER_CTX* const c = cipher_.get();
        const bool sealed =
            EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, key_.reveal().data(), nonce.data()) == 1 &&
            EVP_EncryptUpdate(c, nullptr, &length, nonce.data(), static_cast<int>(nonce.size())) == 1 &&
            EVP_EncryptUpdate(c, sealed_.data(), &length, plain.data(), static_cast<int>(plain.size())) ==
                1 &&
            EVP_EncryptFinal_ex(c, sealed_.data() + length, &length) == 1 &&
            EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_bytes, sealed_.data() + record_bytes) == 1;
        MOHR_TRY(check(sealed, "spool record"));
        return pwrite_all(descriptor_.get(), sealed_, number * sealed_bytes);
    }
    [[nodiscard]] Result<void> open_record(std::uint64_t number, std::span<std::uint8_t> plain) {
        sealed_.resize(sealed_bytes);
        MOHR_TRY(pread_all(descriptor_.get(), sealed_, number * sealed_bytes));
        const auto nonce = nonce_of(number);
        int length = 0;
        EVP_CIPHER_CTX* const c = cipher_.get();
        const bool opened =
            EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), nullptr, key_.reveal().data(), nonce.data()) == 1 &&
            EVP_DecryptUpdate(c, nullptr, &length, nonce.data(), static_cast<int>(nonce.size())) == 1 &&
            EVP_DecryptUpdate(c, plain.data(), &length, sealed_.data(), static_cast<int>(record_bytes)) ==
                1 &&
            EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_bytes, sealed_.data() + record_bytes) == 1 &&
            EVP_DecryptFinal_ex(c, plain.data() + length, &length) == 1;
        return opened ? Result<void>() : Error(BaseErrc::malformed, "spool: a record was changed");
    }

    Descriptor descriptor_;
    Secret key_;
    Bytes sealed_;
    OwnedCipherContext cipher_;
};

Spool::Spool() = default;
Spool::~Spool() {
    if (file_ && disk_ != nullptr) disk_->run([file = std::move(file_)]() mutable { file.reset(); }, [] {});
}

template <class Work, class Then>
void Spool::run(Work work, Then then) {
    if (disk_ == nullptr) return then(work());
    auto outcome = std::make_shared<std::optional<decltype(work())>>();
    disk_->run([work = std::move(work), outcome] { outcome->emplace(work()); },
               [this, alive = std::weak_ptr(alive_), then = std::move(then), outcome] {
                   if (alive.expired()) return;
                   then(std::move(**outcome));
                   if (const auto changed = changed_) changed();
               });
}

Result<void> Spool::write(ByteView bytes) {
    held_.insert(held_.end(), bytes.begin(), bytes.end());
    written_ += bytes.size();
    return file_ ? flush_records() : Result<void>();
}

Result<void> Spool::give(SpoolFile file) {
    auto made = File::make(std::move(file.file));
    if (!made) return made.error();
    file_ = std::move(*made);
    disk_ = file.disk;
    return flush_records();
}

Result<void> Spool::flush_records() {
    if (failure_) return *failure_;
    const std::size_t count = held_.size() / record_bytes;
    if (count == 0) return {};
    const auto end = held_.begin() + static_cast<std::ptrdiff_t>(count * record_bytes);
    const std::size_t size = count * record_bytes;
    behind_ += size;
    run([file = file_, number = records_,
         plain = Bytes(held_.begin(), end)] { return file->write(number, plain); },
        [this, size](const Result<void>& written) {
            behind_ -= size;
            if (!written && !failure_) failure_ = written.error();
        });
    records_ += count;
    held_.erase(held_.begin(), end);
    if (held_.capacity() > memory_bytes) held_.shrink_to_fit();
    return failure_ ? Result<void>(*failure_) : Result<void>();
}

void Spool::fetch(std::uint64_t number) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(fetched_records, records_ - number));
    fetching_ = true;
    run([file = file_, number, count] { return file->read(number, count); },
        [this, number](Result<Bytes> read) {
            fetching_ = false;
            if (read)
                ahead_ = {number * record_bytes, std::move(*read)};
            else if (!failure_)
                failure_ = read.error();
        });
}

/// Whether opened_ has what comes next; if not, it is on its way.
bool Spool::fetch_what_is_next(std::uint64_t number) {
    if (!opened_.covers(read_)) {
        if (!ahead_.covers(read_) && !fetching_) fetch(number);
        if (!ahead_.covers(read_)) return false;
        opened_ = std::exchange(ahead_, {});
    }
    const std::uint64_t next = (opened_.begin + opened_.bytes.size()) / record_bytes;
    if (disk_ != nullptr && !fetching_ && next < records_ && !ahead_.covers(next * record_bytes)) fetch(next);
    return true;
}

Result<Bytes> Spool::read(std::size_t max_bytes) {
    if (failure_) return *failure_;
    if (unread() == 0) return Bytes();
    const std::uint64_t number = read_ / record_bytes; // in the file, if it is
    ByteView from = held_;
    std::uint64_t begin = records_ * record_bytes + forgotten_;
    if (number < records_) {
        if (!fetch_what_is_next(number)) return failure_ ? Result<Bytes>(*failure_) : Result<Bytes>(Bytes());
        from = opened_.bytes;
        begin = opened_.begin;
    }
    from = from.subspan(static_cast<std::size_t>(read_ - begin));
    from = from.first(std::min(from.size(), max_bytes));
    read_ += from.size();
    return to_bytes(from);
}

void Spool::forget_read() {
    // In steps: what is left moves to the front.
    if (file_ || (unread() > 0 && read_ - forgotten_ < memory_bytes)) return;
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(read_ - forgotten_));
    forgotten_ = read_;
}

} // namespace mohr::door
