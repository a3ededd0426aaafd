// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/openssl.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/protocol/link.hpp>

#include <nlohmann/json.hpp>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <link/link_channel.hpp>

namespace boost::asio {
class io_context;
}

/// The real mohr-door process, as an unprivileged user, with a core made for the test at the other end of its
/// link.
namespace mohr::test {

namespace link = protocol::link;
using Descriptors = std::vector<Descriptor>;

/// A key with a certificate of its own, for the test core to sign with.
struct Identity {
    OwnedKey key;
    std::optional<Certificate> certificate;
    static Identity make(std::string_view type, std::string_view common_name,
                         std::string_view subject_alt_name = {});
};

struct DoorSettings {
    link::Limits limits;
    bool developer_mode = false;
    bool accepting = true;
    std::vector<std::string> arguments;
};

class DoorProcess {
public:
    explicit DoorProcess(DoorSettings settings = {});
    ~DoorProcess();
    DoorProcess(const DoorProcess&) = delete;
    DoorProcess& operator=(const DoorProcess&) = delete;

    // What the core answers; set before the page acts. All are called on the core's thread.
    std::function<bool(const link::PeerCheck&)> peer = [](const auto&) { return true; };
    std::function<link::SiteState(const link::SiteOpen&)> site;
    /// The reply to an operation; nothing: it stays without one. Default: the built-in core of the test.
    std::function<std::optional<link::OperationReply>(const link::Operation&, Descriptors&)> operation;
    std::function<void(const link::FromDoor&)> seen = [](const auto&) {};

    void send(link::FromCore message, Descriptors descriptors = {});
    /// Runs on the core's thread and waits.
    void on_core(const std::function<void()>& work);
    /// shutdown(2) and listen(2) on the sockets, as the core's toggle does it.
    void shut_listeners();
    void listen_again();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::uint16_t tls_port() const noexcept { return tls_port_; }
    [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] const link::Ready& ready() const noexcept { return ready_; }
    [[nodiscard]] const Identity& signer() const noexcept { return signer_; }
    [[nodiscard]] const Identity& tls() const noexcept { return tls_identity_; }
    [[nodiscard]] std::size_t count(std::string_view what) const;
    /// The process's standard error so far.
    [[nodiscard]] std::string log() const;
    /// Waits for the end: the exit status, or minus the signal.
    int wait();
    [[nodiscard]] bool has_ended();
    /// User and system time so far.
    [[nodiscard]] double cpu_seconds() const;
    /// Of /proc/PID, read as the test's user.
    [[nodiscard]] std::string proc(const std::string& name) const;
    /// Whether a process of the door's own user can open that file of /proc/PID.
    [[nodiscard]] bool readable_by_its_user(const std::string& name) const;
    /// Whether the door can be told to attack its sandbox; if not, the case is left out.
    [[nodiscard]] static bool can_attack();
    /// For a failed test: whether it lives, and its standard error.
    [[nodiscard]] std::string state();
    [[nodiscard]] std::size_t resident_kib() const;
    /// VmRSS and VmHWM; not looked at under a sanitizer, whose own memory is the most of it.
    void check_resident_below(std::size_t kib) const;
    void check_peak_below(std::size_t kib) const;

private:
    void launch(const DoorSettings& settings);
    void configure(const DoorSettings& settings);
    void handle(link::FromDoor message, Descriptors descriptors);
    std::optional<link::OperationReply> answer(const link::Operation& operation, Descriptors& descriptors);

    struct Core;
    std::unique_ptr<Core> core_;
    Identity signer_;
    Identity tls_identity_;
    std::vector<Descriptor> listeners_;
    std::uint16_t port_ = 0;
    std::uint16_t tls_port_ = 0;
    pid_t pid_ = -1;
    std::optional<int> ended_;
    Descriptor stderr_file_;
    link::Ready ready_;
};

/// A TCP connection to the door, raw.
class Wire {
public:
    explicit Wire(std::uint16_t port, bool ipv6 = false);
    virtual ~Wire() = default;
    virtual void write(std::string_view bytes);
    /// What comes until the peer closes or the time is over.
    [[nodiscard]] std::string read_to_end(std::chrono::milliseconds within = std::chrono::seconds(5));
    /// Exactly that many bytes, or fewer at the end.
    [[nodiscard]] std::string read(std::size_t count,
                                   std::chrono::milliseconds within = std::chrono::seconds(10));
    /// Whether the peer has closed within the time.
    [[nodiscard]] bool closes(std::chrono::milliseconds within);
    [[nodiscard]] int fd() const noexcept { return socket_.get(); }

protected:
    /// At most `count` bytes; empty at the end or after the time.
    virtual std::string read_some(std::size_t count, std::chrono::milliseconds within);
    bool wait_readable(std::chrono::milliseconds within) const;
    Descriptor socket_;
    bool ended_ = false;
};

struct Frame {
    unsigned opcode = 0;
    std::string payload;
};

/// A WebSocket over a Wire.
class Page {
public:
    struct Options {
        std::string origin = "https://portal.example";
        std::string host; ///< empty: the right one
        std::string extra;
    };
    Page(const DoorProcess& door, Options options);
    explicit Page(const DoorProcess& door) : Page(door, Options{}) {}

    [[nodiscard]] bool open() const noexcept { return open_; }
    [[nodiscard]] const std::string& response() const noexcept { return response_; }
    void send_text(std::string_view text) { send_frame(0x81, text); }
    void send_binary(std::uint32_t stream, ByteView bytes);
    void send_frame(unsigned first_byte, std::string_view payload, bool masked = true);
    void send_raw(std::string_view bytes) { wire_->write(bytes); }
    /// The next data or close frame; pings are answered.
    std::optional<Frame> receive(std::chrono::milliseconds within = std::chrono::seconds(10));
    /// The close code, skipping what comes before it; 0 if it ends without one.
    unsigned close_code(std::chrono::milliseconds within = std::chrono::seconds(10));

    /// Sends a request and waits for its reply; what else comes is kept in notifications().
    nlohmann::json call(std::string_view method, const nlohmann::json& params);
    std::int64_t begin(std::string_view method, const nlohmann::json& params);
    nlohmann::json finish(std::int64_t id);
    void notify(std::string_view method, const nlohmann::json& params);
    /// result, or fails the test with the error.
    nlohmann::json result(std::string_view method, const nlohmann::json& params);
    /// error.data.code, or fails the test.
    std::string error(std::string_view method, const nlohmann::json& params);
    std::vector<nlohmann::json> notifications;
    bool answer_pings = true;
    /// Takes the bytes of downloads as they come, instead of download().
    std::function<void(std::uint32_t, std::string_view)> on_bytes;

    /// Uploads through a stream that is already open, within the credit.
    void upload(std::uint32_t stream, std::uint64_t credit, std::uint64_t size,
                const std::function<Bytes()>& next);
    /// Reads a download to its end.
    void download(std::uint32_t stream, const std::function<void(std::string_view)>& take);

private:
    void take_message(const Frame& frame);
    std::unique_ptr<Wire> wire_;
    std::string response_;
    bool open_ = false;
    std::int64_t last_id_ = 0;
    std::map<std::int64_t, std::shared_ptr<nlohmann::json>> replies_;
    std::map<std::uint32_t, std::uint64_t> credits_;
    std::map<std::uint32_t, std::string> received_;
    std::map<std::uint32_t, bool> ended_;
};

/// The request head of a correct upgrade.
[[nodiscard]] std::string upgrade_head(std::string_view host, std::string_view origin,
                                       std::string_view extra = {});
/// What it is answered, to the byte. The key is the one of RFC 6455, and so is what becomes of it.
inline constexpr std::string_view upgrade_answer = "HTTP/1.1 101 Switching Protocols\r\n"
                                                   "Upgrade: websocket\r\n"
                                                   "Connection: upgrade\r\n"
                                                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                                   "Sec-WebSocket-Protocol: mohr.v1\r\n\r\n";

} // namespace mohr::test
