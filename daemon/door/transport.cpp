// SPDX-License-Identifier: Apache-2.0
// The one unit that sees Beast: it takes half a minute to compile.
#include "transport.hpp"

#include <mohr/protocol/web_api.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <deque>
#include <variant>

namespace mohr::door {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

using TlsStream = asio::ssl::stream<tcp::socket>;

/// Reading stops while a page that does not read has this much waiting for it.
constexpr std::size_t max_unsent_bytes = 1024 * 1024;
constexpr std::size_t drained_bytes = 512 * 1024;
constexpr std::size_t text_buffer_bytes = 4 * 1024;
constexpr std::size_t binary_buffer_bytes = 128 * 1024;
constexpr milliseconds closing_time{5000};
constexpr milliseconds lingering_time{1000};
constexpr std::size_t lingering_bytes = 256 * 1024;

struct Outgoing {
    std::variant<std::string, Bytes> content;
    bool last = true;
    [[nodiscard]] bool is_text() const noexcept { return content.index() == 0; }
    [[nodiscard]] asio::const_buffer buffer() const noexcept {
        if (const auto* text = std::get_if<std::string>(&content)) return asio::buffer(*text);
        return asio::buffer(std::get<Bytes>(content));
    }
};

/// What lies below Beast's WebSocket. Beast puts its name into the answer to an upgrade; it can be told another, but not
/// to leave the line out. So the first that it writes passes here without it.
template <class Stream>
class Nameless {
public:
    using executor_type = typename Stream::executor_type;
    static constexpr std::string_view server_line = "Server: \r\n";

    template <class... Arguments>
    explicit Nameless(Arguments&&... arguments) : stream_(std::forward<Arguments>(arguments)...) {}
    executor_type get_executor() noexcept { return stream_.get_executor(); }
    [[nodiscard]] Stream& next_layer() noexcept { return stream_; }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        stream_.async_read_some(buffers, std::forward<Handler>(handler));
    }
    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        if (std::exchange(answered_, true))
            return stream_.async_write_some(buffers, std::forward<Handler>(handler));
        auto answer = std::make_shared<std::string>(beast::buffers_to_string(buffers));
        const std::size_t given = answer->size();
        if (const auto at = answer->find(server_line); at != std::string::npos)
            answer->erase(at, server_line.size());
        asio::async_write(stream_, asio::buffer(*answer),
                          [answer, given, handler = std::forward<Handler>(handler)](
                              error_code error, std::size_t) mutable { handler(error, error ? 0 : given); });
    }

private:
    Stream stream_;
    bool answered_ = false;
};

/// Beast finds it by its name and argument.
template <class Stream, class Handler>
void async_teardown(beast::role_type role, Nameless<Stream>& stream, Handler&& handler) {
    using websocket::async_teardown;
    async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

template <class Stream>
class Connection final : public Transport, public std::enable_shared_from_this<Connection<Stream>> {
    static constexpr bool secure = std::is_same_v<Stream, TlsStream>;

public:
    Connection(tcp::socket socket, std::shared_ptr<const TransportConfig> config,
               std::shared_ptr<TransportEvents> events) requires(!secure)
        : ws_(std::move(socket)), timer_(ws_.get_executor()), config_(std::move(config)),
          events_(std::move(events)) {}
    Connection(tcp::socket socket, asio::ssl::context& tls, std::shared_ptr<const TransportConfig> config,
               std::shared_ptr<TransportEvents> events) requires(secure)
        : ws_(std::move(socket), tls), timer_(ws_.get_executor()), config_(std::move(config)),
          events_(std::move(events)) {}

    // --- from silence to the request head ---

    void begin() override {
        set_deadline(limits().silent);
        tcp_socket().async_wait(tcp::socket::wait_read, bind([this](error_code error) {
                                    if (error) return finish();
                                    if constexpr (secure)
                                        handshake();
                                    else
                                        read_head();
                                }));
    }

    void accept_upgrade() override {
        timer_.cancel();
        deadline_ = {};
        // Beast answers the request it is given; ours has been checked, so only what it looks at is repeated.
        beast::http::request<beast::http::empty_body> request(beast::http::verb::get, "/v1", 11);
        request.set(beast::http::field::host, "127.0.0.1");
        request.set(beast::http::field::upgrade, "websocket");
        request.set(beast::http::field::connection, "upgrade");
        request.set(beast::http::field::sec_websocket_version, "13");
        request.set(beast::http::field::sec_websocket_key, upgrade_.key);
        ws_.set_option(websocket::stream_base::timeout{websocket::stream_base::none(),
                                                       websocket::stream_base::none(), false});
        ws_.set_option(
            websocket::stream_base::decorator([v1 = !dastine()](websocket::response_type& response) {
                // Beast adds its name and version where this is absent; Nameless takes the empty line away.
                response.set(beast::http::field::server, "");
                if (!v1) return;
                response.set(
                    beast::http::field::sec_websocket_protocol,
                    beast::string_view(protocol::web::subprotocol.data(), protocol::web::subprotocol.size()));
            }));
        ws_.auto_fragment(false);
        ws_.read_message_max(dastine() ? config_->dastine_message_bytes
                                       : limits().binary_bytes + protocol::web::stream_header_bytes);
        ws_.control_callback(
            [this](websocket::frame_type, beast::string_view) { last_heard_ = steady_clock::now(); });
        set_deadline(limits().headers);
        ws_.async_accept(request, bind([this](error_code error) {
                             if (error) return finish();
                             opened();
                         }));
    }

    void refuse() override {
        set_deadline(lingering_time);
        lingering_ = true;
        asio::async_write(stream(), asio::buffer(refusal), bind([this](error_code error, std::size_t) {
                              if (error) return finish();
                              // Closing with unread bytes would reset the connection, and the answer with it.
                              error_code ignored;
                              if constexpr (!secure)
                                  tcp_socket().shutdown(tcp::socket::shutdown_send, ignored);
                              linger();
                          }));
    }

    void drop() override { finish(); }

    // --- messages ---

    void send_text(std::string text) override { enqueue(Outgoing{std::move(text)}); }
    void send_text_piece(std::string piece, bool last) override { enqueue(Outgoing{std::move(piece), last}); }
    void resume_reading() override {
        if (!std::exchange(paused_, false)) return;
        asio::post(ws_.get_executor(), bind([this] { read_on(); }));
    }
    void send_binary(Bytes bytes) override { enqueue(Outgoing{std::move(bytes)}); }
    [[nodiscard]] std::size_t unsent_bytes() const noexcept override { return unsent_; }

    void close(CloseCode code) override {
        if (finished_ || closing_) return;
        closing_ = true;
        close_code_ = code;
        set_deadline(closing_time);
        if (queue_.empty()) send_close();
    }

private:
    [[nodiscard]] const protocol::link::Limits& limits() const noexcept { return config_->limits; }
    [[nodiscard]] bool dastine() const noexcept { return upgrade_.api == protocol::link::Api::dastine; }
    [[nodiscard]] Stream& stream() noexcept { return ws_.next_layer().next_layer(); }
    tcp::socket& tcp_socket() noexcept {
        if constexpr (secure)
            return stream().next_layer();
        else
            return stream();
    }
    /// A handler that keeps this object alive and is silent once the connection is finished.
    template <class F>
    auto bind(F f) {
        return [self = this->shared_from_this(), f = std::move(f)](auto... arguments) mutable {
            if (!self->finished_) f(arguments...);
        };
    }

    // --- timers: one, set to the nearest deadline ---

    void set_deadline(milliseconds from_now) {
        deadline_ = steady_clock::now() + from_now;
        arm();
    }
    void arm() {
        auto next = deadline_;
        if (open_ && !closing_) next = std::min({next_ping_, heard_deadline(), message_deadline()});
        timer_.expires_at(next);
        timer_.async_wait(bind([this](error_code error) {
            if (!error) expired();
        }));
    }
    void expired() {
        const auto now = steady_clock::now();
        if (!open_ || closing_) {
            if (now < deadline_) return arm();
            if (!open_ && !lingering_ && head_started_) return refuse();
            return finish();
        }
        if (now >= message_deadline())
            return close(last_message_ ? CloseCode::going_away : CloseCode::policy);
        if (now >= heard_deadline()) return finish();
        if (now >= next_ping_) ping(now);
        arm();
    }
    [[nodiscard]] steady_clock::time_point heard_deadline() const {
        return last_ping_ > last_heard_ ? last_ping_ + limits().pong : steady_clock::time_point::max();
    }
    [[nodiscard]] steady_clock::time_point message_deadline() const {
        // Most clients of /dastine never connect again: a page that is only open keeps its socket.
        if (dastine()) return steady_clock::time_point::max();
        return last_message_ ? *last_message_ + limits().idle : opened_at_ + limits().first_message;
    }
    void ping(steady_clock::time_point now) {
        next_ping_ = now + limits().ping;
        if (pinging_) return;
        pinging_ = true;
        if (last_heard_ >= last_ping_) last_ping_ = now;
        ws_.async_ping({}, bind([this](error_code error) {
                           pinging_ = false;
                           if (error) finish();
                       }));
    }

    // --- the head ---

    void handshake() requires(secure) {
        set_deadline(limits().tls_handshake);
        stream().async_handshake(asio::ssl::stream_base::server, bind([this](error_code error) {
                                     if (error) return finish();
                                     // Chromium asks its user only now: as silent as before.
                                     set_deadline(limits().silent);
                                     read_head();
                                 }));
    }
    void start_head() {
        head_started_ = true;
        set_deadline(limits().headers);
        events_->on_first_byte();
    }
    void read_head() {
        const std::size_t size = head_.size();
        head_.resize(std::size_t{limits().header_bytes} + 1);
        stream().async_read_some(asio::buffer(head_.data() + size, head_.size() - size),
                                 bind([this, size](error_code error, std::size_t n) {
                                     head_.resize(size + (error ? 0 : n));
                                     if (error) return finish();
                                     if (!head_started_) start_head();
                                     if (!finished_) judge_head();
                                 }));
    }
    void judge_head() {
        const HeadState state = head_state(head_, limits().header_bytes);
        if (state == HeadState::incomplete) return read_head();
        auto upgrade =
            state == HeadState::complete ? check_upgrade(head_, config_->rules) : std::optional<Upgrade>();
        std::string().swap(head_);
        if (!upgrade) return refuse();
        upgrade_ = std::move(*upgrade);
        events_->on_upgrade(upgrade_);
    }
    void linger() {
        buffer_.resize(text_buffer_bytes);
        tcp_socket().async_read_some(asio::buffer(buffer_), bind([this](error_code error, std::size_t n) {
                                         lingered_ += n;
                                         if (error || secure || lingered_ > lingering_bytes) return finish();
                                         linger();
                                     }));
    }

    // --- reading ---

    void opened() {
        open_ = true;
        const auto now = steady_clock::now();
        opened_at_ = last_heard_ = now;
        next_ping_ = now + limits().ping;
        buffer_.resize(text_buffer_bytes);
        arm();
        events_->on_open();
        if (!finished_) read();
    }
    void read() {
        reading_ = true;
        ws_.async_read_some(asio::buffer(buffer_), bind([this](error_code error, std::size_t n) {
                                reading_ = false;
                                if (error) return finish();
                                received(n);
                            }));
    }
    void received(std::size_t n) {
        last_heard_ = steady_clock::now();
        const bool last = ws_.is_message_done();
        if (last) last_message_ = last_heard_;
        if (closing_) {
            // What comes after our close is read only to find the peer's.
        } else if (ws_.got_text() && dastine()) {
            receive_piece({reinterpret_cast<const char*>(buffer_.data()), n}, last);
        } else if (ws_.got_text()) {
            if (!receive_text({reinterpret_cast<const char*>(buffer_.data()), n}, last)) return;
        } else {
            events_->on_binary(ByteView(buffer_.data(), n), last);
            if (buffer_.size() < binary_buffer_bytes && n == buffer_.size())
                buffer_.resize(binary_buffer_bytes);
        }
        read_on();
    }
    void receive_piece(std::string_view piece, bool last) {
        const bool full = piece.size() == buffer_.size();
        paused_ = !events_->on_text_piece(piece, last);
        if (finished_) return;
        // A large buffer for a large message, and a small one for the hundreds that only poll.
        if (last && buffer_.size() > text_buffer_bytes)
            Bytes(text_buffer_bytes).swap(buffer_);
        else if (!last && full && buffer_.size() < binary_buffer_bytes)
            buffer_.resize(binary_buffer_bytes);
    }
    /// False if the message went over its limit: Beast has no separate one for text.
    bool receive_text(std::string_view piece, bool last) {
        if (text_.size() + piece.size() > limits().message_bytes) {
            close(CloseCode::too_big);
            read_on();
            return false;
        }
        if (last && text_.empty()) {
            events_->on_text(piece);
            return true;
        }
        text_.append(piece);
        if (!last) return true;
        const std::string whole = std::move(text_);
        text_ = {};
        events_->on_text(whole);
        return true;
    }
    void read_on() {
        if (finished_ || reading_ || (paused_ && !closing_)) return;
        if (unsent_ > max_unsent_bytes && !closing_) return; // a page that does not read is not read either
        read();
    }

    // --- writing ---

    void enqueue(Outgoing message) {
        if (finished_ || closing_ || !open_) return;
        unsent_ += message.buffer().size();
        queue_.push_back(std::move(message));
        if (queue_.size() == 1) write();
    }
    void write() {
        const Outgoing& message = queue_.front();
        ws_.text(message.is_text());
        // Without fragmentation and compression this is one frame and all of it.
        ws_.async_write_some(message.last, message.buffer(), bind([this](error_code error, std::size_t) {
                                 if (error) return finish();
                                 written();
                             }));
    }
    void written() {
        const std::size_t before = unsent_;
        unsent_ -= queue_.front().buffer().size();
        queue_.pop_front();
        if (!queue_.empty())
            write();
        else if (closing_)
            send_close();
        if (before > drained_bytes && unsent_ <= drained_bytes && !closing_) read_on();
        if (unsent_ <= drained_bytes && !closing_) events_->on_drained();
    }
    void send_close() {
        ws_.async_close(websocket::close_reason(static_cast<websocket::close_code>(close_code_)),
                        bind([this](error_code) { finish(); }));
    }

    void finish() {
        if (finished_) return;
        finished_ = true;
        timer_.cancel();
        error_code ignored;
        tcp_socket().close(ignored);
        queue_.clear();
        unsent_ = 0;
        asio::post(ws_.get_executor(),
                   [self = this->shared_from_this(), events = std::move(events_)] { events->on_closed(); });
    }

    websocket::stream<Nameless<Stream>, false> ws_;
    asio::steady_timer timer_;
    std::shared_ptr<const TransportConfig> config_;
    std::shared_ptr<TransportEvents> events_;

    std::string head_;
    Upgrade upgrade_;
    Bytes buffer_;
    std::string text_;
    std::deque<Outgoing> queue_;
    std::size_t unsent_ = 0;
    std::size_t lingered_ = 0;
    CloseCode close_code_ = CloseCode::going_away;

    steady_clock::time_point deadline_{};
    steady_clock::time_point opened_at_{};
    steady_clock::time_point last_heard_{};
    steady_clock::time_point last_ping_{};
    steady_clock::time_point next_ping_{};
    std::optional<steady_clock::time_point> last_message_;

    bool head_started_ = false;
    bool lingering_ = false;
    bool open_ = false;
    bool reading_ = false;
    bool pinging_ = false;
    bool closing_ = false;
    bool paused_ = false;
    bool finished_ = false;
};

} // namespace

std::shared_ptr<Transport> make_transport(asio::io_context& context, Descriptor socket, bool ipv6,
                                          std::shared_ptr<const TransportConfig> config, SSL_CTX* tls,
                                          std::shared_ptr<TransportEvents> events) {
    tcp::socket connected(context, ipv6 ? tcp::v6() : tcp::v4(), socket.release());
    error_code ignored;
    connected.set_option(tcp::no_delay(true), ignored);
    if (tls == nullptr)
        return std::make_shared<Connection<tcp::socket>>(std::move(connected), std::move(config),
                                                         std::move(events));
    SSL_CTX_up_ref(tls);
    asio::ssl::context shared(tls);
    return std::make_shared<Connection<TlsStream>>(std::move(connected), shared, std::move(config),
                                                   std::move(events));
}

} // namespace mohr::door
