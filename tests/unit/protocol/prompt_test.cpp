// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/protocol/prompt.hpp>

#include <nlohmann/json.hpp>

using namespace mohr::protocol;

namespace {
nlohmann::json sample() {
    return nlohmann::json::parse(R"({
        "prompt": 7, "kind": "sign", "origin": "https://portal.example", "local": false,
        "registrableDomain": "portal.example", "insecure": true,
        "program": { "name": "firefox-esr", "path": "/usr/lib/f", "pid": 812, "knownBrowser": true },
        "purpose": "sign", "blind": false, "unauthenticated": false, "weak": true, "deadlineSeconds": 120,
        "legacy": true, "asksAccess": true, "asksBlind": false,
        "keyNames": ["dns: a.example"], "attributes": ["1.2.3"], "window": { "items": 200, "minutes": 15 }, "file": true,
        "documents": [ { "name": "a.txt", "size": 1200, "mediaType": "text/plain",
                         "digestAlgorithm": "SHA-256", "digest": "00", "preview": "text" } ],
        "certificates": [ { "id": "aa", "commonName": "Sara", "issuer": "CA", "notAfter": "2027", "usable": true,
                            "reason": "", "preselected": true } ],
        "pin": { "needed": true, "triesLeft": 5, "minLength": 4, "maxLength": 24, "lastWrong": false, "role": "admin",
                 "new": { "minLength": 6, "maxLength": 12 }, "problem": "too_short", "confirm": true },
        "remember": ["access"] })");
}
} // namespace

TEST_CASE("a prompt of the control API is decoded whole", "[protocol][prompt]") {
    const auto prompt = decode_prompt(sample());
    REQUIRE(prompt);
    CHECK(prompt->number == 7);
    CHECK(prompt->kind == Prompt::Kind::sign);
    CHECK(prompt->origin == "https://portal.example");
    CHECK(prompt->registrable_domain == "portal.example");
    CHECK(prompt->insecure);
    CHECK(prompt->weak);
    CHECK(prompt->program == Prompt::Program{"firefox-esr", "/usr/lib/f", 812, true});
    CHECK(prompt->deadline == std::chrono::seconds(120));
    REQUIRE(prompt->documents.size() == 1);
    CHECK(prompt->documents[0].size == 1200);
    REQUIRE(prompt->certificates.size() == 1);
    CHECK(prompt->certificates[0].preselected);
    CHECK(prompt->pin.tries_left == 5U);
    CHECK(prompt->remember == std::vector<std::string>{"access"});
    CHECK(prompt->legacy);
    CHECK(prompt->asks_access);
    CHECK_FALSE(prompt->asks_blind);
    CHECK(prompt->key_names == std::vector<std::string>{"dns: a.example"});
    CHECK(prompt->attributes == std::vector<std::string>{"1.2.3"});
    CHECK(prompt->window == Prompt::Window{200, 15});
    CHECK(prompt->file);
    CHECK(prompt->pin.admin);
    CHECK(prompt->pin.renewed);
    CHECK(prompt->pin.new_min_length == 6);
    CHECK(prompt->pin.new_max_length == 12);
    CHECK(prompt->pin.problem == "too_short");
    CHECK(prompt->pin.confirm);
}

TEST_CASE("a prompt that lacks what the decision hangs on is refused by member", "[protocol][prompt]") {
    for (const char* name :
         {"prompt", "kind", "origin", "local", "blind", "unauthenticated", "weak", "legacy", "asksAccess",
          "asksBlind", "deadlineSeconds", "documents", "certificates", "pin"}) {
        INFO(name);
        auto broken = sample();
        broken.erase(name);
        const auto prompt = decode_prompt(broken);
        REQUIRE_FALSE(prompt);
        const std::string expected = std::string(name) == "pin" ? "pin.needed" : name;
        CHECK(prompt.error().detail == "prompt.show: " + expected);
        broken[name] = nullptr;
        CHECK_FALSE(decode_prompt(broken));
    }
    auto broken = sample();
    broken["kind"] = "transfer";
    CHECK_FALSE(decode_prompt(broken));
    broken = sample();
    broken["documents"][0].erase("name");
    CHECK_FALSE(decode_prompt(broken));
    broken = sample();
    broken["certificates"][0]["usable"] = "yes";
    CHECK_FALSE(decode_prompt(broken));
    broken = sample();
    broken["pin"]["maxLength"] = 65;
    CHECK_FALSE(decode_prompt(broken));
    CHECK_FALSE(decode_prompt(nlohmann::json::array()));
}

TEST_CASE("prompts are the same question only if everything that was shown is the same",
          "[protocol][prompt]") {
    const auto one = decode_prompt(sample());
    REQUIRE(one);
    auto repeated = sample();
    repeated["prompt"] = 8;
    repeated["deadlineSeconds"] = 60;
    repeated["pin"]["lastWrong"] = true;
    repeated["pin"]["triesLeft"] = 4;
    CHECK(one->same_question(*decode_prompt(repeated)));
    const std::vector<std::pair<std::string, nlohmann::json>> changes{{"/kind", "decrypt"},
                                                                      {"/origin", "https://other.example"},
                                                                      {"/local", true},
                                                                      {"/registrableDomain", "x"},
                                                                      {"/insecure", false},
                                                                      {"/program/pid", 813},
                                                                      {"/purpose", "decrypt"},
                                                                      {"/blind", true},
                                                                      {"/unauthenticated", true},
                                                                      {"/weak", false},
                                                                      {"/documents/0/digest", "01"},
                                                                      {"/documents/0/preview", "t"},
                                                                      {"/certificates/0/id", "bb"},
                                                                      {"/remember/0", "listing"}};
    for (const auto& [where, what] : changes) {
        INFO(where);
        auto changed = sample();
        changed[nlohmann::json::json_pointer(where)] = what;
        CHECK_FALSE(one->same_question(*decode_prompt(changed)));
    }
}

TEST_CASE("the prompts of the token manager are decoded with what they ask for", "[protocol][prompt]") {
    auto json = sample();
    json["kind"] = "reset";
    json["label"] = "Sara";
    json["losses"] = {"Sara, silver"};
    json["ownerPassword"] = true;
    json["file"] = false;
    json["password"] = true;
    json["pin"]["newAdmin"] = {{"minLength", 5}, {"maxLength", 20}};
    json["certificates"][0]["level"] = "silver";
    json["certificates"][0]["uses"] = {"sign", "decrypt"};
    json["documents"][0]["previewDescriptor"] = "preview0";
    json["documents"][0]["previewOffset"] = 5;
    const auto prompt = decode_prompt(json);
    REQUIRE(prompt);
    CHECK(prompt->needs_window());
    CHECK(prompt->label == "Sara");
    CHECK(prompt->losses == std::vector<std::string>{"Sara, silver"});
    CHECK(prompt->owner_password);
    CHECK_FALSE(prompt->file);
    CHECK(prompt->password);
    CHECK(prompt->pin.renewed_admin);
    CHECK(prompt->pin.new_admin_min_length == 5);
    CHECK(prompt->pin.new_admin_max_length == 20);
    CHECK(prompt->certificates[0].level == "silver");
    CHECK(prompt->certificates[0].uses == std::vector<std::string>{"sign", "decrypt"});
    CHECK(prompt->documents[0].preview_descriptor == "preview0");
    CHECK(prompt->documents[0].preview_offset == 5);

    auto other = *prompt;
    CHECK(prompt->same_question(other));
    other.losses.clear();
    CHECK_FALSE(prompt->same_question(other));
    json["pin"]["newAdmin"]["maxLength"] = 1000;
    CHECK_FALSE(decode_prompt(json));
    CHECK_FALSE(decode_prompt(sample())->needs_window());
}
