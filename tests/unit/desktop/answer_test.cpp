// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "prompt/answer.hpp"

#include <nlohmann/json.hpp>

using namespace mohr::desktop;
using nlohmann::json;

namespace {
mohr::Secret secret(std::string_view text) {
    return mohr::Secret(mohr::ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}
} // namespace

TEST_CASE("an answer names its secrets and holds none [R53]", "[desktop][answer]") {
    Answer answer;
    answer.allow = true;
    answer.certificate = "aa";
    answer.secrets.push_back({"admin_pin", secret("Secret1234")});
    answer.secrets.push_back({"new_user_pin", secret("73519842")});
    const std::string text = to_json(answer, "7");
    CHECK(json::parse(text) == json::parse(R"({"jsonrpc":"2.0","id":7,"secrets":["admin_pin","new_user_pin"],
        "result":{"decision":"allow","certificate":"aa","remember":false}})"));
    CHECK(text.find("Secret1234") == std::string::npos);
    CHECK(text.find("73519842") == std::string::npos);
}

TEST_CASE("a refusal carries nothing but the decision", "[desktop][answer]") {
    Answer answer;
    answer.certificate = "aa";
    answer.remember = true;
    answer.secrets.push_back({"user_pin", secret("1234")});
    CHECK(json::parse(to_json(answer, "\"x\"")) ==
          json::parse(R"({"jsonrpc":"2.0","id":"x","result":{"decision":"deny"}})"));
}

TEST_CASE("what only some prompts offer is answered where it was given", "[desktop][answer]") {
    Answer answer;
    answer.allow = true;
    answer.remember = true;
    answer.confirmed = true;
    answer.window = mohr::protocol::Prompt::Window{20, 5};
    answer.confirm_loss = 2;
    answer.file = mohr::Bytes{1, 2, 3};
    answer.phrase = "Snow";
    answer.picture = mohr::Bytes{};
    CHECK(
        json::parse(to_json(answer, "1"))["result"] ==
        json::parse(R"({"decision":"allow","remember":true,"confirmed":true,"window":{"items":20,"minutes":5},
        "confirmLoss":2,"file":"AQID","phrase":"Snow","picture":""})"));
}
