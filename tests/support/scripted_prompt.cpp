// SPDX-License-Identifier: Apache-2.0
// Stands in for mohr-prompt: does what the environment variable SCRIPT says, right or wrong, on descriptor 3. Shows nothing.
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/protocol/control_frames.hpp>
#include <mohr/protocol/jsonrpc.hpp>

#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include <cstdlib>
#include <string>
#include <unistd.h>

namespace {

using namespace mohr;
using nlohmann::json;

constexpr int link = 3;

void write_out(ByteView bytes) {
    if (!write_all(link, bytes)) std::_Exit(3);
}

void send(const json& message) {
    write_out(protocol::control_frame(message.dump()));
}

void send_secret(std::string_view secret) {
    Bytes frame = protocol::control_frame(secret);
    frame[4] = 1;
    write_out(frame);
}

/// The next message, or an end with the socket's.
json receive() {
    protocol::ControlFrameReader reader;
    for (;;) {
        const auto room = reader.room();
        const ssize_t n = ::read(link, room.data(), room.size());
        if (n <= 0) std::_Exit(0);
        auto frame = reader.filled(static_cast<std::size_t>(n));
        if (!frame) std::_Exit(4);
        if (*frame) return json::parse(std::get<std::string>(**frame));
    }
}

void shown(const json& asked) {
    send({{"jsonrpc", "2.0"},
          {"method", "prompt.shown"},
          {"params", {{"prompt", asked.at("params").at("prompt")}}}});
}

void allow(const json& asked, std::string_view pin) {
    send({{"jsonrpc", "2.0"},
          {"id", asked.at("id")},
          {"result", {{"decision", "allow"}}},
          {"secrets", {"user_pin"}}});
    send_secret(pin);
}

void deny(const json& asked) {
    send({{"jsonrpc", "2.0"}, {"id", asked.at("id")}, {"result", {{"decision", "deny"}}}});
}

/// One answer to one prompt, in the way of this script.
void act(const std::string& script, const json& asked) {
    if (script == "silent") return;
    if (script == "answer-unseen") return allow(asked, "1234");
    if (script == "die") std::_Exit(1);
    shown(asked);
    if (script == "deny") return deny(asked);
    if (script == "shown-die") std::_Exit(1);
    if (script == "shown-hang") return;
    if (script == "garbage") return write_out(as_bytes("this is no frame at all, and long enough to be one"));
    if (script == "huge") return write_out(Bytes{0x7f, 0xff, 0xff, 0xff, 0});
    if (script == "no-json") return write_out(protocol::control_frame("{]"));
    if (script == "secret-first") return send_secret("1234");
    if (script == "wrong-result")
        return send({{"jsonrpc", "2.0"}, {"id", asked.at("id")}, {"result", {{"decision", "perhaps"}}}});
    if (script == "asks") send({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "token.info"}});
    if (script == "twice") deny(asked);
    allow(asked, script == "environment" ? std::getenv("SHOWN_TO_CHILD") : "1234");
}

} // namespace

int main() {
    const char* const script = std::getenv("SCRIPT");
    if (script == nullptr) return 2;
    for (;;) {
        const json message = receive();
        const std::string method = message.value("method", "");
        if (method == "prompt.show") act(script, message);
        const bool over = method == "prompt.settled" || method == "prompt.close";
        if (over && std::string(script) != "stays") return 0;
        if (over)
            for (;;) ::pause();
    }
}
