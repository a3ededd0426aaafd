// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace mohr::test {

/// What a finished `mohr` left.
struct Finished {
    int exit = -1; ///< exit status; 128 + signal if it was killed
    std::string out;
    std::string err;
};

/// Runs `mohr` with pipes, `input` on its standard input, and waits for its end (at most 60 s, then SIGKILL).
Finished run_mohr(const std::vector<std::string>& arguments, const std::string& input = {});

/// `mohr` in a session of its own with a pseudo-terminal as its controlling one, as a person would have it.
class TerminalProcess {
public:
    explicit TerminalProcess(const std::vector<std::string>& arguments);
    ~TerminalProcess();
    TerminalProcess(const TerminalProcess&) = delete;
    TerminalProcess& operator=(const TerminalProcess&) = delete;

    /// Waits until the screen has said `text` after what was matched last. False if it does not come.
    bool expect(const std::string& text, std::chrono::milliseconds limit = std::chrono::seconds(20));
    void type(const std::string& keys);
    void send_signal(int signal) const;
    /// Waits for the end; the exit status, 128 + signal, or -1 if it does not end.
    int wait(std::chrono::milliseconds limit = std::chrono::seconds(20));
    /// Everything that was on the screen.
    [[nodiscard]] const std::string& screen() const noexcept { return screen_; }
    /// Whether the terminal echoes and edits lines, as it does before and after a program.
    [[nodiscard]] bool is_cooked() const;

private:
    bool read_more(std::chrono::milliseconds limit);
    Descriptor master_;
    Descriptor slave_; ///< kept open, so that the terminal outlives the program and can be looked at
    pid_t pid_ = -1;
    std::string screen_;
    std::size_t matched_ = 0;
};

} // namespace mohr::test
