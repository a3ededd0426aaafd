// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <grp.h>
#include <stdexcept>
#include <unistd.h>

namespace mohr::test {

/// Throw-away users: numbers that no account has.
inline constexpr uid_t user_a = 61001;
inline constexpr uid_t user_b = 61002;

/// Whether this test run can become other users. Says so once if it cannot.
inline bool can_be_other_users() {
    if (::geteuid() == 0) return true;
    std::fputs("SKIPPED: needs root, to act as two users\n", stderr);
    return false;
}

/// Runs `work` in a child as another user. It tells that it is ready by returning; the child then stays until
/// the object goes (or has ended by itself, if `work` says so).
class OtherUser {
public:
    enum class After { stay, exit };

    /// `work` returns 0 if all went well; anything else is result().
    OtherUser(uid_t uid, const std::function<int()>& work, After after = After::stay) {
        int ready[2];
        if (::pipe(ready) != 0) throw std::runtime_error("pipe");
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("fork");
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (uid != ::geteuid() && (::setgroups(0, nullptr) != 0 || ::setresgid(uid, uid, uid) != 0 ||
                                       ::setresuid(uid, uid, uid) != 0))
                ::_exit(125);
            const int result = work();
            if (::write(ready[1], &result, sizeof result) != sizeof result) ::_exit(124);
            ::close(ready[1]);
            if (after == After::exit) ::_exit(0);
            for (;;) ::pause();
        }
        ::close(ready[1]);
        if (::read(ready[0], &result_, sizeof result_) != sizeof result_) result_ = -1;
        ::close(ready[0]);
        if (after == After::exit) end();
    }
    ~OtherUser() { end(); }
    OtherUser(const OtherUser&) = delete;
    OtherUser& operator=(const OtherUser&) = delete;

    [[nodiscard]] int result() const noexcept { return result_; }
    void end() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

private:
    pid_t pid_ = -1;
    int result_ = -1;
};

} // namespace mohr::test
