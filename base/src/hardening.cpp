// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/hardening.hpp>

#include <climits>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace mohr {

Result<void> harden_process() {
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
