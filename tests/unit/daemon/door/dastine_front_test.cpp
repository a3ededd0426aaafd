// SPDX-License-Identifier: Apache-2.0
#include "dastine_fixture.hpp"
#include <mohr/signing/cms_signed.hpp>

#include <door/dastine_work.hpp>

using namespace mohr;
using namespace mohr::test;
using protocol::Code;

namespace {
Bytes digest_info(DigestAlgorithm algorithm, const Bytes& hash) {
    static const std::map<DigestAlgorithm, const char*> heads{
        {DigestAlgorithm::sha1, "3021300906052b0e03021a05000414"},
        {DigestAlgorithm::sha256, "3031300d060960864801650304020105000420"},
    };
    Bytes out = from_hex(heads.at(algorithm)).value();
    out.insert(out.end(), hash.begin(), hash.end());
    return out;
}
} // namespace

TEST_CASE_METHOD(DastineFixture, "Sign hashes what a named algorithm names [R190]", "[dastine]") {
    select();
    send(json{{"command", "Sign"}, {"data", b64("a document")}, {"hash", "sha-256"}});
    const auto& request = asked<link::Sign>();
    CHECK(request.format == link::SignFormat::raw);
    REQUIRE(request.items.size() == 1);
    CHECK(request.items[0].blind);
    CHECK(request.items[0].digest == digest(DigestAlgorithm::sha256, as_bytes("a document")));
    answer(signed_by_core({0xAA, 0xBB, 0xCC}));
    CHECK(last() == "qrvM");
    // Bytes as long as the hash are hashed all the same, unless the site's quirk says otherwise.
    const Bytes hash = digest(DigestAlgorithm::sha1, as_bytes("x"));
    send(json{{"command", "Sign"}, {"data", to_base64(hash)}, {"hash", "SHA1"}});
    CHECK(asked<link::Sign>().items[0].digest == digest(DigestAlgorithm::sha1, hash));
    answer(signed_by_core({1}));
    link::SiteQuirks prehashed;
    prehashed.prehashed = link::Prehashed::automatic;
    quirks(prehashed);
    send(json{{"command", "Sign"}, {"data", to_base64(hash)}, {"hash", "SHA1"}});
    CHECK(asked<link::Sign>().items[0].digest == hash);
    answer(signed_by_core({1}));
    send(json{{"command", "Sign"}, {"data", to_base64(hash)}, {"hash", "SHA256"}});
    CHECK(asked<link::Sign>().items[0].digest == digest(DigestAlgorithm::sha256, hash));
}

TEST_CASE_METHOD(DastineFixture,
                 "Sign without a hash takes a DigestInfo or a bare hash as it is, else SHA-1 [R190]",
                 "[dastine]") {
    select();
    const Bytes sha256 = digest(DigestAlgorithm::sha256, as_bytes("x"));
    const Bytes info_bytes = digest_info(DigestAlgorithm::sha256, sha256);
    struct Row {
        Bytes data;
        DigestAlgorithm algorithm;
        Bytes hash;
    };
    Bytes longer = info_bytes;
    longer.push_back(0);
    const std::vector<Row> rows{
        {info_bytes, DigestAlgorithm::sha256, sha256},
        {sha256, DigestAlgorithm::sha256, sha256},
        {Bytes(20, 7), DigestAlgorithm::sha1, Bytes(20, 7)},
        {Bytes(48, 7), DigestAlgorithm::sha384, Bytes(48, 7)},
        {Bytes(64, 7), DigestAlgorithm::sha512, Bytes(64, 7)},
        {Bytes(21, 7), DigestAlgorithm::sha1, digest(DigestAlgorithm::sha1, Bytes(21, 7))},
        {longer, DigestAlgorithm::sha1, digest(DigestAlgorithm::sha1, longer)},
        {Bytes(5000, 7), DigestAlgorithm::sha1, digest(DigestAlgorithm::sha1, Bytes(5000, 7))},
    };
    for (const Row& row : rows) {
        CAPTURE(row.data.size());
        send(json{{"command", "Sign"}, {"data", to_base64(row.data)}, {"hash", ""}});
        CHECK(asked<link::Sign>().digest_algorithm == row.algorithm);
        CHECK(asked<link::Sign>().items[0].digest == row.hash);
        answer(signed_by_core({1}));
    }
}

TEST_CASE("only exactly a DigestInfo is one [T08]", "[dastine]") {
    const Bytes hash = digest(DigestAlgorithm::sha256, as_bytes("x"));
    const Bytes good = digest_info(DigestAlgorithm::sha256, hash);
    REQUIRE(door::read_digest_info(good));
    CHECK(door::read_digest_info(good)->digest == hash);
    CHECK(door::read_digest_info(digest_info(DigestAlgorithm::sha1, Bytes(20)))->algorithm ==
          DigestAlgorithm::sha1);
    for (std::size_t i = 0; i < good.size() - hash.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= 1;
        CAPTURE(i);
        const auto read = door::read_digest_info(bad);
        CHECK_FALSE((read && read->algorithm == DigestAlgorithm::sha256));
        CHECK_FALSE(door::read_digest_info(ByteView(good).first(i)));
    }
    CHECK_FALSE(door::read_digest_info(digest_info(DigestAlgorithm::sha256, Bytes(31))));
}

TEST_CASE_METHOD(DastineFixture, "a login statement is not signed as data [T19]", "[dastine]") {
    select();
    CHECK(at_once(json{{"command", "Sign"},
                       {"data", to_base64(as_bytes(std::string("mohr-auth-v1\0xyz", 16)))},
                       {"hash", "SHA256"}}) == "20");
    CHECK(at_once(json{{"command", "CmsSign"},
                       {"data", to_base64(as_bytes(std::string("mohr-auth-v1\0xyz", 16)))},
                       {"hash", "SHA256"}}) == "20");
}

TEST_CASE_METHOD(DastineFixture, "the byte order of a site's RSA signatures can be turned [R190]",
                 "[dastine]") {
    link::SiteQuirks little;
    little.little_endian = true;
    select();
    quirks(little);
    send(json{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA256"}});
    answer(signed_by_core({1, 2, 3}));
    CHECK(last() == "AwIB");
    send(json{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA256"}});
    answer(signed_by_core({1, 2, 3}, link::Scheme::ecdsa));
    CHECK(last() == "AQID");
}

TEST_CASE_METHOD(DastineFixture, "CmsSign attaches as the page or the site's quirk says [R190]",
                 "[dastine]") {
    select();
    const auto cms = [&](const json& attach) {
        send(json{
            {"command", "CmsSign"}, {"data", b64("content inside")}, {"attach", attach}, {"hash", "SHA256"}});
        CHECK(asked<link::Sign>().format == link::SignFormat::cms);
        CHECK(asked<link::Sign>().items[0].digest ==
              digest(DigestAlgorithm::sha256, as_bytes("content inside")));
        answer(signed_by_core({1, 2}, link::Scheme::ecdsa));
        const Bytes der = from_base64(last()).value();
        const std::string_view text = as_text(der);
        return text.find("content inside") != std::string_view::npos;
    };
    CHECK(cms(true));
    CHECK_FALSE(cms(false));
    CHECK_FALSE(cms("SHA1"));
    link::SiteQuirks attach;
    attach.attach = link::Attach::always;
    quirks(attach);
    CHECK(cms(false));
    attach.attach = link::Attach::never;
    quirks(attach);
    CHECK_FALSE(cms(true));
}

TEST_CASE_METHOD(DastineFixture, "attributes go to the core as DER, and ours cannot be given [R190] [T19]",
                 "[dastine]") {
    select();
    const auto sign = [&](const char* authenticated, const char* other = "") {
        return json{{"command", "CmsSignWithAttributes"},
                    {"data", "AAAA"},
                    {"AuthenticatedAttributes", authenticated},
                    {"UnAuthenticatedAttributes", other}};
    };
    send(sign("1.2.3.4=BAEq|", "1.2.3.5=BAEr"));
    REQUIRE(asked<link::Sign>().attributes.size() == 1);
    CHECK(asked<link::Sign>().attributes[0] == from_hex("300a06032a0304310304012a").value());
    answer(signed_by_core({1}, link::Scheme::ecdsa));
    const Bytes der = from_base64(last()).value();
    CHECK(as_text(der).find(as_text(from_hex("300a06032a0305310304012b").value())) != std::string_view::npos);
    for (const char* const ours : {"1.2.840.113549.1.9.3=BAEq", "1.2.840.113549.1.9.4=BAEq",
                                   "1.2.840.113549.1.9.5=BAEq", "1.2.840.113549.1.9.16.2.12=BAEq",
                                   "1.2.840.113549.1.9.16.2.47=BAEq", "1.2.3=BAEqAA==", "1.2.3=BAI="}) {
        CAPTURE(ours);
        CHECK(at_once(sign(ours)) == "57");
        CHECK(at_once(sign("", ours)) == "57");
    }
}

TEST_CASE_METHOD(DastineFixture, "commands that need a certificate say so [R190]", "[dastine]") {
    for (const json& message :
         std::vector<json>{{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA1"}},
                           {{"command", "CmsSign"}, {"data", "AAAA"}},
                           {{"command", "CmsSignWithAttributes"}, {"data", "AAAA"}},
                           {{"command", "Decrypt"}, {"cipher", "AAAA"}},
                           {{"command", "GetProviderName"}},
                           {{"command", "RemoveSelectedCertificate"}},
                           {{"command", "GenerateCertificateRequestBySelectedCertificate"}},
                           {{"command", "GenerateKeyPairAndCertificateRequestOnSelectedCertificate"},
                            {"subjectDn", "CN=x"}},
                           {{"command", "ImportIssuedCertificateOnSelectedCertificate"},
                            {"certificate", to_base64(view().certificate)}}}) {
        CAPTURE(message["command"]);
        CHECK(at_once(message) == "11");
    }
    // The core has forgotten the handle: so does the session, and the page selects again.
    select();
    send(json{{"command", "CmsSign"}, {"data", "AAAA"}});
    fail(Code::certificate_not_found);
    CHECK(last() == "11");
    CHECK(at_once("GetSelectedCertificate") == "11");
}

TEST_CASE_METHOD(DastineFixture, "orders of one page run one after the other, in order [R190]", "[dastine]") {
    send("SelectCertificateFromTokenByUI");
    send(json{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA256"}});
    send(json{{"command", "Sign"}, {"data", "AAEC"}, {"hash", "SHA256"}});
    send("Reset");
    CHECK(host.operations.size() == 1);
    CHECK(count() == 0);
    answer(link::Answer(link::Selected{view()}));
    CHECK(host.operations.size() == 2);
    answer(signed_by_core({1}));
    answer(signed_by_core({2}));
    std::vector<std::string> order;
    for (const json& reply : host.replies[1])
        order.push_back(std::string(reply["command"]) + "=" + std::string(reply["Result"]));
    CHECK(order ==
          std::vector<std::string>{"SelectCertificateFromTokenByUI=0", "Sign=AQ==", "Sign=Ag==", "Reset=0"});
}

TEST_CASE_METHOD(DastineFixture, "a closed socket cancels its prompt and frees the queue [R190]",
                 "[dastine]") {
    open(2);
    select();
    send("SelectCertificateFromTokenByUI");
    send(json{{"command", "Sign"}, {"data", "AAAA"}, {"hash", "SHA256"}});
    send("Reset", 2);
    const link::OperationId asked = host.operations.size();
    front.close(1);
    CHECK(host.cancelled == std::vector{asked});
    CHECK(last(2) == "0");
    front.on_reply(asked, link::Answer(link::Selected{view()})); // too late: nobody's
    CHECK(at_once("GetSelectedCertificate", 2) == "11");
}

TEST_CASE_METHOD(DastineFixture, "sessions do not cross origins or infos [R189]", "[dastine]") {
    select();
    open(2, link::Access::granted, "http://other.example");
    CHECK(at_once("GetSelectedCertificate", 2) == "11");
    info = "anotherTab00000";
    CHECK(at_once("GetSelectedCertificate", 1) == "11");
    // Without an id the state is the socket's.
    open(3);
    info = "undefined";
    select(3);
    open(4);
    CHECK(at_once("GetSelectedCertificate", 3).size() > 3);
    CHECK(at_once("GetSelectedCertificate", 4) == "11");
    CHECK(host.operations.back().session.empty());
}

TEST_CASE_METHOD(DastineFixture, "a watched removal is told once, to the page that polls [R190]",
                 "[dastine]") {
    CHECK(at_once("TokenRemoveHandler") == "10");
    CHECK(at_once("SetTokenRemoveEvent") == "0");
    CHECK(at_once("SetTokenRemoveEvent") == "17");
    CHECK(at_once("TokenRemoveHandler") == "10");
    front.on_token(link::TokenEvent::idle_locked);
    front.on_token(link::TokenEvent::changed);
    CHECK(at_once("TokenRemoveHandler") == "10");
    front.on_token(link::TokenEvent::locked);
    CHECK(at_once("TokenInsertHandler") == "10");
    CHECK(at_once("TokenRemoveHandler") == "0");
    CHECK(at_once("TokenRemoveHandler") == "10");
    CHECK(at_once("SetTokenRemoveEvent") == "0");
    // The client stops its timer at the reply to a selection, and at Reset.
    send("SelectCertificateFromTokenByUI");
    fail(Code::user_cancelled);
    CHECK(at_once("SetTokenRemoveEvent") == "0");
    CHECK(at_once("SetTokenInsertEvent") == "0");
    CHECK(at_once("Reset") == "0");
    CHECK(at_once("SetTokenInsertEvent") == "0");
    front.on_token(link::TokenEvent::unlocked);
    CHECK(at_once("TokenInsertHandler") == "0");
    // A reloaded page may watch again.
    CHECK(at_once("SetTokenRemoveEvent") == "0");
    open(2);
    front.close(1);
    CHECK(at_once("SetTokenRemoveEvent", 2) == "0");
}

TEST_CASE_METHOD(DastineFixture, "unlocking is an insertion only after a removal [R190]", "[dastine]") {
    CHECK(at_once("SetTokenInsertEvent") == "0");
    front.on_token(link::TokenEvent::unlocked);
    CHECK(at_once("TokenInsertHandler") == "10");
    front.on_token(link::TokenEvent::idle_locked);
    front.on_token(link::TokenEvent::unlocked);
    CHECK(at_once("TokenInsertHandler") == "10");
    front.on_token(link::TokenEvent::locked);
    front.on_token(link::TokenEvent::unlocked);
    CHECK(at_once("TokenInsertHandler") == "0");
}

TEST_CASE("a refused site gets 20 for every command that touches keys, whatever is selected [R187]",
          "[dastine]") {
    DastineFixture page(link::Access::denied);
    for (const char* const command : {"Sign", "CmsSign"})
        CHECK(page.at_once(json{{"command", command}, {"data", "QUJD"}}) == "20");
    for (const char* const command : {"CmsDecrypt", "Decrypt"})
        CHECK(page.at_once(json{{"command", command}, {"cipher", "QUJD"}}) == "20");
    for (const char* const command :
         {"GenerateCertificateRequestBySelectedCertificate", "RemoveSelectedCertificate",
          "RemoveGeneratedKeyPair", "ChangePIN", "SelectCertificateFromTokenByUI"})
        CHECK(page.at_once(command) == "20");
    CHECK(page.at_once("Reset") == "0");
    CHECK(page.host.operations.empty());
}

TEST_CASE_METHOD(DastineFixture, "a token that was made anew takes every selection with it [R189]",
                 "[dastine]") {
    select();
    front.on_token(link::TokenEvent::locked);
    CHECK(at_once("GetSelectedCertificate").size() > 3);
    front.on_token(link::TokenEvent::replaced);
    CHECK(at_once("GetSelectedCertificate") == "11");
}

TEST_CASE("before a grant a page learns nothing of the token [R187] [T13]", "[dastine]") {
    for (const auto access : {link::Access::undecided, link::Access::denied, link::Access::silenced}) {
        DastineFixture page(access);
        CHECK(page.at_once("ListTokens") == "20");
        CHECK(page.at_once("GetVersion") == "5.8.38.0");
        CHECK(page.at_once("SetConfig") == "0");
        CHECK(page.at_once("Reset") == "0");
        CHECK(page.at_once("CheckUpdate") == "110");
        CHECK(page.at_once("SetTokenRemoveEvent") == "0");
        page.front.on_token(link::TokenEvent::locked);
        CHECK(page.at_once("TokenRemoveHandler") == "10");
        const bool refused = access != link::Access::undecided;
        CHECK(page.at_once("GetSelectedCertificate") == (refused ? "20" : "11"));
        page.send("SelectCertificateFromTokenByUI");
        if (!refused) page.fail(Code::origin_denied);
        CHECK(page.last() == "20");
    }
}

TEST_CASE_METHOD(DastineFixture, "filters reach the core as they are meant [R190]", "[dastine]") {
    send(json{{"command", "SelectCertificateFromTokenBySubject"},
              {"subjectDn", "CN=x"},
              {"issuer", "CA"},
              {"keyUsages", "digitalSignature;keyEncipherment"}});
    const auto filter = asked<link::SelectCertificate>().filter;
    CHECK(filter.subject == "CN=x");
    CHECK(filter.issuer == "CA");
    CHECK(filter.key_usages == (link::usage_digital_signature | link::usage_key_encipherment));
    fail(Code::certificate_not_found);
    CHECK(last() == "23");
    send(json{{"command", "SelectCertificateByThumbprint"}, {"Thumbprint", std::string(40, 'a')}});
    CHECK(asked<link::SelectCertificate>().filter.thumbprint->digest == Bytes(20, 0xAA));
    fail(Code::user_cancelled);
    send(json{{"command", "SelectCertificateFromFileByUI"}, {"p12", "/etc/passwd"}, {"password", "geheim"}});
    CHECK(asked<link::ImportFile>().filter.issuer.empty());
    answer(link::Answer(link::Imported{view()}));
    CHECK(at_once("GetSelectedCertificate").size() > 3);
    CHECK(at_once("GetProviderName") == "Mohr");
}

TEST_CASE_METHOD(DastineFixture, "found certificates come as lines of UTF-16 [R190]", "[dastine]") {
    send("FindCertificateFromToken");
    CHECK(std::holds_alternative<link::ListCertificates>(host.operations.back().request));
    answer(link::Answer(link::Listed{{view(), view()}}));
    const Bytes text = from_base64(last()).value();
    std::string ascii;
    for (std::size_t i = 0; i < text.size(); i += 2) ascii.push_back(static_cast<char>(text[i]));
    const std::string subject = identity(KeyType::p256).certificate.subject();
    CHECK(ascii == subject + "\n" + subject + "\n");
    send("FindCertificateFromToken");
    answer(link::Answer(link::Listed{}));
    CHECK(last() == "23");
}

TEST_CASE_METHOD(DastineFixture, "a key pair is made, certified and forgotten within one session [R190]",
                 "[dastine]") {
    const json import{{"command", "ImportIssuedCertificate"}, {"certificate", to_base64(view().certificate)}};
    CHECK(at_once(import) == "49");
    CHECK(at_once("RemoveGeneratedKeyPair") == "66");
    CHECK(at_once(json{{"command", "GenerateKeyPairAndCertificateRequest"},
                       {"subjectDn", "CN=x"},
                       {"token", "Other"}}) == "89");
    send(json{{"command", "GenerateKeyPairAndCertificateRequestWithSANS"},
              {"subjectDn", "CN=x"},
              {"token", "Mohr"},
              {"keyLen", 2048},
              {"rfc822", "a@b.example"},
              {"upn", ""},
              {"ip", nullptr},
              {"id", "1.2.3"}});
    CHECK(asked<link::GenerateKey>().subject == "CN=x");
    REQUIRE(asked<link::GenerateKey>().names.size() == 2);
    CHECK(asked<link::GenerateKey>().names[0].kind == link::NameKind::email);
    answer(link::Answer(link::Generated{"key-1", {1, 2, 3}}));
    CHECK(last() == "AQID");
    CHECK(at_once(json{{"command", "ImportIssuedCertificate"}, {"certificate", "!"}}) == "48");
    CHECK(at_once(json{{"command", "ImportIssuedCertificate"}, {"certificate", ""}}) == "48");
    send(import);
    CHECK(asked<link::ImportCertificate>().data == view().certificate);
    fail(Code::storage_failed);
    CHECK(last() == "50");
    send(json{{"command", "ImportIssuedCertificate"},
              {"certificate", to_pem(identity(KeyType::p256).certificate)}});
    CHECK(asked<link::ImportCertificate>().data == view().certificate);
    answer(link::Answer(link::Imported{view()}));
    CHECK(last() == "0");
    CHECK(at_once(import) == "49");
    send(json{{"command", "GenerateKeyPairAndCertificateRequest"}, {"subjectDn", "CN=x"}});
    answer(link::Answer(link::Generated{"key-2", {1}}));
    send("RemoveGeneratedKeyPair");
    CHECK(asked<link::RemoveKey>().key_id == "key-2");
    answer(link::Answer(link::Completed{}));
    CHECK(at_once("RemoveGeneratedKeyPair") == "66");
}

TEST_CASE_METHOD(DastineFixture, "PINs are changed in our own prompts and never from a message [T16] [R190]",
                 "[dastine]") {
    send(json{{"command", "ChangePIN"}, {"token", "Mohr"}, {"pin", "1"}});
    CHECK(std::holds_alternative<link::ChangePin>(host.operations.back().request));
    answer(link::Answer(link::Completed{}));
    CHECK(last() == "0");
    send(json{{"command", "UnblockPIN"}});
    CHECK(std::holds_alternative<link::UnblockPin>(host.operations.back().request));
    fail(Code::pin_wrong);
    CHECK(last() == "21");
    CHECK(at_once(json{{"command", "ChangePIN"}, {"token", "Other"}}) == "89");
    const std::size_t before = host.operations.size();
    CHECK(at_once(json{{"command", "SetPIN"}, {"pin", "86420864"}}) == "79");
    CHECK(host.operations.size() == before);
}

TEST_CASE_METHOD(DastineFixture, "a block that cannot be decrypted has one code [T21]", "[dastine]") {
    select();
    send(json{{"command", "Decrypt"}, {"cipher", "AAAA"}});
    CHECK(asked<link::DecryptBlock>().block == Bytes{0, 0, 0});
    link::Decrypted plain;
    plain.content_key = Secret(Bytes{1, 2, 3});
    answer(link::Answer(std::move(plain)));
    CHECK(last() == "AQID");
    CHECK(at_once(json{{"command", "Decrypt"}, {"cipher", to_base64(Bytes(1025))}}) == "60");
    for (const Code code : {Code::decryption_failed, Code::malformed_data, Code::internal_error}) {
        send(json{{"command", "Decrypt"}, {"cipher", "AAAA"}});
        fail(code);
        CHECK(last() == "60");
    }
}

TEST_CASE_METHOD(DastineFixture, "unreadable messages are dropped and closed when repeated [R190] [T09]",
                 "[dastine]") {
    for (int i = 0; i < 2; ++i) {
        CHECK(front.on_text(1, "{\"command\":", true));
        CHECK(host.closed.empty());
    }
    CHECK(at_once("GetVersion") == "5.8.38.0");
    CHECK(front.on_text(1, "[]", true));
    CHECK(host.closed == std::vector{door::CloseCode::invalid_payload});
    CHECK(count() == 1);
}
