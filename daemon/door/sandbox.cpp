// SPDX-License-Identifier: Apache-2.0
#include "sandbox.hpp"

#include <mohr/base/files.hpp>

#include <linux/landlock.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace mohr::door {
namespace {

// Newer than Debian 12's headers; the numbers are the kernel's interface.
constexpr std::uint64_t fs_truncate = 1ULL << 14U;      // ABI 3
constexpr std::uint64_t fs_ioctl_dev = 1ULL << 15U;     // ABI 5
constexpr std::uint64_t net_bind_connect_tcp = 3ULL;    // ABI 4
constexpr std::uint64_t scope_socket_and_signal = 3ULL; // ABI 6

struct RulesetAttributes {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;
    std::uint64_t scoped;
};

RulesetAttributes attributes_of(int abi) {
    RulesetAttributes attributes{(1ULL << 13U) - 1, 0, 0};
    if (abi >= 2) attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) attributes.handled_access_fs |= fs_truncate;
    if (abi >= 4) attributes.handled_access_net = net_bind_connect_tcp;
    if (abi >= 5) attributes.handled_access_fs |= fs_ioctl_dev;
    if (abi >= 6) attributes.scoped = scope_socket_and_signal;
    return attributes;
}

/// The size of the structure that a kernel of this ABI knows.
std::size_t attributes_size(int abi) {
    if (abi >= 6) return sizeof(RulesetAttributes);
    return abi >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

Result<int> restrict_with_landlock(int max_abi) {
    long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0) return 0; // ENOSYS, EOPNOTSUPP: the kernel has none, and says so in ready{}
    if (max_abi >= 0 && abi > max_abi) abi = max_abi;
    if (abi > 7) abi = 7;
    if (abi == 0) return 0;
    const RulesetAttributes attributes = attributes_of(static_cast<int>(abi));
    // No rule is added: everything that is handled is denied.
    const Descriptor ruleset(static_cast<int>(
        ::syscall(SYS_landlock_create_ruleset, &attributes, attributes_size(static_cast<int>(abi)), 0)));
    if (!ruleset) return system_failure("landlock_create_ruleset");
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        return system_failure("landlock_restrict_self");
    return static_cast<int>(abi);
}

/// All that a running door calls. memfd_create is for previews, fcntl for their seals; the rest is memory,
/// time, sockets that exist, and files that were handed in.
constexpr std::array allowed{
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(lseek),
    SCMP_SYS(fcntl),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(memfd_create),
    SCMP_SYS(accept4),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvfrom),
    SCMP_SYS(sendto),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(listen),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(eventfd2),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(sched_yield),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(sched_getaffinity),
};

struct FilterDeleter {
    void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

Result<void> restrict_with_seccomp() {
#if defined(MOHR_SANITIZED)
    // The sanitizers' runtime tries more than it needs.
    constexpr std::uint32_t forbidden = SCMP_ACT_ERRNO(EPERM);
#else
    constexpr std::uint32_t forbidden = SCMP_ACT_KILL_PROCESS;
#endif
    const std::unique_ptr<void, FilterDeleter> filter(seccomp_init(forbidden));
    if (!filter) return Error(BaseErrc::io, "seccomp_init");
    const auto failed = [](int status) {
        errno = -status;
        return system_failure("seccomp");
    };
    for (const int call : allowed)
        if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); status != 0)
            return failed(status);
    for (const std::uint64_t request : {std::uint64_t{FIONBIO}, std::uint64_t{FIONREAD}})
        if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                                SCMP_A1(SCMP_CMP_EQ, request));
            status != 0)
            return failed(status);
#if defined(MOHR_SANITIZED)
    // The sanitizers' runtime protects its own pages, symbolises, and asks for its limits.
    for (const int call :
         {SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(prctl), SCMP_SYS(getrlimit), SCMP_SYS(prlimit64),
          SCMP_SYS(readlink), SCMP_SYS(openat), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(tgkill)})
        if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); status != 0)
            return failed(status);
#else
    // Memory is never made executable.
    constexpr std::uint64_t executable = 4; // PROT_EXEC
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
        if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                                                SCMP_A2(SCMP_CMP_MASKED_EQ, executable, 0));
            status != 0)
            return failed(status);
    // abort() signals its own process; nobody else may be signalled.
    if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                            SCMP_A0(SCMP_CMP_EQ, static_cast<std::uint64_t>(::getpid())));
        status != 0)
        return failed(status);
#endif
    if (const int status = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); status != 0)
        return failed(status);
    if (const int status = seccomp_load(filter.get()); status != 0) return failed(status);
    return {};
}

} // namespace

Result<SandboxState> close_sandbox(int max_landlock_abi, Seccomp seccomp) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure("no_new_privs");
    SandboxState state;
    auto abi = restrict_with_landlock(max_landlock_abi);
    if (!abi) return abi.error();
    state.landlock_abi = *abi;
    if (seccomp == Seccomp::off) return state;
    MOHR_TRY(restrict_with_seccomp());
    state.seccomp = true;
    return state;
}

#if defined(MOHR_FAULT_POINTS)
namespace {

int connect_to(std::uint32_t address, std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(address);
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}
/// With a socket that was there before the sandbox closed: Landlock alone has to stop it.
int connect_with(int fd, std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}
int execute() {
    std::array<char, 10> path{"/bin/true"};
    const std::array<char*, 2> arguments{path.data(), nullptr};
    return ::execve(path.data(), arguments.data(), nullptr);
}
int make_executable_memory() {
    void* const p =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? -1 : 0;
}

struct Attack {
    std::string_view name;
    int (*run)();
};
constexpr std::array attacks{
    Attack{"none", [] { return 0; }}, // the harness must see what a success looks like
    Attack{"open-passwd", [] { return ::open("/etc/passwd", O_RDONLY); }},
    Attack{"open-home", [] { return ::open(".", O_RDONLY | O_DIRECTORY); }},
    Attack{"create-file", [] { return ::open("/tmp/mohr-door-was-here", O_WRONLY | O_CREAT, 0600); }},
    Attack{"unlink", [] { return ::unlink("/tmp/mohr-door-was-here"); }},
    Attack{"execve", execute},
    Attack{"fork", [] { return static_cast<int>(::fork()); }},
    Attack{"connect-out", [] { return connect_to(0x01010101U, 443); }},
    Attack{"connect-loopback", [] { return connect_to(INADDR_LOOPBACK, 22); }},
    Attack{"connect-old-socket", [] { return connect_with(prepared_socket(), 22); }},
    Attack{"netlink", [] { return ::socket(AF_NETLINK, SOCK_RAW, 0); }},
    Attack{"unix-socket", [] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }},
    Attack{"ptrace-parent",
           [] { return static_cast<int>(::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr)); }},
    Attack{"kill-parent", [] { return ::kill(::getppid(), SIGKILL); }},
    Attack{"executable-memory", make_executable_memory},
    Attack{"set-dumpable", [] { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }},
};

} // namespace

int prepared_socket() {
    static const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    return fd;
}

void attack(std::string_view name) {
    for (const Attack& one : attacks) {
        if (one.name != name) continue;
        const int status = one.run();
        const int number = errno;
        std::string line =
            "attack " + std::string(name) + (status >= 0 ? ": succeeded\n" : ": refused, errno ");
        if (status < 0) line += std::to_string(number) + "\n";
        (void)write_all(STDERR_FILENO, as_bytes(line));
        return;
    }
    (void)write_all(STDERR_FILENO, as_bytes("attack: no such name\n"));
}
#endif

} // namespace mohr::door
