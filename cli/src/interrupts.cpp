// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/interrupts.hpp>

#include <sys/signalfd.h>

#include <csignal>
#include <unistd.h>

namespace mohr::cli {

Interrupts::Interrupts() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    fd_ = Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

Interrupts::Kind Interrupts::take() noexcept {
    signalfd_siginfo info{};
    if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return Kind::none;
    switch (info.ssi_signo) {
    case SIGINT:
        return Kind::interrupt;
    case SIGWINCH:
        return Kind::resized;
    default:
        return Kind::terminate;
    }
}

} // namespace mohr::cli
