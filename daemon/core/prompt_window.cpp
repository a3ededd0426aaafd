// SPDX-License-Identifier: Apache-2.0
#include "prompt_window.hpp"

#include "prompt_json.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <sys/socket.h>

#include <array>
#include <map>
#include <utility>

namespace mohr::core {

using nlohmann::json;

namespace {

constexpr std::chrono::milliseconds last_words{200};

/// Documents may share one file. One that cannot be sent is said not to be shown; its text preview stays.
ControlDescriptors attach_contents(const PromptRequest& request, json& documents) {
    ControlDescriptors descriptors;
    std::map<const DocumentContent*, std::string> names;
    for (std::size_t i = 0; i < request.documents.size(); ++i) {
        const auto& document = request.documents[i];
        if (!document.content) continue;
        std::string& name = names[document.content.get()];
        if (name.empty()) {
            const auto fd = document.content->descriptor();
            if (!fd || descriptors.size() == ControlConnection::max_sent_descriptors) continue;
            name = "preview" + std::to_string(descriptors.size());
            descriptors.push_back({name, *fd, document.content});
        }
        documents[i]["previewDescriptor"] = name;
        documents[i]["previewOffset"] = document.content_offset;
        documents[i].erase("preview"); // the window draws the content itself
    }
    return descriptors;
}

} // namespace

struct PromptWindow::Process {
    std::uint64_t number = 0;
    std::unique_ptr<ChildProcess> child; ///< null once it has ended
    std::shared_ptr<ControlConnection> connection;
};

PromptWindow::PromptWindow(IoLoop& loop, std::shared_ptr<spdlog::logger> log, Settings settings,
                           Environment environment, Interface interface)
    : loop_(loop), log_(std::move(log)), settings_(std::move(settings)), environment_(std::move(environment)),
      interface_(std::move(interface)) {}

PromptWindow::~PromptWindow() {
    alive_.reset(); // what the connections still tell finds nobody
    if (current_) ending_.push_back(std::move(current_));
    for (const auto& process : ending_) {
        process->connection->close();
        process->child.reset();
    }
}

void PromptWindow::show(const PromptRequest& request, Shown shown, Answered answered) {
    // The same window says that the PIN was wrong; any other decision gets a process of its own.
    const bool again = current_ && !waiting_ && current_->child;
    if (!again) dismiss();
    if (!current_) current_ = start();
    if (!current_) return answered(std::nullopt);
    prompt_ = request.prompt;
    asked_ = request.pin;
    shown_ = std::move(shown);
    waiting_ = std::move(answered);
    loop_.call_after(settings_.shown_within,
                     [this, alive = std::weak_ptr(alive_), process = current_, prompt = prompt_] {
                         if (!alive.expired() && prompt == prompt_ && shown_)
                             give_up(process, "does not show its prompt");
                     });
    ask(request);
}

PromptWindow::ProcessPointer PromptWindow::start() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        log_->error("prompt window: {}", system_failure("socketpair").describe());
        return nullptr;
    }
    Descriptor ours(ends[0]);
    Descriptor theirs(ends[1]);
    auto process = std::make_shared<Process>();
    process->number = ++processes_;
    const std::weak_ptr<int> alive = alive_;
    const std::weak_ptr<Process> weak = process;
    auto child = ChildProcess::start(
        loop_.context(), settings_.program, {}, std::move(theirs),
        [this, alive, weak](int status) {
            const auto ended = weak.lock();
            if (alive.expired() || !ended) return;
            if (status != 0) log_->warn("prompt window {}: ended with {}", ended->number, status);
            ended->child.reset();
            ending_.remove(ended);
            // What it wrote before its end is read first; a descendant that holds the socket open does not count.
            loop_.call_after(last_words, [ended] { ended->connection->close(); });
        },
        environment_());
    if (!child) {
        log_->error("prompt window: {}", child.error().describe());
        return nullptr;
    }
    process->child = std::move(*child);
    ControlConnection::Handlers handlers;
    handlers.request = [](ControlRequest, const ControlReply& reply) {
        reply(protocol::Failure(protocol::Code::method_not_found)); // it is asked, and asks nothing
    };
    handlers.notification = [this, alive, weak](const std::string& method, const json& params) {
        const auto sender = weak.lock();
        if (!alive.expired() && sender) on_notification(sender, method, params);
    };
    handlers.gone = [this, alive, weak] {
        const auto sender = weak.lock();
        if (!alive.expired() && sender) give_up(sender, "closed its socket");
    };
    process->connection =
        std::make_shared<ControlConnection>(loop_, log_, ControlLimits(), process->number, std::move(ours),
                                            process->child->pid(), std::move(handlers));
    process->connection->start();
    return process;
}

void PromptWindow::ask(const PromptRequest& request) {
    json params = to_control_json(request);
    params["interface"] = interface_();
    const ControlDescriptors descriptors = attach_contents(request, params.at("documents"));
    current_->connection->ask("prompt.show", params, descriptors,
                              [this, alive = std::weak_ptr(alive_), process = std::weak_ptr(current_),
                               prompt = request.prompt](std::optional<ControlAnswer> answer) {
                                  const auto sender = process.lock();
                                  if (!alive.expired() && sender)
                                      on_answer(sender, prompt, std::move(answer));
                              });
}

void PromptWindow::on_notification(const ProcessPointer& process, const std::string& method,
                                   const json& params) {
    if (method != "prompt.shown" || process != current_ || !shown_) return;
    const auto prompt = params.find("prompt");
    if (prompt == params.end() || !prompt->is_number_unsigned() || *prompt != prompt_) return;
    std::exchange(shown_, {})();
}

void PromptWindow::on_answer(const ProcessPointer& process, PromptId prompt,
                             std::optional<ControlAnswer> answer) {
    // An answer to a prompt that is over decides nothing, and nobody can have answered what was not on the screen.
    if (process != current_ || prompt != prompt_ || !waiting_) return;
    if (!answer) return give_up(process, "is gone");
    if (shown_) return give_up(process, "answers what it has not shown");
    const auto waiting = std::exchange(waiting_, {});
    waiting(decision_of(std::move(*answer), asked_));
}

void PromptWindow::give_up(const ProcessPointer& process, const char* why) {
    if (process != current_) return;
    const auto waiting = std::exchange(waiting_, {});
    if (waiting) log_->warn("prompt window {}: {}", process->number, why);
    if (process->child) process->child->kill();
    dismiss();
    if (waiting) waiting(std::nullopt);
}

void PromptWindow::settled(PromptId prompt) {
    if (!current_ || prompt != prompt_) return;
    current_->connection->notify("prompt.settled", {{"prompt", prompt}});
    dismiss();
}

void PromptWindow::close(PromptId prompt, PromptEnd why) {
    if (!current_ || prompt != prompt_) return;
    waiting_ = {};
    current_->connection->notify("prompt.close", {{"prompt", prompt}, {"reason", prompt_end_name(why)}});
    dismiss();
}

void PromptWindow::dismiss() {
    shown_ = {};
    waiting_ = {};
    const auto process = std::exchange(current_, {});
    if (!process || !process->child) return;
    ending_.push_back(process);
    loop_.call_after(settings_.end_within, [alive = std::weak_ptr(alive_), process] {
        if (!alive.expired() && process->child) process->child->kill();
    });
}

} // namespace mohr::core
