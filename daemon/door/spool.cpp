// SPDX-License-Identifier: Apache-2.0
#include "spool.hpp"

#include <mohr/base/random.hpp>

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>

namespace mohr::door {
namespace {

constexpr std::size_t tag_bytes = 16;
constexpr std::size_t sealed_bytes = Spool::record_bytes + tag_bytes;

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

Spool::Spool() = default;
Spool::~Spool() = default;

Result<void> Spool::write(ByteView bytes) {
    held_.insert(held_.end(), bytes.begin(), bytes.end());
    written_ += bytes.size();
    return file_ ? flush_records() : Result<void>();
}

Result<void> Spool::give(Descriptor file) {
    file_ = std::move(file);
    key_ = random_secret(32);
    cipher_.reset(EVP_CIPHER_CTX_new());
    MOHR_TRY(check(cipher_ != nullptr, "spool cipher"));
    return flush_records();
}

Result<void> Spool::flush_records() {
    std::size_t done = 0;
    for (; held_.size() - done >= record_bytes; done += record_bytes)
        MOHR_TRY(seal_record(ByteView(held_).subspan(done, record_bytes)));
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(done));
    if (done > 0 && held_.capacity() > memory_bytes) held_.shrink_to_fit();
    return {};
}

Result<void> Spool::seal_record(ByteView plain) {
    const auto nonce = nonce_of(records_);
    sealed_.resize(sealed_bytes);
    int length = 0;
    EVP_CIPHER_CTX* const c = cipher_.get();
    const bool sealed =
        EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, key_.reveal().data(), nonce.data()) == 1 &&
        EVP_EncryptUpdate(c, nullptr, &length, nonce.data(), static_cast<int>(nonce.size())) == 1 &&
        EVP_EncryptUpdate(c, sealed_.data(), &length, plain.data(), static_cast<int>(plain.size())) == 1 &&
        EVP_EncryptFinal_ex(c, sealed_.data() + length, &length) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_bytes, sealed_.data() + record_bytes) == 1;
    MOHR_TRY(check(sealed, "spool record"));
    MOHR_TRY(pwrite_all(file_.get(), sealed_, records_ * sealed_bytes));
    ++records_;
    return {};
}

Result<void> Spool::open_record(std::uint64_t number) {
    if (opened_number_ == number) return {};
    sealed_.resize(sealed_bytes);
    opened_.resize(record_bytes);
    opened_number_ = UINT64_MAX;
    MOHR_TRY(pread_all(file_.get(), sealed_, number * sealed_bytes));
    const auto nonce = nonce_of(number);
    int length = 0;
    EVP_CIPHER_CTX* const c = cipher_.get();
    const bool opened =
        EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), nullptr, key_.reveal().data(), nonce.data()) == 1 &&
        EVP_DecryptUpdate(c, nullptr, &length, nonce.data(), static_cast<int>(nonce.size())) == 1 &&
        EVP_DecryptUpdate(c, opened_.data(), &length, sealed_.data(), static_cast<int>(record_bytes)) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_bytes, sealed_.data() + record_bytes) == 1 &&
        EVP_DecryptFinal_ex(c, opened_.data() + length, &length) == 1;
    if (!opened) return Error(BaseErrc::malformed, "spool: a record was changed");
    opened_number_ = number;
    return {};
}

Result<Bytes> Spool::read(std::size_t max_bytes) {
    if (unread() == 0) return Bytes();
    const std::uint64_t number = read_ / record_bytes; // in the file, if it is
    ByteView from = held_;
    std::uint64_t begin = records_ * record_bytes + forgotten_;
    if (number < records_) {
        MOHR_TRY(open_record(number));
        from = opened_;
        begin = number * record_bytes;
    }
    from = from.subspan(static_cast<std::size_t>(read_ - begin));
    from = from.first(std::min(from.size(), max_bytes));
    read_ += from.size();
    return to_bytes(from);
}

void Spool::forget_read() {
    if (file_) return;
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(read_ - forgotten_));
    forgotten_ = read_;
}

} // namespace mohr::door
