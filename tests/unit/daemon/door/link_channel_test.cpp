// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/io_context.hpp>
#include <boost/endian/conversion.hpp>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <catch_compat.hpp>
#include <link/link_channel.hpp>

using namespace mohr;
using namespace mohr::protocol::link;
using mohr::link::Channel;
using mohr::link::CoreEnd;
using mohr::link::Descriptors;
using mohr::link::DoorEnd;

namespace {

/// Both ends of a pair; the far one raw, to write what a correct end never would.
struct RawPeer {
    boost::asio::io_context context;
    Descriptor raw;
    std::unique_ptr<Channel> channel;
    std::vector<Channel::Incoming> received;
    std::vector<std::string> closed;

    RawPeer() {
        auto pair = mohr::link::socket_pair();
        REQUIRE(pair);
        raw = std::move(pair->second);
        channel = std::make_unique<Channel>(context, std::move(pair->first));
        channel->start([this](Channel::Incoming incoming) { received.push_back(std::move(incoming)); },
                       [this](std::string reason) { closed.push_back(std::move(reason)); });
    }
    void write(ByteView bytes) { REQUIRE(write_all(raw.get(), bytes)); }
    void poll() {
        context.restart();
        context.poll();
    }
};

Bytes frame(ByteView body, ByteView secret = {}) {
    Bytes all(8);
    boost::endian::store_little_u32(all.data(), static_cast<std::uint32_t>(body.size()));
    boost::endian::store_little_u32(all.data() + 4, static_cast<std::uint32_t>(secret.size()));
    all.insert(all.end(), body.begin(), body.end());
    all.insert(all.end(), secret.begin(), secret.end());
    return all;
}

Bytes as_body(std::string_view text) {
    return to_bytes(as_bytes(text));
}

Descriptor memory_file(std::string_view content) {
    Descriptor file(::memfd_create("test", MFD_CLOEXEC));
    REQUIRE(write_all(file.get(), as_bytes(content)));
    return file;
}

std::string content_of(int fd) {
    std::array<char, 64> buffer{};
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (int fd = 0; fd < 1024; ++fd)
        if (::fcntl(fd, F_GETFD) != -1) ++count;
    return count;
}

} // namespace

TEST_CASE("both ends exchange typed messages with their descriptors", "[daemon][link]") {
    boost::asio::io_context context;
    auto pair = mohr::link::socket_pair();
    REQUIRE(pair);
    CoreEnd core(context, std::move(pair->first));
    DoorEnd door(context, std::move(pair->second));
    std::vector<std::string> at_door;
    std::vector<std::string> at_core;
    const auto unexpected = [](const std::string& reason) { FAIL(reason); };
    door.start(
        [&](FromCore message, Descriptors descriptors) {
            if (const auto* configure = std::get_if<Configure>(&message)) {
                CHECK(configure->tls_key.same_as(as_bytes("key")));
                for (const Descriptor& fd : descriptors) at_door.push_back(content_of(fd.get()));
                door.send(Ready{6, true});
            }
        },
        unexpected);
    core.start(
        [&](FromDoor message, const Descriptors&) {
            if (std::holds_alternative<Ready>(message)) at_core.emplace_back("ready");
        },
        unexpected);
    Configure configure;
    configure.tls_key = Secret(as_bytes("key"));
    Descriptors files;
    files.push_back(memory_file("first"));
    files.push_back(memory_file("second"));
    core.send(FromCore(std::move(configure)), std::move(files));
    context.poll();
    CHECK(at_door == std::vector<std::string>{"first", "second"});
    CHECK(at_core == std::vector<std::string>{"ready"});
}

TEST_CASE("a message that comes byte by byte is one message", "[daemon][link]") {
    RawPeer peer;
    for (const std::uint8_t byte : frame(as_bytes("body"), as_bytes("secret"))) {
        CHECK(peer.received.empty());
        peer.write({&byte, 1});
        peer.poll();
    }
    REQUIRE(peer.received.size() == 1);
    CHECK(as_text(peer.received[0].body) == "body");
    CHECK(peer.received[0].secret.same_as(as_bytes("secret")));
}

TEST_CASE("messages of one turn go out together, and closing leaves none behind", "[daemon][link]") {
    RawPeer peer;
    Descriptors files;
    files.push_back(memory_file("file"));
    peer.channel->send(as_body("one"));
    peer.channel->send(as_body("two"), Secret(as_bytes("secret")));
    peer.channel->send(as_body("three"), {}, std::move(files)); // a descriptor begins a write of its own
    std::array<char, 256> buffer{};
    CHECK(::recv(peer.raw.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) == -1);
    SECTION("at the end of the turn") {
        peer.poll();
    }
    SECTION("when it is closed") {
        peer.channel->close();
    }
    Bytes expected = frame(as_bytes("one"));
    for (const Bytes& next : {frame(as_bytes("two"), as_bytes("secret")), frame(as_bytes("three"))})
        expected.insert(expected.end(), next.begin(), next.end());
    Bytes got;
    for (ssize_t n = 0; (n = ::recv(peer.raw.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;)
        got.insert(got.end(), buffer.begin(), buffer.begin() + n);
    CHECK(got == expected);
}

TEST_CASE("messages that arrive together come one by one, each with its own secret and descriptors",
          "[daemon][link]") {
    RawPeer peer;
    Channel sender(peer.context, std::move(peer.raw));
    sender.start([](const Channel::Incoming&) {}, [](const std::string&) {});
    const auto one_file = [](std::string_view content) {
        Descriptors files;
        files.push_back(memory_file(content));
        return files;
    };
    sender.send(as_body("one"));
    sender.send(as_body("two"), Secret(as_bytes("second")), one_file("of two"));
    sender.send(as_body("three"), {}, one_file("of three"));
    sender.send(as_body("four"), Secret(as_bytes("fourth")));
    sender.send(as_body("five"));
    peer.poll();
    REQUIRE(peer.received.size() == 5);
    const std::vector<std::string> bodies{"one", "two", "three", "four", "five"};
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        CHECK(as_text(peer.received[i].body) == bodies[i]);
        CHECK(peer.received[i].descriptors.size() == (i == 1 || i == 2 ? 1 : 0));
    }
    CHECK(content_of(peer.received[1].descriptors[0].get()) == "of two");
    CHECK(content_of(peer.received[2].descriptors[0].get()) == "of three");
    CHECK(peer.received[1].secret.same_as(as_bytes("second")));
    CHECK(peer.received[3].secret.same_as(as_bytes("fourth")));
    CHECK(peer.received[4].secret.empty());
    CHECK(peer.closed.empty());
}

TEST_CASE("a message whose header came with the one before is taken up where it was left", "[daemon][link]") {
    Bytes both = frame(as_bytes("one"));
    const std::size_t first = both.size();
    const Bytes second = frame(as_bytes("second"), as_bytes("secret"));
    both.insert(both.end(), second.begin(), second.end());
    for (std::size_t cut = first; cut < both.size(); ++cut) {
        RawPeer peer;
        peer.write(ByteView(both).first(cut));
        peer.poll();
        CHECK(peer.received.size() == 1);
        peer.write(ByteView(both).subspan(cut));
        peer.poll();
        REQUIRE(peer.received.size() == 2);
        CHECK(as_text(peer.received[1].body) == "second");
        CHECK(peer.received[1].secret.same_as(as_bytes("secret")));
    }
}

TEST_CASE("a long queue goes out whole and in order when the reader is slow", "[daemon][link]") {
    RawPeer peer;
    constexpr std::size_t count = 40;
    for (std::size_t i = 0; i < count; ++i) peer.channel->send(Bytes(100'000, static_cast<std::uint8_t>(i)));
    CHECK(peer.channel->queued_bytes() > 1'000'000);
    Bytes all;
    Bytes buffer(65'536);
    while (all.size() < count * 100'008) {
        peer.poll();
        const ssize_t n = ::read(peer.raw.get(), buffer.data(), buffer.size());
        REQUIRE(n > 0);
        all.insert(all.end(), buffer.begin(), buffer.begin() + n);
    }
    CHECK(peer.channel->queued_bytes() == 0);
    for (std::size_t i = 0; i < count; ++i) {
        CHECK(boost::endian::load_little_u32(all.data() + i * 100'008) == 100'000);
        CHECK(all[i * 100'008 + 8] == static_cast<std::uint8_t>(i));
    }
}

TEST_CASE("a peer that does not read ends the channel at a bound [T09]", "[daemon][link]") {
    RawPeer peer;
    for (int i = 0; i < 40; ++i) peer.channel->send(Bytes(2 * 1024 * 1024));
    peer.poll();
    REQUIRE(peer.closed.size() == 1);
    CHECK_FALSE(peer.closed[0].empty());
    CHECK(peer.channel->queued_bytes() == 0);
}

TEST_CASE("end of file, a cut message and lengths over the limits end the channel once [T09]",
          "[daemon][link]") {
    SECTION("orderly") {
        RawPeer peer;
        peer.write(frame(as_bytes("last")));
        peer.raw.reset();
        peer.poll();
        CHECK(peer.received.size() == 1);
        CHECK(peer.closed == std::vector<std::string>{""});
    }
    SECTION("inside a message") {
        RawPeer peer;
        peer.write(ByteView(frame(as_bytes("body"))).first(10));
        peer.raw.reset();
        peer.poll();
        CHECK(peer.received.empty());
        REQUIRE(peer.closed.size() == 1);
        CHECK_FALSE(peer.closed[0].empty());
    }
    SECTION("too long") {
        for (const std::size_t at : {0U, 4U}) {
            RawPeer peer;
            Bytes header = frame(as_bytes("x"));
            boost::endian::store_little_u32(header.data() + at, 0xFFFFFFFFU);
            peer.write(header);
            peer.poll();
            CHECK(peer.received.empty());
            CHECK(peer.closed.size() == 1);
        }
    }
    SECTION("empty") {
        RawPeer peer;
        peer.write(Bytes(8));
        peer.poll();
        CHECK(peer.closed.size() == 1);
    }
}

TEST_CASE("more descriptors than allowed end the channel and none leaks [T09]", "[daemon][link]") {
    const std::size_t before = open_descriptors();
    {
        RawPeer peer;
        const Descriptor file = memory_file("x");
        std::array<int, max_descriptors + 4> raw{};
        raw.fill(file.get());
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof raw)> control{};
        Bytes bytes = frame(as_bytes("body"));
        iovec part{bytes.data(), bytes.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* const rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof raw);
        std::memcpy(CMSG_DATA(rights), raw.data(), sizeof raw);
        REQUIRE(::sendmsg(peer.raw.get(), &message, 0) > 0);
        peer.poll();
        CHECK(peer.received.empty());
        CHECK(peer.closed.size() == 1);
    }
    CHECK(open_descriptors() == before);
}

TEST_CASE("a message that does not decode ends the typed channel", "[daemon][link]") {
    boost::asio::io_context context;
    auto pair = mohr::link::socket_pair();
    REQUIRE(pair);
    CoreEnd core(context, std::move(pair->first));
    std::vector<std::string> closed;
    core.start([](FromDoor, Descriptors) { FAIL("decoded"); },
               [&](std::string reason) { closed.push_back(std::move(reason)); });
    REQUIRE(write_all(pair->second.get(), frame(as_bytes("not cbor"))));
    context.poll();
    REQUIRE(closed.size() == 1);
    CHECK_FALSE(closed[0].empty());
}
