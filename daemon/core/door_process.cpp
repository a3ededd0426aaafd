// SPDX-License-Identifier: Apache-2.0
#include "door_process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace mohr::core {
namespace asio = boost::asio;
namespace fs = std::filesystem;

struct ChildProcess::State {
    explicit State(asio::io_context& context, int pidfd) : exited(context, pidfd) {}
    asio::posix::stream_descriptor exited;
    pid_t pid = 0;
    bool running = true;
    OnExit on_exit;
};

namespace {

/// Between fork and exec: async-signal-safe calls only, and nothing of the secret arena, which the child has
/// not got.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, int link,
                         pid_t parent) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    // Had the parent died before prctl, nobody would tell us.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) ::_exit(127);
    const int null = ::open("/dev/null", O_RDWR);
    if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(null, 1) < 0) ::_exit(127);
    if (link == 3) {
        if (::fcntl(3, F_SETFD, 0) != 0) ::_exit(127);
    } else if (::dup2(link, 3) < 0) {
        ::_exit(127);
    }
    ::syscall(SYS_close_range, 4U, ~0U, 0U);
    ::execve(program, arguments, environment);
    ::_exit(127);
}

/// As execve takes them.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

} // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(asio::io_context& context, const fs::path& program,
                                                          const std::vector<std::string>& arguments,
                                                          Descriptor link, OnExit on_exit,
                                                          const std::vector<std::string>& environment) {
    std::vector<std::string> texts{program.string()};
    texts.insert(texts.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables = environment;
    std::vector<char*> pointers = pointers_to(texts);
    std::vector<char*> variable_pointers = pointers_to(variables);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return system_failure("fork");
    if (pid == 0) become(program.c_str(), pointers.data(), variable_pointers.data(), link.get(), parent);
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
    if (pidfd < 0) {
        Error error = system_failure("pidfd_open");
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return error;
    }
    auto state = std::make_shared<State>(context, pidfd);
    state->pid = pid;
    state->on_exit = std::move(on_exit);
    state->exited.async_wait(asio::posix::stream_descriptor::wait_read,
                             [state](const boost::system::error_code& error) {
                                 if (error || !state->running) return;
                                 siginfo_t info{};
                                 if (::waitid(P_PID, static_cast<id_t>(state->pid), &info, WEXITED) != 0)
                                     return;
                                 state->running = false;
                                 const auto notify = std::move(state->on_exit);
                                 notify(info.si_code == CLD_EXITED ? info.si_status : -info.si_status);
                             });
    return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(state)));
}

ChildProcess::ChildProcess(std::shared_ptr<State> state) : state_(std::move(state)) {}

ChildProcess::~ChildProcess() {
    if (state_->running) {
        state_->running = false;
        ::kill(state_->pid, SIGKILL);
        ::waitpid(state_->pid, nullptr, 0);
    }
    boost::system::error_code ignored;
    state_->exited.cancel(ignored);
}

pid_t ChildProcess::pid() const noexcept {
    return state_->pid;
}

void ChildProcess::kill() noexcept {
    if (state_->running) ::kill(state_->pid, SIGKILL);
}

Result<fs::path> find_program(const std::string& name) {
    std::error_code error;
    const fs::path self = fs::read_symlink("/proc/self/exe", error);
    if (error) return Error(BaseErrc::io, "/proc/self/exe: " + error.message());
    const fs::path here = self.parent_path();
    const std::array<fs::path, 6> places{
        here.parent_path() / "libexec/mohr" / name, // installed: PREFIX/bin/mohrd
        here / name,                                // beside us
        // the build tree: daemon/core/mohrd beside daemon/door/, token/ and desktop/
        here.parent_path() / "door" / name,
        here.parent_path().parent_path() / "token" / name,
        here.parent_path() / "owner_auth" / name,
        here.parent_path().parent_path() / "desktop" / name,
    };
    for (const fs::path& place : places)
        if (::access(place.c_str(), X_OK) == 0) return place;
    return Error(BaseErrc::io, name + " is not installed: looked beside " + here.string());
}

} // namespace mohr::core
