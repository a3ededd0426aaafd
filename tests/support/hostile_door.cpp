// SPDX-License-Identifier: Apache-2.0
// Stands where mohr-door should be and breaks the agreements of docs/link.md, one per argument. What the core
// made of it goes back through the link, for the test to look at.
#include "link/link_channel.hpp"
#include "loopback.hpp"
#include <mohr/base/digest.hpp>

#include <boost/asio/io_context.hpp>
#include <sys/mman.h>

#include <cstdlib>
#include <fcntl.h>
#include <string_view>
#include <tuple>
#include <unistd.h>

namespace {

using namespace mohr;
namespace link = protocol::link;

/// A connection that this user really has, so that the core's look at the kernel is content.
struct Connection {
    Descriptor listener = test::make_socket(test::Where::v4);
    Descriptor client = test::make_socket(test::Where::v4);
    Descriptor server;
    link::FourTuple peer;

    Connection() {
        if (test::squat(listener, test::Where::v4, 0) != 0) ::_exit(10);
        const auto [address, port] = end_of(listener, ::getsockname);
        if (test::connect_to(client, test::Where::v4, port) != 0) ::_exit(11);
        server = Descriptor(::accept(listener.get(), nullptr, nullptr));
        std::tie(peer.local_address, peer.local_port) = end_of(server, ::getsockname);
        std::tie(peer.remote_address, peer.remote_port) = end_of(server, ::getpeername);
    }

    template <class Name>
    static std::pair<Bytes, std::uint16_t> end_of(const Descriptor& socket, Name name) {
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        if (name(socket.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) ::_exit(12);
        return test::endpoint_of(storage);
    }
};

class HostileDoor {
public:
    HostileDoor(boost::asio::io_context& context, std::string_view what)
        : what_(what), core_(context, Descriptor(3)) {
        core_.start([this](link::FromCore message, link_descriptors) { on(message); },
                    [](const std::string&) { ::_exit(0); });
    }

private:
    using link_descriptors = mohr::link::Descriptors;

    void on(const link::FromCore& message) {
        if (std::holds_alternative<link::Stop>(message)) ::_exit(0);
        if (std::holds_alternative<link::Configure>(message)) {
            core_.send(link::Ready{});
            if (what_ == "reopen") reopen();
            if (what_ == "other front")
                core_.send(link::SiteOpen{7, connection_.peer, "https://a.example", link::Api::v1, false});
        }
        if (const auto* state = std::get_if<link::SiteState>(&message)) {
            ++(state->allowed ? counters_.connections : counters_.silent);
            core_.send(counters_);
            if (what_ == "other front") ask_by_other_front();
        }
        if (const auto* job = std::get_if<link::FileJob>(&message)) {
            job_ = job->id;
            if (what_ == "other job")
                core_.send(link::Operation{1, 0, job->id, link::ListCertificates{}});
            else
                sign_another(job->id);
        }
        const auto* refused = std::get_if<link::OperationReply>(&message);
        if (refused != nullptr && job_ == 0) {
            const bool right =
                !refused->outcome && refused->outcome.error().code == protocol::Code::invalid_request;
            counters_.streams += right ? 1 : 100;
            core_.send(counters_);
        } else if (const auto* reply = refused) {
            link::FileJobReply told;
            told.id = job_;
            if (!reply->outcome) told.outcome = reply->outcome.error();
            core_.send(told);
        }
    }

    /// Takes the number of an open connection, and that of the jobs, for another origin.
    void reopen() {
        core_.send(link::SiteOpen{7, connection_.peer, "https://a.example", link::Api::v1, false});
        core_.send(link::SiteOpen{7, connection_.peer, "https://b.example", link::Api::v1, false});
        core_.send(link::SiteOpen{0, connection_.peer, "https://c.example", link::Api::v1, false});
    }

    /// What only a legacy page may ask, for a connection that came by /v1.
    void ask_by_other_front() {
        core_.send(link::SessionReset{7, "k3JdA"});
        core_.send(link::Operation{1, 7, 0, link::ChangePin{}});
        core_.send(link::Operation{2, 7, 0, link::SelectCertificate{link::Purpose::any, {}}});
        core_.send(link::Operation{3, 7, 0, link::RequestAccess{}, "k3JdA"});
    }

    /// Shows A, a document of many MiB, and asks for a signature over B; or over A where nothing is wrong.
    void sign_another(link::JobId job) {
        Bytes shown(3'000'000, 'A');
        link::SignItem item;
        item.name = "letter";
        item.media_type = "text/plain";
        item.size = shown.size();
        Bytes signed_content = shown;
        if (what_ == "other preview") signed_content.back() = 'B';
        item.digest = digest(DigestAlgorithm::sha256, signed_content);
        item.preview = 0;
        Descriptor file(::memfd_create("preview", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (!file || !write_all(file.get(), shown)) ::_exit(13);
        int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
        if (what_ == "open preview") seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
        if (::fcntl(file.get(), F_ADD_SEALS, seals) != 0) ::_exit(14);
        if (what_ == "short preview") ++item.size;
        if (what_ == "no descriptor") file.reset();
        link::Sign sign;
        sign.format = link::SignFormat::cms;
        sign.items.push_back(std::move(item));
        link_descriptors files;
        if (file) files.push_back(std::move(file));
        core_.send(link::Operation{1, 0, job, std::move(sign)}, std::move(files));
    }

    std::string_view what_;
    Connection connection_;
    link::Counters counters_;
    link::JobId job_ = 0;
    mohr::link::DoorEnd core_;
};

} // namespace

int main(int argc, char** argv) {
    boost::asio::io_context context;
    const HostileDoor door(context, argc > 1 ? argv[1] : "");
    context.run();
    return 0;
}
