// SPDX-License-Identifier: Apache-2.0
#include "pin_kdf.hpp"

#include "kdf_frame.hpp"
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>

#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

namespace mohr::token {
namespace {

using namespace std::chrono_literals;
using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t key_bytes = 32;

Error failed(std::string_view what) {
    return {TokenErrc::storage, "Argon2id: " + std::string(what)};
}

/// A started helper; killed and reaped when it goes out of scope.
class Child {
public:
    explicit Child(pid_t pid) noexcept : pid_(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }

private:
    pid_t pid_;
};

class FileActions {
public:
    FileActions() { posix_spawn_file_actions_init(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;
    ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
    [[nodiscard]] posix_spawn_file_actions_t* get() noexcept { return &actions_; }

private:
    posix_spawn_file_actions_t actions_{};
};

class SpawnAttributes {
public:
    SpawnAttributes() {
        // The core may block or handle signals; its child starts with a clean sheet.
        posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    SpawnAttributes(const SpawnAttributes&) = delete;
    SpawnAttributes& operator=(const SpawnAttributes&) = delete;
    ~SpawnAttributes() { posix_spawnattr_destroy(&attributes_); }
    [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

private:
    posix_spawnattr_t attributes_{};
};

/// posix_spawn and not fork: the child of a fork would have neither the secret arena nor a usable OpenSSL.
Result<pid_t> start(const std::filesystem::path& program, int socket) {
    FileActions actions;
    posix_spawn_file_actions_adddup2(actions.get(), socket, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(actions.get(), socket, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(actions.get(), STDERR_FILENO + 1);
    const SpawnAttributes attributes;
    std::string name = program.string();
    std::array<char*, 2> arguments = {name.data(), nullptr};
    std::array<char*, 1> environment = {nullptr};
    pid_t pid = -1;
    const int failure = ::posix_spawn(&pid, name.c_str(), actions.get(), attributes.get(), arguments.data(),
                                      environment.data());
    if (failure != 0) return failed(name + ": " + std::strerror(failure));
    return pid;
}

Result<void> wait_for(int socket, short events, Deadline deadline) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left <= 0ms) return failed("the time limit is over");
        pollfd entry{socket, events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return system_failure("poll");
    }
}

Result<void> send_all(int socket, ByteView bytes, Deadline deadline) {
    while (!bytes.empty()) {
        MOHR_TRY(wait_for(socket, POLLOUT, deadline));
        const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return failed("the helper ended early");
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
}

Result<Secret> receive_key(int socket, Deadline deadline) {
    Secret key(key_bytes);
    std::size_t length = 0;
    while (length < key_bytes) {
        MOHR_TRY(wait_for(socket, POLLIN, deadline));
        const ssize_t n =
            ::recv(socket, key.reveal_mutable().data() + length, key_bytes - length, MSG_DONTWAIT);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n <= 0) return failed("the helper gave no key (out of memory?)");
        length += static_cast<std::size_t>(n);
    }
    return key;
}

} // namespace

HelperKdf::HelperKdf(std::filesystem::path program, std::chrono::milliseconds limit)
    : program_(std::move(program)), limit_(limit) {}

Result<Secret> HelperKdf::derive(const Argon2Parameters& parameters, ByteView salt, const Secret& pin) {
    if (salt.size() != salt_bytes || pin.size() > max_pin_bytes) return failed("input size");
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return system_failure("socketpair");
    const Descriptor ours(ends[0]);
    Descriptor theirs(ends[1]);
    auto pid = start(program_, theirs.get());
    if (!pid) return pid.error();
    const Child child(*pid);
    theirs.reset();

    Secret frame_bytes(sizeof(KdfFrame));
    KdfFrame frame{KdfFrame::expected_magic,
                   static_cast<std::uint32_t>(pin.size()),
                   parameters.memory_kib,
                   parameters.passes,
                   {},
                   {}};
    std::memcpy(frame_bytes.reveal_mutable().data(), &frame, sizeof frame);
    std::memcpy(frame_bytes.reveal_mutable().data() + offsetof(KdfFrame, salt), salt.data(), salt.size());
    if (!pin.empty())
        std::memcpy(frame_bytes.reveal_mutable().data() + offsetof(KdfFrame, pin), pin.reveal().data(),
                    pin.size());
    const Deadline deadline = std::chrono::steady_clock::now() + limit_;
    MOHR_TRY(send_all(ours.get(), frame_bytes.reveal(), deadline));
    return receive_key(ours.get(), deadline);
}

Result<Argon2Parameters> calibrate(PinKdf& kdf, std::chrono::milliseconds target) {
    struct sysinfo machine {};
    std::uint64_t most = argon2_ceiling.memory_kib;
    if (::sysinfo(&machine) == 0)
        most = std::min<std::uint64_t>(most, machine.totalram * machine.mem_unit / 1024 / 4);
    most = std::max(most, argon2_floor.memory_kib);
    const Secret pin(as_bytes("00000000"));
    const Bytes salt(salt_bytes);
    Argon2Parameters chosen = argon2_floor;
    // Argon2id's time is close to linear in its memory; the second round corrects what start-up cost the
    // first.
    for (int round = 0; round < 2; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        if (auto key = kdf.derive(chosen, salt, pin); !key) return key.error();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        const double factor = std::chrono::duration<double>(target).count() / std::max(took.count(), 0.001);
        const auto wanted =
            static_cast<std::uint64_t>(static_cast<double>(chosen.memory_kib) * factor) / 1024 * 1024;
        chosen.memory_kib = std::clamp(wanted, argon2_floor.memory_kib, most);
    }
    return chosen;
}

} // namespace mohr::token
