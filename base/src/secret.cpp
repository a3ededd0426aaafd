// SPDX-License-Identifier: Apache-2.0
#include "secret_heap.hpp"
#include <mohr/base/secret.hpp>

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <unistd.h>
#include <utility>

namespace mohr {
namespace {

/// How well the one arena of the process is protected.
SecretMemory reached = SecretMemory::plain;

void* hooked_malloc(std::size_t size, const char*, int) {
    return size == 0 ? nullptr : secret_heap::allocate(size);
}

void hooked_free(void* p, const char*, int) {
    if (p != nullptr) secret_heap::release(p);
}

void* hooked_realloc(void* p, std::size_t size, const char* file, int line) {
    if (p == nullptr) return hooked_malloc(size, file, line);
    if (size == 0) {
        secret_heap::release(p);
        return nullptr;
    }
    const std::size_t old_size = secret_heap::block_size(p);
    if (old_size >= size) return p;
    void* fresh = secret_heap::allocate(size);
    if (fresh == nullptr) return nullptr;
    std::memcpy(fresh, p, old_size);
    secret_heap::release(p);
    return fresh;
}

/// How much of `wanted` may be locked; all of it if that is less than half. An arena that a low limit cut to
/// a few pages would not hold the keys and OpenSSL's heap, and the process could do nothing at all.
std::size_t arena_size(std::size_t wanted) {
    rlimit limit{};
    std::size_t size = wanted;
    if (::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && ::geteuid() != 0 &&
        limit.rlim_cur >= wanted / 2)
        size = std::min<std::size_t>(wanted, limit.rlim_cur);
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return std::max(page, size / page * page);
}

void* map_memfd_secret(std::size_t size) {
#ifdef SYS_memfd_secret
    const int fd = static_cast<int>(::syscall(SYS_memfd_secret, O_CLOEXEC));
    if (fd < 0) return MAP_FAILED;
    void* p = MAP_FAILED;
    if (::ftruncate(fd, static_cast<off_t>(size)) == 0)
        p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    // MAP_SHARED pages would be seen by a child; it gets none of them.
    if (p != MAP_FAILED) ::madvise(p, size, MADV_DONTFORK);
    return p;
#else
    (void)size;
    return MAP_FAILED;
#endif
}

} // namespace

SecretMemory install_secret_memory(std::size_t bytes, OpensslHeap openssl, SecretMemoryChoice choice) {
    if (secret_heap::is_open()) return reached;
    const std::size_t size = arena_size(bytes);
    void* p = MAP_FAILED;
    if (choice == SecretMemoryChoice::best) {
        p = map_memfd_secret(size);
        reached = SecretMemory::memfd_secret;
    }
    if (p == MAP_FAILED) {
        p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) throw std::bad_alloc();
        reached = ::mlock(p, size) == 0 ? SecretMemory::locked : SecretMemory::plain;
        ::madvise(p, size, MADV_DONTDUMP);
        ::madvise(p, size, MADV_DONTFORK);
    }
    secret_heap::open(p, size);
    if (openssl == OpensslHeap::secret &&
        CRYPTO_set_mem_functions(hooked_malloc, hooked_realloc, hooked_free) != 1)
        throw std::bad_alloc(); // OpenSSL had already allocated: a bug in main
    return reached;
}

SecretMemory secret_memory() noexcept {
    return reached;
}

void wipe(std::span<std::uint8_t> bytes) noexcept {
    OPENSSL_cleanse(bytes.data(), bytes.size());
}

Secret::Secret(std::size_t size) : size_(size), capacity_(size) {
    if (size == 0) return;
    void* p = secret_heap::is_open() ? secret_heap::allocate(size) : std::malloc(size);
    if (p == nullptr) throw std::bad_alloc();
    data_ = static_cast<std::uint8_t*>(p);
    std::memset(data_, 0, size);
}

Secret::Secret(ByteView bytes) : Secret(bytes.size()) {
    if (data_ != nullptr) std::memcpy(data_, bytes.data(), bytes.size());
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        clear();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
}

Secret::~Secret() {
    clear();
}

void Secret::shrink(std::size_t new_size) noexcept {
    if (new_size >= size_) return;
    OPENSSL_cleanse(data_ + new_size, size_ - new_size);
    size_ = new_size;
}

void Secret::clear() noexcept {
    if (data_ == nullptr) return;
    if (secret_heap::owns(data_)) {
        secret_heap::release(data_);
    } else {
        OPENSSL_cleanse(data_, capacity_);
        std::free(data_);
    }
    data_ = nullptr;
    size_ = capacity_ = 0;
}

bool Secret::same_as(ByteView other) const noexcept {
    return size_ == other.size() && CRYPTO_memcmp(data_, other.data(), size_) == 0;
}

} // namespace mohr
