// SPDX-License-Identifier: Apache-2.0
#include "hash_thread.hpp"

#include <algorithm>
#include <utility>

namespace mohr::door {

HashThread::HashThread() {
    for (Bytes& block : blocks_) free_.push_back(&block);
}

Bytes& HashThread::free_block() {
    std::unique_lock lock(mutex_);
    if (free_.empty()) {
        wanted_ = block_count / 2; // one wake-up for several blocks
        freed_.wait(lock, [this] { return free_.size() >= wanted_; });
        wanted_ = 0;
    }
    Bytes& block = *free_.back();
    free_.pop_back();
    return block;
}

void HashThread::add(Share& share, ByteView bytes) {
    while (!bytes.empty()) {
        Bytes& block = free_block();
        const ByteView piece = bytes.first(std::min(bytes.size(), block_bytes));
        bytes = bytes.subspan(piece.size());
        block.reserve(block_bytes);
        block.assign(piece.begin(), piece.end());
        {
            const std::lock_guard lock(mutex_);
            ++share.waiting;
        }
        worker_.run([this, &share, &block] { done(share, block); });
    }
}

/// On the thread.
void HashThread::done(Share& share, Bytes& block) {
    share.hasher.update(block);
    const std::lock_guard lock(mutex_);
    free_.push_back(&block);
    --share.waiting;
    if (wanted_ > 0 ? free_.size() >= wanted_ : share.waiting == 0) freed_.notify_one();
}

bool HashThread::is_settled(const Share& share) {
    const std::lock_guard lock(mutex_);
    return share.waiting == 0;
}

void HashThread::settle(const Share& share) {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [&] { return share.waiting == 0; });
    if (free_.size() < block_count) return;
    for (Bytes& block : blocks_) Bytes().swap(block);
}

DocumentHasher::~DocumentHasher() {
    if (elsewhere_) thread_->settle(share_);
}

void DocumentHasher::update(ByteView bytes) {
    if (thread_ == nullptr) return hasher_.update(bytes);
    if (bytes.size() < HashThread::inline_bytes && (!elsewhere_ || thread_->is_settled(share_))) {
        elsewhere_ = false;
        return hasher_.update(bytes);
    }
    elsewhere_ = true;
    thread_->add(share_, bytes);
}

Bytes DocumentHasher::finish() {
    if (std::exchange(elsewhere_, false)) thread_->settle(share_);
    return hasher_.finish();
}

} // namespace mohr::door
