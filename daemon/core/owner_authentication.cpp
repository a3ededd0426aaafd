// SPDX-License-Identifier: Apache-2.0
#include "owner_authentication.hpp"

#include <mohr/base/files.hpp>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace mohr::core {
namespace {

/// PAM modules delay a wrong password by some seconds, and may ask other machines.
constexpr int patience_ms = 30'000;

/// What mohr-owner-auth answers.
constexpr char answer_right = '0';
constexpr char answer_wrong = '1';

[[noreturn]] void become(const char* program, int channel) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (::dup2(channel, 0) < 0 || ::dup2(channel, 1) < 0) ::_exit(127);
    ::syscall(SYS_close_range, 3U, ~0U, 0U);
    std::array<char*, 2> arguments{const_cast<char*>(program), nullptr};
    // The helper decides for itself what of the environment PAM may see.
    ::execve(program, arguments.data(), environ);
    ::_exit(127);
}

/// Nothing if nobody listens there, or somebody who is not this user.
Descriptor connected(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof address.sun_path) return {};
    std::memcpy(address.sun_path, text.data(), text.size());
    Descriptor channel(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!channel ||
        ::connect(channel.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return {};
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(channel.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != ::getuid())
        return {};
    return channel;
}

bool send_all(int channel, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

/// Service, line end, password, end; the answer is one character. All of it fits a socket's buffer, so only the answer is
/// waited for.
OwnerAuthentication::Verdict ask(int channel, std::string_view service, const Secret& password) {
    using Verdict = OwnerAuthentication::Verdict;
    const bool sent = send_all(channel, as_bytes(service)) && send_all(channel, as_bytes("\n")) &&
                      send_all(channel, password.reveal()) && ::shutdown(channel, SHUT_WR) == 0;
    pollfd wait{channel, POLLIN, 0};
    char answer = 0;
    if (!sent || ::poll(&wait, 1, patience_ms) != 1 || ::read(channel, &answer, 1) != 1)
        return Verdict::unavailable;
    if (answer == answer_right) return Verdict::right;
    return answer == answer_wrong ? Verdict::wrong : Verdict::unavailable;
}

} // namespace

OwnerAuthentication::Verdict PamOwnerAuthentication::check(const Secret& password) {
    if (const Descriptor channel = connected(socket_)) return ask(channel.get(), service_, password);
    std::array<int, 2> raw{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw.data()) != 0) return Verdict::unavailable;
    const Descriptor ours(raw[0]);
    Descriptor theirs(raw[1]);
    const std::string program = helper_.string();
    const pid_t pid = ::fork();
    if (pid < 0) return Verdict::unavailable;
    if (pid == 0) become(program.c_str(), theirs.get());
    theirs.reset();
    const Verdict verdict = ask(ours.get(), service_, password);
    ::kill(pid, SIGKILL); // has answered, or never will
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return verdict;
}

} // namespace mohr::core
