// SPDX-License-Identifier: Apache-2.0
#include <mohr/protocol/jsonrpc.hpp>

#include <nlohmann/json.hpp>

#include <catch_compat.hpp>

using namespace mohr::protocol;
using namespace mohr::protocol::jsonrpc;
using nlohmann::json;

namespace {
Code code_of(std::string_view text, const ParseOptions& options = {}) {
    const auto message = parse(text, options);
    REQUIRE_FALSE(message);
    return message.error().failure.code;
}
} // namespace

TEST_CASE("a request is read with its id, method and parameters", "[protocol][jsonrpc]") {
    const auto message = parse(R"({"jsonrpc":"2.0","id":7,"method":"service.info","params":{"a":1}})");
    REQUIRE(message);
    CHECK(message->kind == Kind::request);
    CHECK(message->id == Id(std::int64_t{7}));
    CHECK(message->method == "service.info");
    CHECK(*message->params == json{{"a", 1}});

    const auto bare = parse(R"({"jsonrpc":"2.0","id":"seven","method":"m"})");
    REQUIRE(bare);
    CHECK(bare->id == Id(std::string("seven")));
    CHECK(bare->params->empty());

    const auto notification = parse(R"({"jsonrpc":"2.0","method":"$/cancel","params":{"id":7}})");
    REQUIRE(notification);
    CHECK(notification->kind == Kind::notification);
}

TEST_CASE("members that are text already become members of the result", "[protocol][jsonrpc]") {
    const json object{{"subject", "CN=\"Sara\""}, {"chain", {"AA==", "BB=="}}};
    const std::string more = "\"certificate\":" + object.dump();
    for (const json& fields : {json::object(), json{{"signature", "AA=="}, {"algorithm", "ECDSA-SHA-256"}}}) {
        json whole = fields;
        whole["certificate"] = object;
        const Id id(std::string("a \"quoted\" id"));
        CHECK(json::parse(make_result_with(id, fields, more)) == json::parse(make_result(id, whole)));
    }
}

TEST_CASE("text that is not strict JSON is a parse error without an id", "[protocol][jsonrpc]") {
    CHECK(code_of("") == Code::parse_error);
    CHECK(code_of("{") == Code::parse_error);
    CHECK(code_of(R"({"jsonrpc":"2.0","id":1,"method":"m"} x)") == Code::parse_error);
    CHECK(code_of(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})") == Code::parse_error);
    CHECK(code_of(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1,"a":1}})") == Code::parse_error);
    CHECK(code_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xFF\"}") == Code::parse_error);
    CHECK(code_of("// c\n{}") == Code::parse_error);
    const auto rejected = parse(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})");
    CHECK(rejected.error().id == Id());
}

TEST_CASE("nesting is taken to the sixteenth level and no further [T08]", "[protocol][jsonrpc]") {
    const auto nested = [](std::size_t levels) {
        return R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":)" + std::string(levels, '[') +
               std::string(levels, ']') + "}}";
    };
    CHECK(parse(nested(14)));
    CHECK(code_of(nested(15)) == Code::parse_error);
    CHECK(code_of(std::string(256 * 1024, '[')) == Code::parse_error);
    CHECK(code_of(nested(100'000)) == Code::parse_error);
}

TEST_CASE("what is no JSON-RPC request is refused with the id that could be read", "[protocol][jsonrpc]") {
    for (const char* text : {
             R"([])",
             R"([{"jsonrpc":"2.0","id":1,"method":"m"}])",
             R"("m")",
             R"({})",
             R"({"jsonrpc":"2.0","id":1})",
             R"({"jsonrpc":"1.0","id":1,"method":"m"})",
             R"({"jsonrpc":2.0,"id":1,"method":"m"})",
             R"({"id":1,"method":"m"})",
             R"({"jsonrpc":"2.0","id":null,"method":"m"})",
             R"({"jsonrpc":"2.0","id":1.5,"method":"m"})",
             R"({"jsonrpc":"2.0","id":true,"method":"m"})",
             R"({"jsonrpc":"2.0","id":{},"method":"m"})",
             R"({"jsonrpc":"2.0","id":18446744073709551615,"method":"m"})",
             R"({"jsonrpc":"2.0","id":1,"method":5})",
             R"({"jsonrpc":"2.0","id":1,"method":"m","params":[]})",
             R"({"jsonrpc":"2.0","id":1,"method":"m","params":null})",
             R"({"jsonrpc":"2.0","id":1,"method":"m","pin":"1234"})",
             R"({"jsonrpc":"2.0","id":1,"result":{}})",
             R"({"jsonrpc":"2.0","id":1,"method":"m","result":{}})",
         }) {
        INFO(text);
        CHECK(code_of(text) == Code::invalid_request);
    }
    CHECK(code_of(R"({"jsonrpc":"2.0","method":"m","id":")" + std::string(65, 'x') + "\"}") ==
          Code::invalid_request);
    CHECK(parse(R"({"jsonrpc":"2.0","method":"m","id":")" + std::string(64, 'x') + "\"}"));
    const auto extra = parse(R"({"jsonrpc":"2.0","id":9,"method":"m","extra":1})");
    CHECK(extra.error().id == Id(std::int64_t{9}));
}

TEST_CASE("replies and attachments are read only where they are allowed", "[protocol][jsonrpc]") {
    const ParseOptions control{.max_depth = 16, .attachments = true, .replies = true};
    const std::string request =
        R"({"jsonrpc":"2.0","id":1,"method":"token.verify","secrets":["pin"],"descriptors":["input"]})";
    CHECK(code_of(request) == Code::invalid_request);
    const auto message = parse(request, control);
    REQUIRE(message);
    CHECK(message->attachments.secrets == std::vector<std::string>{"pin"});
    CHECK(message->attachments.descriptors == std::vector<std::string>{"input"});

    const auto answer =
        parse(R"({"jsonrpc":"2.0","id":1,"result":{"decision":"allow"},"secrets":["user_pin"]})", control);
    REQUIRE(answer);
    CHECK(answer->kind == Kind::result);
    CHECK(*answer->result == json{{"decision", "allow"}});

    CHECK(code_of(R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})", control) == Code::invalid_request);
    CHECK(code_of(R"({"jsonrpc":"2.0","id":1,"result":1,"params":{}})", control) == Code::invalid_request);
    CHECK(code_of(R"({"jsonrpc":"2.0","result":1})", control) == Code::invalid_request);
}

TEST_CASE("an error carries number, sentence, stable code and its data, never the log's text",
          "[protocol][jsonrpc]") {
    Failure failure(Code::pin_wrong, "/secret/path");
    failure.tries_left = 2;
    const json reply = json::parse(make_error(Id(std::string("a")), failure, "c0ffee"));
    CHECK(reply ==
          json::parse(R"({"jsonrpc":"2.0","id":"a","error":{"code":-32020,"message":"The PIN was wrong.",
                                   "data":{"code":"pin_wrong","triesLeft":2,"id":"c0ffee"}}})"));
    const auto back = parse(make_error(Id(std::int64_t{3}), failure),
                            {.max_depth = 16, .attachments = false, .replies = true});
    REQUIRE(back);
    CHECK(back->kind == Kind::error);
    CHECK(back->error.code == Code::pin_wrong);
    CHECK(back->error.tries_left == 2U);
}

TEST_CASE("messages that are made can be read again", "[protocol][jsonrpc]") {
    const auto request = parse(make_request(Id(std::int64_t{5}), "prompt.show", {{"prompt", 7}}));
    REQUIRE(request);
    CHECK(request->method == "prompt.show");
    const auto notification = parse(make_notification("token.changed", json::object()));
    REQUIRE(notification);
    CHECK(notification->kind == Kind::notification);
    const json null_id = json::parse(make_error(Id(), Failure(Code::parse_error)));
    CHECK(null_id["id"].is_null());
    // Text that came from outside and is not UTF-8 does not make the encoder fail.
    Failure path(Code::invalid_params);
    path.path = "a\xFF";
    CHECK_NOTHROW(make_error(Id(), path));
}
