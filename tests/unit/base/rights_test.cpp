// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/base/rights.hpp>

#include <sys/stat.h>

#include <array>
#include <unistd.h>

using namespace mohr;

namespace {

struct Pair {
    Pair() {
        std::array<int, 2> raw{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw.data()) == 0);
        one = Descriptor(raw[0]);
        other = Descriptor(raw[1]);
    }
    Descriptor one;
    Descriptor other;
};

void send(const Pair& pair, const std::vector<int>& descriptors) {
    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    RightsBuffer rights;
    attach_rights(message, rights, descriptors);
    REQUIRE(::sendmsg(pair.one.get(), &message, MSG_NOSIGNAL) == 1);
}

struct Received {
    std::vector<Descriptor> descriptors;
    bool cut_off = false;
};

Received receive(const Pair& pair, std::size_t most) {
    char byte = 0;
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    RightsBuffer rights;
    expect_rights(message, rights, most);
    REQUIRE(::recvmsg(pair.other.get(), &message, MSG_CMSG_CLOEXEC) == 1);
    return {take_rights(message), (message.msg_flags & MSG_CTRUNC) != 0};
}

ino_t inode(int fd) {
    struct stat status {};
    REQUIRE(::fstat(fd, &status) == 0);
    return status.st_ino;
}

} // namespace

TEST_CASE("descriptors arrive beside a byte as other numbers for the same files, in order",
          "[base][rights]") {
    const Pair carrier;
    const Pair a;
    const Pair b;
    send(carrier, {a.one.get(), b.one.get(), a.other.get()});
    const auto received = receive(carrier, 4);
    REQUIRE(received.descriptors.size() == 3);
    CHECK_FALSE(received.cut_off);
    CHECK(inode(received.descriptors[0].get()) == inode(a.one.get()));
    CHECK(inode(received.descriptors[1].get()) == inode(b.one.get()));
    CHECK(inode(received.descriptors[2].get()) == inode(a.other.get()));
    CHECK(received.descriptors[0].get() != a.one.get());
}

TEST_CASE("a message with no descriptor, and one with as many as the kernel takes, arrive whole",
          "[base][rights]") {
    const Pair carrier;
    send(carrier, {});
    CHECK(receive(carrier, 4).descriptors.empty());
    send(carrier, std::vector<int>(max_rights, carrier.one.get()));
    const auto received = receive(carrier, max_rights);
    CHECK(received.descriptors.size() == max_rights);
    CHECK_FALSE(received.cut_off);
}

TEST_CASE("more descriptors than were expected are told as cut off, and those that came are owned",
          "[base][rights]") {
    const Pair carrier;
    send(carrier, std::vector<int>(5, carrier.one.get()));
    const auto received = receive(carrier, 2);
    CHECK(received.cut_off);
    CHECK(received.descriptors.size() == 2);
}
