// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/files.hpp>
#include <mohr/base/sandbox.hpp>

#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace mohr {
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
    Attack{"create-file", [] { return ::open("/tmp/mohr-was-here", O_WRONLY | O_CREAT, 0600); }},
    Attack{"unlink", [] { return ::unlink("/tmp/mohr-was-here"); }},
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
} // namespace mohr
