// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/cli/agent.hpp>
#include <mohr/cli/agent_screen.hpp>
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace mohr::cli {
namespace {

constexpr std::chrono::milliseconds tick{100};

constexpr std::size_t max_file_bytes = 512 * 1024;

/// A regular file that the person named; nobody is kept waiting at a pipe.
std::optional<Bytes> read_small_file(const std::string& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size > static_cast<off_t>(max_file_bytes))
        return std::nullopt;
    Bytes content(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t count = ::read(file.get(), content.data() + done, content.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return std::nullopt;
        done += static_cast<std::size_t>(count);
    }
    return content;
}

/// Joins the screen to its terminal and its connection.
class AgentLoop {
public:
    AgentLoop(ControlClient& client, Interrupts& interrupts, Language language, const Style& style, int in,
              int out)
        : client_(client), interrupts_(interrupts), in_(in), out_(out), terminal_(in),
          screen_(language, style, terminal_size(out), read_small_file) {}

    Outcome<void> run() {
        MOHR_TRY(perform(screen_.start()));
        MOHR_TRY(take_messages()); // what came together with the reply to the registration
        while (!ended_) {
            std::array<pollfd, 3> entries{pollfd{client_.fd(), POLLIN, 0}, pollfd{in_, POLLIN, 0},
                                          pollfd{interrupts_.fd(), POLLIN, 0}};
            const int count = ::poll(entries.data(), entries.size(), static_cast<int>(tick.count()));
            if (count < 0 && errno != EINTR)
                return failure_from(system_failure("poll"), "The terminal failed.");
            // The service first: a prompt that it has closed can no longer take the key pressed for it.
            if (count > 0 && entries[0].revents != 0) MOHR_TRY(take_messages());
            if (count > 0 && entries[2].revents != 0) MOHR_TRY(take_signal());
            if (!ended_ && count > 0 && entries[1].revents != 0) MOHR_TRY(take_keys());
            if (!ended_) MOHR_TRY(perform(screen_.on_tick(now())));
        }
        return {};
    }

private:
    static SteadyInstant now() { return std::chrono::steady_clock::now(); }

    Outcome<void> perform(AgentActions actions) {
        if (actions.flush) {
            terminal_.flush();
            flushed_ = true;
        }
        if (const auto written = write_all(out_, as_bytes(actions.text)); !written)
            return failure_from(written.error(), "The terminal failed.");
        for (auto& answer : actions.answers) MOHR_TRY(send_answer(std::move(answer)));
        ended_ = ended_ || actions.end;
        return {};
    }

    Outcome<void> send_answer(PromptAnswer answer) {
        nlohmann::json result{{"decision", answer.allow ? "allow" : "deny"}};
        if (answer.allow) {
            if (!answer.certificate.empty()) result["certificate"] = answer.certificate;
            result["remember"] = answer.remember;
            if (answer.confirmed) result["confirmed"] = true;
            if (answer.window)
                result["window"] = {{"items", answer.window->items}, {"minutes", answer.window->minutes}};
            if (!answer.file.empty()) result["file"] = to_base64(answer.file);
        }
        std::vector<NamedSecret> secrets;
        if (answer.pin) secrets.emplace_back(answer.admin ? "admin_pin" : "user_pin", std::move(*answer.pin));
        if (answer.new_pin) secrets.emplace_back("new_user_pin", std::move(*answer.new_pin));
        if (answer.password) secrets.emplace_back("password", std::move(*answer.password));
        nlohmann::json reply{{"jsonrpc", "2.0"}, {"result", std::move(result)}};
        reply["id"] = nlohmann::json::parse(answer.request);
        return client_.send(std::move(reply), std::move(secrets));
    }

    Outcome<void> take_messages() {
        for (;;) {
            const auto message = client_.receive(std::chrono::milliseconds(0));
            if (!message) {
                // What is open can no longer be answered; the screen should say so before the error does.
                (void)write_all(out_, as_bytes("\r\n"));
                return message.error();
            }
            if (message->is_discarded()) return {};
            MOHR_TRY(take_message(*message));
        }
    }

    Outcome<void> take_message(const nlohmann::json& message) {
        const std::string method = text_member(message, "method");
        const nlohmann::json& params = member(message, "params");
        const nlohmann::json& id = member(message, "id");
        if (method == "prompt.close")
            return perform(
                screen_.on_close(number_member(params, "prompt"), text_member(params, "reason"), now()));
        if (method.empty() || id.is_null()) return {};
        if (method != "prompt.show") return refuse(id, protocol::Code::method_not_found, method);
        auto prompt = protocol::decode_prompt(params);
        if (!prompt) {
            (void)write_all(out_, as_bytes(prompt.error().detail + "\r\n"));
            return refuse(id, protocol::Code::invalid_params, prompt.error().detail);
        }
        if (prompt->needs_window()) return refuse(id, protocol::Code::invalid_params, "kind");
        return perform(screen_.on_prompt(to_line(id), std::move(*prompt), now()));
    }

    Outcome<void> refuse(const nlohmann::json& id, protocol::Code code, const std::string& path) {
        const protocol::CodeRow& row = protocol::row(code);
        nlohmann::json error{
            {"code", row.number}, {"message", row.message}, {"data", {{"code", row.name}, {"path", path}}}};
        nlohmann::json reply{{"jsonrpc", "2.0"}, {"error", std::move(error)}};
        reply["id"] = id;
        return client_.send(std::move(reply));
    }

    Outcome<void> take_signal() {
        switch (interrupts_.take()) {
        case Interrupts::Kind::none:
            return {};
        case Interrupts::Kind::resized:
            screen_.resize(terminal_size(out_));
            return {};
        case Interrupts::Kind::interrupt:
            return perform(screen_.on_key({KeyKind::interrupt, 0}, now()));
        case Interrupts::Kind::terminate:
            return perform(screen_.on_end());
        }
        return {};
    }

    Outcome<void> take_keys() {
        std::array<std::uint8_t, 64> chunk;
        const ssize_t count = ::read(in_, chunk.data(), chunk.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return {};
        if (count <= 0) return perform(screen_.on_end()); // the terminal is gone
        ByteView bytes = ByteView(chunk).first(static_cast<std::size_t>(count));
        Outcome<void> outcome;
        flushed_ = false;
        // A new question forgets the keys before it, also those that were already read.
        while (outcome && !bytes.empty() && !flushed_ && !ended_)
            outcome = perform(screen_.on_key(take_key(bytes), now()));
        wipe(chunk);
        return outcome;
    }

    ControlClient& client_;
    Interrupts& interrupts_;
    int in_;
    int out_;
    RawTerminal terminal_;
    AgentScreen screen_;
    bool flushed_ = false;
    bool ended_ = false;
};

} // namespace

Outcome<Exit> run_agent(Session& session, int in, int out) {
    const auto client = session.client();
    if (!client) return client.error();
    const auto registered = session.call("agent.register", {{"kind", "terminal"}});
    if (!registered) return registered.error();
    const Style style = session.settings().styles ? Style::ansi() : Style::none();
    AgentLoop loop(**client, session.interrupts(), session.language(), style, in, out);
    MOHR_TRY(loop.run());
    return Exit::ok;
}

} // namespace mohr::cli
