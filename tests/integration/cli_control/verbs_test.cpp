// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "cli_process.hpp"
#include "fake_core.hpp"
#include <mohr/base/encoding.hpp>

#include <csignal>
#include <fstream>
#include <future>
#include <mutex>
#include <sstream>
#include <unistd.h>
#include <utility>

using namespace mohr;
using namespace mohr::test;
using json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string key_id = "00112233445566778899aabbccddeeff00112233";

/// What a core was asked, kept for looking at it afterwards.
struct Request {
    nlohmann::json json;
    std::vector<std::string> secrets;
    [[nodiscard]] std::string method() const { return json.value("method", ""); }
};

class Journal {
public:
    FakeCore::Script script(std::function<json(const Received&)> answer) {
        return [this, answer = std::move(answer)](CorePeer& peer) {
            for (;;) {
                auto request = peer.receive();
                if (request.json.is_null()) return;
                const json result = answer(request);
                add(request);
                if (result.is_object() && result.contains("refuse"))
                    peer.refuse(request, result["refuse"], result.value("data", json::object()));
                else
                    peer.reply(request, result);
            }
        };
    }
    /// On the core's thread.
    void add(const Received& request) {
        const std::lock_guard lock(mutex_);
        requests_.push_back({request.json, request.secrets});
    }
    /// What has come so far.
    std::vector<Request> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    std::vector<std::string> methods() {
        std::vector<std::string> out;
        for (const auto& request : requests()) out.push_back(request.method());
        return out;
    }

private:
    std::mutex mutex_;
    std::vector<Request> requests_;
};

json token_info(unsigned admin_left = 10) {
    return {{"state", "initialised"},
            {"label", "Mohr"},
            {"user", {{"set", true}, {"triesLeft", 3}, {"triesAtMost", 5}}},
            {"admin", {{"set", true}, {"triesLeft", admin_left}, {"triesAtMost", 10}}},
            {"deviceSecret", "file"},
            {"certificates", 0}};
}

json one_key() {
    return json::array({{{"id", key_id}, {"label", "work"}, {"algorithm", "P-256"}, {"state", "pending"}}});
}

std::string error_code(const Finished& finished) {
    const auto document = json::parse(finished.err, nullptr, false);
    return document.is_object() ? document["error"].value("code", "") : "not JSON: " + finished.err;
}

std::string content(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}
std::size_t entries(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

} // namespace

TEST_CASE("start, stop and status send their methods and show the state [R12] [R13]", "[cli]") {
    Journal journal;
    const FakeCore core(journal.script([](const Received& request) -> json {
        return {{"running", request.method() != "service.stop"},
                {"ports", {{"plain", 51356}, {"tls", 51357}}}};
    }));
    CHECK(run_mohr({"start", "--socket", core.socket()}).out == "The service is on: sites can reach it.\n");
    const auto stopped = run_mohr({"stop", "--socket", core.socket()});
    CHECK(stopped.exit == 0);
    CHECK(stopped.out == "The Dastineh service is stopped.\n");
    CHECK(run_mohr({"--lang", "fa", "stop", "--socket", core.socket()}).out == "سرویس دستینه متوقف است.\n");
    CHECK(run_mohr({"status", "--socket", core.socket()}).out.find("51356 (ws), 51357 (wss)") !=
          std::string::npos);
    CHECK(journal.methods() ==
          std::vector<std::string>{"service.start", "service.stop", "service.stop", "service.status"});
}

TEST_CASE("a PIN is refused from a pipe unless that was said", "[cli]") {
    Journal journal;
    const FakeCore core(journal.script([](const Received&) { return json::object(); }));
    auto finished = run_mohr({"token", "verify-pin", "--json", "--socket", core.socket()}, "123456\n");
    CHECK(finished.exit == 2);
    CHECK(error_code(finished) == "pin_needs_terminal");
    CHECK(journal.requests().empty());
    finished = run_mohr({"token", "verify-pin", "--pin-stdin", "--socket", core.socket()}, "123456\n");
    CHECK(finished.exit == 0);
    REQUIRE(journal.requests().size() == 1);
    CHECK(journal.requests()[0].secrets == std::vector<std::string>{"123456"});
}

TEST_CASE("wrong and blocked PINs have their messages and exit codes [R55] [R56] [R57]", "[cli]") {
    const auto [code, data, role, exit, sentence] =
        GENERATE(table<std::string, std::string, std::string, int, std::string>({
            {"pin_wrong", R"({"triesLeft":2})", "user", 5, "Wrong PIN. 2 attempts left."},
            {"pin_blocked", "{}", "user", 6, "User PIN locked. Unlock it with the admin PIN."},
            {"pin_blocked", "{}", "admin", 6, "Admin PIN locked. Only a reset remains; keys will be lost."},
            {"token_not_initialised", "{}", "user", 11, "Reset the token first."},
        }));
    const FakeCore core(answering([code = code, data = data](const Received&) -> json {
        return {{"refuse", code}, {"data", json::parse(data)}};
    }));
    const auto finished = run_mohr(
        {"token", "verify-pin", "--role", role, "--pin-stdin", "--socket", core.socket()}, "123456\n");
    CHECK(finished.exit == exit);
    CHECK(finished.err.find(sentence) != std::string::npos);
    CHECK(finished.out.empty());
}

TEST_CASE("new PINs are asked in order and a guessable one is confirmed by name [R59]", "[cli]") {
    Journal journal;
    const FakeCore core(journal.script([](const Received& request) -> json {
        if (request.method() == "token.info") return {{"state", "activated"}};
        if (!request.json["params"].contains("confirmEqual"))
            return {{"refuse", "confirmation_needed"}, {"data", {{"reason", "user:sequence,equal"}}}};
        if (!request.json["params"].contains("confirmGuessable"))
            return {{"refuse", "confirmation_needed"}, {"data", {{"reason", "user:sequence"}}}};
        return json::object();
    }));
    const std::vector<std::string> base{"token",       "init",     "--label",    "Sara",
                                        "--pin-stdin", "--socket", core.socket()};
    SECTION("nobody there to confirm") {
        auto arguments = base;
        const auto finished = run_mohr(arguments, "123456\n123456\n");
        CHECK(finished.exit == 10);
        CHECK(journal.requests().size() == 2);
    }
    SECTION("confirmed") {
        auto arguments = base;
        arguments.push_back("--yes");
        CHECK(run_mohr(arguments, "123456\n123456\n").exit == 0);
        REQUIRE(journal.requests().size() == 4);
        const auto last = journal.requests().back();
        CHECK(last.method() == "token.initialise");
        CHECK(last.json["secrets"] == json{"user_pin", "admin_pin"});
        CHECK(last.json["params"] ==
              json{{"label", "Sara"}, {"confirmEqual", true}, {"confirmGuessable", true}});
    }
}

TEST_CASE("a reset with a blocked admin PIN asks for the owner, not for that PIN [R57]", "[cli]") {
    Journal journal;
    const FakeCore core(journal.script([](const Received& request) -> json {
        if (request.method() == "token.info") return token_info(0);
        if (request.method() == "key.list") return one_key();
        return json::object();
    }));
    const auto finished = run_mohr({"token", "reset", "--yes", "--pin-stdin", "--socket", core.socket()},
                                   "owner password\n222222\nAbcd22\n");
    CHECK(finished.exit == 0);
    const auto last = journal.requests().back();
    CHECK(last.method() == "token.resetBlocked");
    CHECK(last.json["secrets"] == json{"new_user_pin", "new_admin_pin", "owner_password"});
    CHECK(last.secrets == std::vector<std::string>{"222222", "Abcd22", "owner password"});
    CHECK(last.json["params"]["confirmLoss"] == 0);
}

TEST_CASE("a removal names what is lost before it asks, and nothing goes without a yes [R150]", "[cli]") {
    Journal journal;
    const FakeCore core(journal.script([](const Received& request) -> json {
        return request.method() == "key.list" ? one_key() : json::object();
    }));
    SECTION("nobody there to confirm") {
        const auto finished =
            run_mohr({"cert", "remove", "work", "--pin-stdin", "--socket", core.socket()}, "123456\n");
        CHECK(finished.exit == 10);
        CHECK(finished.err.find(key_id) != std::string::npos);
        CHECK(journal.methods() == std::vector<std::string>{"key.list"});
    }
    SECTION("no on a terminal") {
        TerminalProcess mohr({"cert", "remove", "0011", "--socket", core.socket()});
        REQUIRE(mohr.expect("will be gone for good"));
        REQUIRE(mohr.expect(key_id));
        REQUIRE(mohr.expect("There is no undo."));
        REQUIRE(mohr.expect("Remove it? [y/N]"));
        mohr.type("\r");
        CHECK(mohr.wait() == 4);
        CHECK(journal.methods() == std::vector<std::string>{"key.list"});
    }
    SECTION("yes on a terminal") {
        TerminalProcess mohr({"cert", "remove", "0011", "--socket", core.socket()});
        REQUIRE(mohr.expect("Remove it? [y/N]"));
        mohr.type("y\r");
        REQUIRE(mohr.expect("User PIN:"));
        mohr.type("847261\r");
        CHECK(mohr.wait() == 0);
        CHECK(mohr.screen().find("847261") == std::string::npos);
        CHECK(mohr.is_cooked());
        REQUIRE(journal.methods().back() == "certificate.remove");
        CHECK(journal.requests().back().json["params"]["id"] == key_id);
    }
    SECTION("not there, or not clear") {
        CHECK(run_mohr({"cert", "remove", "ffff", "--yes", "--socket", core.socket()}).exit == 7);
        CHECK(run_mohr({"cert", "remove", "001", "--yes", "--socket", core.socket()}).exit == 7); // too short
    }
}

TEST_CASE("keys typed before a question never answer it [T14]", "[cli]") {
    std::atomic<bool> go = false;
    Journal journal;
    const FakeCore core(journal.script([&](const Received& request) -> json {
        while (!go) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return request.method() == "key.list" ? one_key() : json::object();
    }));
    TerminalProcess mohr({"cert", "remove", "0011", "--socket", core.socket()});
    mohr.type("y\r123456\r");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    go = true;
    REQUIRE(mohr.expect("Remove it? [y/N]"));
    CHECK_FALSE(mohr.expect("User PIN:", std::chrono::milliseconds(500)));
    mohr.type("\x1b");
    CHECK(mohr.wait() == 4);
    CHECK(journal.methods() == std::vector<std::string>{"key.list"});
}

TEST_CASE("Ctrl-C at a PIN leaves the terminal as it was", "[cli]") {
    const FakeCore core(answering([](const Received&) { return json::object(); }));
    TerminalProcess mohr({"token", "verify-pin", "--socket", core.socket()});
    REQUIRE(mohr.expect("User PIN:"));
    CHECK_FALSE(mohr.is_cooked());
    SECTION("as a key") {
        mohr.type("12\x03");
    }
    SECTION("as a signal") {
        mohr.send_signal(SIGTERM);
    }
    CHECK(mohr.wait() == 4);
    CHECK(mohr.is_cooked());
}

TEST_CASE("a repeated PIN that differs is asked again with the catalogue's message [R41]", "[cli]") {
    Journal journal;
    const FakeCore core(journal.script([](const Received&) { return json::object(); }));
    TerminalProcess mohr({"token", "unblock", "--socket", core.socket()});
    REQUIRE(mohr.expect("Admin PIN:"));
    mohr.type("Abcd11\r");
    REQUIRE(mohr.expect("New user PIN:"));
    mohr.type("1111\r");
    REQUIRE(mohr.expect("Repeat user PIN:"));
    mohr.type("2222\r");
    REQUIRE(mohr.expect("User PIN and its repetition differ."));
    REQUIRE(mohr.expect("New user PIN:"));
    mohr.type("3333\r");
    REQUIRE(mohr.expect("Repeat user PIN:"));
    mohr.type("3333\r");
    CHECK(mohr.wait() == 0);
    REQUIRE(journal.requests().size() == 1);
    CHECK(journal.requests()[0].secrets == std::vector<std::string>{"Abcd11", "3333"});
    for (const char* pin : {"Abcd11", "1111", "2222", "3333"})
        CHECK(mohr.screen().find(pin) == std::string::npos);
}

TEST_CASE("a signed file appears whole or not at all", "[cli][files]") {
    const TemporaryDirectory directory;
    const fs::path input = directory.path() / "contract.txt";
    std::ofstream(input) << "the contract";
    const fs::path output = directory.path() / "contract.txt.p7s";

    SECTION("the service has said that it is whole") {
        std::promise<json> asked;
        const FakeCore core(answering([&](const Received& request) -> json {
            asked.set_value(request.json["params"]);
            char seen[64] = {};
            need(::read(request.descriptors.at(0).get(), seen, sizeof seen) == 12);
            need(std::string(seen) == "the contract");
            need(!fs::exists(output));
            need(write_all(request.descriptors.at(1).get(), as_bytes("cms")).has_value());
            return {{"size", 3}};
        }));
        const auto finished = run_mohr({"sign", input.string(), "--json", "--socket", core.socket()});
        CHECK(finished.exit == 0);
        CHECK(json::parse(finished.out)["file"] == output.string());
        CHECK(content(output) == "cms");
        const json params = asked.get_future().get();
        CHECK(params["name"] == "contract.txt");
        CHECK(params["detached"] == true);
    }
    SECTION("the person said no, after bytes were written") {
        const FakeCore core(answering([&](const Received& request) -> json {
            need(write_all(request.descriptors.at(1).get(), as_bytes("half")).has_value());
            return {{"refuse", "user_cancelled"}};
        }));
        CHECK(run_mohr({"sign", input.string(), "--socket", core.socket()}).exit == 4);
        CHECK(entries(directory.path()) == 1);
    }
    SECTION("the service is gone in the middle") {
        const FakeCore core([&](CorePeer& peer) { (void)peer.receive(); });
        CHECK(run_mohr({"sign", input.string(), "--socket", core.socket()}).exit == 13);
        CHECK(entries(directory.path()) == 1);
    }
    SECTION("there is an output already") {
        std::ofstream(output) << "old";
        Journal journal;
        const FakeCore core(journal.script([](const Received& request) -> json {
            need(write_all(request.descriptors.at(1).get(), as_bytes("new")).has_value());
            return {{"size", 3}};
        }));
        CHECK(run_mohr({"sign", input.string(), "--socket", core.socket()}).exit == 9);
        CHECK(journal.requests().empty()); // nobody was asked in vain
        CHECK(content(output) == "old");
        CHECK(run_mohr({"sign", input.string(), "--force", "--socket", core.socket()}).exit == 0);
        CHECK(content(output) == "new");
    }
    SECTION("interrupted while the person is asked: the request is cancelled") {
        Journal journal;
        const FakeCore core([&](CorePeer& peer) {
            const auto request = peer.receive();
            const auto cancel = peer.receive();
            journal.add(cancel);
            peer.refuse(request, "cancelled");
            (void)peer.receive();
        });
        TerminalProcess mohr({"sign", input.string(), "--socket", core.socket()});
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        mohr.type("\x03");
        CHECK(mohr.wait() == 4);
        REQUIRE(journal.requests().size() == 1);
        CHECK(journal.requests()[0].method() == "$/cancel");
        CHECK(entries(directory.path()) == 1);
    }
    SECTION("nobody can be asked") {
        const FakeCore core(answering([](const Received&) -> json { return {{"refuse", "no_agent"}}; }));
        const auto finished = run_mohr({"sign", input.string(), "--socket", core.socket()});
        CHECK(finished.exit == 12);
        CHECK(finished.err.find("mohr agent") != std::string::npos);
    }
}

TEST_CASE("decrypt and verify choose their files by suffix", "[cli][files]") {
    const TemporaryDirectory directory;
    const auto path = [&](const char* name) { return (directory.path() / name).string(); };
    std::ofstream(path("a.txt")) << "content";
    std::ofstream(path("a.txt.p7s")) << "signature";
    std::ofstream(path("b.bin.p7m")) << "envelope";
    std::promise<json> verified_with;
    const FakeCore core(answering([&, first = true](const Received& request) mutable -> json {
        if (request.method() == "file.verify") {
            if (std::exchange(first, false)) verified_with.set_value(request.json["descriptors"]);
            return {{"valid", false},
                    {"detached", true},
                    {"size", 7},
                    {"signers",
                     {{{"verdict", "digest_mismatch"},
                       {"subject", "CN=a\033[2Jb"},
                       {"digestAlgorithm", "SHA-256"},
                       {"chainChecked", false},
                       {"detail", ""}}}}};
        }
        need(write_all(request.descriptors.at(1).get(), as_bytes("plain")).has_value());
        return {{"size", 5}, {"authenticated", false}};
    }));
    const auto verified = run_mohr({"verify", path("a.txt.p7s"), "--socket", core.socket()});
    CHECK(verified.exit == 8);
    CHECK(verified_with.get_future().get() == json{"input", "content"});
    CHECK(verified.out.find("The signature is NOT valid.") == 0);
    CHECK(verified.out.find("digest_mismatch") != std::string::npos);
    CHECK(verified.out.find('\033') == std::string::npos);
    CHECK(run_mohr({"verify", path("a.txt.p7s"), "--json", "--socket", core.socket()}).exit == 8);

    const auto opened = run_mohr({"decrypt", path("b.bin.p7m"), "--socket", core.socket()});
    CHECK(opened.exit == 0);
    CHECK(content(path("b.bin")) == "plain");
    CHECK(opened.err.find("not tamper-proof") != std::string::npos);
    CHECK(run_mohr({"decrypt", path("a.txt"), "--socket", core.socket()}).exit == 2);
    CHECK(run_mohr({"decrypt", path("missing.p7m"), "--socket", core.socket()}).exit == 7);
}

TEST_CASE("a signature is only called valid where each signer, and one at least, is vouched for",
          "[cli][files]") {
    const TemporaryDirectory directory;
    const std::string file = (directory.path() / "a.p7m").string();
    std::ofstream(file) << "signature";
    const auto said_of = [&](const json& signers) {
        const FakeCore core(answering([&](const Received&) -> json {
            return {{"valid", true}, {"detached", false}, {"size", 7}, {"signers", signers}};
        }));
        return run_mohr({"verify", file, "--socket", core.socket()}).out;
    };
    const auto signer = [](bool checked) {
        return json{{"verdict", "valid"},
                    {"subject", "CN=a"},
                    {"digestAlgorithm", "SHA-256"},
                    {"chainChecked", checked},
                    {"detail", ""}};
    };
    const std::string valid = "The signature is valid";
    CHECK(said_of(json::array({signer(true)})).find(valid) == 0);
    CHECK(said_of(json::array({signer(true), signer(false)})).find(valid) == std::string::npos);
    CHECK(said_of(json::array()).find(valid) == std::string::npos);
}

TEST_CASE("site verbs ask for exactly what was said [R156]", "[cli]") {
    Journal journal;
    const FakeCore core(journal.script([](const Received&) { return json::object(); }));
    const auto site = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "site");
        arguments.insert(arguments.end(), {"https://a.example", "--socket", core.socket()});
        return run_mohr(arguments).exit;
    };
    CHECK(site({"allow"}) == 0);
    CHECK(site({"deny", "--listing"}) == 0);
    CHECK(site({"allow", "--blind"}) == 10); // needs a yes of its own
    CHECK(site({"allow", "--blind", "--yes"}) == 0);
    CHECK(site({"forget"}) == 0);
    REQUIRE(journal.requests().size() == 4);
    CHECK(journal.requests()[0].json["params"] == json{{"origin", "https://a.example"}, {"access", "allow"}});
    CHECK(journal.requests()[1].json["params"] == json{{"origin", "https://a.example"}, {"listing", "deny"}});
    CHECK(journal.requests()[2].json["params"] == json{{"origin", "https://a.example"}, {"blind", "allow"}});
    CHECK(journal.requests()[3].method() == "site.forget");
}

TEST_CASE("the log is read page by page, filtered and exported", "[cli]") {
    const FakeCore core(answering([](const Received& request) -> json {
        if (request.method() == "log.verify")
            return {{"intact", false},
                    {"entries", 7},
                    {"problem", {{"line", 8}, {"kind", "removed"}, {"detail", "d"}}}};
        const std::uint64_t after = request.json["params"]["after"];
        json page = json::array();
        for (std::uint64_t seq = after + 1; seq <= std::min<std::uint64_t>(after + 2, 5); ++seq)
            page.push_back({{"seq", seq},
                            {"time", "2026-11-2" + std::to_string(seq) + "T10:00:00.000Z"},
                            {"origin", seq % 2 == 0 ? "https://even.example" : "https://odd.example"},
                            {"operation", "sign"},
                            {"decision", "allowed"},
                            {"documents", {{{"name", "d\u202E" + std::to_string(seq)}, {"digest", "00"}}}}});
        return {{"entries", page}, {"total", 5}};
    }));
    const auto log = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "log");
        arguments.insert(arguments.end(), {"--json", "--socket", core.socket()});
        const auto finished = run_mohr(arguments);
        CHECK(finished.exit == 0);
        return json::parse(finished.out, nullptr, false);
    };
    CHECK(log({"show"}).size() == 5);
    CHECK(log({"show", "--limit", "2"})[0]["seq"] == 4);
    CHECK(log({"show", "--since", "2026-11-23"}).size() == 3);
    CHECK(log({"show", "--origin", "https://even.example"}).size() == 2);
    CHECK(log({"show", "--decision", "denied"}).empty());
    CHECK(run_mohr({"log", "show", "--since", "tuesday", "--socket", core.socket()}).exit == 2);

    const auto table = run_mohr({"log", "show", "--socket", core.socket()}).out;
    CHECK(table.find("https://odd.example") != std::string::npos);
    CHECK(table.find("\u202E") == std::string::npos);

    const TemporaryDirectory directory;
    const fs::path file = directory.path() / "log.jsonl";
    CHECK(log({"export", "--out", file.string()})["entries"] == 5);
    std::istringstream lines(content(file));
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) CHECK(json::accept(line));
    CHECK(count == 5);

    const auto verdict = run_mohr({"log", "verify", "--socket", core.socket()});
    CHECK(verdict.exit == 8);
    CHECK(verdict.out.find("The activity log is NOT intact: line 8, removed.") == 0);
}

TEST_CASE("a log that does not advance is given up", "[cli]") {
    const FakeCore core(answering([](const Received&) -> json {
        return {{"entries", {{{"seq", 1}, {"time", "2026"}}}}, {"total", 9}};
    }));
    CHECK(run_mohr({"log", "show", "--socket", core.socket()}).exit == 13);
}

TEST_CASE("requests for certificates are PEM and imports tell PKCS#12 apart [R50]", "[cli]") {
    Journal journal;
    const FakeCore core(journal.script([](const Received& request) -> json {
        if (request.method() == "key.generate") return {{"id", key_id}, {"request", "AAEC"}};
        return one_key()[0];
    }));
    const auto made = run_mohr({"key", "generate", "--algorithm", "P-256", "--subject", "CN=Sara",
                                "--pin-stdin", "--socket", core.socket()},
                               "123456\n");
    CHECK(made.out == "-----BEGIN CERTIFICATE REQUEST-----\nAAEC\n-----END CERTIFICATE REQUEST-----\n");
    CHECK(journal.requests()[0].json["params"]["algorithm"] == "P-256");

    const TemporaryDirectory directory;
    const fs::path file = directory.path() / "bundle";
    const std::string pfx("\x30\x80\x02\x01\x03\x30\x80", 7);
    std::ofstream(file) << pfx;
    CHECK(run_mohr({"cert", "import", file.string(), "--pin-stdin", "--socket", core.socket()},
                   "123456\nfile password\n")
              .exit == 0);
    CHECK(journal.requests().back().method() == "certificate.importPkcs12");
    CHECK(journal.requests().back().secrets == std::vector<std::string>{"123456", "file password"});
    CHECK(journal.requests().back().json["params"]["data"] == to_base64(as_bytes(pfx)));
}

TEST_CASE("a damaged line of the log is shown whatever the filter", "[cli]") {
    const FakeCore core(answering([](const Received& request) -> json {
        if (request.json["params"]["after"] != 0) return {{"entries", json::array()}, {"total", 2}};
        return {{"entries",
                 {{{"seq", 1},
                   {"time", "2026-11-20T10:00:00.000Z"},
                   {"operation", "sign"},
                   {"decision", "allowed"}},
                  {{"damaged", "{\"seq\":2,\"ti"}}}},
                {"total", 2}};
    }));
    const auto shown = run_mohr({"log", "show", "--decision", "denied", "--socket", core.socket()});
    CHECK(shown.exit == 0);
    CHECK(shown.out.find("{\"seq\":2,\"ti") != std::string::npos);
    CHECK(shown.out.find("2026-11-20") == std::string::npos);
}
