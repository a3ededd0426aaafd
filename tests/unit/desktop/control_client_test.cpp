// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "manager/control_client.hpp"
#include "manager/values.hpp"
#include "qt_application.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <QElapsedTimer>
#include <QTemporaryDir>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <unistd.h>

using namespace mohr::desktop;
using nlohmann::json;

namespace {

/// The other end: a core that says what the test tells it to.
struct Core {
    Core() {
        mohr::test::use_language(Language::en);
        listener = mohr::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const QByteArray name = path().toLocal8Bit();
        std::memcpy(address.sun_path, name.constData(), static_cast<std::size_t>(name.size()));
        REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener.get(), 4) == 0);
    }
    [[nodiscard]] QString path() const { return directory.filePath(QStringLiteral("c")); }

    void accept() {
        peer = mohr::Descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        REQUIRE(peer);
    }
    void say(const json& message) { say_bytes(mohr::protocol::control_frame(message.dump())); }
    void say_bytes(const mohr::Bytes& bytes) {
        REQUIRE(::write(peer.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    }
    void answer(const json& request, const json& result) {
        say({{"jsonrpc", "2.0"}, {"id", request["id"]}, {"result", result}});
    }
    /// The next message, and the descriptor that came with it.
    json hear(int* descriptor = nullptr) {
        std::string text(5, '\0');
        alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))]{};
        iovec part{text.data(), text.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = room;
        message.msg_controllen = sizeof room;
        REQUIRE(::recvmsg(peer.get(), &message, MSG_WAITALL | MSG_CMSG_CLOEXEC) == 5);
        if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header && descriptor)
            std::memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
        std::size_t length = 0;
        for (int i = 0; i < 4; ++i)
            length = length << 8 | static_cast<std::uint8_t>(text[static_cast<std::size_t>(i)]);
        text.resize(length - 1);
        REQUIRE(::recv(peer.get(), text.data(), text.size(), MSG_WAITALL) ==
                static_cast<ssize_t>(text.size()));
        return json::parse(text);
    }

    QTemporaryDir directory;
    mohr::Descriptor listener;
    mohr::Descriptor peer;
};

bool wait_until(const std::function<bool()>& condition, int milliseconds = 5'000) {
    QElapsedTimer timer;
    timer.start();
    while (!condition() && timer.elapsed() < milliseconds)
        QCoreApplication::processEvents(QEventLoop::AllEvents, 20);
    return condition();
}

struct Connected {
    Core core;
    ControlClient client{core.path()};

    Connected() {
        client.start();
        core.accept();
        const json request = core.hear();
        CHECK(request["method"] == "service.subscribe");
        core.answer(request, json::object());
        REQUIRE(wait_until([&] { return client.connected(); }));
    }
    std::vector<QString> ends; ///< "ok", or the code, in the order of arrival
    ControlClient::Handler noting() {
        return
            [this](const Reply& reply) { ends.push_back(reply ? QStringLiteral("ok") : reply.error().code); };
    }
};

} // namespace

TEST_CASE("replies find their requests in whatever order they come", "[desktop]") {
    Connected c;
    std::vector<std::string> got;
    for (const char* name : {"one", "two"})
        c.client.request(&c.client, name,
                         [&got](const Reply& reply) { got.push_back(mohr::text_member(*reply, "is")); });
    const json one = c.core.hear();
    const json two = c.core.hear();
    c.core.answer(two, {{"is", "second"}});
    c.core.answer(one, {{"is", "first"}});
    REQUIRE(wait_until([&] { return got.size() == 2; }));
    CHECK(got == std::vector<std::string>{"second", "first"});
}

TEST_CASE("a failure keeps its code, reason and tries", "[desktop]") {
    Connected c;
    std::optional<Failure> failure;
    c.client.request(&c.client, "token.verify", [&](const Reply& reply) { failure = reply.error(); });
    const json request = c.core.hear();
    c.core.say({{"jsonrpc", "2.0"},
                {"id", request["id"]},
                {"error",
                 {{"code", -32020}, {"message", "x"}, {"data", {{"code", "pin_wrong"}, {"triesLeft", 2}}}}}});
    REQUIRE(wait_until([&] { return failure.has_value(); }));
    CHECK(failure->code == QLatin1String("pin_wrong"));
    CHECK(failure->tries_left == 2u);
}

TEST_CASE("a lost connection ends every request once, and it comes back", "[desktop]") {
    Connected c;
    c.client.request(&c.client, "one", c.noting());
    c.client.request(&c.client, "two", c.noting());
    c.core.peer.reset();
    REQUIRE(wait_until([&] { return c.ends.size() == 2; }));
    CHECK(c.ends == std::vector<QString>(2, QStringLiteral("connection_lost")));
    CHECK(!c.client.connected());
    c.client.request(&c.client, "three", c.noting());
    REQUIRE(wait_until([&] { return c.ends.size() == 3; }));
    pollfd waiting{c.core.listener.get(), POLLIN, 0};
    REQUIRE(wait_until([&] { return ::poll(&waiting, 1, 0) == 1; }));
    c.core.accept();
    c.core.answer(c.core.hear(), json::object());
    CHECK(wait_until([&] { return c.client.connected(); }));
    CHECK(c.ends.size() == 3);
}

TEST_CASE("a request that is not answered ends by itself, is cancelled, and a late reply does nothing",
          "[desktop]") {
    Connected c;
    RequestOptions options;
    options.limit = std::chrono::milliseconds(100);
    c.client.request(&c.client, "slow", json::object(), c.noting(), std::move(options));
    const json request = c.core.hear();
    REQUIRE(wait_until([&] { return !c.ends.empty(); }));
    CHECK(c.ends.front() == QLatin1String("service_timeout"));
    const json cancel = c.core.hear();
    CHECK(cancel["method"] == "$/cancel");
    CHECK(cancel["params"]["id"] == request["id"]);
    c.core.answer(request, json::object());
    c.core.say({{"jsonrpc", "2.0"}, {"method", "token.changed"}, {"params", json::object()}});
    bool notified = false;
    QObject::connect(&c.client, &ControlClient::notified, &c.client, [&] { notified = true; });
    REQUIRE(wait_until([&] { return notified; }));
    CHECK(c.ends.size() == 1);
    CHECK(c.client.connected());
}

TEST_CASE("progress keeps a request alive and reaches its handler", "[desktop]") {
    Connected c;
    RequestOptions options;
    options.limit = std::chrono::milliseconds(400);
    quint64 seen = 0;
    options.progress = [&](quint64 done, quint64) { seen = done; };
    c.client.request(&c.client, "file.sign", json::object(), c.noting(), std::move(options));
    const json request = c.core.hear();
    for (int i = 1; i <= 4; ++i) {
        wait_until([] { return false; }, 200);
        c.core.say({{"jsonrpc", "2.0"},
                    {"method", "progress"},
                    {"params", {{"id", request["id"]}, {"done", i}, {"total", 4}}}});
    }
    REQUIRE(wait_until([&] { return seen == 4; }));
    CHECK(c.ends.empty());
    c.core.answer(request, json::object());
    REQUIRE(wait_until([&] { return !c.ends.empty(); }));
    CHECK(c.ends.front() == QLatin1String("ok"));
}

TEST_CASE("what is not the protocol ends the connection, and its requests with it", "[desktop]") {
    const auto bytes = GENERATE(mohr::Bytes{0xff, 0xff, 0xff, 0xff, 0}, mohr::Bytes{0, 0, 0, 2, 1, 'x'},
                                mohr::Bytes{0, 0, 0, 3, 0, '{', '{'}, mohr::Bytes{0, 0, 0, 2, 7, 'x'});
    Connected c;
    c.client.request(&c.client, "one", c.noting());
    c.core.say_bytes(bytes);
    REQUIRE(wait_until([&] { return !c.ends.empty(); }));
    CHECK(c.ends.front() == QLatin1String("protocol_error"));
}

TEST_CASE("a descriptor travels with the request that names it, and is closed here", "[desktop]") {
    Connected c;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const mohr::Descriptor writer(ends[1]);
    RequestOptions options;
    options.descriptors.emplace_back("input", mohr::Descriptor(ends[0]));
    c.client.request(&c.client, "file.sign", json::object(), c.noting(), std::move(options));
    int received = -1;
    const json request = c.core.hear(&received);
    CHECK(request["descriptors"] == json::array({"input"}));
    mohr::Descriptor held(received);
    REQUIRE(received >= 0);
    REQUIRE(::write(writer.get(), "x", 1) == 1);
    char byte = 0;
    CHECK(::read(held.get(), &byte, 1) == 1);
    held.reset();
    pollfd readers{writer.get(), POLLOUT, 0};
    REQUIRE(::poll(&readers, 1, 0) == 1);
    CHECK((readers.revents & POLLERR) != 0); // nobody holds the other end any more
}

TEST_CASE("a handler is not called once its object is gone", "[desktop]") {
    Connected c;
    auto context = std::make_unique<QObject>();
    c.client.request(context.get(), "one", c.noting());
    const json request = c.core.hear();
    context.reset();
    c.core.answer(request, json::object());
    wait_until([&] { return !c.ends.empty(); }, 200);
    CHECK(c.ends.empty());
}
