// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <mohr/base/files.hpp>

#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

extern char** environ;

namespace mohr::cli {
namespace {

using std::chrono::steady_clock;
constexpr std::size_t max_output_bytes = 1024 * 1024;

struct Pipe {
    Descriptor read;
    Descriptor write;
};

Outcome<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return failure_from(system_failure("pipe"), "A program could not be started.");
    return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// Reads and writes until the program has closed both of its outputs, or the time is over.
bool exchange(Descriptor& in, std::string_view input, const Descriptor& out, const Descriptor& err,
              ProgramResult& result, steady_clock::time_point deadline) {
    std::array<std::string*, 2> texts{&result.out, &result.err};
    std::array<pollfd, 3> entries{pollfd{out.get(), POLLIN, 0}, pollfd{err.get(), POLLIN, 0},
                                  pollfd{in.get(), POLLOUT, 0}};
    while (entries[0].fd >= 0 || entries[1].fd >= 0) {
        if (input.empty()) {
            in.reset();
            entries[2].fd = -1;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0) return false;
        if (::poll(entries.data(), entries.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
            return false;
        for (std::size_t i = 0; i < 2; ++i) {
            if (entries[i].fd < 0 || entries[i].revents == 0) continue;
            std::array<char, 16 * 1024> chunk{};
            const ssize_t count = ::read(entries[i].fd, chunk.data(), chunk.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) {
                entries[i].fd = -1;
                continue;
            }
            const std::size_t room = max_output_bytes - texts[i]->size();
            texts[i]->append(chunk.data(), std::min(room, static_cast<std::size_t>(count)));
        }
        if (entries[2].fd >= 0 && entries[2].revents != 0) {
            const ssize_t count = ::write(entries[2].fd, input.data(), input.size());
            if (count < 0 && errno == EINTR) continue;
            // A program that reads nothing has its reasons; its status tells.
            input.remove_prefix(count < 0 ? input.size() : static_cast<std::size_t>(count));
        }
    }
    return true;
}

/// The status of a process that ends soon, killed if it does not.
int await_end(pid_t pid, steady_clock::time_point deadline, bool& in_time) {
    int status = 0;
    for (;;) {
        const pid_t ended = ::waitpid(pid, &status, WNOHANG);
        if (ended == pid) break;
        if (ended < 0 && errno != EINTR) return 1;
        if (steady_clock::now() >= deadline || !in_time) {
            in_time = false;
            ::kill(pid, SIGKILL);
            ::waitpid(pid, &status, 0);
            break;
        }
        ::poll(nullptr, 0, 2);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

std::optional<std::filesystem::path> find_in_path(std::string_view search_path, std::string_view name) {
    while (!search_path.empty()) {
        const std::size_t colon = search_path.find(':');
        const std::filesystem::path directory(search_path.substr(0, colon));
        search_path.remove_prefix(colon == std::string_view::npos ? search_path.size() : colon + 1);
        // An empty or relative entry would be wherever the person happens to stand.
        if (!directory.is_absolute()) continue;
        const std::filesystem::path candidate = directory / name;
        std::error_code error;
        if (std::filesystem::is_regular_file(candidate, error) && ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
    }
    return std::nullopt;
}

Outcome<ProgramResult> run_program(const std::filesystem::path& program,
                                   const std::vector<std::string>& arguments, std::string_view input,
                                   std::chrono::milliseconds limit) {
    auto in = make_pipe();
    if (!in) return in.error();
    auto out = make_pipe();
    if (!out) return out.error();
    auto err = make_pipe();
    if (!err) return err.error();
    std::string name = program.string();
    std::vector<std::string> words = arguments;
    std::vector<char*> argv{name.data()};
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in->read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out->write.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err->write.get(), STDERR_FILENO);
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, name.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        errno = error;
        return failure_from(system_failure(name), "A program could not be started.");
    }
    in->read.reset();
    out->write.reset();
    err->write.reset();
    std::signal(SIGPIPE, SIG_IGN); // a program that ends before it has read everything
    const auto deadline = steady_clock::now() + limit;
    ProgramResult result;
    bool in_time = exchange(in->write, input, out->read, err->read, result, deadline);
    result.status = await_end(pid, deadline, in_time);
    if (!in_time) return Failure(Exit::no_answer, "program_timeout", "A program did not end in time.", name);
    return result;
}

} // namespace mohr::cli
