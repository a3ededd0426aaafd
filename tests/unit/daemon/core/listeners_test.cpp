// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "listeners.hpp"
#include "loopback.hpp"
#include "other_user.hpp"
#include "temporary_directory.hpp"
#include "toggle_file.hpp"

#include <sys/stat.h>

#include <chrono>

using namespace mohr;
using namespace mohr::core;
using test::Where;

namespace {

/// Two numbers that were free a moment ago.
PortPlan free_ports() {
    const auto probe = Listeners::bind_free();
    REQUIRE(probe);
    return {{probe->plain_port()}, {probe->tls_port()}};
}

int try_connect(Where where, std::uint16_t port) {
    return test::connect_to(test::make_socket(where), where, port);
}

} // namespace

TEST_CASE("the front door listens on both families of both ports, never wider", "[listeners]") {
    const auto listeners = Listeners::bind_free();
    REQUIRE(listeners);
    REQUIRE(listeners->sockets().size() == 4);
    CHECK(listeners->is_open());
    for (const auto& socket : listeners->sockets()) {
        CHECK(try_connect(socket.what.ipv6 ? Where::v6 : Where::v4, socket.what.port) == 0);
        int value = -1;
        socklen_t size = sizeof value;
        REQUIRE(::getsockopt(socket.descriptor.get(), SOL_SOCKET, SO_REUSEPORT, &value, &size) == 0);
        CHECK(value == 0);
        sockaddr_storage bound{};
        size = sizeof bound;
        REQUIRE(::getsockname(socket.descriptor.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0);
        const auto address = test::endpoint_of(bound).first;
        CHECK((address == Bytes{127, 0, 0, 1} ||
               address == Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
    }
}

TEST_CASE("a port that another user holds on any address is named with its holder [T25] [T26]",
          "[listeners]") {
    if (!test::can_be_other_users()) return;
    const bool tls = GENERATE(false, true);
    const Where where = GENERATE(Where::v4, Where::v6, Where::any_v4, Where::any_v6, Where::any_dual);
    const PortPlan ports = free_ports();
    const std::uint16_t port = tls ? ports.tls.front() : ports.plain.front();
    Descriptor squatter;
    const test::OtherUser other(test::user_b, [&] {
        squatter = test::make_socket(where);
        return test::squat(squatter, where, port);
    });
    REQUIRE(other.result() == 0);
    const auto listeners = Listeners::bind(ports);
    REQUIRE_FALSE(listeners);
    CHECK(listeners.error().reason == ListenFailure::Reason::held_by_other);
    CHECK(listeners.error().port == port);
    CHECK(listeners.error().text == "port " + std::to_string(port) + " is held by user uid 61002");
    // All or nothing: what was bound before the failure is free again.
    const Descriptor probe = test::make_socket(Where::v4);
    const std::uint16_t untouched = tls ? ports.plain.front() : ports.tls.front();
    CHECK(test::squat(probe, Where::v4, untouched) == 0);
}

TEST_CASE("a port that another program of this user holds is named with the program [T25]", "[listeners]") {
    const PortPlan ports = free_ports();
    const Descriptor squatter = test::make_socket(Where::v6);
    REQUIRE(test::squat(squatter, Where::v6, ports.tls.front()) == 0);
    const auto listeners = Listeners::bind(ports);
    REQUIRE_FALSE(listeners);
    CHECK(listeners.error().reason == ListenFailure::Reason::held_by_us);
    CHECK(listeners.error().text == "port " + std::to_string(ports.tls.front()) +
                                        " is held by another program of yours: core_host_test (process " +
                                        std::to_string(::getpid()) + ")");
}

TEST_CASE("while the front door is closed connections are refused and the ports stay ours [R13] [R17] [T25]",
          "[listeners]") {
    auto listeners = Listeners::bind_free();
    REQUIRE(listeners);
    const std::uint16_t port = listeners->plain_port();
    // A session that is open when the door closes must not keep it from opening again.
    const Descriptor session = test::make_socket(Where::v4);
    REQUIRE(test::connect_to(session, Where::v4, port) == 0);
    const Descriptor accepted(
        ::accept4(listeners->sockets().front().descriptor.get(), nullptr, nullptr, SOCK_CLOEXEC));
    for (int round = 0; round < 3; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        listeners->close();
        CHECK_FALSE(listeners->is_open());
        for (const auto& socket : listeners->sockets()) {
            const Where where = socket.what.ipv6 ? Where::v6 : Where::v4;
            CHECK(try_connect(where, socket.what.port) == ECONNREFUSED);
            CHECK(test::squat(test::make_socket(where), where, socket.what.port) == EADDRINUSE);
            if (test::can_be_other_users()) {
                const test::OtherUser thief(
                    test::user_b,
                    [&] { return test::squat(test::make_socket(where), where, socket.what.port); },
                    test::OtherUser::After::exit);
                CHECK(thief.result() == EADDRINUSE);
            }
        }
        REQUIRE(listeners->open());
        CHECK(try_connect(Where::v4, port) == 0);
        CHECK(try_connect(Where::v6, port) == 0);
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
    }
}

TEST_CASE("a stopped front door of another user is not overlooked [T26]", "[listeners]") {
    if (!test::can_be_other_users()) return;
    const PortPlan ports = free_ports();
    std::optional<Listeners> theirs;
    const test::OtherUser other(test::user_b, [&] {
        auto bound = Listeners::bind(ports);
        if (!bound) return 1;
        theirs.emplace(std::move(*bound));
        theirs->close();
        return 0;
    });
    REQUIRE(other.result() == 0);
    const auto listeners = Listeners::bind(ports);
    REQUIRE_FALSE(listeners);
    CHECK(listeners.error().reason == ListenFailure::Reason::held_by_other);
}

TEST_CASE("the front door can be bound again over the remains of old sessions", "[listeners]") {
    std::optional<Listeners> first;
    {
        auto bound = Listeners::bind_free();
        REQUIRE(bound);
        first.emplace(std::move(*bound));
    }
    const PortPlan ports{{first->plain_port()}, {first->tls_port()}};
    const Descriptor session = test::make_socket(Where::v4);
    REQUIRE(test::connect_to(session, Where::v4, ports.plain.front()) == 0);
    Descriptor accepted(::accept4(first->sockets().front().descriptor.get(), nullptr, nullptr, SOCK_CLOEXEC));
    first.reset();
    accepted.reset(); // our side closes first: TIME_WAIT or FIN_WAIT2 stays on our port
    CHECK(Listeners::bind(ports));
}

TEST_CASE("the choice of the front door is remembered [R12] [R15]", "[listeners]") {
    const test::TemporaryDirectory directory;
    const ToggleFile toggle(directory.path());
    REQUIRE(toggle.read());
    CHECK(*toggle.read()); // on where nothing was chosen
    REQUIRE(toggle.write(false));
    CHECK_FALSE(*ToggleFile(directory.path()).read());
    REQUIRE(toggle.write(true));
    CHECK(*ToggleFile(directory.path()).read());

    REQUIRE(write_private(directory.path() / "front-door", as_bytes("maybe\n")));
    CHECK(toggle.read().error().code == BaseErrc::malformed);
    REQUIRE(::chmod((directory.path() / "front-door").c_str(), 0666) == 0);
    CHECK(toggle.read().error().code == BaseErrc::insecure_file);
}
