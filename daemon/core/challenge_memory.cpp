// SPDX-License-Identifier: Apache-2.0
#include "challenge_memory.hpp"

#include <mohr/base/digest.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace mohr::core {

namespace {

constexpr std::size_t entry_bytes = 32;
/// Rewritten with the newest half once it has grown to this.
constexpr std::size_t max_entries = 2 * ChallengeMemory::max_challenges;

} // namespace

Result<std::unique_ptr<ChallengeFile>> ChallengeFile::open(std::filesystem::path path) {
    std::unique_ptr<ChallengeFile> file(new ChallengeFile(std::move(path)));
    MOHR_TRY(file->load());
    return file;
}

Result<void> ChallengeFile::load() {
    std::error_code failed;
    if (std::filesystem::symlink_status(path_, failed).type() == std::filesystem::file_type::not_found)
        MOHR_TRY(write_private(path_, {}));
    auto opened = open_private(path_, O_RDWR | O_APPEND);
    if (!opened) return opened.error();
    file_ = std::move(*opened);
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) return system_failure(path_.string());
    if (static_cast<std::size_t>(status.st_size) >= (max_entries + 1) * entry_bytes)
        return Error(BaseErrc::malformed, path_.string() + ": longer than it ever gets");
    auto content = read_private(path_, static_cast<std::size_t>(status.st_size));
    if (!content) return content.error();
    entries_ = content->size() / entry_bytes;
    if (::ftruncate(file_.get(), static_cast<off_t>(entries_ * entry_bytes)) != 0)
        return system_failure(path_.string());
    const std::size_t first = entries_ - std::min(entries_, ChallengeMemory::max_challenges);
    for (std::size_t i = first; i < entries_; ++i) {
        const auto begin = content->begin() + static_cast<std::ptrdiff_t>(i * entry_bytes);
        known_.emplace_back(begin, begin + entry_bytes);
    }
    return {};
}

Result<void> ChallengeFile::append(const Bytes& name) {
    const std::lock_guard lock(mutex_);
    if (entries_ >= max_entries) {
        auto content = read_private(path_, entries_ * entry_bytes);
        if (!content) return content.error();
        MOHR_TRY(shrink(ByteView(*content).last(ChallengeMemory::max_challenges * entry_bytes)));
    }
    auto written = write_all(file_.get(), name);
    if (written && ::fdatasync(file_.get()) != 0) written = system_failure(path_.string());
    if (!written) {
        // Half an entry would shift all that follow: where it cannot be cut off, nothing is added any more.
        if (::ftruncate(file_.get(), static_cast<off_t>(entries_ * entry_bytes)) != 0) file_.reset();
        return written.error();
    }
    ++entries_;
    return {};
}

Result<void> ChallengeFile::shrink(ByteView newest) {
    MOHR_TRY(write_private(path_, newest));
    auto opened = open_private(path_, O_RDWR | O_APPEND);
    if (!opened) return opened.error();
    file_ = std::move(*opened);
    entries_ = newest.size() / entry_bytes;
    return {};
}

Bytes ChallengeMemory::name_of(std::string_view origin, ByteView challenge) {
    Hasher hasher(DigestAlgorithm::sha256);
    hasher.update(digest(DigestAlgorithm::sha256, as_bytes(origin)));
    hasher.update(challenge);
    return hasher.finish();
}

bool ChallengeMemory::reserve(const Bytes& name) {
    if (!known_.insert(name).second) return false;
    order_.push_back(name);
    if (order_.size() > max_challenges) {
        known_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

void ChallengeMemory::release(const Bytes& name) {
    if (known_.erase(name) == 0) return;
    // The newest are at the end, and so is what is given back.
    const auto found = std::find(order_.rbegin(), order_.rend(), name);
    if (found != order_.rend()) order_.erase(std::next(found).base());
}

} // namespace mohr::core
