// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "control_json.hpp"
#include "prompt_json.hpp"

#include <nlohmann/json.hpp>

using namespace mohr;
using namespace mohr::core;
using nlohmann::json;

TEST_CASE("a prompt says that a site is legacy, what a yes covers, and what the answer brings", "[control]") {
    PromptRequest prompt;
    prompt.kind = PromptKind::change_pin;
    prompt.legacy = true;
    prompt.asks_access = true;
    prompt.attributes = {"1.2.3"};
    prompt.key_names = {"dns: a.example"};
    prompt.window = WindowTerms{200, 15};
    prompt.pin.renewed = true;
    prompt.pin.problem = "sequence";
    prompt.pin.confirm = true;
    const json out = to_control_json(prompt);
    CHECK(out.at("kind") == "change_pin");
    CHECK(out.at("legacy") == true);
    CHECK(out.at("asksAccess") == true);
    CHECK(out.at("asksBlind") == false);
    CHECK(out.at("attributes") == json{"1.2.3"});
    CHECK(out.at("keyNames") == json{"dns: a.example"});
    CHECK(out.at("window") == json{{"items", 200}, {"minutes", 15}});
    CHECK(out.at("pin").at("role") == "user");
    CHECK(out.at("pin").at("new").at("minLength") == 4);
    CHECK(out.at("pin").at("problem") == "sequence");
    CHECK(out.at("pin").at("confirm") == true);
    CHECK_FALSE(to_control_json(PromptRequest{}).contains("window"));
}

TEST_CASE("an answer's window and file are read strictly, and what is no answer is no permission",
          "[control]") {
    const auto answer = prompt_answer_from(json::parse(
        R"({"decision":"allow","window":{"items":20,"minutes":5},"file":"AQID","confirmed":true})"));
    REQUIRE(answer);
    CHECK(answer->window == WindowTerms{20, 5});
    CHECK(answer->file == Bytes{1, 2, 3});
    CHECK(answer->confirmed);
    for (const char* window : {"20", "null", "{}", R"({"items":20})", R"({"items":-1,"minutes":5})",
                               R"({"items":20,"minutes":5,"more":1})", R"({"items":"20","minutes":5})"})
        CHECK_FALSE(prompt_answer_from({{"decision", "allow"}, {"window", json::parse(window)}}));
    CHECK_FALSE(prompt_answer_from({{"decision", "allow"}, {"file", "not base64!"}}));
    CHECK_FALSE(prompt_answer_from({{"decision", "allow"}, {"pin", "1234"}}));
}

TEST_CASE(
    "text of pages, documents and certificates reaches an agent without characters that turn a line [T17]",
    "[control]") {
    const std::string turned = "pay \xe2\x80\xae"
                               "01\xe2\x81\xa9\x1b[2J";
    const std::string safe = "pay \\u{202e}01\\u{2069}\\u{1b}[2J";
    PromptRequest request;
    PromptDocument document;
    document.name = document.media_type = turned;
    document.preview =
        turned + "\n\tسند می‌شود"; // with a zero-width non-joiner, which Persian needs
    request.documents.push_back(document);
    PromptCertificate certificate;
    certificate.common_name = certificate.issuer = turned;
    request.certificates.push_back(certificate);
    request.program.name = request.program.path = request.key_subject = turned;
    request.key_names = request.attributes = {turned};
    const nlohmann::json prompt = to_control_json(request);
    CHECK(prompt["documents"][0]["name"] == safe);
    CHECK(prompt["documents"][0]["mediaType"] == safe);
    CHECK(prompt["documents"][0]["preview"] == safe + "\n\tسند می‌شود");
    CHECK(prompt["certificates"][0]["commonName"] == safe);
    CHECK(prompt["certificates"][0]["issuer"] == safe);
    CHECK(prompt["program"]["name"] == safe);
    CHECK(prompt["program"]["path"] == safe);
    CHECK(prompt["keySubject"] == safe);
    CHECK(prompt["keyNames"] == nlohmann::json{safe});
    CHECK(prompt["attributes"] == nlohmann::json{safe});
    CHECK(prompt.dump().find("\xe2\x80\xae") == std::string::npos);
}
