// SPDX-License-Identifier: Apache-2.0
// The list of what hangs existing pages, one case a line (docs/dastine.md, "What hangs a page").
#include "dastine_fixture.hpp"
#include <mohr/protocol/dastine.hpp>

using namespace mohr;
using namespace mohr::test;
using protocol::Code;
namespace wire = protocol::dastine;

TEST_CASE_METHOD(DastineFixture, "every command gets one reply with its name and a string [R190]",
                 "[dastine]") {
    select();
    for (const wire::CommandRow& row : wire::command_rows()) {
        if (row.name == "DastineIsAlive") continue;
        CAPTURE(row.name);
        const std::size_t before = count();
        send(json{{"command", row.name},
                  {"data", "AAAA"},
                  {"cipher", "MAA="},
                  {"subjectDn", "CN=x"},
                  {"certificate", "AAAA"}});
        if (host.operations.size() > answered) fail(Code::user_cancelled);
        CHECK(count() == before + 1);
        CHECK(host.replies[1].back()["command"] == row.name);
        CHECK(host.replies[1].back()["Result"].is_string());
        CHECK_FALSE(last().empty());
    }
    CHECK(at_once("Encrypt") == "78");
    CHECK(at_once("nobody\"") == "78");
}

TEST_CASE_METHOD(DastineFixture, "commands without hardware behind them answer at once [R190]", "[dastine]") {
    const std::map<const char*, const char*> codes{
        {"CheckUpdate", "110"},
        {"InstallUpdate", "19"},
        {"SetPIN", "79"},
        {"SetAdminKey", "19"},
        {"SetPINGuide", "0"},
        {"ReadSignatureImage", "81"},
        {"ReadFingerprintImage", "82"},
        {"ReadCustomField", "83"},
        {"ReadFaceImage", "87"},
        {"ReadValidationData", "19"},
        {"ReadSerialNumber", "19"},
        {"SetIDinCard", "19"},
        {"CaptureFingerPrint", "101"},
        {"OpenFingerPrintScanner", "101"},
        {"GetFingerPrintScannerSupportedDevices", "101"},
        {"NIDSign", "200"},
        {"NIDSetDSAuthToken", "200"},
        {"NIDChangePIN", "200"},
    };
    for (const auto& [name, code] : codes) {
        CAPTURE(name);
        CHECK(at_once(name) == code);
    }
    link::SiteQuirks two_digits;
    two_digits.two_digit_codes = true;
    quirks(two_digits);
    CHECK(at_once("CaptureFingerPrint") == "19");
    CHECK(at_once("NIDSign") == "19");
    CHECK(at_once("ReadFaceImage") == "87");
}

TEST_CASE_METHOD(DastineFixture, "polls are answered while a prompt is open [R190]", "[dastine]") {
    CHECK(at_once("SetTokenRemoveEvent") == "0");
    send("SelectCertificateFromTokenByUI");
    front.on_state(1, link::PromptState::shown);
    for (int i = 0; i < 120; ++i) CHECK(at_once("TokenRemoveHandler") == "10");
    CHECK(at_once("GetVersion") == "5.8.38.0");
    CHECK(at_once("ListTokens") == "Mohr|");
    CHECK(at_once("GetSelectedCertificate") == "11");
    CHECK(at_once("SetConfig") == "0");
    answer(link::Answer(link::Selected{view()}));
    CHECK(last() == "0");
}

TEST_CASE_METHOD(DastineFixture, "the keep-alive is not answered and nothing is sent unasked [R190]",
                 "[dastine]") {
    send("DastineIsAlive");
    front.on_token(link::TokenEvent::locked);
    front.on_token(link::TokenEvent::unlocked);
    front.on_site(1, site(link::Access::denied));
    front.on_drained(1);
    clock.advance(std::chrono::hours(1));
    front.tick();
    CHECK(count() == 0);
    CHECK(host.closed.empty());
}

TEST_CASE_METHOD(DastineFixture, "commands work before SetConfig, which is always answered [R190]",
                 "[dastine]") {
    CHECK(at_once("GetVersion") == "5.8.38.0");
    select();
    for (const json& config : std::vector<json>{"", nullptr, "<Configuration>", 5, json::object()})
        CHECK(at_once(json{{"command", "SetConfig"}, {"config", config}}) == "0");
    CHECK(at_once(json{{"command", "SetConfig"}}) == "0");
}

TEST_CASE_METHOD(DastineFixture, "the version passes the scripts' comparison of texts [R190]", "[dastine]") {
    const std::string version = at_once("GetVersion");
    CHECK_FALSE(version < "5,0,4,5");
    CHECK_FALSE(version < "5.0.4.5");
}

TEST_CASE_METHOD(DastineFixture, "a binary frame is dropped and closes the socket only when repeated [R190]",
                 "[dastine]") {
    front.on_binary(1, true);
    front.on_binary(1, true);
    CHECK(host.closed.empty());
    CHECK(at_once("GetVersion") == "5.8.38.0");
    front.on_binary(1, true);
    CHECK(host.closed == std::vector{door::CloseCode::unsupported_data});
    front.on_binary(1, true);
    CHECK(host.closed.size() == 1);
}

TEST_CASE_METHOD(DastineFixture, "a page that is silent for a day is not closed [R190]", "[dastine]") {
    select();
    clock.advance(std::chrono::hours(24));
    front.tick();
    CHECK(host.closed.empty());
    CHECK(at_once("GetSelectedCertificate").size() > 3);
}

TEST_CASE_METHOD(DastineFixture, "the Windows store means all of the person's certificates [R190]",
                 "[dastine]") {
    send(json{{"command", "SelectCertificateFromWindowsByUI"}, {"issuer", ""}, {"keyUsages", ""}});
    CHECK(asked<link::SelectCertificate>().purpose == link::Purpose::any);
    answer(link::Answer(link::Selected{view()}));
    CHECK(last() == "0");
}

TEST_CASE_METHOD(DastineFixture, "a certificate is standard base64 of DER on one line [R190]", "[dastine]") {
    select();
    const std::string text = at_once("GetSelectedCertificate");
    CHECK(from_base64(text).value() == view().certificate);
    CHECK(text.find_first_of("\r\n-_") == std::string::npos);
}

TEST_CASE_METHOD(DastineFixture, "a failed or cancelled selection leaves none selected [R190]", "[dastine]") {
    for (const Code code : {Code::user_cancelled, Code::consent_timeout, Code::certificate_not_found,
                            Code::origin_denied, Code::no_agent, Code::internal_error}) {
        select();
        send("SelectCertificateFromTokenByUI");
        fail(code);
        CHECK(last() != "0");
        CHECK(at_once("GetSelectedCertificate") == "11");
    }
    select();
    CHECK(at_once(json{{"command", "SelectCertificateFromTokenBySubject"}, {"subjectDn", ""}}) == "22");
}

TEST_CASE_METHOD(DastineFixture, "state follows origin and info, not the socket [R189] [R190]", "[dastine]") {
    open(2);
    open(3);
    select(1);
    send(json{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA256"}}, 3);
    CHECK(host.operations.back().session == info);
    CHECK(host.operations.back().connection == 3);
    CHECK(asked<link::Sign>().certificate == "handle-1");
    answer(signed_by_core({1, 2, 3}));
    CHECK(last(3) == "AQID");
    // A reload: every socket closes, another opens within the grace.
    for (const link::ConnectionId id : {1, 2, 3}) front.close(id);
    clock.advance(std::chrono::minutes(9));
    front.tick();
    open(4);
    CHECK(at_once("GetSelectedCertificate", 4).size() > 3);
    front.close(4);
    clock.advance(std::chrono::minutes(11));
    front.tick();
    CHECK(front.sessions() == 0);
    open(5);
    CHECK(at_once("GetSelectedCertificate", 5) == "11");
}

TEST_CASE_METHOD(DastineFixture,
                 "Reset clears the selection and the watches and keeps the configuration [R190]",
                 "[dastine]") {
    select();
    at_once(json{{"command", "SetConfig"},
                 {"config", "<Configuration><PINWindowTimeout>20</PINWindowTimeout></Configuration>"}});
    CHECK(at_once("SetTokenInsertEvent") == "0");
    CHECK(at_once("Reset") == "0");
    CHECK(host.resets == std::vector{info});
    CHECK(at_once("GetSelectedCertificate") == "11");
    CHECK(at_once("SetTokenInsertEvent") == "0");
    // The hint still counts: the prompt ends after the shortest time that a person is given.
    send("SelectCertificateFromTokenByUI");
    front.on_state(host.operations.size(), link::PromptState::shown);
    clock.advance(std::chrono::seconds(59));
    front.tick();
    CHECK(host.cancelled.empty());
    clock.advance(std::chrono::seconds(2));
    front.tick();
    CHECK(host.cancelled.size() == 1);
    CHECK(last() == "13");
}

TEST_CASE_METHOD(DastineFixture, "arguments may have any type that pages give them [R190]", "[dastine]") {
    select();
    send(json{{"command", "CmsSign"}, {"data", "AAAA"}, {"attach", "SHA1"}, {"hash", "SHA1"}});
    CHECK(asked<link::Sign>().digest_algorithm == DigestAlgorithm::sha1);
    fail(Code::user_cancelled);
    CHECK(last() == "18");
    send(
        json{{"command", "GenerateKeyPairAndCertificateRequest"}, {"subjectDn", "CN=x"}, {"keyLen", "3072"}});
    CHECK(asked<link::GenerateKey>().algorithm == "RSA-3072");
    fail(Code::user_cancelled);
    CHECK(at_once(json{{"command", "ReadCustomField"}, {"index", "7"}}) == "83");
}

TEST_CASE_METHOD(DastineFixture, "SHA-1 is there unless it was switched off for the site [R190]",
                 "[dastine]") {
    select();
    send(json{{"command", "Sign"}, {"data", b64("x")}, {"hash", "SHA1"}});
    CHECK(asked<link::Sign>().digest_algorithm == DigestAlgorithm::sha1);
    answer(signed_by_core({1}));
    link::SiteQuirks without;
    without.sha1 = false;
    quirks(without);
    CHECK(at_once(json{{"command", "Sign"}, {"data", b64("x")}, {"hash", "SHA1"}}) == "12");
    CHECK(at_once(json{{"command", "CmsSign"}, {"data", b64("x")}, {"hash", "SHA1"}}) == "12");
}

TEST_CASE_METHOD(DastineFixture, "CmsDecrypt needs no selection, and a burst keeps its order [R190]",
                 "[dastine]") {
    for (int i = 0; i < 40; ++i) send(json{{"command", "CmsDecrypt"}, {"cipher", "MAA="}});
    // Not one of them is an envelope: 60, as portals expect it.
    CHECK(count() == 40);
    for (const json& reply : host.replies[1]) CHECK(reply["Result"] == "60");
}
