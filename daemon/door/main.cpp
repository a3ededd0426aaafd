// SPDX-License-Identifier: Apache-2.0
#include "door.hpp"
#include <mohr/base/hardening.hpp>
#include <mohr/base/secret.hpp>

#include <openssl/crypto.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <malloc.h>
#include <string_view>

namespace {

constexpr int link_descriptor = 3;
constexpr std::size_t secret_bytes = 256 * 1024;
/// Where OpenSSL keeps the TLS key's numbers: locked and with guard pages.
constexpr std::size_t secure_heap_bytes = 64 * 1024;

struct Arguments {
    mohr::door::DoorOptions door;
    mohr::SecretMemoryChoice memory = mohr::SecretMemoryChoice::best;
};

bool parse(int count, char** values, Arguments& arguments) {
    for (int i = 1; i < count; ++i) {
        const std::string_view name = values[i];
        if (name == "--no-memfd-secret") {
            arguments.memory = mohr::SecretMemoryChoice::no_memfd_secret;
        } else if (name == "--force-landlock-abi" && i + 1 < count) {
            const std::string_view number = values[++i];
            const auto parsed = std::from_chars(number.data(), number.data() + number.size(),
                                                arguments.door.forced_landlock_abi);
            if (parsed.ec != std::errc() || arguments.door.forced_landlock_abi < 0) return false;
#if defined(MOHR_FAULT_POINTS)
        } else if (name == "--attack" && i + 1 < count) {
            arguments.door.attack = values[++i];
        } else if (name == "--attack-from" && i + 1 < count) {
            arguments.door.attack_from = values[++i];
        } else if (name == "--no-seccomp") {
            arguments.door.seccomp = false;
#endif
        } else {
            return false;
        }
    }
    return true;
}

} // namespace

#if defined(MOHR_SANITIZED)
/// The leak checker stops the process with ptrace, which the sandbox denies.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
    return "detect_leaks=0";
}
#endif

int main(int argc, char** argv) {
    if (const auto hardened = mohr::harden_process(); !hardened) {
        std::fprintf(stderr, "mohr-door: %s\n", hardened.error().describe().c_str());
        return 1;
    }
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::fputs("mohr-door is started by mohrd, never by hand.\n", stderr);
        return 2;
    }
    // The threads beside the loop hand their blocks to it and back: heaps of their own would only grow.
    ::mallopt(M_ARENA_MAX, 1);
    mohr::install_secret_memory(secret_bytes, mohr::OpensslHeap::ordinary, arguments.memory);
    CRYPTO_secure_malloc_init(secure_heap_bytes, 32);
    // No configuration file can load a provider or an engine into this process.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
    mohr::close_descriptors_from(link_descriptor + 1);
    std::signal(SIGPIPE, SIG_IGN);
    // Otherwise the C library reads /etc/localtime at the first date it computes, and the sandbox denies it.
    ::setenv("TZ", "UTC0", 1);
    ::tzset();
    return mohr::door::run_door(mohr::Descriptor(link_descriptor), arguments.door);
}
