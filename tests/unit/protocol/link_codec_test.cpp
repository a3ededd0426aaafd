// SPDX-License-Identifier: Apache-2.0
#include <mohr/protocol/link.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

#include <catch_compat.hpp>
#include <leave_out.hpp>

using namespace mohr;
using namespace mohr::protocol;
using namespace mohr::protocol::link;
using nlohmann::json;

namespace {

const Bytes some{1, 2, 3, 250};
const FourTuple tuple{{127, 0, 0, 1}, 51356, {127, 0, 0, 1}, 40000};

CertificateView view() {
    return {"handle-1", some, {some, Bytes(300, 7)}, "active"};
}

std::vector<FromDoor> from_door_samples() {
    std::vector<FromDoor> all;
    all.emplace_back(Ready{6, true});
    all.emplace_back(Counters{3, 2, 1});
    all.emplace_back(PeerCheck{7, tuple});
    all.emplace_back(SiteOpen{7, tuple, "https://portal.example", Api::dastine, true});
    all.emplace_back(ConnectionClosed{~std::uint64_t{0}});
    all.emplace_back(Operation{1, 7, 0, RequestAccess{}});
    const CertificateFilter filter{"Example CA", "CN=Sara", usage_digital_signature | usage_key_agreement,
                                   Thumbprint{DigestAlgorithm::sha256, Bytes(32, 8)}};
    all.emplace_back(Operation{2, 7, 0, SelectCertificate{Purpose::decrypt, {}}});
    all.emplace_back(Operation{3, 7, 0, ListCertificates{}});
    all.emplace_back(
        Operation{4, 7, 0, Authenticate{Bytes(32, 9), "h", Scheme::rsa_pss, DigestAlgorithm::sha384}});
    Sign sign{SignFormat::cms, DigestAlgorithm::sha512, Scheme::ecdsa, "h", false, {}, {some}};
    sign.items.push_back({"قرارداد.txt", "text/plain", 1200, Bytes(64, 1), false, 0, 4096});
    sign.items.push_back({"b", "", 0, Bytes(64, 2), true, -1, 0});
    sign.previews = Bytes(70'000, 6);
    all.emplace_back(Operation{5, 0, 9, sign});
    Decrypt decrypt{"sealed", 4096, true, "AES-256-GCM", 32, {}};
    decrypt.recipients.push_back(
        {some, "0A", {}, RsaWrapped{true, DigestAlgorithm::sha256, DigestAlgorithm::sha1, Bytes(256, 4)}});
    decrypt.recipients.push_back(
        {{}, "", some, EcWrapped{some, DigestAlgorithm::sha256, 256, Bytes{9}, Bytes(40, 3)}});
    all.emplace_back(Operation{6, 7, 0, decrypt});
    all.emplace_back(Operation{7, 7, 0, GenerateKey{"P-256", "CN=Sara", "work", {}}});
    all.emplace_back(Operation{8, 7, 0, ImportCertificate{Bytes(2000, 5), ""}});
    const std::string session = "k3JdA0000000000";
    all.emplace_back(Operation{12, 7, 0, SelectCertificate{Purpose::any, filter}, session});
    all.emplace_back(Operation{13, 7, 0, ListCertificates{filter}, session});
    all.emplace_back(Operation{
        14, 7, 0, GenerateKey{"RSA-2048", "CN=Sara", "", {{NameKind::identifier, "1.2.3"}}}, session});
    all.emplace_back(Operation{15, 7, 0, ImportCertificate{Bytes(2000, 5), "h"}, session});
    all.emplace_back(Operation{
        16, 7, 0, DecryptBlock{"h", true, DigestAlgorithm::sha256, DigestAlgorithm::sha1, some}, session});
    all.emplace_back(Operation{17, 7, 0, RequestCertificate{"h"}, session});
    all.emplace_back(Operation{18, 7, 0, RemoveKey{"k"}, session});
    all.emplace_back(Operation{19, 7, 0, RemoveCertificate{"h"}, session});
    all.emplace_back(Operation{20, 7, 0, ChangePin{}, session});
    all.emplace_back(Operation{21, 7, 0, UnblockPin{}, session});
    all.emplace_back(Operation{22, 7, 0, ImportFile{filter}, session});
    all.emplace_back(SessionReset{7, session});
    all.emplace_back(OperationCancel{8});
    all.emplace_back(Spool{4, std::uint64_t{4} << 30U});
    all.emplace_back(FileJobReply{11, std::string("{\"size\":4}")});
    all.emplace_back(FileJobReply{12, Failure(Code::decryption_failed)});
    all.emplace_back(FileJobProgress{11, 5, 10});
    all.emplace_back(Pong{3});
    return all;
}

std::vector<FromCore> from_core_samples() {
    std::vector<FromCore> all;
    Configure configure;
    configure.product_version = "0.1.0";
    configure.limits.connections = 5;
    configure.limits.silent = std::chrono::milliseconds(1234);
    configure.dastine.buffered_bytes = 1 << 20;
    configure.dastine_version = "5.8.38.0";
    configure.developer_mode = true;
    configure.plain_hosts = {"127.0.0.1:51356"};
    configure.tls_hosts = {"localhost:51357", "127.0.0.1:51357"};
    configure.sockets = {{false, 51356, false}, {true, 51357, true}};
    configure.tls_key = Secret(as_bytes("the leaf's private key"));
    configure.tls_chain = {some};
    configure.accepting = false;
    all.emplace_back(std::move(configure));
    NewTlsIdentity identity;
    identity.tls_hosts = {"localhost:51357"};
    identity.tls_key = Secret(as_bytes("another leaf's private key"));
    identity.tls_chain = {some};
    all.emplace_back(std::move(identity));
    all.emplace_back(Listen{true, "switched_off"});
    all.emplace_back(Stop{});
    all.emplace_back(PeerVerdict{7, true});
    all.emplace_back(SiteState{7, true, Access::silenced, "initialised", "", {}});
    all.emplace_back(SiteState{8, true, Access::granted, "initialised", "کارت سارا",
                               SiteQuirks{Prehashed::automatic, Attach::never, true, true, true, false},
                               true});
    all.emplace_back(TokenChanged{TokenEvent::replaced});
    all.emplace_back(OperationState{5, PromptState::shown});
    all.emplace_back(OperationReply{1, Answer(AccessGranted{})});
    all.emplace_back(OperationReply{2, Answer(Selected{view()})});
    all.emplace_back(OperationReply{3, Answer(Listed{{view(), view()}})});
    all.emplace_back(OperationReply{4, Answer(Authenticated{view(), Scheme::rsa_pss, DigestAlgorithm::sha384,
                                                            some, "https://a.example"})});
    all.emplace_back(OperationReply{
        5, Answer(Signed{view(), Scheme::ecdsa, DigestAlgorithm::sha512, {{some, {}}, {some, some}}})});
    all.emplace_back(
        OperationReply{6, Answer(Decrypted{Secret(as_bytes("0123456789abcdef0123456789abcdef"))})});
    all.emplace_back(OperationReply{7, Answer(Generated{"0a0b", some})});
    all.emplace_back(OperationReply{8, Answer(Imported{view()})});
    all.emplace_back(OperationReply{11, Answer(Completed{})});
    Failure wrong(Code::pin_wrong, "only for the log");
    wrong.tries_left = 2;
    all.emplace_back(OperationReply{9, wrong});
    Failure limit(Code::limit_exceeded);
    limit.limit = "batch";
    limit.max = 500;
    limit.path = "items";
    limit.retry_after = 60;
    all.emplace_back(OperationReply{10, limit});
    all.emplace_back(SpoolReply{4, true});
    FileJob job{11,   JobKind::verify,         "file.p7m", 1 << 20, false, false,
                true, DigestAlgorithm::sha384, "h",        {some}};
    all.emplace_back(std::move(job));
    all.emplace_back(FileJobCancel{11});
    all.emplace_back(Ping{3});
    return all;
}

/// The map of a message, changed by `change`, encoded again.
template <class F>
Bytes changed(const Bytes& body, F change) {
    json map = json::from_cbor(body);
    change(map);
    return json::to_cbor(map);
}

} // namespace

TEST_CASE("every message of the door comes back as it was sent", "[protocol][link]") {
    const auto samples = from_door_samples();
    std::vector<bool> seen(std::variant_size_v<FromDoor>);
    std::vector<bool> requests(std::variant_size_v<Request>);
    for (const FromDoor& sample : samples) {
        const Bytes body = encode(sample);
        const auto back = decode_from_door(body);
        REQUIRE(back);
        CHECK(back->index() == sample.index());
        CHECK(encode(*back) == body);
        seen[sample.index()] = true;
        if (const auto* operation = std::get_if<Operation>(&sample))
            requests[operation->request.index()] = true;
    }
    CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
    CHECK(std::find(requests.begin(), requests.end(), false) == requests.end());

    const auto sign = decode_from_door(encode(samples[9]));
    REQUIRE(sign);
    const auto& operation = std::get<Operation>(*sign);
    CHECK(operation.job == 9);
    const auto& request = std::get<Sign>(operation.request);
    REQUIRE(request.items.size() == 2);
    CHECK(request.items[0].name == "قرارداد.txt");
    CHECK(request.items[0].preview == 0);
    CHECK(request.items[0].preview_offset == 4096);
    CHECK(request.items[1].preview == -1);
    CHECK(request.items[1].blind);
    CHECK(request.previews == Bytes(70'000, 6));
    CHECK(request.digest_algorithm == DigestAlgorithm::sha512);
}

TEST_CASE("every message of the core comes back as it was sent", "[protocol][link]") {
    std::vector<bool> seen(std::variant_size_v<FromCore>);
    std::vector<bool> answers(std::variant_size_v<Answer>);
    for (const FromCore& sample : from_core_samples()) {
        const Encoded sent = encode(sample);
        auto back = decode_from_core(sent.body, sent.secret.duplicate());
        REQUIRE(back);
        CHECK(back->index() == sample.index());
        const Encoded again = encode(*back);
        CHECK(again.body == sent.body);
        CHECK(again.secret.same_as(sent.secret.reveal()));
        seen[sample.index()] = true;
        if (const auto* reply = std::get_if<OperationReply>(&*back); reply != nullptr && reply->outcome)
            answers[reply->outcome->index()] = true;
        if (auto* configure = std::get_if<Configure>(&*back)) {
            CHECK(configure->limits.silent == std::chrono::milliseconds(1234));
            CHECK(configure->limits.connections == 5);
            CHECK(configure->tls_key.same_as(as_bytes("the leaf's private key")));
            CHECK(configure->sockets[1].ipv6);
        }
    }
    CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
    CHECK(std::find(answers.begin(), answers.end(), false) == answers.end());
}

TEST_CASE("messages are CBOR in the shortest form, as another implementation writes it", "[protocol][link]") {
    const auto same = [](const Bytes& body) {
        const json tree = json::from_cbor(body); // throws on what is not CBOR
        CHECK(json::to_cbor(tree).size() == body.size());
    };
    for (const FromDoor& sample : from_door_samples()) same(encode(sample));
    for (const FromCore& sample : from_core_samples()) same(encode(sample).body);
    for (const std::uint64_t number :
         {std::uint64_t{0}, std::uint64_t{23}, std::uint64_t{24}, std::uint64_t{255}, std::uint64_t{256},
          std::uint64_t{65535}, std::uint64_t{65536}, std::uint64_t{0xFFFFFFFF}, std::uint64_t{0x100000000},
          ~std::uint64_t{0}}) {
        const Bytes body = encode(FromDoor(ConnectionClosed{number}));
        same(body);
        CHECK(json::from_cbor(body)["connection"] == number);
    }
}

TEST_CASE("a secret travels beside the map and never inside it", "[protocol][link]") {
    const std::string canary = "canary-content-key-0123456789abc";
    const Encoded sent = encode(FromCore(OperationReply{6, Answer(Decrypted{Secret(as_bytes(canary))})}));
    CHECK(sent.secret.same_as(as_bytes(canary)));
    const auto occurs = [&](ByteView in) {
        return std::search(in.begin(), in.end(), canary.begin(), canary.end()) != in.end();
    };
    CHECK(occurs(sent.secret.reveal())); // the search itself finds it where it is
    CHECK_FALSE(occurs(sent.body));

    CHECK_FALSE(decode_from_core(sent.body, {}));
    CHECK_FALSE(decode_from_core(encode(FromCore(TokenChanged{})).body, Secret(as_bytes("x"))));
}

TEST_CASE("a failure's log text stays on its own side of the link", "[protocol][link]") {
    const Encoded sent =
        encode(FromCore(OperationReply{9, Failure(Code::internal_error, "/home/sara/vault: io")}));
    const auto back = decode_from_core(sent.body, {});
    REQUIRE(back);
    CHECK(std::get<OperationReply>(*back).outcome.error().detail.empty());
    CHECK(std::get<OperationReply>(*back).outcome.error().code == Code::internal_error);
}

TEST_CASE("every cut of a message is refused [T08]", "[protocol][link]") {
    for (const FromDoor& sample : from_door_samples()) {
        const Bytes body = encode(sample);
        // A sanitizer takes its time over each exception of the reader.
        const std::size_t step = test::sanitized && body.size() > 1024 ? 29 : 1;
        for (std::size_t length = 0; length < body.size(); length += step)
            REQUIRE_FALSE(decode_from_door(ByteView(body).first(length)));
    }
}

TEST_CASE("members that are unknown, missing, doubled or of the wrong kind are refused [T08]",
          "[protocol][link]") {
    const Bytes body = encode(FromDoor(PeerCheck{7, tuple}));
    CHECK(decode_from_door(changed(body, [](json&) {})));
    CHECK_FALSE(decode_from_door(changed(body, [](json& m) { m["extra"] = 1; })));
    CHECK_FALSE(decode_from_door(changed(body, [](json& m) { m["peer"]["extra"] = 1; })));
    CHECK_FALSE(decode_from_door(changed(body, [](json& m) { m.erase("connection"); })));
    CHECK_FALSE(decode_from_door(changed(body, [](json& m) { m["connection"] = -1; })));
    CHECK_FALSE(decode_from_door(changed(body, [](json& m) { m["connection"] = "7"; })));
    CHECK_FALSE(decode_from_door(changed(body, [](json& m) { m["peer"]["local_port"] = 65536; })));
    CHECK_FALSE(decode_from_door(changed(body, [](json& m) { m["type"] = "no_such"; })));
    CHECK_FALSE(decode_from_door(changed(body, [](json& m) { m = json::array({m}); })));
    const Encoded verdict = encode(FromCore(PeerVerdict{1, true}));
    CHECK_FALSE(decode_from_door(verdict.body));

    Bytes trailing = body;
    trailing.push_back(0xF6);
    CHECK_FALSE(decode_from_door(trailing));

    // {"type":"operation_cancel","id":1,"id":2}
    Bytes twice{0xA3, 0x64, 't', 'y', 'p', 'e', 0x70};
    for (const char c : std::string("operation_cancel")) twice.push_back(static_cast<std::uint8_t>(c));
    for (const std::uint8_t value : {std::uint8_t{1}, std::uint8_t{2}})
        for (const std::uint8_t byte : {std::uint8_t{0x62}, std::uint8_t{'i'}, std::uint8_t{'d'}, value})
            twice.push_back(byte);
    CHECK_FALSE(decode_from_door(twice));
    twice.resize(twice.size() - 4);
    twice[0] = 0xA2;
    CHECK(decode_from_door(twice));

    const Bytes select = encode(FromDoor(Operation{2, 7, 0, SelectCertificate{}}));
    CHECK_FALSE(decode_from_door(changed(select, [](json& m) { m["request"]["purpose"] = 4; })));
    CHECK_FALSE(decode_from_door(changed(select, [](json& m) { m["request"]["type"] = "shell"; })));
    const Encoded reply = encode(FromCore(OperationReply{9, Failure(Code::busy)}));
    CHECK_FALSE(
        decode_from_core(changed(reply.body, [](json& m) { m["outcome"]["failure"]["code"] = "no"; }), {}));
}

TEST_CASE("items of CBOR that no message has are refused [T08]", "[protocol][link]") {
    // {"type":"operation_cancel","id":VALUE}
    const auto with_id = [](const Bytes& value) {
        Bytes body{0xA2, 0x64, 't', 'y', 'p', 'e', 0x70};
        for (const char c : std::string("operation_cancel")) body.push_back(static_cast<std::uint8_t>(c));
        body.insert(body.end(), {0x62, 'i', 'd'});
        body.insert(body.end(), value.begin(), value.end());
        return body;
    };
    CHECK(decode_from_door(with_id({0x07})));
    CHECK(decode_from_door(with_id({0x1B, 0, 0, 0, 1, 0, 0, 0, 0})));
    for (const Bytes& value :
         {Bytes{0xF6}, Bytes{0xF7}, Bytes{0xF5}, Bytes{0xF9, 0x3C, 0x00}, Bytes{0xFB, 0, 0, 0, 0, 0, 0, 0, 0},
          Bytes{0xF8, 0x20}, Bytes{0xC1, 0x07}, Bytes{0x1C}, Bytes{0x1F}, Bytes{0x5F, 0x41, 0x01, 0xFF},
          Bytes{0x9F, 0xFF}, Bytes{0xFF}, Bytes{0x18}, Bytes{0x1B, 0, 0}, Bytes{0x80}, Bytes{0xA0},
          Bytes{0x41}})
        CHECK_FALSE(decode_from_door(with_id(value)));
}

TEST_CASE("text that is not UTF-8 is refused [T08]", "[protocol][link]") {
    const Bytes good = encode(FromDoor(SessionReset{7, "abc"}));
    CHECK(decode_from_door(good));
    Bytes bad = good;
    const auto at = std::search(bad.begin(), bad.end(), good.end() - 3, good.end());
    REQUIRE(at != bad.end());
    *at = 0xC3;
    CHECK_FALSE(decode_from_door(bad));
}

TEST_CASE("the members of a message may come in any order", "[protocol][link]") {
    for (const FromDoor& sample : from_door_samples()) {
        const Bytes body = encode(sample);
        const Bytes sorted = changed(body, [](json&) {}); // by name
        const auto back = decode_from_door(sorted);
        REQUIRE(back);
        CHECK(encode(*back) == body);
    }
}

TEST_CASE("oversized parts of a message are refused [T09]", "[protocol][link]") {
    Sign sign;
    sign.items.resize(max_items);
    CHECK(decode_from_door(encode(FromDoor(Operation{1, 1, 0, sign}))));
    sign.items.resize(max_items + 1);
    CHECK_FALSE(decode_from_door(encode(FromDoor(Operation{1, 1, 0, sign}))));
    Sign named;
    named.items.push_back({std::string(max_name_bytes + 1, 'n'), "", 0, {}, false, -1, 0});
    CHECK_FALSE(decode_from_door(encode(FromDoor(Operation{1, 1, 0, named}))));
    CHECK_FALSE(decode_from_door(
        encode(FromDoor(Operation{1, 1, 0, ImportCertificate{Bytes(max_message_bytes), ""}}))));
}

TEST_CASE("a bomb of nested arrays, maps or tags is refused without recursion [T08]", "[protocol][link]") {
    for (const std::uint8_t opener :
         {std::uint8_t{0x81}, std::uint8_t{0x9F}, std::uint8_t{0xC1}, std::uint8_t{0xBF}})
        CHECK_FALSE(decode_from_door(Bytes(max_message_bytes, opener)));
    Bytes maps;
    while (maps.size() + 3 <= max_message_bytes) maps.insert(maps.end(), {0xA1, 0x61, 'a'});
    CHECK_FALSE(decode_from_door(maps));
    // A text or an array that announces more than there is reserves nothing.
    CHECK_FALSE(decode_from_door(Bytes{0x9B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}));
    CHECK_FALSE(decode_from_door(Bytes{0x5B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}));
}
