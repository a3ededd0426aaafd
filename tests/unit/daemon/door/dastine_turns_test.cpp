// SPDX-License-Identifier: Apache-2.0
// Several pages of one site that want the core at the same time.
#include "dastine_fixture.hpp"

using namespace mohr;
using namespace mohr::test;
using protocol::Code;

namespace {
constexpr const char* select_command = "SelectCertificateFromTokenByUI";

struct Tabs : DastineFixture {
    Tabs() {
        open(2);
        open(3);
    }
    /// Each connection is a tab of its own.
    static json from(link::ConnectionId tab, json message) {
        message["info"] = "tab" + std::to_string(tab);
        return message;
    }
    void ask(link::ConnectionId tab, const json& message) {
        (void)front.on_text(tab, from(tab, message).dump(), true);
    }
    void ask(link::ConnectionId tab, const char* command = select_command) {
        ask(tab, json{{"command", command}});
    }
    std::vector<std::string> results(link::ConnectionId tab) {
        std::vector<std::string> out;
        for (const json& reply : host.replies[tab])
            out.push_back(std::string(reply["command"]) + "=" + std::string(reply["Result"]));
        return out;
    }
    [[nodiscard]] std::vector<link::ConnectionId> asked_for() const {
        std::vector<link::ConnectionId> out;
        for (const auto& operation : host.operations) out.push_back(operation.connection);
        return out;
    }
    using Ids = std::vector<link::ConnectionId>;
    using Texts = std::vector<std::string>;
};
} // namespace

TEST_CASE_METHOD(Tabs, "pages of one site are asked one after the other, in the order they came [R190] [T15]",
                 "[dastine]") {
    for (const link::ConnectionId tab : {1, 2, 3}) ask(tab);
    CHECK(asked_for() == Ids{1});
    // Another site does not wait for them.
    open(4, link::Access::granted, "http://other.example");
    ask(4);
    CHECK(asked_for() == Ids{1, 4});
    front.on_reply(2, link::Answer(link::Selected{view()}));
    CHECK(asked_for() == Ids{1, 4});
    // What is answered at once is so also where a command waits.
    for (const char* const command : {"TokenRemoveHandler", "GetVersion", "GetSelectedCertificate"})
        ask(2, command);
    CHECK(results(2) == Texts{"TokenRemoveHandler=10", "GetVersion=5.8.38.0", "GetSelectedCertificate=11"});
    front.on_reply(1, link::Answer(link::Selected{view()}));
    CHECK(results(1) == Texts{"SelectCertificateFromTokenByUI=0"});
    CHECK(asked_for() == Ids{1, 4, 2});
    CHECK(host.operations.back().session == "tab2");
    // The first asks again: it comes after those that wait.
    ask(1, json{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA256"}});
    front.on_reply(3, protocol::Failure(Code::user_cancelled));
    CHECK(results(2).back() == "SelectCertificateFromTokenByUI=18");
    CHECK(asked_for() == Ids{1, 4, 2, 3});
    front.on_reply(4, link::Answer(link::Selected{view()}));
    CHECK(results(3) == Texts{"SelectCertificateFromTokenByUI=0"});
    CHECK(asked_for() == Ids{1, 4, 2, 3, 1});
    front.on_reply(5, signed_by_core({1}));
    CHECK(results(1).back() == "Sign=AQ==");
    CHECK(host.cancelled.empty());
}

TEST_CASE_METHOD(Tabs, "a page that closes while it waits for another is not asked any more [R190]",
                 "[dastine]") {
    for (const link::ConnectionId tab : {1, 2, 3}) ask(tab);
    front.close(2);
    CHECK(asked_for() == Ids{1});
    CHECK(host.cancelled.empty());
    front.close(1);
    CHECK(host.cancelled == std::vector<link::OperationId>{1});
    CHECK(asked_for() == Ids{1, 3});
    front.on_reply(2, link::Answer(link::Selected{view()}));
    CHECK(results(3) == Texts{"SelectCertificateFromTokenByUI=0"});
}

TEST_CASE_METHOD(Tabs, "a socket that closes with commands of two pages begins none of them [R190] [T15]",
                 "[dastine]") {
    ask(1);
    (void)front.on_text(1, from(2, json{{"command", select_command}}).dump(), true);
    ask(3);
    front.close(1);
    CHECK(host.cancelled == std::vector<link::OperationId>{1});
    CHECK(asked_for() == Ids{1, 3});
}

TEST_CASE_METHOD(Tabs, "Reset takes out what its page has waiting behind another page [R190]", "[dastine]") {
    ask(1);
    ask(2);
    ask(2, json{{"command", "CmsDecrypt"}, {"cipher", "AAAA"}});
    ask(3);
    ask(2, "Reset");
    CHECK(results(2) == Texts{"SelectCertificateFromTokenByUI=18", "CmsDecrypt=18", "Reset=0"});
    ask(2);
    CHECK(count(1) == 0);
    CHECK(host.cancelled.empty());
    for (link::OperationId id = 1; id <= 3; ++id) front.on_reply(id, link::Answer(link::Selected{view()}));
    CHECK(asked_for() == Ids{1, 3, 2});
    CHECK(results(2).back() == "SelectCertificateFromTokenByUI=0");
}

TEST_CASE_METHOD(Tabs, "the time that a page gives its prompt begins when it is shown [R190]", "[dastine]") {
    ask(2, json{{"command", "SetConfig"},
                {"config", "<Configuration><PINWindowTimeout>90</PINWindowTimeout></Configuration>"}});
    for (const link::ConnectionId tab : {1, 2, 3}) ask(tab);
    front.on_state(1, link::PromptState::shown);
    clock.advance(std::chrono::minutes(2));
    front.tick();
    front.on_reply(1, protocol::Failure(Code::consent_timeout));
    CHECK(results(1) == Texts{"SelectCertificateFromTokenByUI=13"});
    CHECK(asked_for() == Ids{1, 2});
    front.on_state(2, link::PromptState::shown);
    clock.advance(std::chrono::seconds(89));
    front.tick();
    CHECK(count(2) == 1);
    clock.advance(std::chrono::seconds(1));
    front.tick();
    CHECK(results(2).back() == "SelectCertificateFromTokenByUI=13");
    CHECK(host.cancelled == std::vector<link::OperationId>{2});
    CHECK(asked_for() == Ids{1, 2, 3});
}

TEST_CASE("a service that ends begins nothing that waits [R190]", "[dastine]") {
    FakeClock clock;
    DastineRecorder host;
    {
        door::DastineFront front({{}, "5.8.38.0"}, clock, host);
        for (const link::ConnectionId tab : {1, 2, 3}) {
            front.open(tab, "http://portal.example", DastineFixture::site(link::Access::granted));
            (void)front.on_text(tab, Tabs::from(tab, json{{"command", select_command}}).dump(), true);
        }
    }
    CHECK(host.operations.size() == 1);
    CHECK(host.cancelled == std::vector<link::OperationId>{1});
}
