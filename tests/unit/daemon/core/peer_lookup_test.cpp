// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "loopback.hpp"
#include "other_user.hpp"
#include "peer_lookup.hpp"

#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using namespace mohr;
using namespace mohr::core;
using test::Where;

namespace {

struct Server {
    explicit Server(Where where) : listener(test::make_socket(where)) {
        REQUIRE(test::squat(listener, where, 0) == 0);
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&storage), &size) == 0);
        port = test::endpoint_of(storage).second;
    }
    Descriptor accept() const {
        pollfd ready{listener.get(), POLLIN, 0};
        REQUIRE(::poll(&ready, 1, 5000) == 1);
        return Descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    Descriptor listener;
    std::uint16_t port = 0;
};

/// What both ways of asking say; they must agree.
std::optional<SocketFacts> facts_of(const protocol::link::FourTuple& tuple) {
    const auto diag = client_socket(tuple);
    REQUIRE(diag);
    const auto procfs = client_socket_from_procfs(tuple);
    REQUIRE(procfs);
    REQUIRE(diag->has_value() == procfs->has_value());
    if (*diag) {
        CHECK((*diag)->uid == (*procfs)->uid);
        CHECK((*diag)->state == (*procfs)->state);
        CHECK((*diag)->inode == (*procfs)->inode);
    }
    return *diag;
}

} // namespace

TEST_CASE("a connected client of this user is recognised by its socket [T24]", "[peer]") {
    const Where where = GENERATE(Where::v4, Where::v6);
    const Server server(where);
    const Descriptor client = test::make_socket(where);
    REQUIRE(test::connect_to(client, where, server.port) == 0);
    const Descriptor accepted = server.accept();
    const auto tuple = test::four_tuple(accepted);
    const auto facts = facts_of(tuple);
    REQUIRE(facts);
    CHECK(facts->uid == ::geteuid());
    CHECK(facts->state == tcp_established);
    CHECK(facts->inode != 0);
    CHECK(peer_is(::geteuid(), tuple));
    CHECK_FALSE(peer_is(::geteuid() + 1, tuple));

    const auto program = program_of_socket(facts->inode);
    REQUIRE(program);
    CHECK(program->pid == ::getpid());
    CHECK(program->name == "core_host_test");
    CHECK_FALSE(program->known_browser);

    // Only the very connection counts: one port off is somebody else's.
    auto other = tuple;
    other.remote_port = static_cast<std::uint16_t>(other.remote_port ^ 1);
    CHECK_FALSE(peer_is(::geteuid(), other));
    auto reversed = tuple;
    std::swap(reversed.local_port, reversed.remote_port);
    std::swap(reversed.local_address, reversed.remote_address);
    CHECK(client_socket(reversed)); // our own end: it exists, and says nothing of the client
}

TEST_CASE("a client that has gone is refused, though the kernel says uid 0 [T24]", "[peer]") {
    const Where where = GENERATE(Where::v4, Where::v6);
    const Server server(where);
    Descriptor client = test::make_socket(where);
    REQUIRE(test::connect_to(client, where, server.port) == 0);
    const Descriptor accepted = server.accept();
    const auto tuple = test::four_tuple(accepted);
    REQUIRE(peer_is(::geteuid(), tuple));
    client.reset();
    const auto facts = client_socket(tuple);
    REQUIRE(facts);
    if (*facts) CHECK((*facts)->inode == 0);
    CHECK_FALSE(peer_is(::geteuid(), tuple));
    CHECK_FALSE(peer_is(0, tuple));
}

TEST_CASE("a client of another user is seen with its uid and refused [T24]", "[peer]") {
    if (!test::can_be_other_users()) return;
    const Where where = GENERATE(Where::v4, Where::v6);
    const Server server(where);
    Descriptor client;
    const test::OtherUser other(test::user_b, [&] {
        client = test::make_socket(where);
        return test::connect_to(client, where, server.port);
    });
    REQUIRE(other.result() == 0);
    const Descriptor accepted = server.accept();
    const auto tuple = test::four_tuple(accepted);
    const auto facts = facts_of(tuple);
    REQUIRE(facts);
    CHECK(facts->uid == test::user_b);
    CHECK_FALSE(peer_is(::geteuid(), tuple));
    CHECK(peer_is(test::user_b, tuple));
}

namespace {

/// Clients of another user that are gone by the time they are looked up, and how many of them passed for ours, or root's.
unsigned taken_for_ours(int rounds) {
    const Server server(Where::v4);
    unsigned accepted_as_ours = 0;
    int turn[2]; // a client for each byte: a full queue of connections would cost seconds
    REQUIRE(::pipe2(turn, O_CLOEXEC) == 0);
    const Descriptor next(turn[0]);
    const Descriptor tell(turn[1]);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (::setresgid(test::user_b, test::user_b, test::user_b) != 0 ||
            ::setresuid(test::user_b, test::user_b, test::user_b) != 0)
            ::_exit(1);
        for (int i = 0; i < rounds; ++i) {
            const Descriptor client = test::make_socket(Where::v4);
            char go = 0;
            if (::read(next.get(), &go, 1) != 1) ::_exit(3);
            if (test::connect_to(client, Where::v4, server.port) != 0) ::_exit(2);
        }
        ::_exit(0);
    }
    for (int i = 0; i < rounds; ++i) {
        CHECK(::write(tell.get(), "", 1) == 1);
        const Descriptor accepted = server.accept();
        const auto tuple = test::four_tuple(accepted);
        if (tuple.remote_port != 0 && (peer_is(::geteuid(), tuple) || peer_is(0, tuple))) ++accepted_as_ours;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
    return accepted_as_ours;
}

} // namespace

TEST_CASE("of ten thousand clients that connect and exit at once none is taken for ours [T24]", "[peer]") {
    if (!test::can_be_other_users()) return;
    CHECK(taken_for_ours(10'000) == 0);
}

TEST_CASE("only an established socket of the owner that still has an inode may go on [T24]", "[peer]") {
    CHECK(acceptable(1000, SocketFacts{tcp_established, 1000, 7}));
    CHECK_FALSE(acceptable(1000, SocketFacts{tcp_established, 1001, 7}));
    CHECK_FALSE(acceptable(1000, SocketFacts{tcp_established, 0, 7})); // root is not special
    CHECK_FALSE(acceptable(1000, SocketFacts{tcp_established, 1000, 0}));
    CHECK_FALSE(acceptable(0, SocketFacts{5, 0, 0})); // FIN_WAIT2 of a client that has exited
    CHECK_FALSE(acceptable(1000, SocketFacts{4, 1000, 7}));
    CHECK_FALSE(acceptable(1000, std::nullopt));
}

TEST_CASE("a tuple that is none is an error, not a refusal by chance", "[peer]") {
    CHECK_FALSE(client_socket({{127, 0, 0}, 1, {127, 0, 0, 1}, 2}));
    CHECK_FALSE(client_socket({{127, 0, 0, 1}, 1, Bytes(16), 2}));
    CHECK_FALSE(client_socket_from_procfs({{}, 1, {}, 2}));
    CHECK_FALSE(peer_is(::geteuid(), {{}, 1, {}, 2}));
}
