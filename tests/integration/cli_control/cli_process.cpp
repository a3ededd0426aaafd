// SPDX-License-Identifier: Apache-2.0
#include "cli_process.hpp"

#include "other_user.hpp"

#include <sys/ioctl.h>

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <thread>

namespace mohr::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// This program and all that it starts are never root: client and service must be the same user, and no test
/// may pass because root may do anything.
const bool unprivileged = [] {
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(user_a, user_a, user_a) != 0 ||
                             ::setresuid(user_a, user_a, user_a) != 0))
        std::abort();
    return true;
}();

milliseconds left(Clock::time_point deadline) {
    return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
}

int status_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

[[noreturn]] void become_mohr(const std::vector<std::string>& arguments) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<char*> argv{const_cast<char*>("mohr")};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    const char* const environment[] = {"TERM=xterm", "LC_ALL=C.UTF-8", "XDG_RUNTIME_DIR=/nonexistent",
                                       nullptr};
    ::execve(MOHR_COMMAND, argv.data(), const_cast<char* const*>(environment));
    ::_exit(126);
}

int await_end(pid_t pid, Clock::time_point deadline) {
    for (;;) {
        int status = 0;
        if (::waitpid(pid, &status, WNOHANG) == pid) return status_of(status);
        if (Clock::now() > deadline) return -1;
        std::this_thread::sleep_for(milliseconds(5));
    }
}

} // namespace

Finished run_mohr(const std::vector<std::string>& arguments, const std::string& input) {
    int in[2];
    int out[2];
    int err[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
        throw std::runtime_error("pipe");
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(in[0], 0);
        ::dup2(out[1], 1);
        ::dup2(err[1], 2);
        become_mohr(arguments);
    }
    ::close(in[0]);
    ::close(out[1]);
    ::close(err[1]);
    (void)write_all(in[1], as_bytes(input)); // less than a pipe holds
    ::close(in[1]);
    Finished finished;
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    std::array<pollfd, 2> entries{pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
    for (int open = 2; open > 0 && left(deadline).count() > 0;) {
        if (::poll(entries.data(), entries.size(), 100) <= 0) continue;
        for (auto& entry : entries) {
            if (entry.fd < 0 || entry.revents == 0) continue;
            char chunk[4096];
            const ssize_t count = ::read(entry.fd, chunk, sizeof chunk);
            if (count > 0) {
                (&entry == entries.data() ? finished.out : finished.err)
                    .append(chunk, static_cast<std::size_t>(count));
            } else {
                entry.fd = -1;
                --open;
            }
        }
    }
    ::close(out[0]);
    ::close(err[0]);
    finished.exit = await_end(pid, deadline);
    if (finished.exit < 0) {
        ::kill(pid, SIGKILL);
        finished.exit = await_end(pid, Clock::now() + std::chrono::seconds(5));
    }
    return finished;
}

TerminalProcess::TerminalProcess(const std::vector<std::string>& arguments)
    : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0)
        throw std::runtime_error("pseudo-terminal");
    const winsize size{50, 200, 0, 0};
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
    char name[128];
    if (::ptsname_r(master_.get(), name, sizeof name) != 0) throw std::runtime_error("ptsname");
    slave_ = Descriptor(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    pid_ = ::fork();
    if (pid_ == 0) {
        ::setsid();
        const int terminal = ::open(name, O_RDWR);
        ::ioctl(terminal, TIOCSCTTY, 0);
        for (const int fd : {0, 1, 2}) ::dup2(terminal, fd);
        if (terminal > 2) ::close(terminal);
        become_mohr(arguments);
    }
}

TerminalProcess::~TerminalProcess() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

bool TerminalProcess::read_more(milliseconds limit) {
    pollfd entry{master_.get(), POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(limit.count())) <= 0) return false;
    char chunk[4096];
    const ssize_t count = ::read(master_.get(), chunk, sizeof chunk);
    if (count <= 0) return false;
    screen_.append(chunk, static_cast<std::size_t>(count));
    return true;
}

bool TerminalProcess::expect(const std::string& text, milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    for (;;) {
        const std::size_t at = screen_.find(text, matched_);
        if (at != std::string::npos) {
            matched_ = at + text.size();
            return true;
        }
        if (left(deadline).count() == 0) return false;
        read_more(std::min(left(deadline), milliseconds(100)));
    }
}

void TerminalProcess::type(const std::string& keys) {
    (void)write_all(master_.get(), as_bytes(keys));
}

void TerminalProcess::send_signal(int signal) const {
    ::kill(pid_, signal);
}

int TerminalProcess::wait(milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    int status = -1;
    while (status < 0 && left(deadline).count() > 0) {
        read_more(milliseconds(10)); // or the program would wait for room on its terminal
        int raw = 0;
        if (::waitpid(pid_, &raw, WNOHANG) == pid_) status = status_of(raw);
    }
    if (status >= 0) pid_ = -1;
    while (read_more(milliseconds(20))) {
    }
    return status;
}

bool TerminalProcess::is_cooked() const {
    termios mode{};
    ::tcgetattr(slave_.get(), &mode);
    return (mode.c_lflag & ECHO) != 0 && (mode.c_lflag & ICANON) != 0 && (mode.c_lflag & ISIG) != 0;
}

} // namespace mohr::test
