// SPDX-License-Identifier: Apache-2.0
#include "held_disk.hpp"
#include <mohr/base/encoding.hpp>

#include <boost/endian/conversion.hpp>
#include <nlohmann/json.hpp>
#include <sys/mman.h>

#include <algorithm>
#include <fcntl.h>

#include <catch_compat.hpp>
#include <door/session.hpp>
#include <fake_clock.hpp>

using namespace mohr;
using namespace mohr::door;
using nlohmann::json;
namespace link_ = mohr::protocol::link;

namespace {

/// Writes down what the session does.
struct Recorder final : SessionHost {
    void send(std::string text) override {
        json message = json::parse(text);
        (message.contains("method") ? notifications : replies).push_back(std::move(message));
    }
    void send(Bytes binary) override {
        sent_bytes += binary.size() - 4;
        largest = std::max(largest, binary.size());
        binaries.push_back(std::move(binary));
    }
    [[nodiscard]] std::size_t unsent_bytes() const override { return unsent; }
    void close(CloseCode code) override { closed.push_back(code); }
    [[nodiscard]] link_::OperationId start_operation(link_::Request request, Descriptors previews) override {
        requests.push_back(std::move(request));
        descriptors.push_back(std::move(previews));
        return requests.size();
    }
    void cancel_operation(link_::OperationId id) override { cancelled.push_back(id); }
    void open_spool(std::uint64_t, std::function<void(SpoolFile)> opened) override {
        spools.push_back(std::move(opened));
    }
    void step_soon() override { ++steps; }
    void failed(std::string_view, std::string_view, const Failure&) override {}

    std::vector<json> replies;
    std::vector<json> notifications;
    std::vector<Bytes> binaries;
    std::vector<CloseCode> closed;
    std::vector<link_::Request> requests;
    std::vector<Descriptors> descriptors;
    std::vector<link_::OperationId> cancelled;
    std::vector<std::function<void(SpoolFile)>> spools;
    std::size_t unsent = 0;
    std::uint64_t sent_bytes = 0;
    std::size_t largest = 0;
    unsigned steps = 0;
};

struct Fixture {
    test::FakeClock clock;
    Recorder host;
    Session session;
    std::int64_t last_id = 0;

    explicit Fixture(link_::Access access = link_::Access::granted, link_::Limits limits = {})
        : session({limits, "0.1.0", "https://portal.example", 7}, clock, host) {
        session.on_site(access, "initialised");
    }
    std::int64_t send(std::string_view method, const json& params = json::object()) {
        const std::int64_t id = ++last_id;
        session.on_text(json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump());
        return id;
    }
    json reply(std::int64_t id) {
        json found;
        int count = 0;
        for (const json& one : host.replies)
            if (one["id"] == id) {
                found = one;
                ++count;
            }
        CHECK(count <= 1);
        return found;
    }
    std::string code(std::int64_t id) {
        const json one = reply(id);
        return one.contains("error") ? one["error"]["data"]["code"].get<std::string>() : "no error";
    }
    std::string code(std::string_view method, const json& params = json::object()) {
        return code(send(method, params));
    }
    json result(std::string_view method, const json& params = json::object()) {
        return reply(send(method, params))["result"];
    }
    void binary(std::uint32_t stream, std::size_t size) {
        Bytes message(4 + size, 'x');
        boost::endian::store_big_u32(message.data(), stream);
        session.on_binary(message, true);
    }
    std::uint64_t credit_of(std::uint32_t stream) {
        std::uint64_t sum = 0;
        for (const json& one : host.notifications)
            if (one["method"] == "stream.credit" && one["params"]["stream"] == stream)
                sum += one["params"]["bytes"].get<std::uint64_t>();
        return sum;
    }
    std::size_t count(std::string_view method) {
        return static_cast<std::size_t>(
            std::count_if(host.notifications.begin(), host.notifications.end(), [&](const json& one) {
                return one["method"].get_ref<const std::string&>() == method;
            }));
    }
};

json inline_document(std::string_view text = "hello") {
    return {{"name", "a.txt"}, {"data", to_base64(as_bytes(text))}};
}

} // namespace

TEST_CASE("before a grant everything but info and access is denied the same way [T13]", "[door][session]") {
    for (const auto access : {link_::Access::undecided, link_::Access::denied, link_::Access::silenced}) {
        Fixture with_token(access);
        Fixture without_token(access);
        without_token.session.on_site(access, "not_activated");
        for (Fixture* one : {&with_token, &without_token}) {
            const json info = one->result("service.info");
            CHECK(info["access"] == protocol::web::access_name(access));
            CHECK_FALSE(info.contains("token"));
            CHECK_FALSE(info.contains("limits"));
            for (const auto& method : protocol::web::methods)
                if (!method.before_grant) CHECK(one->code(method.name) == "origin_denied");
            CHECK(one->host.requests.empty());
        }
        CHECK(with_token.host.replies == without_token.host.replies);
        with_token.send("service.requestAccess");
        CHECK(with_token.host.requests.size() == 1);
    }
}

TEST_CASE("the third unknown method closes the connection [T07]", "[door][session]") {
    Fixture f(link_::Access::undecided);
    CHECK(f.code("shell.run") == "method_not_found");
    f.session.on_text(R"({"jsonrpc":"2.0","method":"guess"})");
    CHECK(f.host.closed.empty());
    CHECK(f.code("update") == "method_not_found");
    CHECK(f.host.closed == std::vector<CloseCode>{CloseCode::policy});
}

TEST_CASE("the method list is closed: no method takes a path, a URL, a command or a secret [T07] [T16]",
          "[door][session]") {
    std::string names;
    for (const auto& method : protocol::web::methods) names += std::string(method.name) + "\n";
    CHECK(names ==
          "service.info\nservice.requestAccess\ncertificates.select\ncertificates.list\nauth.authenticate\n"
          "sign.raw\nsign.cms\nsign.batch\nencrypt.cms\ndecrypt.cms\nkeys.generate\ncertificates.import\n"
          "verify\nstream.open\nstream.close\n");
    Fixture f;
    for (const auto& method : protocol::web::methods)
        for (const char* member : {"pin", "password", "secret", "path", "url", "command", "library"}) {
            INFO(method.name << " " << member);
            const json reply = f.reply(f.send(method.name, {{member, "1234"}}));
            REQUIRE(reply.contains("error"));
            CHECK(reply["error"]["data"]["code"] == "invalid_params");
        }
    CHECK(f.host.requests.empty());
}

TEST_CASE("wrong parameters are named by their path and change nothing", "[door][session]") {
    Fixture f;
    const auto path_of = [&](std::string_view method, const json& params) {
        const json reply = f.reply(f.send(method, params));
        return reply["error"]["data"].value("path", "none");
    };
    CHECK(path_of("sign.raw", {{"document", {{"name", "a"}, {"data", "!"}}}}) == "document.data");
    CHECK(path_of("sign.raw", {{"document", {{"name", ""}, {"data", ""}}}}) == "document.name");
    CHECK(path_of("sign.raw", {{"document", {{"name", "a\nb"}, {"data", ""}}}}) == "document.name");
    CHECK(path_of("sign.raw", {{"document", {{"data", ""}}}}) == "document.name");
    CHECK(path_of("sign.raw", {{"document", {{"name", "a"}, {"data", ""}, {"stream", 1}}}}) ==
          "document.data");
    CHECK(path_of("sign.cms", {{"document", {{"name", "a"}, {"digest", ""}}}}) == "document.digest");
    CHECK(path_of("sign.raw", {{"document", inline_document()}, {"extra", 1}}) == "extra");
    CHECK(path_of("auth.authenticate", {{"challenge", to_base64(Bytes(31))}}) == "challenge");
    CHECK(path_of("auth.authenticate", {{"challenge", to_base64(Bytes(513))}}) == "challenge");
    CHECK(path_of("sign.batch", {{"format", "cms"}, {"items", json::array()}}) == "items");
    CHECK(
        path_of("sign.batch", {{"format", "cms"}, {"items", {{{"id", "1"}, {"document", {{"name", 5}}}}}}}) ==
        "items[0].document.name");
    CHECK(path_of("encrypt.cms", {{"document", inline_document()}, {"recipients", {"AA=="}}}) ==
          "recipients[0]");
    CHECK(path_of("stream.open", {{"direction", "download"}}) == "direction");
    CHECK(f.code("sign.raw", {{"document", inline_document()}, {"algorithm", "RSA-PSS-SHA-1"}}) ==
          "unsupported_algorithm");
    CHECK(f.code("sign.raw", {{"document", inline_document()}, {"algorithm", "DSA"}}) ==
          "unsupported_algorithm");
    CHECK(f.code("sign.cms", {{"document", inline_document()}, {"digestAlgorithm", "SHA-1"}}) ==
          "unsupported_algorithm");
    CHECK(f.code("keys.generate", {{"algorithm", "RSA-1024"}}) == "unsupported_algorithm");
    CHECK(f.code("sign.raw", {{"document", {{"name", "a"}, {"digest", to_base64(Bytes(31))}}}}) ==
          "invalid_params");
    CHECK(f.host.requests.empty());
    CHECK(f.session.requests() == 0);
}

TEST_CASE("a document under the login context is refused, whatever its size [T19]", "[door][session]") {
    Fixture f;
    std::string login("mohr-auth-v1\0", 13);
    CHECK(f.code("sign.raw", {{"document", inline_document(login + "rest")}}) == "login_context");
    CHECK(f.code("sign.raw", {{"document", inline_document(login + std::string(90'000, 'x'))}}) ==
          "login_context");
    CHECK(f.host.requests.empty());
    f.send("sign.raw", {{"document", inline_document(login.substr(0, 12))}});
    CHECK(f.host.requests.size() == 1);
}

TEST_CASE("the beginning of a large document is looked at however its messages cut it [T19]",
          "[door][session]") {
    // Signed attributes, of which one is too large for a preview.
    const std::string attributes("\x31\x83\x01\x60\x00\x30\x83\x01\x50\x00\x06\x03\x2a\x03\x04", 15);
    for (const std::string& head : {std::string("mohr-auth-v1\0", 13), attributes})
        for (const std::size_t first : {1U, 5U, 12U}) {
            Fixture f;
            const std::string content = head + std::string(90'000, 'x');
            const json opened = f.result("stream.open", {{"direction", "upload"}});
            const auto stream = opened["stream"].get<std::uint32_t>();
            const auto id = f.send("sign.raw", {{"document", {{"name", "big"}, {"stream", stream}}}});
            for (const std::string& part : {content.substr(0, first), content.substr(first)}) {
                Bytes message(4 + part.size());
                boost::endian::store_big_u32(message.data(), stream);
                std::copy(part.begin(), part.end(), message.begin() + 4);
                f.session.on_binary(message, true);
            }
            f.send("stream.close", {{"stream", stream}});
            CHECK(f.code(id) == "login_context");
            CHECK(f.host.requests.empty());
        }
}

TEST_CASE("a request names digest, size and whole preview of its document to the core [T18]",
          "[door][session]") {
    Fixture f;
    f.send("sign.batch",
           {{"format", "raw"},
            {"items",
             {{{"id", "1"}, {"document", inline_document("first")}},
              {{"id", "2"}, {"document", inline_document("second")}},
              {{"id", "3"}, {"document", inline_document("third")}},
              {{"id", "4"}, {"document", {{"name", "d"}, {"digest", to_base64(Bytes(32, 7))}}}}}}});
    REQUIRE(f.host.requests.size() == 1);
    const auto& sign = std::get<link_::Sign>(f.host.requests[0]);
    REQUIRE(sign.items.size() == 4);
    CHECK(sign.items[0].digest == digest(DigestAlgorithm::sha256, as_bytes("first")));
    CHECK(sign.items[0].size == 5);
    CHECK(sign.items[1].preview == 0);
    CHECK(sign.items[2].preview == 0);
    CHECK(sign.items[3].blind);
    CHECK(sign.items[3].preview == -1);
    CHECK(sign.items[2].preview_offset == 11);
    CHECK(f.host.descriptors[0].empty());
    REQUIRE(sign.previews);
    CHECK(as_text(*sign.previews) == "firstsecondthird");

    // More than a message should carry goes into a sealed descriptor.
    const std::string large(20'000, 'y');
    f.send("sign.batch", {{"format", "raw"},
                          {"items",
                           {{{"id", "1"}, {"document", inline_document("first")}},
                            {{"id", "2"}, {"document", inline_document(large)}}}}});
    REQUIRE(f.host.requests.size() == 2);
    CHECK_FALSE(std::get<link_::Sign>(f.host.requests[1]).previews);
    REQUIRE(f.host.descriptors[1].size() == 1);
    const int file = f.host.descriptors[1][0].get();
    std::string preview(30'000, '\0');
    const auto size = ::pread(file, preview.data(), preview.size(), 0);
    CHECK(preview.substr(0, static_cast<std::size_t>(size)) == "first" + large);
    CHECK(::pwrite(file, "x", 1, 0) == -1); // sealed
}

TEST_CASE("a document that is not small has its preview in a sealed descriptor, up to 16 MiB [T18]",
          "[door][session]") {
    Fixture f;
    const std::string large(90'000, 'y');
    const auto sign_stream = [&](std::uint64_t size, bool announced) {
        json open{{"direction", "upload"}};
        if (announced) open["size"] = size;
        const auto stream = f.result("stream.open", open)["stream"].get<std::uint32_t>();
        f.send("sign.cms", {{"document", {{"name", "big"}, {"stream", stream}}}});
        Bytes message(4 + 1024 * 1024 - 4, 'z');
        boost::endian::store_big_u32(message.data(), stream);
        for (std::uint64_t left = size; left > 0;) {
            const auto n = std::min<std::uint64_t>(left, message.size() - 4);
            f.session.on_binary(ByteView(message).first(4 + n), true);
            left -= n;
        }
        f.send("stream.close", {{"stream", stream}});
        return std::get<link_::Sign>(f.host.requests.back()).items[0];
    };
    f.send("sign.batch", {{"format", "raw"},
                          {"items",
                           {{{"id", "1"}, {"document", inline_document("small")}},
                            {{"id", "2"}, {"document", inline_document(large)}}}}});
    const auto& batch = std::get<link_::Sign>(f.host.requests.back());
    REQUIRE(f.host.descriptors.back().size() == 1);
    CHECK_FALSE(batch.previews);
    const int file = f.host.descriptors.back()[0].get();
    for (const auto& [item, content] :
         {std::pair(batch.items[0], std::string("small")), {batch.items[1], large}}) {
        CHECK(item.preview == 0);
        std::string there(content.size(), '\0');
        CHECK(::pread(file, there.data(), there.size(), static_cast<off_t>(item.preview_offset)) ==
              static_cast<ssize_t>(content.size()));
        CHECK(there == content);
    }
    CHECK(::fcntl(file, F_GET_SEALS) == (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));

    constexpr std::uint64_t most = 16 * 1024 * 1024;
    for (const bool announced : {false, true}) {
        CHECK(sign_stream(most, announced).preview == 0);
        CHECK(f.host.descriptors.back().size() == 1);
        const auto over = sign_stream(most + 1, announced);
        CHECK(over.preview == -1);
        CHECK(over.size == most + 1);
        CHECK(f.host.descriptors.back().empty());
    }
}

TEST_CASE("every request has exactly one reply, also when it is cancelled and answered late",
          "[door][session]") {
    Fixture f;
    const auto first = f.send("certificates.list");
    const auto second = f.send("certificates.list");
    f.session.on_text(R"({"jsonrpc":"2.0","method":"$/cancel","params":{"id":1}})");
    f.session.on_text(R"({"jsonrpc":"2.0","method":"$/cancel","params":{"id":1}})");
    CHECK(f.code(first) == "cancelled");
    CHECK(f.host.cancelled == std::vector<link_::OperationId>{1});
    f.session.on_reply(1, link_::Answer(link_::Listed{}));
    f.session.on_reply(2, link_::Answer(link_::Listed{}));
    f.session.on_reply(2, link_::Answer(link_::Listed{}));
    CHECK(f.reply(second)["result"]["certificates"] == json::array());
    CHECK(f.host.replies.size() == 2);
    CHECK(f.session.requests() == 0);
}

TEST_CASE("errors of the core reach the page with their data and a correlation id", "[door][session]") {
    Fixture f;
    const auto id = f.send("certificates.list");
    Failure wrong(protocol::Code::pin_wrong, "log only");
    wrong.tries_left = 3;
    f.session.on_reply(1, wrong);
    const json data = f.reply(id)["error"]["data"];
    CHECK(data["code"] == "pin_wrong");
    CHECK(data["triesLeft"] == 3);
    CHECK(data["id"].is_string());
    CHECK(f.reply(id).dump().find("log only") == std::string::npos);
}

TEST_CASE("an answer to another operation is an internal error, not a result", "[door][session]") {
    Fixture f;
    const auto id = f.send("sign.raw", {{"document", inline_document()}});
    f.session.on_reply(1, link_::Answer(link_::Listed{}));
    CHECK(f.code(id) == "internal_error");
}

TEST_CASE("thirty-two requests run at once and no more, and ids in use are refused", "[door][session]") {
    Fixture f;
    for (int i = 0; i < 32; ++i) f.send("certificates.list");
    const auto over = f.send("certificates.list");
    const json data = f.reply(over)["error"]["data"];
    CHECK(data["code"] == "limit_exceeded");
    CHECK(data["limit"] == "requests");
    CHECK(data["max"] == 32);
    CHECK(f.host.requests.size() == 32);
    f.session.on_reply(1, link_::Answer(link_::Listed{}));
    f.session.on_text(R"({"jsonrpc":"2.0","id":2,"method":"certificates.list"})");
    CHECK(f.host.replies.back()["error"]["data"]["code"] == "invalid_request");
}

TEST_CASE("the page hears of prompts, access and token, and only where it may [T13]", "[door][session]") {
    Fixture f(link_::Access::undecided);
    const auto id = f.send("service.requestAccess");
    f.session.on_state(1, link_::PromptState::queued);
    f.session.on_state(1, link_::PromptState::shown);
    f.session.on_state(99, link_::PromptState::shown);
    CHECK(f.count("consent.pending") == 2);
    CHECK(f.host.notifications[1]["params"] == json{{"id", id}, {"state", "shown"}});
    f.session.on_token_changed();
    CHECK(f.count("token.changed") == 0);
    f.session.on_site(link_::Access::granted, "initialised");
    CHECK(f.count("access.changed") == 1);
    f.session.on_token_changed();
    CHECK(f.count("token.changed") == 1);
    // Silenced: the page is told, and what it has and needs no prompt goes on.
    f.session.on_site(link_::Access::granted, "initialised", link_::Access::silenced);
    CHECK(f.host.notifications.back()["params"] == json{{"access", "silenced"}});
    const json info = f.result("service.info");
    CHECK(info["access"] == "silenced");
    CHECK(info["token"] == "initialised");
    CHECK(f.result("stream.open", {{"direction", "upload"}}).contains("stream"));
    f.session.on_site(link_::Access::granted, "initialised");
    CHECK(f.host.notifications.back()["params"] == json{{"access", "granted"}});
    f.session.stopping("switched_off");
    CHECK(f.host.notifications.back()["params"]["reason"] == "switched_off");
}

TEST_CASE("an upload is taken within its credit and hashed as it comes", "[door][session]") {
    Fixture f;
    const json opened = f.result("stream.open", {{"direction", "upload"}, {"size", 3'000'000}});
    const auto stream = opened["stream"].get<std::uint32_t>();
    std::uint64_t credit = opened["credit"].get<std::uint64_t>();
    CHECK(credit == 1024 * 1024);
    const auto id = f.send("sign.raw", {{"document", {{"name", "big"}, {"stream", stream}}}});
    CHECK(credit + f.credit_of(stream) == 3'000'000); // claimed: all of it may come
    for (int i = 0; i < 12; ++i) {
        f.binary(stream, 250'000);
        f.clock.advance(std::chrono::milliseconds(40));
    }
    CHECK(f.host.requests.empty());
    CHECK(f.result("stream.close", {{"stream", stream}})["size"] == 3'000'000);
    REQUIRE(f.host.requests.size() == 1);
    const auto& sign = std::get<link_::Sign>(f.host.requests[0]);
    CHECK(sign.items[0].digest == digest(DigestAlgorithm::sha256, Bytes(3'000'000, 'x')));
    CHECK(sign.items[0].size == 3'000'000);
    CHECK(f.count("progress") >= 3);
    CHECK(f.count("progress") <= 6); // at most ten a second: 480 ms
    CHECK(f.reply(id).is_null());
    CHECK(f.host.spools.empty());
}

TEST_CASE("bytes that come before their call wait, first in memory, then in a spool", "[door][session]") {
    Fixture f;
    const auto stream = f.result("stream.open", {{"direction", "upload"}})["stream"].get<std::uint32_t>();
    f.binary(stream, 600'000);
    REQUIRE(f.host.spools.size() == 1);
    CHECK(f.credit_of(stream) == 0);
    f.host.spools[0](Descriptor(::memfd_create("spool", MFD_CLOEXEC)));
    CHECK(f.credit_of(stream) == 600'000);
    f.binary(stream, 1'000'000);
    CHECK(f.result("stream.close", {{"stream", stream}})["size"] == 1'600'000);
    f.send("sign.raw", {{"document", {{"name", "big"}, {"stream", stream}}}});
    while (f.host.requests.empty() && f.host.steps > 0) {
        --f.host.steps;
        f.session.step();
    }
    REQUIRE(f.host.requests.size() == 1);
    CHECK(std::get<link_::Sign>(f.host.requests[0]).items[0].digest ==
          digest(DigestAlgorithm::sha256, Bytes(1'600'000, 'x')));
    CHECK(f.session.streams() == 0);
}

TEST_CASE("a page may send no more than its window while the disk hangs, and goes on with the disk",
          "[door][session]") {
    test::HeldDisk disk;
    Fixture f;
    const auto opened = f.result("stream.open", {{"direction", "upload"}});
    const auto stream = opened["stream"].get<std::uint32_t>();
    const auto credit = opened["credit"].get<std::uint64_t>();
    std::uint64_t sent = 0;
    const auto send_all_credit = [&] {
        while (sent + 250'000 <= credit + f.credit_of(stream)) {
            f.binary(stream, 250'000);
            sent += 250'000;
        }
    };
    const auto steps = [&] {
        for (; f.host.steps > 0; --f.host.steps) f.session.step();
    };
    f.binary(stream, 500'000);
    sent = 500'000;
    REQUIRE(f.host.spools.size() == 1);
    f.host.spools[0]({Descriptor(::memfd_create("spool", MFD_CLOEXEC)), &disk});
    send_all_credit();
    const std::uint64_t while_hanging = sent;
    CHECK(while_hanging <= 1024 * 1024 + Spool::record_bytes);
    CHECK(f.result("service.info")["access"] == "granted"); // this page is answered too
    for (int i = 0; i < 3; ++i) {
        disk.release();
        steps();
        send_all_credit();
    }
    CHECK(sent >= 3 * while_hanging);
    CHECK(f.result("stream.close", {{"stream", stream}})["size"] == sent);
    f.send("sign.raw", {{"document", {{"name", "big"}, {"stream", stream}}}});
    CHECK(f.host.requests.empty()); // what lies on the disk has yet to come
    while (f.host.requests.empty() && disk.jobs() + f.host.steps > 0) {
        disk.release();
        steps();
    }
    REQUIRE(f.host.requests.size() == 1);
    CHECK(std::get<link_::Sign>(f.host.requests[0]).items[0].digest ==
          digest(DigestAlgorithm::sha256, Bytes(sent, 'x')));
    CHECK(f.session.streams() == 0);
}

TEST_CASE("an attached signature is sent as fast as the disk gives its document", "[door][session]") {
    test::HeldDisk disk;
    Fixture f;
    const auto stream = f.result("stream.open", {{"direction", "upload"}})["stream"].get<std::uint32_t>();
    const std::int64_t id =
        f.send("sign.cms", {{"document", {{"name", "big"}, {"stream", stream}}}, {"detached", false}});
    for (int i = 0; i < 4; ++i) f.binary(stream, 250'000);
    REQUIRE(f.host.spools.size() == 1);
    f.host.spools[0]({Descriptor(::memfd_create("spool", MFD_CLOEXEC)), &disk});
    CHECK(f.result("stream.close", {{"stream", stream}})["size"] == 1'000'000);
    CHECK(f.host.requests.empty());
    for (int i = 0; i < 100 && f.host.requests.empty(); ++i) {
        disk.release();
        for (; f.host.steps > 0; --f.host.steps) f.session.step();
    }
    REQUIRE(f.host.requests.size() == 1);
    CHECK(std::get<link_::Sign>(f.host.requests[0]).items[0].digest ==
          digest(DigestAlgorithm::sha256, Bytes(1'000'000, 'x')));
    CHECK(f.reply(id).is_null());
}

TEST_CASE("a disk that fails ends the call with its cause, also while nothing arrives", "[door][session]") {
    test::HeldDisk disk;
    Fixture f;
    const auto stream = f.result("stream.open", {{"direction", "upload"}})["stream"].get<std::uint32_t>();
    const bool before = GENERATE(true, false);
    const json params{{"document", {{"name", "big"}, {"stream", stream}}}, {"detached", false}};
    std::int64_t id = before ? 0 : f.send("sign.cms", params);
    for (int i = 0; i < 2; ++i) f.binary(stream, 250'000);
    REQUIRE(f.host.spools.size() == 1);
    f.host.spools[0]({Descriptor(::open("/dev/full", O_RDWR | O_CLOEXEC)), &disk});
    disk.release();
    for (; f.host.steps > 0; --f.host.steps) f.session.step();
    if (before) id = f.send("sign.cms", params);
    CHECK(f.code(id) == "internal_error");
}

TEST_CASE("streams that break their word fail their call [T20]", "[door][session]") {
    Fixture f;
    const auto open = [&](std::uint64_t size) {
        return f.result("stream.open", {{"direction", "upload"}, {"size", size}})["stream"]
            .get<std::uint32_t>();
    };
    const auto sign = [&](std::uint32_t stream) {
        return f.send("sign.raw", {{"document", {{"name", "a"}, {"stream", stream}}}});
    };
    SECTION("more than announced") {
        const auto stream = open(100);
        const auto id = sign(stream);
        f.binary(stream, 101);
        CHECK(f.code(id) == "stream_error");
    }
    SECTION("less than announced") {
        const auto stream = open(100);
        const auto id = sign(stream);
        f.binary(stream, 99);
        CHECK(f.code("stream.close", {{"stream", stream}}) == "stream_error");
        CHECK(f.code(id) == "stream_error");
    }
    SECTION("more than credited") {
        const auto stream = f.result("stream.open", {{"direction", "upload"}})["stream"].get<std::uint32_t>();
        f.binary(stream, 1024 * 1024);
        f.binary(stream, 1);
        CHECK(f.code(sign(stream)) == "stream_error");
    }
    SECTION("bytes after the close") {
        const auto stream = open(5);
        const auto id = sign(stream);
        f.binary(stream, 5);
        f.send("stream.close", {{"stream", stream}});
        REQUIRE(f.host.requests.size() == 1);
        f.binary(stream, 5); // after the prompt has opened
        CHECK(std::get<link_::Sign>(f.host.requests[0]).items[0].digest ==
              digest(DigestAlgorithm::sha256, as_bytes("xxxxx")));
        CHECK(f.reply(id).is_null());
    }
    SECTION("used twice, unknown") {
        const auto stream = open(5);
        sign(stream);
        CHECK(f.code(sign(stream)) == "stream_error");
        CHECK(f.code(sign(4711)) == "stream_error");
        CHECK(f.code("verify", {{"stream", 4711}}) == "stream_error");
        CHECK(f.code("stream.close", {{"stream", 4711}}) == "stream_error");
    }
    SECTION("never opened: nobody could be told") {
        f.binary(4711, 5);
        CHECK(f.host.closed == std::vector<CloseCode>{CloseCode::policy});
    }
    SECTION("a message without a stream number") {
        f.session.on_binary(Bytes(3), true);
        CHECK(f.host.closed == std::vector<CloseCode>{CloseCode::policy});
    }
    CHECK(f.host.requests.size() <= 1);
}

TEST_CASE("eight streams may be open, and a size over the limit is refused [T09]", "[door][session]") {
    Fixture f;
    for (int i = 0; i < 8; ++i) f.send("stream.open", {{"direction", "upload"}});
    CHECK(f.code("stream.open", {{"direction", "upload"}}) == "limit_exceeded");
    f.send("stream.close", {{"stream", 1}});
    const json data = f.reply(f.send(
        "stream.open", {{"direction", "upload"}, {"size", (std::uint64_t{4} << 30U) + 1}}))["error"]["data"];
    CHECK(data["limit"] == "stream");
}

TEST_CASE("a cancelled upload lets its stream go and drops what is still under way", "[door][session]") {
    Fixture f;
    const auto stream = f.result("stream.open", {{"direction", "upload"}})["stream"].get<std::uint32_t>();
    const auto id = f.send("sign.raw", {{"document", {{"name", "a"}, {"stream", stream}}}});
    f.binary(stream, 100'000);
    f.session.on_text(json{{"jsonrpc", "2.0"}, {"method", "$/cancel"}, {"params", {{"id", id}}}}.dump());
    CHECK(f.code(id) == "cancelled");
    f.binary(stream, 100'000);
    f.send("stream.close", {{"stream", stream}});
    CHECK(f.session.streams() == 0);
    f.binary(stream, 100'000);
    CHECK(f.host.closed.empty());
    CHECK(f.host.requests.empty());
}
