// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/dastine.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using namespace mohr;
using namespace mohr::protocol;
using namespace mohr::protocol::dastine;
using nlohmann::json;

namespace {

struct Read {
    std::optional<Request> request;
    Bytes content;
};
Read read_text(std::string_view text, std::size_t piece = SIZE_MAX) {
    Read out;
    MessageReader reader(
        [&](ByteView bytes) { out.content.insert(out.content.end(), bytes.begin(), bytes.end()); });
    while (!text.empty()) {
        const std::size_t n = std::min(piece, text.size());
        reader.feed(text.substr(0, n));
        text.remove_prefix(n);
    }
    out.request = reader.finish();
    return out;
}
Read read(const json& message, std::size_t piece = SIZE_MAX) {
    return read_text(message.dump(), piece);
}
/// The code that answers at once, or nothing if the command is good.
std::optional<ResultCode> refusal(const json& message) {
    const Read got = read(message);
    REQUIRE(got.request);
    if (got.request->command) return std::nullopt;
    return got.request->command.error();
}
template <class T>
T command(const json& message) {
    const Read got = read(message);
    REQUIRE(got.request);
    REQUIRE(got.request->command);
    REQUIRE(std::holds_alternative<T>(*got.request->command));
    return std::get<T>(*got.request->command);
}

} // namespace

TEST_CASE("the table of results has the 106 published codes and no other", "[R190]") {
    const std::set<unsigned> gaps{28, 37, 38, 39, 40, 46, 47, 51, 52, 53, 54,
                                  55, 58, 59, 61, 62, 68, 70, 71, 76, 100};
    std::set<unsigned> numbers;
    std::set<std::string_view> names;
    for (const ResultRow& row : result_rows()) {
        numbers.insert(static_cast<unsigned>(row.code));
        names.insert(row.name);
        CHECK_FALSE(row.meaning.empty());
        CHECK(to_text(row.code) == std::to_string(static_cast<unsigned>(row.code)));
    }
    CHECK(numbers.size() == 106);
    CHECK(names.size() == 106);
    for (const unsigned number : numbers) {
        CHECK(gaps.count(number) == 0);
        CHECK((number == 0 || number >= 10));
    }
}

TEST_CASE("each of our error codes has a Dastine code for each deed, with two digits", "[R190]") {
    for (std::size_t i = 0; i < code_count(); ++i) {
        const Failure failure(static_cast<Code>(i));
        for (auto deed = static_cast<int>(Deed::other); deed <= static_cast<int>(Deed::unblock_pin); ++deed) {
            const auto number = static_cast<unsigned>(result_of(failure, static_cast<Deed>(deed)));
            CAPTURE(row(failure.code).name, deed, number);
            CHECK(number >= 10);
            CHECK(number <= 99);
        }
    }
    struct Row {
        Code code;
        Deed deed;
        unsigned number;
    };
    // The rows that pages look for: dastine-wire, sections 10 and 11.
    const std::vector<Row> rows{
        {Code::user_cancelled, Deed::select, 18},
        {Code::user_cancelled, Deed::sign, 18},
        {Code::consent_timeout, Deed::cms_sign, 13},
        {Code::pin_wrong, Deed::sign, 14},
        {Code::pin_blocked, Deed::sign, 29},
        {Code::origin_denied, Deed::select, 20},
        {Code::blind_denied, Deed::sign, 20},
        {Code::key_usage, Deed::decrypt, 20},
        {Code::certificate_not_found, Deed::select, 23},
        {Code::certificate_not_found, Deed::sign, 11},
        {Code::certificate_not_found, Deed::cms_sign, 11},
        {Code::token_not_initialised, Deed::select, 25},
        {Code::token_not_initialised, Deed::sign, 89},
        {Code::unsupported_algorithm, Deed::sign, 12},
        {Code::unsupported_algorithm, Deed::other, 19},
        {Code::internal_error, Deed::other, 10},
        {Code::internal_error, Deed::sign, 32},
        {Code::internal_error, Deed::cms_sign, 56},
        {Code::storage_failed, Deed::generate, 42},
        {Code::malformed_data, Deed::import, 48},
        {Code::not_found, Deed::import, 49},
        {Code::storage_failed, Deed::import, 50},
        {Code::wrong_password, Deed::import_file, 26},
        {Code::malformed_data, Deed::import_file, 27},
        {Code::not_found, Deed::remove_key_pair, 66},
        {Code::pin_invalid, Deed::change_pin, 74},
        {Code::pin_wrong, Deed::unblock_pin, 21},
        {Code::pin_blocked, Deed::unblock_pin, 90},
        {Code::limit_exceeded, Deed::sign, 15},
    };
    for (const Row& one : rows) {
        CAPTURE(row(one.code).name, static_cast<int>(one.deed));
        CHECK(static_cast<unsigned>(result_of(Failure(one.code), one.deed)) == one.number);
    }
    Failure wrong(Code::pin_wrong);
    wrong.tries_left = 3;
    CHECK(result_of(wrong, Deed::sign) == ResultCode::wrong_pin);
    wrong.tries_left = 1;
    CHECK(result_of(wrong, Deed::sign) == ResultCode::one_try_left);
    wrong.tries_left = 0;
    CHECK(result_of(wrong, Deed::sign) == ResultCode::pin_blocked);
    Failure subject(Code::invalid_params);
    subject.path = "subject";
    CHECK(result_of(subject, Deed::generate) == ResultCode::wrong_subject_dn);
}

TEST_CASE("a decryption that failed has one code, whatever the reason was", "[T21]") {
    for (const Code code : {Code::decryption_failed, Code::not_a_recipient, Code::malformed_data,
                            Code::unsupported_algorithm, Code::internal_error, Code::certificate_not_found})
        CHECK(result_of(Failure(code), Deed::decrypt) == ResultCode::cms_decrypt_error);
}

TEST_CASE("all 66 names are known, and only as they are spelt", "[R190]") {
    std::set<std::string_view> names;
    std::array<std::size_t, 3> generations{};
    for (const CommandRow& row : command_rows()) {
        names.insert(row.name);
        ++generations.at(row.generation);
        const json message{{"command", row.name}, {"src", "dastine.js"}, {"info", "abcdefghijklmno"}};
        CHECK(refusal(message) != ResultCode::function_not_found);
    }
    CHECK(names.size() == 66);
    CHECK(generations == std::array<std::size_t, 3>{52, 12, 2});
    CHECK(refusal({{"command", "getversion"}}) == ResultCode::function_not_found);
    CHECK(refusal({{"command", "Encrypt"}}) == ResultCode::function_not_found);
    CHECK(refusal({{"command", ""}}) == ResultCode::function_not_found);
}

TEST_CASE("what is no answerable message is dropped", "[R190] [T08]") {
    const std::string deep = "{\"command\":\"Reset\",\"x\":" + std::string(100000, '[');
    for (const std::string& text :
         std::vector<std::string>{"",
                                  " ",
                                  "null",
                                  "1",
                                  "\"Reset\"",
                                  "[]",
                                  "[{\"command\":\"Reset\"}]",
                                  "{",
                                  "{}",
                                  "{]",
                                  R"({"command":1})",
                                  R"({"command":null})",
                                  R"({"command":"Reset")",
                                  R"({"command":"Reset"}})",
                                  R"({"command":"Reset"} x)",
                                  R"({"command":"Reset",})",
                                  R"({"command":"Reset" "info":""})",
                                  R"({"command":"Reset","command":"Sign"})",
                                  R"({"command":"Reset","info":"a","info":"b"})",
                                  R"({"command":"Re\qset"})",
                                  R"({"command":"Re\u00g0"})",
                                  "{\"command\":\"Re\nset\"}",
                                  R"({"command":"Reset","x":01})",
                                  R"({"command":"Reset","x":1.})",
                                  R"({"command":"Reset","x":+1})",
                                  R"({"command":"Reset","x":tru})",
                                  R"({"command":"Reset","x":nul})",
                                  R"({command:"Reset"})",
                                  "{\"command\":\"\xFF\"}",
                                  deep,
                                  "{\"command\":\"" + std::string(257, 'a') + "\"}"}) {
        CAPTURE(text.substr(0, 60));
        CHECK_FALSE(read_text(text).request);
    }
}

TEST_CASE("unknown members and nested values are skipped", "[R190]") {
    json nested = 1;
    for (int i = 0; i < 14; ++i) nested = json::array({nested});
    const json message{{"command", "Reset"},
                       {"tab", 7},
                       {"x", {{"command", "Sign"}, {"info", "other"}, {"y", {1, 2.5e-3, "a\\\"", nullptr}}}},
                       {"z", nested},
                       {"info", "k3Jd"}};
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
        const Read got = read(message, piece);
        REQUIRE(got.request);
        CHECK(got.request->name == "Reset");
        CHECK(got.request->info == "k3Jd");
        REQUIRE(got.request->command);
        CHECK(std::holds_alternative<Reset>(*got.request->command));
    }
}

TEST_CASE("a session id is letters and digits, and undefined is none", "[R189]") {
    CHECK(read(json{{"command", "Reset"}, {"info", "k3JdAAAA0000zzz"}}).request->info == "k3JdAAAA0000zzz");
    for (const json& info :
         std::vector<json>{"undefined", "", nullptr, "a b", "a\n", "é", std::string(65, 'a')})
        CHECK(read(json{{"command", "Reset"}, {"info", info}}).request->info.empty());
    CHECK(read(json{{"command", "Reset"}}).request->info.empty());
}

TEST_CASE("data is decoded from base64 as it comes, wherever the message is cut", "[R190]") {
    Bytes document;
    for (unsigned i = 0; i < 20000; ++i) document.push_back(static_cast<std::uint8_t>(i * 7 + i / 251));
    const json message{
        {"command", "CmsSign"}, {"data", to_base64(document)}, {"attach", true}, {"hash", "SHA1"}};
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{4096}}) {
        const Read got = read(message, piece);
        REQUIRE(got.request);
        CHECK(got.content == document);
        CHECK(got.request->command);
    }
    // The members may come in any order.
    const Read swapped = read_text(R"({"info":"a","data":"AAECAw==","hash":"SHA256","command":"Sign"})");
    CHECK(swapped.content == Bytes{0, 1, 2, 3});
    REQUIRE(swapped.request->command);
    CHECK(std::get<Sign>(*swapped.request->command).hash == DigestAlgorithm::sha256);
    // JSON may escape any character.
    CHECK(read_text(R"({"command":"Sign","data":"\u0041A\/\u0077"})").content == *from_base64("AA/w"));
}

TEST_CASE("only canonical base64 on one line is taken", "[R190] [T08]") {
    const auto sign = [](std::string_view data) {
        return refusal({{"command", "Sign"}, {"data", data}, {"hash", ""}});
    };
    for (const char* const good : {"AA==", "AAA=", "AAAA", "AAECAw==", "+/+/"}) CHECK_FALSE(sign(good));
    for (const char* const bad :
         {"A", "AA", "AAA", "AA=", "A===", "====", "AAAA=", "AA==AAAA", "AA\n==", "AA==\n", "-_-_",
          "AB==", "AAB=", " AAAA", "AA=A", "undefined?", "-----BEGIN"}) {
        CAPTURE(bad);
        CHECK(sign(bad) == ResultCode::data_not_base64);
    }
    for (const json& none : std::vector<json>{"", nullptr, 12, true, json::array(), json::object()})
        CHECK(refusal({{"command", "Sign"}, {"data", none}, {"hash", ""}}) == ResultCode::invalid_data);
    CHECK(refusal({{"command", "CmsSign"}, {"hash", "SHA1"}}) == ResultCode::invalid_data);
    CHECK(refusal({{"command", "CmsDecrypt"}, {"cipher", "!"}}) == ResultCode::data_not_base64);
    CHECK(refusal({{"command", "Decrypt"}, {"cipher", ""}}) == ResultCode::invalid_data);
    CHECK(refusal({{"command", "Decrypt"}, {"data", "AAAA"}}) == ResultCode::invalid_data);
}

TEST_CASE("only true, \"true\", 1 and \"1\" attach the content", "[R190]") {
    const auto attached = [](const json& attach) {
        return command<CmsSign>(
                   {{"command", "CmsSign"}, {"data", "AAAA"}, {"attach", attach}, {"hash", "SHA1"}})
            .attached;
    };
    for (const json& yes : std::vector<json>{true, "true", 1, "1"}) CHECK(attached(yes));
    for (const json& no :
         std::vector<json>{false, "false", 0, "0", "SHA1", nullptr, "", "TRUE", 1.0, "yes", json::array({1})})
        CHECK_FALSE(attached(no));
    CHECK_FALSE(command<CmsSign>({{"command", "CmsSign"}, {"data", "AAAA"}}).attached);
}

TEST_CASE("hash names are read without case and separators, and MD5 is refused", "[R190]") {
    CHECK(parse_hash("SHA1") == DigestAlgorithm::sha1);
    CHECK(parse_hash("sha-256") == DigestAlgorithm::sha256);
    CHECK(parse_hash("Sha_384") == DigestAlgorithm::sha384);
    CHECK(parse_hash("SHA512") == DigestAlgorithm::sha512);
    for (const char* const no : {"MD5", "SHA", "SHA3-256", "SHA224", "1"}) CHECK_FALSE(parse_hash(no));
    for (const char* const name : {"Sign", "CmsSign"}) {
        CHECK(refusal({{"command", name}, {"data", "AAAA"}, {"hash", "MD5"}}) ==
              ResultCode::hash_not_supported);
        for (const json& none : std::vector<json>{"", nullptr})
            CHECK_FALSE(refusal({{"command", name}, {"data", "AAAA"}, {"hash", none}}));
    }
    CHECK_FALSE(command<Sign>({{"command", "Sign"}, {"data", "AAAA"}, {"hash", nullptr}}).hash);
    CHECK(command<CmsSign>({{"command", "CmsSign"}, {"data", "AAAA"}}).hash == DigestAlgorithm::sha1);
}

TEST_CASE("filters may be null, empty or missing, and what is not understood does not filter", "[R190]") {
    for (const json& none : std::vector<json>{"", nullptr})
        CHECK(command<SelectByUi>(
                  {{"command", "SelectCertificateFromTokenByUI"}, {"issuer", none}, {"keyUsages", none}})
                  .filter == Filter{});
    CHECK(command<SelectByUi>({{"command", "SelectCertificateFromWindowsByUI"}}).filter == Filter{});
    const auto select = command<SelectByUi>({{"command", "SelectCertificateFromFileByUI"},
                                             {"issuer", "CN=مرکز"},
                                             {"keyUsages", "digitalSignature, Non_Repudiation"},
                                             {"p12", "AAAA"},
                                             {"password", "secret"}});
    CHECK(select.store == Store::file);
    CHECK(select.filter.issuer == "CN=مرکز");
    CHECK(select.filter.usages == std::vector{Usage::digital_signature, Usage::non_repudiation});
    CHECK(parse_usages("192") == std::vector{Usage::digital_signature, Usage::non_repudiation});
    CHECK(parse_usages("32|8") == std::vector{Usage::key_encipherment, Usage::key_agreement});
    CHECK(parse_usages("contentCommitment digitalSignature").size() == 2);
    CHECK(parse_usages("digitalSignature,signEverything").empty());
    CHECK(parse_usages("99999999999999").empty());
}

TEST_CASE("a thumbprint may be hexadecimal in any spelling, or base64", "[R190]") {
    const Bytes sha1 = digest(DigestAlgorithm::sha1, as_bytes("x"));
    const std::string hex = to_hex(sha1);
    std::string upper = hex;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    std::string spaced;
    for (std::size_t i = 0; i < hex.size(); i += 2) spaced += (i ? ":" : "") + hex.substr(i, 2);
    for (const std::string& text : {hex, upper, spaced, to_base64(sha1)})
        CHECK(parse_thumbprint(text, DigestAlgorithm::sha1) == sha1);
    for (const std::string& text : {std::string(), hex.substr(2), hex + "00", "zz" + hex.substr(2)})
        CHECK_FALSE(parse_thumbprint(text, DigestAlgorithm::sha1));
    const json message{{"command", "SelectCertificateByThumbprint"}, {"Thumbprint", hex}, {"hashAlg", ""}};
    CHECK(command<SelectByThumbprint>(message).thumbprint == sha1);
    CHECK(refusal({{"command", "SelectCertificateByThumbprint"}, {"Thumbprint", hex}, {"hashAlg", "MD5"}}) ==
          ResultCode::hash_not_supported);
    CHECK(refusal({{"command", "SelectCertificateByThumbprint"}, {"thumbprint", hex}}) ==
          ResultCode::certificate_not_found);
}

TEST_CASE("a key length may be a number or a text", "[R190]") {
    const auto bits = [](const json& length) {
        return command<GenerateKeyPair>({{"command", "GenerateKeyPairAndCertificateRequest"},
                                         {"subjectDn", "CN=x"},
                                         {"keyLen", length},
                                         {"token", "Mohr"}})
            .key_bits;
    };
    CHECK(bits(2048) == 2048);
    CHECK(bits("3072") == 3072);
    CHECK(bits(nullptr) == 2048);
    for (const json& no : std::vector<json>{1024, "1024", "abc", 0, -1, 2048.5, "2048 "})
        CHECK(refusal({{"command", "GenerateKeyPairAndCertificateRequest"},
                       {"subjectDn", "CN=x"},
                       {"keyLen", no}}) == ResultCode::csr_generate_key_pair_error);
    CHECK(refusal({{"command", "GenerateKeyPairAndCertificateRequest"}, {"subjectDn", ""}}) ==
          ResultCode::wrong_subject_dn);
    const auto names = command<GenerateKeyPair>({{"command", "GenerateKeyPairAndCertificateRequestWithSANS"},
                                                 {"subjectDn", "CN=x"},
                                                 {"dns", "a.example"},
                                                 {"upn", nullptr},
                                                 {"ip", ""}})
                           .names;
    CHECK(names.dns == "a.example");
    CHECK(names.upn.empty());
}

TEST_CASE("attributes are a bounded list of types and DER values", "[R190] [T08]") {
    CHECK(parse_attributes("")->empty());
    const auto two = parse_attributes("1.2.3=BAA=|2.5.4.3=DAFh|");
    REQUIRE(two);
    REQUIRE(two->size() == 2);
    CHECK(two->at(0).type == "1.2.3");
    CHECK(two->at(1).value == *from_base64("DAFh"));
    std::string many;
    for (int i = 0; i < 17; ++i) many += "1.2." + std::to_string(i) + "=BAA=|";
    for (const std::string& bad : std::vector<std::string>{
             "x", "1.2.3", "=BAA=", "1.2.3=", "1.2.3=!", "3.2=BAA=", "1..2=BAA=", "1.2.=BAA=", ".1=BAA=", "|",
             "1.2.3=BAA=|1.2.3=BAA=", "1.2.3=BAA=||1.2.4=BAA=", many, "1.2.3=" + to_base64(Bytes(4097))}) {
        CAPTURE(bad.substr(0, 40));
        CHECK_FALSE(parse_attributes(bad));
        CHECK(refusal({{"command", "CmsSignWithAttributes"},
                       {"data", "AAAA"},
                       {"AuthenticatedAttributes", bad}}) == ResultCode::cms_sign_invalid_attribute);
    }
    CHECK(refusal(
              {{"command", "CmsSignWithAttributes"}, {"data", "AAAA"}, {"UnAuthenticatedAttributes", {1}}}) ==
          ResultCode::cms_sign_invalid_attribute);
}

TEST_CASE("SetConfig is scanned for hints, and never parsed as XML", "[R190] [T08]") {
    const std::string config =
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"20\">]><Configuration><PINEntryPolicy>LOW_SECURE"
        "</PINEntryPolicy><PINCachePolicy>NEVER</PINCachePolicy><PINWindowTimeout> 20 </PINWindowTimeout>"
        "<DedicatedConfig>" +
        std::string(55000, 'A') +
        "</DedicatedConfig><EnglishForm>true</EnglishForm>"
        "</Configuration><HostDownloadLink>undefined</HostDownloadLink>";
    const ConfigHints hints = command<SetConfig>({{"command", "SetConfig"}, {"config", config}}).hints;
    CHECK(hints.pin_window_seconds == 20U);
    CHECK(hints.never_cache_pin);
    CHECK(hints.english == true);
    CHECK(scan_config("<PINCachePolicy>ALLWAYS</PINCachePolicy>") == ConfigHints{});
    for (const char* const nothing :
         {"", "<PINWindowTimeout>", "<PINWindowTimeout>&a;</PINWindowTimeout>",
          "<PINWindowTimeout></PINWindowTimeout>", "<PINWindowTimeout>0</PINWindowTimeout>",
          "<PINWindowTimeout>99999</PINWindowTimeout>", "<PINWindowTimeout>-1</PINWindowTimeout>",
          "<EnglishForm>yes</EnglishForm>"})
        CHECK(scan_config(nothing) == ConfigHints{});
    // Whatever it is, and however long, it is a command that is answered.
    for (const json& any : std::vector<json>{nullptr, 5, "", std::string(5'000'000, '<'), {{"a", 1}}})
        CHECK(command<SetConfig>({{"command", "SetConfig"}, {"config", any}}).hints == ConfigHints{});
}

TEST_CASE("commands that carry a PIN have nothing of it left once decoded", "[T16] [T32]") {
    CHECK(command<Constant>({{"command", "SetPIN"}, {"pin", "86420864"}, {"token", "t"}}).result ==
          ResultCode::set_pin_not_allowed);
    CHECK(command<Constant>({{"command", "SetAdminKey"}, {"adminKey", "86420864"}}).result ==
          ResultCode::not_supported);
    CHECK(command<Constant>({{"command", "NIDChangePIN"}, {"oldPIN", "1"}, {"newPIN", "2"}}).result ==
          ResultCode::nid_not_supported);
    CHECK(read(json{{"command", "NIDSign"}, {"data", "AAAA"}}).content.empty());
}

TEST_CASE("a reply repeats the command and holds a string", "[R190]") {
    const json reply = json::parse(make_reply("Si\"gn\n", "mB0x"));
    CHECK(reply == json{{"command", "Si\"gn\n"}, {"Result", "mB0x"}});
    CHECK(json::parse(reply_head("Sign") + "AAAA" + std::string(reply_tail)) ==
          json{{"command", "Sign"}, {"Result", "AAAA"}});
    CHECK(json::parse(make_reply("ListTokens", "مُهر|"))["Result"] == "مُهر|");
    CHECK(to_utf16le("aپ😀") == Bytes{0x61, 0, 0x7E, 0x06, 0x3D, 0xD8, 0x00, 0xDE});
}
