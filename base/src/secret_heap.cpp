// SPDX-License-Identifier: Apache-2.0
#include "secret_heap.hpp"

#include <boost/interprocess/managed_external_buffer.hpp>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

namespace mohr::secret_heap {
namespace {

namespace bip = boost::interprocess;
using Tree = bip::basic_managed_external_buffer<
    char, bip::rbtree_best_fit<bip::null_mutex_family, bip::offset_ptr<void>>, bip::iset_index>;

constexpr std::size_t page_bytes = 4096;
/// Taken from the tree at a time: its headers would cost every single page another one.
constexpr std::size_t pages_at_once = 16;
constexpr std::size_t largest_small = 2048;
/// What a thread keeps of one size, and how much of it goes to or comes from the others at a time.
constexpr std::size_t kept_bytes = 4096;

// Sizes of small blocks: in steps of 16 up to 512, of 128 up to 1024, of 256 up to 2048.
constexpr std::size_t classes = 40;
constexpr std::size_t class_of(std::size_t size) noexcept {
    if (size <= 512) return size == 0 ? 0 : (size - 1) / 16;
    return size <= 1024 ? 32 + (size - 513) / 128 : 36 + (size - 1025) / 256;
}
constexpr std::size_t size_of(std::size_t index) noexcept {
    if (index < 32) return (index + 1) * 16;
    return index < 36 ? 512 + (index - 31) * 128 : 1024 + (index - 35) * 256;
}
static_assert(class_of(largest_small) == classes - 1 && size_of(classes - 1) == largest_small);
constexpr std::size_t most_kept(std::size_t index) noexcept {
    return std::clamp<std::size_t>(kept_bytes / size_of(index), 4, 64);
}

struct Free {
    Free* next;
};

struct Shared {
    std::mutex mutex;
    Tree* tree = nullptr;
    char* begin = nullptr;
    char* end = nullptr;
    std::array<Free*, classes> free{};
    char* fresh_pages = nullptr;
    std::size_t fresh_count = 0;
    /// Per page of the arena: 0 for the tree, else one more than the class of the page's blocks. Written
    /// before any of them is handed out.
    std::vector<std::uint8_t> pages;
};

/// OpenSSL's allocator hooks are process-wide, so this cannot be an object that is passed around.
Shared& shared() noexcept {
    static Shared* const instance = new Shared; // never destroyed: OpenSSL frees into it during exit
    return *instance;
}

/// Of one thread. Trivially destructible, so that it may still be looked at while the thread's other objects
/// go.
struct Kept {
    std::array<Free*, classes> free;
    std::array<std::uint16_t, classes> count;
    bool watched;
    bool over;
};
constinit thread_local Kept kept{};

std::size_t page_of(const void* block) noexcept {
    return static_cast<std::size_t>(static_cast<const char*>(block) - shared().begin) / page_bytes;
}

/// One more page of blocks on the shared list; false if the arena is used up. With the mutex held.
bool add_page(std::size_t index) noexcept {
    Shared& s = shared();
    if (s.fresh_count == 0) {
        for (s.fresh_count = pages_at_once; s.fresh_count > 0; s.fresh_count /= 2) {
            void* const run = s.tree->allocate_aligned(s.fresh_count * page_bytes, page_bytes, std::nothrow);
            s.fresh_pages = static_cast<char*>(run);
            if (run != nullptr) break;
        }
        if (s.fresh_count == 0) return false;
    }
    char* const page = s.fresh_pages;
    s.fresh_pages += page_bytes;
    --s.fresh_count;
    s.pages[page_of(page)] = static_cast<std::uint8_t>(index + 1);
    const std::size_t size = size_of(index);
    for (std::size_t at = page_bytes / size; at-- > 0;)
        s.free[index] = new (page + at * size) Free{s.free[index]};
    return true;
}

void give_back(std::size_t index, std::size_t count) noexcept {
    const std::lock_guard lock(shared().mutex);
    for (; count > 0; --count) {
        Free* const block = kept.free[index];
        kept.free[index] = block->next;
        --kept.count[index];
        block->next = shared().free[index];
        shared().free[index] = block;
    }
}

struct EndOfThread {
    EndOfThread() noexcept { kept.watched = true; }
    ~EndOfThread() {
        kept.over = true;
        for (std::size_t index = 0; index < classes; ++index) give_back(index, kept.count[index]);
    }
};
void watch_thread() noexcept {
    thread_local const EndOfThread end;
    (void)end;
}

/// Half of what a thread may keep, or one block where it keeps none any more.
void* take_from_shared(std::size_t index) noexcept {
    if (!kept.watched && !kept.over) watch_thread();
    Shared& s = shared();
    const std::lock_guard lock(s.mutex);
    const std::size_t wanted = kept.over ? 1 : most_kept(index) / 2;
    for (std::size_t taken = 0; taken < wanted; ++taken) {
        if (s.free[index] == nullptr && (taken > 0 || !add_page(index))) break;
        Free* const block = s.free[index];
        s.free[index] = block->next;
        if (kept.over) return block;
        block->next = kept.free[index];
        kept.free[index] = block;
        ++kept.count[index];
    }
    Free* const block = kept.free[index];
    if (block == nullptr) return nullptr;
    kept.free[index] = block->next;
    --kept.count[index];
    return block;
}

} // namespace

void open(void* begin, std::size_t size) {
    Shared& s = shared();
    s.begin = static_cast<char*>(begin);
    s.end = s.begin + size;
    s.pages.assign(size / page_bytes + 1, 0);
    s.tree = new Tree(bip::create_only, begin, size);
}

bool is_open() noexcept {
    return shared().tree != nullptr;
}

bool owns(const void* block) noexcept {
    const auto* const at = static_cast<const char*>(block);
    return at >= shared().begin && at < shared().end;
}

void* allocate(std::size_t size) noexcept {
    if (size <= largest_small) {
        const std::size_t index = class_of(size);
        Free* const block = kept.free[index];
        if (block != nullptr) {
            kept.free[index] = block->next;
            --kept.count[index];
            return block;
        }
        if (void* const other = take_from_shared(index)) return other;
        // No page is left, but the tree may have a gap.
    }
    const std::lock_guard lock(shared().mutex);
    return shared().tree->allocate(size, std::nothrow);
}

void release(void* block) noexcept {
    Shared& s = shared();
    const std::size_t small = s.pages[page_of(block)];
    if (small == 0) {
        const std::lock_guard lock(s.mutex);
        OPENSSL_cleanse(block, s.tree->get_segment_manager()->size(block));
        s.tree->deallocate(block);
        return;
    }
    const std::size_t index = small - 1;
    OPENSSL_cleanse(block, size_of(index));
    if (!kept.watched && !kept.over) watch_thread();
    kept.free[index] = new (block) Free{kept.free[index]};
    ++kept.count[index];
    if (kept.over)
        give_back(index, 1);
    else if (kept.count[index] > most_kept(index))
        give_back(index, most_kept(index) / 2);
}

std::size_t block_size(const void* block) noexcept {
    const std::size_t small = shared().pages[page_of(block)];
    if (small != 0) return size_of(small - 1);
    const std::lock_guard lock(shared().mutex);
    return shared().tree->get_segment_manager()->size(block);
}

} // namespace mohr::secret_heap
