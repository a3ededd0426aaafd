// SPDX-License-Identifier: Apache-2.0
#include "door_harness.hpp"

#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>
#include <mohr/signing/cms_signed.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/endian/conversion.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <openssl/rsa.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <future>
#include <grp.h>
#include <mutex>
#include <poll.h>
#include <sstream>
#include <thread>
#include <unistd.h>

#include <catch_compat.hpp>
#include <leave_out.hpp>

#ifndef MOHR_DOOR_PROGRAM
#error "the build names the program"
#endif

namespace mohr::test {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr uid_t nobody = 65534;

Descriptor listen_on_loopback(std::uint16_t& port) {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t length = sizeof address;
    // A port that the kernel picks is given back by shutdown(2); only one that was asked for stays ours. So the
    // kernel picks with one socket, and another asks for it.
    {
        const Descriptor picker(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::bind(picker.get(), generic, length) == 0);
        REQUIRE(::getsockname(picker.get(), generic, &length) == 0);
    }
    REQUIRE(::bind(socket.get(), generic, length) == 0);
    REQUIRE(::listen(socket.get(), 256) == 0);
    port = ntohs(address.sin_port);
    return socket;
}

bool become_nobody() {
    return ::getuid() != 0 || (::setgroups(0, nullptr) == 0 && ::setresgid(nobody, nobody, nobody) == 0 &&
                               ::setresuid(nobody, nobody, nobody) == 0);
}

std::size_t status_kib(pid_t pid, const std::string& name) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind(name + ":", 0) == 0) return std::stoul(line.substr(name.size() + 1));
    FAIL("the door is gone: no " << name);
    return 0;
}

Bytes sign_digest(EVP_PKEY* key, DigestAlgorithm algorithm, ByteView value) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    REQUIRE(EVP_PKEY_sign_init(context.get()) == 1);
    REQUIRE(EVP_PKEY_CTX_set_signature_md(context.get(), digest_method(algorithm)) == 1);
    std::size_t length = 0;
    REQUIRE(EVP_PKEY_sign(context.get(), nullptr, &length, value.data(), value.size()) == 1);
    Bytes signature(length);
    REQUIRE(EVP_PKEY_sign(context.get(), signature.data(), &length, value.data(), value.size()) == 1);
    signature.resize(length);
    return signature;
}

Secret unwrap_rsa(EVP_PKEY* key, const link::RsaWrapped& wrapped) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    REQUIRE(EVP_PKEY_decrypt_init(context.get()) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_padding(context.get(),
                                         wrapped.oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) == 1);
    if (wrapped.oaep) {
        REQUIRE(EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest_method(wrapped.digest)) == 1);
        REQUIRE(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest_method(wrapped.mgf1)) == 1);
    }
    Bytes out(512);
    std::size_t length = out.size();
    if (EVP_PKEY_decrypt(context.get(), out.data(), &length, wrapped.encrypted_key.data(),
                         wrapped.encrypted_key.size()) != 1)
        return Secret(32);
    return Secret(ByteView(out).first(length));
}

} // namespace

Identity Identity::make(std::string_view type, std::string_view common_name,
                        std::string_view subject_alt_name) {
    Identity identity;
    identity.key.reset(type == "RSA" ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
    REQUIRE(identity.key != nullptr);
    const OwnedX509 x509(X509_new());
    X509_set_version(x509.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 4711);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 86400);
    X509_NAME* const name = X509_get_subject_name(x509.get());
    const std::string text(common_name);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
    X509_set_issuer_name(x509.get(), name);
    X509_set_pubkey(x509.get(), identity.key.get());
    const auto extend = [&](int nid, const std::string& value) {
        X509_EXTENSION* const extension = X509V3_EXT_nconf_nid(nullptr, nullptr, nid, value.c_str());
        REQUIRE(extension != nullptr);
        X509_add_ext(x509.get(), extension, -1);
        X509_EXTENSION_free(extension);
    };
    extend(NID_key_usage, type == "RSA" ? "critical,digitalSignature,nonRepudiation,keyEncipherment"
                                        : "critical,digitalSignature,nonRepudiation,keyAgreement");
    if (!subject_alt_name.empty()) extend(NID_subject_alt_name, std::string(subject_alt_name));
    REQUIRE(X509_sign(x509.get(), identity.key.get(), EVP_sha256()) > 0);
    auto der = to_der(i2d_X509, x509.get());
    REQUIRE(der);
    auto certificate = Certificate::from_der(*der);
    REQUIRE(certificate);
    identity.certificate = std::move(*certificate);
    return identity;
}

struct DoorProcess::Core {
    boost::asio::io_context context;
    std::unique_ptr<mohr::link::CoreEnd> end;
    std::thread thread;
    std::mutex mutex;
    std::map<std::string, std::size_t> counts;
    std::promise<void> ready;
    std::atomic<bool> is_ready = false;
};

DoorProcess::DoorProcess(DoorSettings settings)
    : core_(std::make_unique<Core>()), signer_(Identity::make("RSA", "Sara Test")),
      tls_identity_(Identity::make("EC", "localhost", "DNS:localhost,IP:127.0.0.1")) {
    site = [](const link::SiteOpen& open) {
        return link::SiteState{open.connection, true, link::Access::granted, "initialised"};
    };
    operation = [this](const link::Operation& one, Descriptors& descriptors) {
        return answer(one, descriptors);
    };
    listeners_.push_back(listen_on_loopback(port_));
    listeners_.push_back(listen_on_loopback(tls_port_));
    stderr_file_ = Descriptor(::memfd_create("stderr", MFD_CLOEXEC));
    launch(settings);
    configure(settings);
}

void DoorProcess::launch(const DoorSettings& settings) {
    auto pair = mohr::link::socket_pair();
    REQUIRE(pair);
    std::vector<std::string> texts{MOHR_DOOR_PROGRAM};
    texts.insert(texts.end(), settings.arguments.begin(), settings.arguments.end());
    std::vector<char*> arguments;
    for (std::string& text : texts) arguments.push_back(text.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
        // Never as root: what root may do says nothing about the sandbox.
        if (!become_nobody()) ::_exit(126);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(stderr_file_.get(), 2);
        ::dup2(pair->second.get(), 3);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    core_->end = std::make_unique<mohr::link::CoreEnd>(core_->context, std::move(pair->first));
}

void DoorProcess::configure(const DoorSettings& settings) {
    core_->end->start([this](link::FromDoor message,
                             Descriptors descriptors) { handle(std::move(message), std::move(descriptors)); },
                      [](const std::string&) {});
    link::Configure message;
    message.product_version = "0.1.0-test";
    message.limits = settings.limits;
    message.developer_mode = settings.developer_mode;
    message.accepting = settings.accepting;
    message.plain_hosts = {host()};
    message.tls_hosts = {"localhost:" + std::to_string(tls_port_), "127.0.0.1:" + std::to_string(tls_port_)};
    message.sockets = {{false, port_, false}, {true, tls_port_, false}};
    const auto der = to_der(i2d_PrivateKey, tls_identity_.key.get());
    REQUIRE(der);
    message.tls_key = Secret(ByteView(*der));
    message.tls_chain = {tls_identity_.certificate->der()};
    Descriptors sockets;
    for (const Descriptor& listener : listeners_)
        sockets.emplace_back(::fcntl(listener.get(), F_DUPFD_CLOEXEC, 0));
    core_->end->send(link::FromCore(std::move(message)), std::move(sockets));
    core_->thread = std::thread([this] {
        const auto guard = boost::asio::make_work_guard(core_->context);
        core_->context.run();
    });
    const auto ready = core_->ready.get_future();
    if (ready.wait_for(std::chrono::seconds(10)) != std::future_status::ready)
        FAIL("the door is not ready: " << log());
}

DoorProcess::~DoorProcess() {
    core_->context.stop();
    if (core_->thread.joinable()) core_->thread.join();
    core_->end.reset(); // the door ends with its link
    if (!ended_) {
        for (int i = 0; i < 100 && !ended_; ++i) {
            int status = 0;
            if (::waitpid(pid_, &status, WNOHANG) == pid_)
                ended_ = status;
            else
                std::this_thread::sleep_for(milliseconds(20));
        }
        if (!ended_) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }
    if (const std::string text = log(); text.find("Sanitizer") != std::string::npos) FAIL_CHECK(text);
}

bool DoorProcess::has_ended() {
    int status = 0;
    if (!ended_ && ::waitpid(pid_, &status, WNOHANG) == pid_) ended_ = status;
    return ended_.has_value();
}

double DoorProcess::cpu_seconds() const {
    std::istringstream fields(proc("stat"));
    std::string word;
    double ticks = 0;
    for (int i = 1; i <= 15 && fields >> word; ++i)
        if (i >= 14) ticks += std::stod(word);
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string DoorProcess::proc(const std::string& name) const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/" + name);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool DoorProcess::readable_by_its_user(const std::string& name) const {
    const std::string path = "/proc/" + std::to_string(pid_) + "/" + name;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!become_nobody()) ::_exit(2);
        ::_exit(::open(path.c_str(), O_RDONLY) >= 0 ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) != 2);
    return WEXITSTATUS(status) == 1;
}

bool DoorProcess::can_attack() {
#if !defined(MOHR_FAULT_POINTS)
    leave_out("the door is built without the fault points");
    return false;
#else
    if (sanitized) leave_out("under a sanitizer the door's filter is a wider one");
    return !sanitized;
#endif
}

std::string DoorProcess::state() {
    return (has_ended() ? "ended with " + std::to_string(wait()) : std::string("running")) +
           "; log: " + log();
}

int DoorProcess::wait() {
    int status = 0;
    if (!ended_) {
        ::waitpid(pid_, &status, 0);
        ended_ = status;
    }
    return WIFEXITED(*ended_) ? WEXITSTATUS(*ended_) : -WTERMSIG(*ended_);
}

void DoorProcess::handle(link::FromDoor message, Descriptors descriptors) {
    seen(message);
    const auto count_one = [&](const char* name) {
        const std::lock_guard lock(core_->mutex);
        ++core_->counts[name];
    };
    if (const auto* ready = std::get_if<link::Ready>(&message)) {
        ready_ = *ready;
        if (!core_->is_ready.exchange(true)) core_->ready.set_value();
    } else if (const auto* check = std::get_if<link::PeerCheck>(&message)) {
        count_one("peer_check");
        core_->end->send(link::PeerVerdict{check->connection, peer(*check)});
    } else if (const auto* open = std::get_if<link::SiteOpen>(&message)) {
        count_one("site_open");
        core_->end->send(site(*open));
    } else if (const auto* one = std::get_if<link::Operation>(&message)) {
        count_one("operation");
        if (auto reply = operation(*one, descriptors)) core_->end->send(link::FromCore(std::move(*reply)));
    } else if (std::holds_alternative<link::OperationCancel>(message)) {
        count_one("operation_cancel");
    } else if (std::holds_alternative<link::ConnectionClosed>(message)) {
        count_one("connection_closed");
    } else if (const auto* spool = std::get_if<link::Spool>(&message)) {
        count_one("spool");
        std::array<char, 32> path{"/var/tmp/mohr-spool-XXXXXX"};
        Descriptors file;
        file.emplace_back(::mkostemp(path.data(), O_CLOEXEC));
        ::unlink(path.data());
        core_->end->send(link::SpoolReply{spool->id, true}, std::move(file));
    }
}

std::optional<link::OperationReply> DoorProcess::answer(const link::Operation& one, Descriptors&) {
    link::OperationReply reply;
    reply.id = one.id;
    const link::CertificateView view{"handle-1", signer_.certificate->der(), {}, "active"};
    if (const auto* sign = std::get_if<link::Sign>(&one.request)) {
        link::Signed answer{view, link::Scheme::rsa_pkcs1_v15, sign->digest_algorithm, {}};
        for (const link::SignItem& item : sign->items) {
            link::SignedItem out;
            Bytes digest_value = item.digest;
            if (sign->format == link::SignFormat::cms) {
                auto attributes = signing::signed_attributes(sign->digest_algorithm, item.digest,
                                                             *signer_.certificate, std::nullopt);
                if (!attributes) return std::nullopt;
                digest_value = digest(sign->digest_algorithm, *attributes);
                out.signed_attributes = std::move(*attributes);
            }
            out.signature = sign_digest(signer_.key.get(), sign->digest_algorithm, digest_value);
            answer.items.push_back(std::move(out));
        }
        reply.outcome = link::Answer(std::move(answer));
    } else if (std::holds_alternative<link::RequestAccess>(one.request)) {
        reply.outcome = link::Answer(link::AccessGranted{});
    } else if (std::holds_alternative<link::SelectCertificate>(one.request)) {
        reply.outcome = link::Answer(link::Selected{view});
    } else if (std::holds_alternative<link::ListCertificates>(one.request)) {
        reply.outcome = link::Answer(link::Listed{{view}});
    } else if (const auto* decrypt = std::get_if<link::Decrypt>(&one.request)) {
        reply.outcome = protocol::Failure(protocol::Code::not_a_recipient);
        for (const link::Recipient& recipient : decrypt->recipients)
            if (const auto* rsa = std::get_if<link::RsaWrapped>(&recipient.key))
                reply.outcome = link::Answer(link::Decrypted{unwrap_rsa(signer_.key.get(), *rsa)});
    } else {
        reply.outcome = protocol::Failure(protocol::Code::no_agent);
    }
    return reply;
}

void DoorProcess::on_core(const std::function<void()>& work) {
    std::promise<void> done;
    boost::asio::post(core_->context, [&] {
        work();
        done.set_value();
    });
    done.get_future().wait();
}
void DoorProcess::send(link::FromCore message, Descriptors descriptors) {
    on_core([&] { core_->end->send(message, std::move(descriptors)); });
}
void DoorProcess::shut_listeners() {
    for (const Descriptor& listener : listeners_) ::shutdown(listener.get(), SHUT_RDWR);
}
void DoorProcess::listen_again() {
    for (const Descriptor& listener : listeners_) REQUIRE(::listen(listener.get(), 256) == 0);
}
std::size_t DoorProcess::count(std::string_view what) const {
    const std::lock_guard lock(core_->mutex);
    const auto found = core_->counts.find(std::string(what));
    return found == core_->counts.end() ? 0 : found->second;
}
std::string DoorProcess::log() const {
    std::string text(64 * 1024, '\0');
    const ssize_t n = ::pread(stderr_file_.get(), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return text;
}
std::size_t DoorProcess::resident_kib() const {
    return status_kib(pid_, "VmRSS");
}
void DoorProcess::check_resident_below(std::size_t kib) const {
    if (sanitized) return;
    CHECK(resident_kib() < kib);
}
void DoorProcess::check_peak_below(std::size_t kib) const {
    if (sanitized) return;
    CHECK(status_kib(pid_, "VmHWM") < kib);
}

// --- the page's side ---

Wire::Wire(std::uint16_t port, bool) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int connected =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    INFO("errno " << errno);
    REQUIRE(connected == 0);
    const int yes = 1; // as browsers do
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

void Wire::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return; // closed by the door: what it said is still to be read
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

bool Wire::wait_readable(milliseconds within) const {
    pollfd wanted{socket_.get(), POLLIN, 0};
    return ::poll(&wanted, 1, static_cast<int>(within.count())) > 0;
}

std::string Wire::read_some(std::size_t count, milliseconds within) {
    if (!wait_readable(within)) return {};
    std::string bytes(count, '\0');
    const ssize_t n = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (n <= 0) ended_ = true;
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return bytes;
}

std::string Wire::read_to_end(milliseconds within) {
    const auto end = steady_clock::now() + within;
    std::string all;
    while (!ended_ && steady_clock::now() < end)
        all += read_some(65536, std::chrono::duration_cast<milliseconds>(end - steady_clock::now()) +
                                    milliseconds(1));
    return all;
}

std::string Wire::read(std::size_t count, milliseconds within) {
    const auto end = steady_clock::now() + within;
    std::string all;
    while (!ended_ && all.size() < count && steady_clock::now() < end)
        all +=
            read_some(count - all.size(),
                      std::chrono::duration_cast<milliseconds>(end - steady_clock::now()) + milliseconds(1));
    return all;
}

bool Wire::closes(milliseconds within) {
    (void)read_to_end(within);
    return ended_;
}

std::string upgrade_head(std::string_view host, std::string_view origin, std::string_view extra) {
    std::string head = "GET /v1 HTTP/1.1\r\nHost: " + std::string(host) + "\r\n";
    if (!origin.empty()) head += "Origin: " + std::string(origin) + "\r\n";
    return head +
           "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mohr.v1\r\n" +
           std::string(extra) + "\r\n";
}

Page::Page(const DoorProcess& door, Options options) : wire_(std::make_unique<Wire>(door.port())) {
    wire_->write(
        upgrade_head(options.host.empty() ? door.host() : options.host, options.origin, options.extra));
    while (response_.find("\r\n\r\n") == std::string::npos) {
        const std::string more = wire_->read(1);
        if (more.empty()) return;
        response_ += more;
    }
    open_ = response_.rfind("HTTP/1.1 101 ", 0) == 0;
}

void Page::send_frame(unsigned first_byte, std::string_view payload, bool masked) {
    std::string frame(1, static_cast<char>(first_byte));
    const unsigned mask_bit = masked ? 0x80 : 0;
    std::array<unsigned char, 8> length{};
    if (payload.size() < 126) {
        frame += static_cast<char>(mask_bit | payload.size());
    } else if (payload.size() < 65536) {
        frame += static_cast<char>(mask_bit | 126);
        boost::endian::store_big_u16(length.data(), static_cast<std::uint16_t>(payload.size()));
        frame.append(reinterpret_cast<const char*>(length.data()), 2);
    } else {
        frame += static_cast<char>(mask_bit | 127);
        boost::endian::store_big_u64(length.data(), payload.size());
        frame.append(reinterpret_cast<const char*>(length.data()), 8);
    }
    if (masked) frame.append(4, '\0'); // the mask of zeros: the payload stays as it is
    frame += payload;
    wire_->write(frame);
}

void Page::send_binary(std::uint32_t stream, ByteView bytes) {
    std::string payload(4, '\0');
    boost::endian::store_big_u32(reinterpret_cast<unsigned char*>(payload.data()), stream);
    payload += as_text(bytes);
    send_frame(0x82, payload);
}

std::optional<Frame> Page::receive(milliseconds within) {
    for (;;) {
        const std::string head = wire_->read(2, within);
        if (head.size() < 2) return std::nullopt;
        Frame frame;
        frame.opcode = static_cast<unsigned char>(head[0]) & 0x0FU;
        std::uint64_t length = static_cast<unsigned char>(head[1]) & 0x7FU;
        if (length >= 126) {
            const std::size_t bytes = length == 126 ? 2 : 8;
            length = 0;
            for (const char c : wire_->read(bytes)) length = length << 8U | static_cast<unsigned char>(c);
        }
        frame.payload = wire_->read(static_cast<std::size_t>(length));
        if (frame.opcode == 9) {
            if (answer_pings) send_frame(0x8A, frame.payload);
            continue;
        }
        return frame;
    }
}

unsigned Page::close_code(milliseconds within) {
    const auto end = steady_clock::now() + within;
    while (steady_clock::now() < end) {
        const auto frame =
            receive(std::chrono::duration_cast<milliseconds>(end - steady_clock::now()) + milliseconds(1));
        if (!frame) return 0;
        if (frame->opcode == 8 && frame->payload.size() >= 2)
            return boost::endian::load_big_u16(reinterpret_cast<const unsigned char*>(frame->payload.data()));
    }
    return 0;
}

void Page::take_message(const Frame& frame) {
    if (frame.opcode == 2) {
        REQUIRE(frame.payload.size() >= 4);
        REQUIRE(frame.payload.size() <= 4 + 256 * 1024);
        const auto stream =
            boost::endian::load_big_u32(reinterpret_cast<const unsigned char*>(frame.payload.data()));
        if (on_bytes) return on_bytes(stream, std::string_view(frame.payload).substr(4));
        received_[stream] += frame.payload.substr(4);
        return;
    }
    json message = json::parse(frame.payload);
    if (message.contains("id")) {
        if (!message["id"].is_number_integer()) return notifications.push_back(std::move(message));
        const auto id = message["id"].get<std::int64_t>();
        replies_[id] = std::make_shared<json>(std::move(message));
        return;
    }
    if (message["method"] == "stream.credit")
        credits_[message["params"]["stream"].get<std::uint32_t>()] +=
            message["params"]["bytes"].get<std::uint64_t>();
    if (message["method"] == "stream.end") ended_[message["params"]["stream"].get<std::uint32_t>()] = true;
    notifications.push_back(std::move(message));
}

std::int64_t Page::begin(std::string_view method, const json& params) {
    const std::int64_t id = ++last_id_;
    send_text(json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump());
    return id;
}

json Page::finish(std::int64_t id) {
    while (replies_.find(id) == replies_.end()) {
        const auto frame = receive(std::chrono::seconds(30));
        REQUIRE(frame);
        REQUIRE(frame->opcode != 8);
        take_message(*frame);
    }
    json reply = std::move(*replies_[id]);
    replies_.erase(id);
    return reply;
}

json Page::call(std::string_view method, const json& params) {
    return finish(begin(method, params));
}

void Page::notify(std::string_view method, const json& params) {
    send_text(json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump());
}

json Page::result(std::string_view method, const json& params) {
    json reply = call(method, params);
    INFO(reply.dump());
    REQUIRE(reply.contains("result"));
    return reply["result"];
}

std::string Page::error(std::string_view method, const json& params) {
    json reply = call(method, params);
    INFO(reply.dump());
    REQUIRE(reply.contains("error"));
    return reply["error"]["data"]["code"].get<std::string>();
}

void Page::upload(std::uint32_t stream, std::uint64_t credit, std::uint64_t size,
                  const std::function<Bytes()>& next) {
    credits_[stream] += credit;
    for (std::uint64_t sent = 0; sent < size;) {
        const Bytes piece = next();
        while (credits_[stream] < piece.size()) {
            const auto frame = receive(std::chrono::seconds(30));
            REQUIRE(frame);
            REQUIRE(frame->opcode != 8);
            take_message(*frame);
        }
        credits_[stream] -= piece.size();
        send_binary(stream, piece);
        sent += piece.size();
    }
    REQUIRE(result("stream.close", {{"stream", stream}})["size"] == size);
}

void Page::download(std::uint32_t stream, const std::function<void(std::string_view)>& take) {
    for (;;) {
        std::string bytes = std::move(received_[stream]);
        received_[stream].clear();
        if (!bytes.empty()) {
            take(bytes);
            notify("stream.credit", {{"stream", stream}, {"bytes", bytes.size()}});
        } else if (ended_[stream]) {
            return;
        }
        if (ended_[stream]) continue;
        const auto frame = receive(std::chrono::seconds(30));
        REQUIRE(frame);
        REQUIRE(frame->opcode != 8);
        take_message(*frame);
    }
}

} // namespace mohr::test
