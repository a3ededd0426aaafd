// SPDX-License-Identifier: Apache-2.0
#include "owner_authentication.hpp"

#include <mohr/base/files.hpp>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace mohr::core {
namespace {

/// PAM modules delay a wrong password by some seconds, and may ask other machines.
constexpr int patience_ms = 30'000;

/// Exit codes of mohr-owner-auth.
constexpr int exit_right = 0;
constexpr int exit_wrong = 1;

[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, int input) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = ::open("/dev/null", O_WRONLY);
    if (null < 0 || ::dup2(input, 0) < 0 || ::dup2(null, 1) < 0) ::_exit(127);
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    ::execve(program, arguments, environment);
    ::_exit(127);
}

} // namespace

OwnerAuthentication::Verdict PamOwnerAuthentication::check(const Secret& password) {
    std::array<int, 2> raw{};
    if (::pipe2(raw.data(), O_CLOEXEC) != 0) return Verdict::unavailable;
    const Descriptor read_end(raw[0]);
    Descriptor write_end(raw[1]);
    std::string program = helper_.string();
    std::string service = service_;
    std::array<char*, 3> arguments{program.data(), service.data(), nullptr};
    // The helper decides for itself what of the environment PAM may see.
    const pid_t pid = ::fork();
    if (pid < 0) return Verdict::unavailable;
    if (pid == 0) become(program.c_str(), arguments.data(), environ, read_end.get());
    // At most 1 KiB: it fits the pipe, so that this never waits.
    const bool written = write_all(write_end.get(), password.reveal()).has_value();
    write_end.reset();
    const Descriptor exited(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
    pollfd wait{exited.get(), POLLIN, 0};
    if (!written || !exited || ::poll(&wait, 1, patience_ms) != 1) ::kill(pid, SIGKILL);
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return Verdict::unavailable;
    if (WEXITSTATUS(status) == exit_right) return Verdict::right;
    return WEXITSTATUS(status) == exit_wrong ? Verdict::wrong : Verdict::unavailable;
}

} // namespace mohr::core
