// SPDX-License-Identifier: Apache-2.0
#include "preview/confinement.hpp"

#include "shared/preview_messages.hpp"
#include <mohr/base/files.hpp>
#include <mohr/base/hardening.hpp>
#include <mohr/base/sandbox.hpp>

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <ucontext.h>
#include <unistd.h>

namespace mohr::desktop::preview {
namespace {

constexpr rlim_t max_memory_bytes = rlim_t{512} * 1024 * 1024;
/// Over all pages; the parent waits ten seconds for one.
constexpr rlim_t max_cpu_seconds = 120;
constexpr std::size_t max_files = 64;

/// The files that may still be read. Written before the sandbox closes, then only looked at, also by the handler.
struct Shelf {
    struct Entry {
        const char* name = nullptr;
        int descriptor = -1;
    };
    std::array<Entry, max_files> entries{};
    std::size_t count = 0;
};
Shelf shelf; // NOLINT: a signal handler has no other way to it

/// Stands for open(2): what is on the shelf opens, with a position of its own start.
long open_from_shelf(const char* name) {
    for (std::size_t i = 0; i < shelf.count; ++i) {
        if (std::strcmp(shelf.entries[i].name, name) != 0) continue;
        const int copy = ::dup(shelf.entries[i].descriptor);
        if (copy < 0) return -errno;
        ::lseek(copy, 0, SEEK_SET);
        return copy;
    }
    return -EACCES;
}

#if defined(__x86_64__)
long argument(const ucontext_t& context, int number) {
    return static_cast<long>(context.uc_mcontext.gregs[number == 0 ? REG_RDI : REG_RSI]);
}
void set_result(ucontext_t& context, long result) {
    context.uc_mcontext.gregs[REG_RAX] = result;
}
#elif defined(__aarch64__)
long argument(const ucontext_t& context, int number) {
    return static_cast<long>(context.uc_mcontext.regs[number]);
}
void set_result(ucontext_t& context, long result) {
    context.uc_mcontext.regs[0] = static_cast<unsigned long long>(result);
}
#else
#error "the registers of a system call on this machine are not known here"
#endif

/// Answers a trapped call as the kernel would: libraries that look for a file go on without it.
void on_trapped(int, siginfo_t* info, void* raw) {
    const int kept = errno;
    auto& context = *static_cast<ucontext_t*>(raw);
    long result = -EACCES;
    if (info->si_syscall == SCMP_SYS(openat))
        result = open_from_shelf(std::bit_cast<const char*>(argument(context, 1)));
    else if (info->si_syscall == SCMP_SYS(open))
        result = open_from_shelf(std::bit_cast<const char*>(argument(context, 0)));
    set_result(context, result);
    errno = kept;
}

constexpr std::array allowed{
    SCMP_SYS(read),         SCMP_SYS(write),         SCMP_SYS(readv),
    SCMP_SYS(writev),       SCMP_SYS(pread64),       SCMP_SYS(lseek),
    SCMP_SYS(close),        SCMP_SYS(fstat),         SCMP_SYS(newfstatat),
    SCMP_SYS(fcntl),        SCMP_SYS(dup),           SCMP_SYS(munmap),
    SCMP_SYS(mremap),       SCMP_SYS(madvise),       SCMP_SYS(brk),
    SCMP_SYS(futex),        SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),    SCMP_SYS(getpid),        SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),  SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),   SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),    SCMP_SYS(sched_getaffinity),
};
/// What libraries ask for and can do without: files that are not on the shelf, and where they run.
constexpr std::array trapped{
    SCMP_SYS(open),       SCMP_SYS(openat),    SCMP_SYS(access),     SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(stat),
    SCMP_SYS(lstat),      SCMP_SYS(statx),     SCMP_SYS(getdents64), SCMP_SYS(statfs),
    SCMP_SYS(getcwd),     SCMP_SYS(ioctl),     SCMP_SYS(uname),      SCMP_SYS(sysinfo),
    SCMP_SYS(getrlimit),  SCMP_SYS(prlimit64), SCMP_SYS(getuid),     SCMP_SYS(geteuid),
    SCMP_SYS(getgid),     SCMP_SYS(getegid),
};

Result<void> limit(int what, rlim_t value) {
    const rlimit both{value, value};
    if (::setrlimit(static_cast<__rlimit_resource>(what), &both) != 0) return system_failure("setrlimit");
    return {};
}

} // namespace

Result<void> bound_process() {
    MOHR_TRY(harden_process());
    close_descriptors_from(document_descriptor + 1);
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return system_failure("parent death signal");
    std::signal(SIGPIPE, SIG_DFL);
    MOHR_TRY(limit(RLIMIT_CORE, 0));
    MOHR_TRY(limit(RLIMIT_FSIZE, 0));
    MOHR_TRY(limit(RLIMIT_CPU, max_cpu_seconds));
#if !defined(MOHR_SANITIZED)
    MOHR_TRY(limit(RLIMIT_AS, max_memory_bytes)); // the sanitizers map terabytes of shadow
#endif
    return {};
}

Result<void> confine(const std::vector<std::string>& files) {
    for (const std::string& file : files) {
        if (shelf.count == shelf.entries.size()) break;
        const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) continue; // that font is missing then
        shelf.entries[shelf.count++] = {::strdup(file.c_str()), descriptor};
    }
    struct sigaction action {};
    action.sa_sigaction = on_trapped;
    action.sa_flags = SA_SIGINFO;
    if (::sigaction(SIGSYS, &action, nullptr) != 0) return system_failure("sigaction");
    const auto closed = close_sandbox({allowed, {}, trapped});
    if (!closed) return closed.error();
    return {};
}

} // namespace mohr::desktop::preview
