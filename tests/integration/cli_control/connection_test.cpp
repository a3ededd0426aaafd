// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "cli_process.hpp"
#include "fake_core.hpp"
#include <mohr/cli/control_client.hpp>

#include <sys/stat.h>

#include <chrono>
#include <fcntl.h>
#include <unistd.h>

using namespace mohr;
using namespace mohr::test;
using json = nlohmann::json;
using namespace std::chrono_literals;

namespace {

/// `mohr status --json` against a core that plays `script`.
Finished status(const FakeCore::Script& script) {
    const FakeCore core(script);
    return run_mohr({"status", "--json", "--socket", core.socket()});
}

std::string error_code(const Finished& finished) {
    const auto document = json::parse(finished.err, nullptr, false);
    return document.is_object() ? document["error"].value("code", "") : "not JSON: " + finished.err;
}

} // namespace

TEST_CASE("the tests of the command line do not run as root", "[cli]") {
    CHECK(::geteuid() != 0);
}

TEST_CASE("a service that is not there ends with 3 and says so as JSON", "[cli]") {
    const TemporaryDirectory directory;
    const std::string nowhere = (directory.path() / "control.sock").string();
    auto finished = run_mohr({"status", "--json", "--socket", nowhere});
    CHECK(finished.exit == 3);
    CHECK(finished.out.empty());
    CHECK(error_code(finished) == "service_not_running");
    finished = run_mohr({"status", "--lang", "fa", "--socket", nowhere});
    CHECK(finished.exit == 3);
    CHECK(finished.err.find("سرویس مُهر اجرا نشده است.") != std::string::npos);
    finished = run_mohr({"status", "--json", "--socket", std::string(200, 'x')});
    CHECK(finished.exit == 2);
    CHECK(error_code(finished) == "socket_path");
}

TEST_CASE("a core that drops the connection ends with 13", "[cli]") {
    const auto dropped = status([](CorePeer& peer) { (void)peer.receive(); });
    CHECK(dropped.exit == 13);
    CHECK(error_code(dropped) == "connection_lost");
    const auto half = status([](CorePeer& peer) {
        (void)peer.receive();
        peer.send_bytes(std::string("\0\0\1\0\0{\"json", 11));
    });
    CHECK(half.exit == 13);
    CHECK(error_code(half) == "connection_lost");
}

TEST_CASE("what is not the protocol ends with 13, whatever it is", "[cli]") {
    const auto bytes = GENERATE(values<std::string>({
        std::string("\0\0\0\0", 4),            // no kind
        std::string("\0\0\0\1\0", 5),          // an empty message
        std::string("\xFF\xFF\xFF\xFF\0{", 6), // 4 GiB
        std::string("\0\x10\0\1\0{", 6),       // 1 MiB and one byte
        std::string("\0\0\0\5\1"
                    "1234",
                    9), // a secret: they only go to the core
        std::string("\0\0\0\5\2"
                    "1234",
                    9), // a kind that is not there
        std::string("\0\0\0\5\0"
                    "null",
                    9), // not an object
        std::string("\0\0\0\5\0"
                    "{\"a\"",
                    9), // not JSON
        std::string("HTTP/1.1 200 OK\r\n"),
    }));
    const auto finished = status([&](CorePeer& peer) {
        (void)peer.receive();
        peer.send_bytes(bytes);
        (void)peer.receive(); // until the client goes
    });
    CHECK(finished.exit == 13);
    CHECK(error_code(finished) == "protocol_error");
    CHECK(finished.out.empty());
}

TEST_CASE("deep JSON is refused before it is parsed [T08]", "[cli]") {
    const auto finished = status([](CorePeer& peer) {
        (void)peer.receive();
        peer.send_frame(0, R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(500'000, '['));
        (void)peer.receive();
    });
    CHECK(finished.exit == 13);
    CHECK(error_code(finished) == "protocol_error");
}

TEST_CASE("a reply in pieces, behind notifications and foreign replies, is found", "[cli]") {
    const auto finished = status([](CorePeer& peer) {
        const auto request = peer.receive();
        peer.send({{"jsonrpc", "2.0"}, {"method", "service.changed"}, {"params", json::object()}});
        peer.send({{"jsonrpc", "2.0"}, {"id", 4711}, {"result", {{"running", false}}}});
        const std::string body =
            json{{"jsonrpc", "2.0"}, {"id", request.json["id"]}, {"result", {{"running", true}}}}.dump();
        const std::size_t length = body.size() + 1;
        std::string frame{'\0', '\0', static_cast<char>(length >> 8), static_cast<char>(length), '\0'};
        frame += body;
        for (const char c : frame) peer.send_bytes(std::string(1, c));
        (void)peer.receive();
    });
    CHECK(finished.exit == 0);
    CHECK(json::parse(finished.out)["running"] == true);
    CHECK(finished.err.empty());
}

TEST_CASE("a reply of the largest size is read", "[cli]") {
    const auto finished = status([](CorePeer& peer) {
        const auto request = peer.receive();
        json reply{{"jsonrpc", "2.0"}, {"id", request.json["id"]}, {"result", {{"profile", ""}}}};
        reply["result"]["profile"] = std::string(1024 * 1024 - 1 - reply.dump().size(), 'p');
        peer.send(reply);
        (void)peer.receive();
    });
    CHECK(finished.exit == 0);
    CHECK(json::parse(finished.out)["profile"].get<std::string>().size() > 1'000'000);
}

TEST_CASE("a reply with neither result nor error is a protocol error", "[cli]") {
    const auto finished = status([](CorePeer& peer) {
        const auto request = peer.receive();
        peer.send({{"jsonrpc", "2.0"}, {"id", request.json["id"]}});
        (void)peer.receive();
    });
    CHECK(error_code(finished) == "protocol_error");
}

TEST_CASE("a core that stays silent is given up after the limit", "[cli]") {
    std::atomic<bool> done = false;
    const FakeCore core([&](CorePeer& peer) {
        (void)peer.receive();
        while (!done) std::this_thread::sleep_for(10ms);
    });
    auto client = cli::ControlClient::connect(core.socket());
    REQUIRE(client);
    cli::Waiting waiting;
    waiting.limit = 300ms;
    const auto begin = std::chrono::steady_clock::now();
    const auto reply = client->call("service.status", nullptr, {}, {}, waiting);
    const auto took = std::chrono::steady_clock::now() - begin;
    done = true;
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == "service_timeout");
    CHECK(took >= 290ms);
    CHECK(took < 5s);
}

TEST_CASE("notifications keep a long request alive, silence ends it", "[cli]") {
    std::atomic<bool> done = false;
    const FakeCore core([&](CorePeer& peer) {
        const auto request = peer.receive();
        for (int i = 1; i <= 8; ++i) {
            std::this_thread::sleep_for(100ms);
            peer.send({{"jsonrpc", "2.0"}, {"method", "progress"}, {"params", {{"done", i}, {"total", 8}}}});
        }
        peer.reply(request, 1);
        while (!done) std::this_thread::sleep_for(10ms);
    });
    auto client = cli::ControlClient::connect(core.socket());
    REQUIRE(client);
    int heard = 0;
    cli::Waiting waiting;
    waiting.limit = 400ms;
    waiting.on_notification = [&](std::string_view method, const json&) {
        heard += method == "progress" ? 1 : 0;
    };
    const auto reply = client->call("file.sign", nullptr, {}, {}, waiting);
    done = true;
    CHECK(reply);
    CHECK(heard == 8);
}

TEST_CASE("a secret goes in a frame of its own and a descriptor with the first byte [R53]", "[cli]") {
    Received seen;
    const FakeCore core([&](CorePeer& peer) {
        seen = peer.receive();
        peer.reply(seen, json::object()); // behind it, this thread leaves what it saw alone
        (void)peer.receive();
    });
    const TemporaryDirectory directory;
    const Descriptor file(::open((directory.path() / "f").c_str(), O_RDWR | O_CREAT, 0600));
    {
        auto client = cli::ControlClient::connect(core.socket());
        REQUIRE(client);
        std::vector<cli::NamedSecret> secrets;
        secrets.emplace_back("pin", Secret(as_bytes("847261")));
        secrets.emplace_back("new_pin", Secret(as_bytes("59382")));
        REQUIRE(
            client->call("token.changePin", {{"role", "user"}}, std::move(secrets), {{"input", file.get()}}));
    }
    CHECK(seen.json["secrets"] == json{"pin", "new_pin"});
    CHECK(seen.secrets == std::vector<std::string>{"847261", "59382"});
    CHECK(seen.json.dump().find("847261") == std::string::npos);
    CHECK(seen.json["descriptors"] == json{"input"});
    REQUIRE(seen.descriptors.size() == 1);
    struct stat ours {};
    struct stat theirs {};
    REQUIRE(::fstat(file.get(), &ours) == 0);
    REQUIRE(::fstat(seen.descriptors[0].get(), &theirs) == 0);
    CHECK(ours.st_ino == theirs.st_ino);
}

TEST_CASE("what is larger than a message or a secret may be is not sent", "[cli]") {
    const FakeCore core([](CorePeer& peer) { (void)peer.receive(); });
    auto client = cli::ControlClient::connect(core.socket());
    REQUIRE(client);
    const auto large = client->call("x", {{"data", std::string(1024 * 1024, 'a')}});
    REQUIRE_FALSE(large);
    CHECK(large.error().code == "limit_exceeded");
    std::vector<cli::NamedSecret> secrets;
    secrets.emplace_back("pin", Secret(cli::max_secret_bytes + 1));
    const auto secret = client->call("x", nullptr, std::move(secrets));
    REQUIRE_FALSE(secret);
    CHECK(secret.error().code == "limit_exceeded");
}
