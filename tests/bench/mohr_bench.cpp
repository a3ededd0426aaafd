// SPDX-License-Identifier: Apache-2.0
// Load for `./run bench`: a WebSocket client that measures the daemon, and a bare Beast echo server to
// compare with. Prints one JSON object. CPU seconds are those of the processes given by --pids, read from
// procfs.
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Json = nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

struct Options {
    std::uint16_t port = 0;
    std::string host = "127.0.0.1";
    std::string algorithm = "RSASSA-PKCS1-v1_5-SHA-256";
    std::string certificate; ///< substring of the subject
    unsigned connections = 8;
    double seconds = 5;
    std::size_t batch = 100;
    std::uint64_t bytes = std::uint64_t{1} << 30;
    std::vector<int> pids;
};

double cpu_seconds(const std::vector<int>& pids) {
    double total = 0;
    for (const int pid : pids) {
        std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
        std::string line;
        std::getline(file, line);
        std::istringstream fields(line.substr(line.rfind(')') + 2));
        std::string skipped;
        for (int i = 0; i < 11; ++i) fields >> skipped;
        double user = 0;
        double system = 0;
        fields >> user >> system;
        total += (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    return total;
}

/// One blocking connection to the daemon.
class Client {
public:
    Client(const Options& options, const std::string& origin, const std::string& path,
           const std::string& protocol)
        : socket_(io_) {
        tcp::socket raw(io_);
        raw.connect({asio::ip::make_address("127.0.0.1"), options.port});
        raw.set_option(tcp::no_delay(true));
        socket_.next_layer() = std::move(raw);
        socket_.read_message_max(4U << 20);
        // A browser writes a message of 256 KiB as one frame and in large pieces; Beast's 4 KiB would measure it.
        socket_.auto_fragment(false);
        socket_.write_buffer_bytes(std::size_t{128} * 1024);
        socket_.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
            request.set(beast::http::field::origin, origin);
            if (!protocol.empty()) request.set(beast::http::field::sec_websocket_protocol, protocol);
        }));
        socket_.handshake(options.host + ":" + std::to_string(options.port), path);
    }

    void send(const std::string& text) {
        socket_.text(true);
        socket_.write(asio::buffer(text));
    }

    void send_binary(const std::vector<asio::const_buffer>& parts) {
        socket_.binary(true);
        socket_.write(parts);
    }

    std::string receive() {
        buffer_.clear();
        socket_.read(buffer_);
        return beast::buffers_to_string(buffer_.data());
    }

    /// Sends a request and reads until its reply; notifications are handed to `seen`.
    template <class F>
    Json call(const char* method, Json params, F seen) {
        const int id = next_id_++;
        send(Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}}.dump());
        return reply_to(id, seen);
    }
    Json call(const char* method, Json params) {
        return call(method, std::move(params), [](const Json&) {});
    }

    template <class F>
    Json reply_to(int id, F seen) {
        for (;;) {
            Json message = Json::parse(receive());
            if (!message.contains("id") || message.contains("method")) {
                seen(message);
                continue;
            }
            if (message["id"] != id) throw std::runtime_error("reply to another request: " + message.dump());
            if (message.contains("error")) throw std::runtime_error(message["error"].dump());
            return message["result"];
        }
    }

    int next_id() { return next_id_++; }

private:
    asio::io_context io_{1};
    websocket::stream<tcp::socket> socket_;
    beast::flat_buffer buffer_;
    int next_id_ = 1;
};

std::string origin_of(unsigned index) {
    return "https://bench" + std::to_string(index) + ".example";
}

Client ready_client(const Options& options, unsigned index) {
    return {options, origin_of(index), "/v1", "mohr.v1"};
}

std::string pick_certificate(Client& client, const Options& options) {
    const Json listed = client.call("certificates.list", Json::object());
    for (const Json& certificate : listed.at("certificates")) {
        const std::string subject = certificate.at("subject");
        if (subject.find(options.certificate) != std::string::npos) return certificate.at("handle");
    }
    throw std::runtime_error("no certificate whose subject contains '" + options.certificate + "'");
}

Json document(std::size_t index) {
    const std::string text = "document number " + std::to_string(index) + " of the benchmark";
    return {{"name", "document-" + std::to_string(index) + ".txt"},
            {"mediaType", "text/plain"},
            {"data", mohr::to_base64(mohr::as_bytes(text))}};
}

/// Runs `body(client, certificate)` on every connection until the time is over; it returns how many
/// signatures it made.
template <class F>
Json load(const Options& options, F body) {
    std::vector<std::uint64_t> made(options.connections, 0);
    std::vector<std::string> errors(options.connections);
    std::deque<Client> clients; // a connection does not move
    std::vector<std::string> certificates;
    for (unsigned i = 0; i < options.connections; ++i) {
        clients.emplace_back(options, origin_of(i), "/v1", "mohr.v1");
        clients.back().call("service.requestAccess", Json::object());
        certificates.push_back(pick_certificate(clients.back(), options));
        body(clients.back(), certificates.back()); // warm: unlocked, key in memory
    }
    const double cpu_before = cpu_seconds(options.pids);
    const auto start = SteadyClock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < options.connections; ++i)
        threads.emplace_back([&, i] {
            try {
                while (seconds_since(start) < options.seconds) made[i] += body(clients[i], certificates[i]);
            } catch (const std::exception& error) {
                errors[i] = error.what();
            }
        });
    for (std::thread& thread : threads) thread.join();
    const double wall = seconds_since(start);
    const double cpu = cpu_seconds(options.pids) - cpu_before;
    for (const std::string& error : errors)
        if (!error.empty()) throw std::runtime_error(error);
    std::uint64_t total = 0;
    for (const std::uint64_t n : made) total += n;
    const auto signatures = static_cast<double>(total);
    return {{"signatures", total},
            {"wall_seconds", wall},
            {"cpu_seconds", cpu},
            {"per_second", signatures / wall},
            {"per_cpu_second", cpu > 0 ? signatures / cpu : 0.0}};
}

Json run_batch(const Options& options) {
    Json items = Json::array();
    for (std::size_t i = 0; i < options.batch; ++i)
        items.push_back({{"id", std::to_string(i)}, {"document", document(i)}});
    return load(options, [&](Client& client, const std::string& certificate) {
        const Json result = client.call("sign.batch", {{"format", "raw"},
                                                       {"items", items},
                                                       {"certificate", certificate},
                                                       {"algorithm", options.algorithm}});
        if (result.at("results").size() != options.batch) throw std::runtime_error("a batch came back short");
        return options.batch;
    });
}

Json run_single(const Options& options) {
    const Json one = document(0);
    return load(options, [&](Client& client, const std::string& certificate) {
        const Json result = client.call(
            "sign.raw", {{"document", one}, {"certificate", certificate}, {"algorithm", options.algorithm}});
        if (result.at("signature").get<std::string>().empty()) throw std::runtime_error("no signature");
        return std::uint64_t{1};
    });
}

Json percentiles(std::vector<double> microseconds) {
    std::sort(microseconds.begin(), microseconds.end());
    const auto at = [&](double share) {
        return microseconds[static_cast<std::size_t>(share * static_cast<double>(microseconds.size() - 1))];
    };
    return {{"count", microseconds.size()}, {"p50_us", at(0.5)}, {"p90_us", at(0.9)}, {"p99_us", at(0.99)}};
}

template <class F>
Json round_trips(const Options& options, F one) {
    std::vector<double> times;
    for (int i = 0; i < 500; ++i) one();
    const auto start = SteadyClock::now();
    while (seconds_since(start) < options.seconds) {
        const auto begin = SteadyClock::now();
        one();
        times.push_back(seconds_since(begin) * 1e6);
    }
    return percentiles(std::move(times));
}

Json run_roundtrip(const Options& options) {
    Client client = ready_client(options, 0);
    const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"service.info","params":{}})";
    return round_trips(options, [&] {
        client.send(request);
        std::string reply = client.receive();
        while (reply.find("\"method\"") != std::string::npos) reply = client.receive(); // a notification
        if (reply.find("\"result\"") == std::string::npos)
            throw std::runtime_error("service.info failed: " + reply);
    });
}

Json run_echo(const Options& options) {
    Client client(options, "https://bench.example", "/", "");
    const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"service.info","params":{}})";
    return round_trips(options, [&] {
        client.send(request);
        if (client.receive().size() != request.size()) throw std::runtime_error("echo differs");
    });
}

/// The bytes that are streamed: one random MiB over and over. `mohr-bench content` writes the same to
/// standard output.
const mohr::Bytes& content_block() {
    static const mohr::Bytes block = [] {
        mohr::Bytes bytes(1 << 20);
        std::uint32_t state = 0x4D6F6872;
        for (std::uint8_t& byte : bytes)
            byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
        return bytes;
    }();
    return block;
}

Json run_stream(const Options& options) {
    Client client = ready_client(options, 0);
    client.call("service.requestAccess", Json::object());
    const std::string certificate = pick_certificate(client, options);
    const Json opened = client.call("stream.open", {{"direction", "upload"}, {"size", options.bytes}});
    const std::uint32_t stream = opened.at("stream");
    std::uint64_t credit = opened.at("credit");
    const double cpu_before = cpu_seconds(options.pids);
    const auto start = SteadyClock::now();
    const int id = client.next_id();
    client.send(
        Json{{"jsonrpc", "2.0"},
             {"id", id},
             {"method", "sign.cms"},
             {"params",
              {{"document", {{"name", "stream.bin"}, {"stream", stream}}}, {"certificate", certificate}}}}
            .dump());
    const std::uint8_t header[4] = {
        static_cast<std::uint8_t>(stream >> 24), static_cast<std::uint8_t>(stream >> 16),
        static_cast<std::uint8_t>(stream >> 8), static_cast<std::uint8_t>(stream)};
    constexpr std::size_t piece = 256 * 1024;
    const auto take_credit = [&](const Json& message) {
        if (message.value("method", "") == "stream.credit")
            credit += message.at("params").at("bytes").get<std::uint64_t>();
    };
    for (std::uint64_t sent = 0; sent < options.bytes;) {
        while (credit < piece) {
            const Json message = Json::parse(client.receive());
            if (message.contains("error")) throw std::runtime_error(message.dump());
            take_credit(message);
        }
        const std::size_t length =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece, options.bytes - sent));
        client.send_binary({asio::buffer(header),
                            asio::buffer(content_block().data() + sent % content_block().size(), length)});
        credit -= length;
        sent += length;
    }
    const int close_id = client.next_id();
    client.send(Json{
        {"jsonrpc", "2.0"}, {"id", close_id}, {"method", "stream.close"}, {"params", {{"stream", stream}}}}
                    .dump());
    client.reply_to(close_id, take_credit);
    const Json result = client.reply_to(id, take_credit);
    const double wall = seconds_since(start);
    return {{"bytes", options.bytes},
            {"wall_seconds", wall},
            {"bytes_per_second", static_cast<double>(options.bytes) / wall},
            {"cpu_seconds", cpu_seconds(options.pids) - cpu_before},
            {"cms_bytes", result.at("cms").get<std::string>().size()}};
}

/// A bare Beast echo on one connection, the measure of roundtrip_ratio. Prints its port, serves one client,
/// ends.
int serve_echo() {
    asio::io_context io{1};
    tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
    std::cout << Json{{"port", acceptor.local_endpoint().port()}}.dump() << std::endl;
    websocket::stream<tcp::socket> socket(acceptor.accept());
    socket.next_layer().set_option(tcp::no_delay(true));
    socket.accept();
    beast::flat_buffer buffer;
    boost::system::error_code error;
    while (!error) {
        buffer.clear();
        socket.read(buffer, error);
        if (error) break;
        socket.text(socket.got_text());
        socket.write(buffer.data(), error);
    }
    return 0;
}

int write_content(std::uint64_t bytes) {
    for (std::uint64_t done = 0; done < bytes; done += content_block().size())
        if (std::fwrite(content_block().data(), 1, content_block().size(), stdout) != content_block().size())
            return 1;
    return 0;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 2; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const std::string value = argv[i + 1];
        if (name == "--port")
            options.port = static_cast<std::uint16_t>(std::stoul(value));
        else if (name == "--algorithm")
            options.algorithm = value;
        else if (name == "--certificate")
            options.certificate = value;
        else if (name == "--connections")
            options.connections = static_cast<unsigned>(std::stoul(value));
        else if (name == "--seconds")
            options.seconds = std::stod(value);
        else if (name == "--bytes")
            options.bytes = std::stoull(value);
        else if (name == "--pid")
            options.pids.push_back(std::stoi(value));
        else
            throw std::runtime_error("unknown option " + name);
    }
    return options;
}

} // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    try {
        if (what == "echo-server") return serve_echo();
        const Options options = parse(argc, argv);
        if (what == "content") return write_content(options.bytes);
        Json result;
        if (what == "batch")
            result = run_batch(options);
        else if (what == "single")
            result = run_single(options);
        else if (what == "roundtrip")
            result = run_roundtrip(options);
        else if (what == "echo")
            result = run_echo(options);
        else if (what == "stream")
            result = run_stream(options);
        else
            throw std::runtime_error(
                "usage: mohr-bench batch|single|roundtrip|echo|stream|echo-server|content [--port N …]");
        std::cout << result.dump() << std::endl;
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "mohr-bench: " << error.what() << '\n';
        return 1;
    }
}
