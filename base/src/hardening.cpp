// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/hardening.hpp>

#include <climits>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#if defined(MOHR_SANITIZED)
// A race ends the process at once, so that the test that caused it fails.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
    return "halt_on_error=1:second_deadlock_stack=1";
}
#endif

namespace mohr {
namespace {

/// The leak checker looks at the process from a tracer, at the very end: what may not be dumped may not be traced.
void let_the_leak_checker_in() {
#if defined(MOHR_SANITIZED)
    std::atexit([] { ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); });
#endif
}

} // namespace

Result<void> harden_process() {
    let_the_leak_checker_in();
    ::umask(077);
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0)
        return Error(BaseErrc::io, std::string("RLIMIT_CORE: ") + std::strerror(errno));
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return Error(BaseErrc::io, std::string("PR_SET_DUMPABLE: ") + std::strerror(errno));
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return Error(BaseErrc::io, std::string("PR_SET_NO_NEW_PRIVS: ") + std::strerror(errno));
    return {};
}

void close_descriptors_from(int first) noexcept {
    ::close_range(static_cast<unsigned>(first), UINT_MAX, 0);
}

} // namespace mohr
