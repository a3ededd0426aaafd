// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/files.hpp>
#include <mohr/base/sandbox.hpp>

#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <unistd.h>

namespace mohr {
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

struct FilterDeleter {
    void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

/// What the library's macros make by compound literals, which C++ has not: `value` is the mask where `how` masks, and what
/// is left must then be zero.
scmp_arg_cmp argument(unsigned number, scmp_compare how, std::uint64_t value) noexcept {
    return {number, how, value, 0};
}

Result<void> restrict_with_seccomp(const SandboxCalls& calls) {
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
    for (const int call : calls.allowed)
        if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); status != 0)
            return failed(status);
    for (const int call : calls.trapped)
        if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_TRAP, call, 0); status != 0)
            return failed(status);
    for (const std::uint64_t request : calls.ioctls)
        if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                                argument(1, SCMP_CMP_EQ, request));
            status != 0)
            return failed(status);
#if defined(MOHR_SANITIZED)
    // The sanitizers' runtime protects its own pages, symbolises, asks for its limits, finds out through a pipe whether an
    // address can be read; its own thread may begin as late as now, and sleeps by the old call.
    for (const int call :
         {SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(prctl), SCMP_SYS(getrlimit), SCMP_SYS(prlimit64),
          SCMP_SYS(readlink), SCMP_SYS(openat), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(tgkill),
          SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(nanosleep), SCMP_SYS(set_robust_list), SCMP_SYS(rseq)})
        if (std::find(calls.trapped.begin(), calls.trapped.end(), call) == calls.trapped.end())
            if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); status != 0)
                return failed(status);
#else
    // Memory is never made executable.
    constexpr std::uint64_t executable = 4; // PROT_EXEC
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)})
        if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1,
                                                argument(2, SCMP_CMP_MASKED_EQ, executable));
            status != 0)
            return failed(status);
    // abort() signals its own process; nobody else may be signalled.
    if (const int status = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                            argument(0, SCMP_CMP_EQ, static_cast<std::uint64_t>(::getpid())));
        status != 0)
        return failed(status);
#endif
    if (const int status = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); status != 0)
        return failed(status);
    if (const int status = seccomp_load(filter.get()); status != 0) return failed(status);
    return {};
}

} // namespace

Result<SandboxState> close_sandbox(const SandboxCalls& calls, int max_landlock_abi, Seccomp seccomp,
                                   const std::function<Result<void>()>& start_threads) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure("no_new_privs");
    SandboxState state;
    auto abi = restrict_with_landlock(max_landlock_abi);
    if (!abi) return abi.error();
    state.landlock_abi = *abi;
    if (start_threads) MOHR_TRY(start_threads());
    if (seccomp == Seccomp::off) return state;
    MOHR_TRY(restrict_with_seccomp(calls));
    state.seccomp = true;
    return state;
}

} // namespace mohr
