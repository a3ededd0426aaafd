// SPDX-License-Identifier: Apache-2.0
#include "terminal_agent.hpp"

#include "prompt_json.hpp"
#include <mohr/base/files.hpp>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <fstream>
#include <poll.h>
#include <sstream>
#include <unistd.h>

namespace mohr::core {

bool has_controlling_terminal(pid_t pid) {
    if (pid <= 0) return false;
    const Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
    if (!handle) return false;
    const std::string directory = "/proc/" + std::to_string(pid);
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0) return false;
    std::ifstream file(directory + "/stat");
    std::stringstream content;
    content << file.rdbuf();
    const std::string text = content.str();
    // pid (comm) state ppid pgrp session tty_nr …: comm may hold anything, also brackets.
    const std::size_t end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos) return false;
    std::istringstream rest(text.substr(end_of_name + 1));
    std::string state;
    long parent = 0;
    long group = 0;
    long session = 0;
    long terminal = 0;
    if (!(rest >> state >> parent >> group >> session >> terminal) || terminal == 0) return false;
    pollfd exited{handle.get(), POLLIN, 0};
    return ::poll(&exited, 1, 0) == 0; // still the process that connected
}

TerminalAgent::Registration TerminalAgent::add(std::uint64_t connection, pid_t pid) {
    if (agent_) return Registration::exists;
    if (!has_controlling_terminal(pid)) return Registration::no_terminal;
    agent_ = connection;
    return Registration::done;
}

bool TerminalAgent::remove(std::uint64_t connection) {
    if (agent_ != connection) return false;
    agent_.reset();
    if (auto waiting = std::exchange(waiting_, {})) waiting(std::nullopt);
    return true;
}

void TerminalAgent::show(const PromptRequest& request, Shown shown, Answered answered_by) {
    if (!agent_ || server_ == nullptr) return answered_by(std::nullopt);
    shown_ = request.prompt;
    asked_ = request.pin;
    waiting_ = std::move(answered_by);
    const std::weak_ptr<int> alive = alive_;
    server_->ask(*agent_, "prompt.show", to_control_json(request),
                 [this, alive, prompt = request.prompt](std::optional<ControlAnswer> answer) {
                     if (!alive.expired()) answered(prompt, std::move(answer));
                 });
    shown();
}

void TerminalAgent::answered(PromptId prompt, std::optional<ControlAnswer> answer) {
    // An answer to a prompt that is over decides nothing.
    if (prompt != shown_ || !waiting_) return;
    const auto waiting = std::exchange(waiting_, {});
    if (!answer) return waiting(std::nullopt);
    waiting(decision_of(std::move(*answer), asked_));
}

void TerminalAgent::close(PromptId prompt, PromptEnd why) {
    if (prompt != shown_ || !waiting_) return;
    waiting_ = {};
    if (agent_ && server_ != nullptr)
        server_->notify(*agent_, "prompt.close", {{"prompt", prompt}, {"reason", prompt_end_name(why)}});
}

} // namespace mohr::core
