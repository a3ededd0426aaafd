// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "manager/token_facts.hpp"
#include "qt_application.hpp"

#include <nlohmann/json.hpp>

using namespace mohr::desktop;
using nlohmann::json;

namespace {

json info(const char* state = "initialised") {
    const json role{{"set", true}, {"blocked", false}, {"triesLeft", 5}, {"triesAtMost", 5}};
    return {{"state", state}, {"label", "Mohr"}, {"serial", "0011223344556677"},
            {"user", role},   {"admin", role},   {"unlocked", false}};
}
void block(json& facts, const char* role) {
    facts[role]["blocked"] = true;
    facts[role]["triesLeft"] = 0;
}

} // namespace

TEST_CASE("the person is told the gravest state of the token [R142]", "[desktop]") {
    json facts = info();
    CHECK(condition_of(token_facts(facts)) == TokenCondition::locked);
    facts["unlocked"] = true;
    CHECK(condition_of(token_facts(facts)) == TokenCondition::ready);
    block(facts, "user");
    CHECK(condition_of(token_facts(facts)) == TokenCondition::user_blocked);
    block(facts, "admin");
    CHECK(condition_of(token_facts(facts)) == TokenCondition::admin_blocked);
    CHECK(condition_of(token_facts(info("activated"))) == TokenCondition::not_initialised);
    CHECK(condition_of(token_facts(info("not_activated"))) == TokenCondition::not_activated);
    CHECK(condition_of(token_facts(json::object())) == TokenCondition::unknown);
    CHECK(condition_of(token_facts(json("text"))) == TokenCondition::unknown);
}

TEST_CASE("a blocked PIN is told in the words of the catalogue [R56] [R57]", "[desktop]") {
    mohr::test::use_language(Language::fa);
    json facts = info();
    block(facts, "user");
    CHECK(condition_text(token_facts(facts)) == qtTrId("M19"));
    facts = info();
    block(facts, "admin");
    CHECK(condition_text(token_facts(facts)).startsWith(qtTrId("M20")));
    CHECK(condition_text(token_facts(facts)) != qtTrId("M20")); // the user PIN still works, and that is said
    block(facts, "user");
    CHECK(condition_text(token_facts(facts)) == qtTrId("M20"));
}
