// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/cli/failure.hpp>
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>

using namespace mohr::cli;

TEST_CASE("a wrong PIN of the service becomes message M18 and exit code 5 [R55]", "[cli]") {
    const auto failure = failure_from_error({{"code", -32020},
                                             {"message", "The PIN was wrong."},
                                             {"data", {{"code", "pin_wrong"}, {"triesLeft", 3}}}});
    CHECK(failure.exit == Exit::pin_wrong);
    CHECK(describe(failure, Language::en) == "Wrong PIN. 3 attempts left.");
    CHECK(describe(failure, Language::fa) == "رمز نادرست است. ۳ تلاش باقی مانده است.");
    const auto document = to_document(failure);
    CHECK(document["error"]["code"] == "pin_wrong");
    CHECK(document["error"]["triesLeft"] == 3);
    CHECK(document["error"]["exit"] == 5);
    CHECK(document["error"]["exitName"] == "pin_wrong");
}

TEST_CASE("a blocked PIN says by whose PIN it was what is left to do [R56] [R57]", "[cli]") {
    auto failure =
        failure_from_error({{"message", "The PIN is blocked."}, {"data", {{"code", "pin_blocked"}}}});
    CHECK(failure.exit == Exit::pin_blocked);
    failure.role = PinRole::user;
    CHECK(describe(failure, Language::en) == "User PIN locked. Unlock it with the admin PIN.");
    failure.role = PinRole::admin;
    CHECK(describe(failure, Language::en) == "Admin PIN locked. Only a reset remains; keys will be lost.");
}

TEST_CASE("the rule that a new PIN breaks is said for its role [R42] [R43] [R44] [R45]", "[cli]") {
    const auto text = [](const char* reason, PinRole role) {
        auto failure =
            failure_from_error({{"message", "m"}, {"data", {{"code", "pin_invalid"}, {"reason", reason}}}});
        failure.role = role;
        return describe(failure, Language::en);
    };
    CHECK(text("characters", PinRole::user) == "The user PIN may contain English digits only.");
    // With the admin PIN as proof, a new user PIN may be the one that is wrong.
    CHECK(text("user:length", PinRole::admin) == "The user PIN must have 4 to 24 digits.");
    CHECK(text("admin:length", PinRole::none) == "The admin PIN must have 4 to 24 characters.");
    CHECK(text("length", PinRole::user) == "The user PIN must have 4 to 24 digits.");
    CHECK(text("length", PinRole::admin) == "The admin PIN must have 4 to 24 characters.");
    CHECK(text("characters", PinRole::admin) ==
          "The admin PIN may contain English letters and digits only; case matters.");
}

TEST_CASE("a refused password of the account is told apart from one that could not be checked [R57] [R146]",
          "[cli]") {
    const auto text = [](nlohmann::json data) {
        return describe(failure_from_error({{"message", "m"}, {"data", std::move(data)}}), Language::en);
    };
    CHECK(text({{"code", "owner_authentication_needed"}}) == "The password of this computer is wrong.");
    CHECK(
        text({{"code", "owner_authentication_needed"}, {"reason", "unavailable"}}) ==
        "The password of this computer cannot be checked: is mohr-owner-auth.socket running (systemctl --user)?");
}

TEST_CASE("an error object that is not one is still a failure", "[cli]") {
    for (const auto& error : {nlohmann::json(nullptr), nlohmann::json("x"), nlohmann::json::array(),
                              nlohmann::json{{"data", 5}}, nlohmann::json{{"data", {{"code", 7}}}}}) {
        const auto failure = failure_from_error(error);
        CHECK(failure.exit == Exit::failed);
        CHECK_FALSE(describe(failure, Language::en).empty());
    }
}

TEST_CASE("foreign text in an error reaches the terminal only in printable form", "[cli]") {
    auto failure =
        failure_from_error({{"message", "a\033[2Jb"},
                            {"data", {{"code", "unknown_code"}, {"path", "x\u202Ey"}, {"reason", "\007"}}}});
    const std::string text = describe(failure, Language::en);
    CHECK(text.find('\033') == std::string::npos);
    CHECK(text.find("\u202E") == std::string::npos);
    CHECK(text.find('\007') == std::string::npos);
    CHECK(text.find("\\u{1b}") != std::string::npos);
}

TEST_CASE("a document with invalid UTF-8 is still one line of JSON", "[cli]") {
    const std::string line = mohr::to_line({{"name", "a\xFF"
                                                     "b"}});
    CHECK(nlohmann::json::accept(line));
    CHECK(line.find('\n') == std::string::npos);
}
