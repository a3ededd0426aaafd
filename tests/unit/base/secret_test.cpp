// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "leave_out.hpp"
#include <mohr/base/openssl.hpp>
#include <mohr/base/random.hpp>
#include <mohr/base/secret.hpp>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <new>
#include <sstream>
#include <string>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace mohr;

static_assert(!std::is_copy_constructible_v<Secret> && std::is_nothrow_move_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, ByteView>);

namespace {
/// Runs `body` in a child, since the arena is made once per process; the child's exit code is the verdict.
template <class F>
int in_child(F body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/// The line of /proc/self/maps that holds this address, or nothing.
std::string mapping_of(const void* address) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::istringstream range(line);
        std::uintptr_t begin = 0;
        std::uintptr_t end = 0;
        char dash = 0;
        range >> std::hex >> begin >> dash >> end;
        const auto at = reinterpret_cast<std::uintptr_t>(address);
        if (at >= begin && at < end) return line;
    }
    return {};
}
} // namespace

TEST_CASE("a secret moves, shrinks and compares", "[base]") {
    Secret a(as_bytes("123456"));
    Secret b = std::move(a);
    CHECK(a.empty()); // NOLINT(bugprone-use-after-move): the moved-from state is the subject
    CHECK(b.same_as(as_bytes("123456")));
    CHECK_FALSE(b.same_as(as_bytes("123457")));
    CHECK_FALSE(b.same_as(as_bytes("12345")));
    b.shrink(3);
    CHECK(b.same_as(as_bytes("123")));
}

TEST_CASE("secrets live in the arena, are zeroed when freed and absent after a fork [T30]", "[base]") {
    const auto choice = GENERATE(SecretMemoryChoice::best, SecretMemoryChoice::no_memfd_secret);
    CHECK(in_child([&] {
              if (install_secret_memory(1 << 20, OpensslHeap::ordinary, choice) == SecretMemory::plain)
                  return 1;
              const std::uint8_t* where = nullptr;
              {
                  const Secret secret(as_bytes("planted-canary-0123456789"));
                  where = secret.reveal().data();
                  if (std::memcmp(where, "planted-canary", 14) != 0) return 2;
              }
              // The arena stays mapped, so that the freed block can be looked at.
              for (int i = 0; i < 14; ++i)
                  if (std::memcmp(where + i, "canary", 6) == 0) return 3;
              const Secret kept(as_bytes("child must not see this"));
              const std::uint8_t* p = kept.reveal().data();
              const pid_t child = ::fork();
              if (child == 0) {
                  ::signal(SIGSEGV, SIG_DFL); // neither Catch2 nor a sanitizer shall make an exit of it
                  const volatile std::uint8_t seen = *p; // not mapped after fork: SIGSEGV
                  ::_exit(seen);
              }
              int status = 0;
              ::waitpid(child, &status, 0);
              return WIFSIGNALED(status) ? 0 : 4;
          }) == 0);
}

TEST_CASE("threads that pass secrets to each other neither mix nor lose them [T30]", "[base]") {
    CHECK(in_child([] {
              if (install_secret_memory(2 << 20, OpensslHeap::secret) == SecretMemory::plain) return 1;
              std::mutex mutex;
              std::vector<std::pair<std::uint8_t, Secret>> passed;
              std::atomic<int> wrong{0};
              const auto work = [&](unsigned seed) {
                  for (unsigned i = 0; i < 3000; ++i) {
                      seed = seed * 1664525 + 1013904223;
                      const auto fill = static_cast<std::uint8_t>(seed >> 24);
                      Secret fresh(1 + (seed >> 8) % 3000); // both sides of the largest small block
                      for (const std::uint8_t byte : fresh.reveal()) wrong += byte != 0;
                      std::memset(fresh.reveal_mutable().data(), fill, fresh.size());
                      std::pair<std::uint8_t, Secret> taken;
                      {
                          const std::lock_guard lock(mutex);
                          passed.emplace_back(fill, std::move(fresh));
                          if (passed.size() < 40) continue;
                          std::swap(passed[seed % passed.size()], passed.back());
                          taken = std::move(passed.back());
                          passed.pop_back();
                      }
                      for (const std::uint8_t byte : taken.second.reveal()) wrong += byte != taken.first;
                  }
              };
              for (int round = 0; round < 5; ++round) { // threads that ended gave back what they kept
                  std::vector<std::thread> threads;
                  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i + 1);
                  for (std::thread& thread : threads) thread.join();
              }
              return wrong == 0 ? 0 : 2;
          }) == 0);
}

TEST_CASE("an arena that is used up says so, and serves again after a release [T30]", "[base]") {
    const std::size_t size = GENERATE(16U, 700U, 100'000U);
    CHECK(in_child([&] {
              if (install_secret_memory(1 << 20, OpensslHeap::ordinary) == SecretMemory::plain) return 1;
              std::vector<Secret> all;
              try {
                  for (;;) all.emplace_back(size);
              } catch (const std::bad_alloc&) {
                  if (all.size() * size < std::size_t{1} << 19) return 2; // most of it was to be had
              }
              all.resize(all.size() / 2);
              for (std::size_t i = all.size() / 2; i > 0; --i) all.emplace_back(size);
              return 0;
          }) == 0);
}

TEST_CASE("OpenSSL's private keys live in the arena too [T30]", "[base]") {
    CHECK(in_child([] {
              if (install_secret_memory(6 << 20, OpensslHeap::secret) == SecretMemory::plain) return 1;
              const Secret random = random_secret(32);
              const auto arena = mapping_of(random.reveal().data());
              const auto key = Owned<EVP_PKEY, EVP_PKEY_free>(EVP_EC_gen("P-256"));
              if (!key || arena.empty()) return 2;
              const auto ordinary = std::make_unique<int>(0);
              if (mapping_of(ordinary.get()) == arena) return 3;
              return mapping_of(key.get()) == arena ? 0 : 4;
          }) == 0);
}

TEST_CASE("a low RLIMIT_MEMLOCK costs the lock and not the room to work in [T30]", "[base]") {
    if (test::sanitized) return test::leave_out("a sanitizer makes mlock a call that does nothing");
    const auto choice = GENERATE(SecretMemoryChoice::best, SecretMemoryChoice::no_memfd_secret);
    CHECK(in_child([&] {
              const rlimit low{64 * 1024, 64 * 1024};
              if (::setrlimit(RLIMIT_MEMLOCK, &low) != 0) return 1;
              // Root is not held to the limit.
              if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 2;
              if (install_secret_memory(4 << 20, OpensslHeap::ordinary, choice) != SecretMemory::plain)
                  return 3;
              try {
                  const Secret room(std::size_t{2} << 20);
                  return room.size() == std::size_t{2} << 20 ? 0 : 4;
              } catch (const std::bad_alloc&) {
                  return 5;
              }
          }) == 0);
    CHECK(in_child([&] {
              const rlimit low{64 * 1024, 64 * 1024};
              if (::setrlimit(RLIMIT_MEMLOCK, &low) != 0) return 1;
              if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 2;
              // What fits is locked as before.
              return install_secret_memory(64 * 1024, OpensslHeap::ordinary, choice) == SecretMemory::plain
                         ? 3
                         : 0;
          }) == 0);
}
