// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "temporary_directory.hpp"
#include <mohr/base/files.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace mohr::test {

/// One message as it came: JSON, the secrets behind it, the descriptors with it.
struct Received {
    nlohmann::json json;
    std::vector<std::string> secrets;
    std::vector<Descriptor> descriptors;

    [[nodiscard]] std::string method() const { return json.value("method", ""); }
};

/// For scripts, which run on a thread of their own: assertions are for the test's. Ends the test.
inline void need(bool holds) {
    if (!holds) throw std::logic_error("the script of the core did not get what it needs");
}

/// The core's end of one connection, for a script to play on. Everything blocks for at most ten seconds.
class CorePeer {
public:
    explicit CorePeer(Descriptor socket) : socket_(std::move(socket)) {}
    /// The next message; an empty one (null JSON) if the client is gone.
    Received receive();
    void send(const nlohmann::json& message) { send_frame(0, message.dump()); }
    void reply(const Received& request, const nlohmann::json& result);
    void refuse(const Received& request, const std::string& code,
                nlohmann::json data = nlohmann::json::object());
    void send_frame(std::uint8_t kind, const std::string& body);
    void send_bytes(const std::string& bytes);

private:
    bool read_exactly(void* to, std::size_t size, std::vector<Descriptor>* descriptors);
    Descriptor socket_;
};

/// Plays the core on a real Unix socket: each connection is handed to the script.
class FakeCore {
public:
    using Script = std::function<void(CorePeer&)>;
    explicit FakeCore(Script script);
    ~FakeCore();
    FakeCore(const FakeCore&) = delete;
    FakeCore& operator=(const FakeCore&) = delete;
    [[nodiscard]] std::string socket() const { return (directory_.path() / "control.sock").string(); }

private:
    TemporaryDirectory directory_;
    Script script_;
    Descriptor listener_;
    std::atomic<bool> ended_ = false;
    std::thread thread_;
};

/// Answers each request by its method, until the client goes; unknown ones with method_not_found.
FakeCore::Script answering(std::function<nlohmann::json(const Received&)> answer);

} // namespace mohr::test
