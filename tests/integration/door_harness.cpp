// SPDX-License-Identifier: Apache-2.0
#include "door_harness.hpp"

#include <mohr/base/digest.hpp>
#include <mohr/signing/cms_signed.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <netinet/in.h>
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
#include <sstream>
#include <stdexcept>
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

/// For what runs on the core's thread: the assertions of Catch are for one thread alone.
void must(bool holds) {
    if (!holds) throw std::runtime_error("the test's core: " + openssl_error("libcrypto").describe());
}

Bytes sign_digest(EVP_PKEY* key, DigestAlgorithm algorithm, ByteView value) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    must(EVP_PKEY_sign_init(context.get()) == 1);
    must(EVP_PKEY_CTX_set_signature_md(context.get(), digest_method(algorithm)) == 1);
    std::size_t length = 0;
    must(EVP_PKEY_sign(context.get(), nullptr, &length, value.data(), value.size()) == 1);
    Bytes signature(length);
    must(EVP_PKEY_sign(context.get(), signature.data(), &length, value.data(), value.size()) == 1);
    signature.resize(length);
    return signature;
}

Secret unwrap_rsa(EVP_PKEY* key, const link::RsaWrapped& wrapped) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    must(EVP_PKEY_decrypt_init(context.get()) == 1);
    must(EVP_PKEY_CTX_set_rsa_padding(context.get(),
                                      wrapped.oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING) == 1);
    if (wrapped.oaep) {
        must(EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), digest_method(wrapped.digest)) == 1);
        must(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), digest_method(wrapped.mgf1)) == 1);
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

} // namespace mohr::test
