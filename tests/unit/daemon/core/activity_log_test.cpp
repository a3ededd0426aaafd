// SPDX-License-Identifier: Apache-2.0
#include "activity_log.hpp"
#include "catch_compat.hpp"
#include "manual_executor.hpp"
#include "token_fixture.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <algorithm>

using namespace mohr;
using namespace mohr::core;

namespace {

namespace fs = std::filesystem;

struct Fixture : test::TokenFixture {
    test::ManualExecutor executor{clock};
    ActivityLog::Config config{.directory = scratch.path() / "log"};
    std::unique_ptr<ActivityLog> log;

    Fixture() {
        open();
        initialise();
        reopen();
    }
    void reopen() {
        log.reset();
        log = ActivityLog::open(config, executor, *token, clock).value();
    }
    Result<void> add(const std::string& detail) {
        LogEntry entry;
        entry.origin = "https://portal.example";
        entry.program = "/usr/lib/firefox-esr/firefox-esr";
        entry.operation = "sign";
        entry.decision = "allowed";
        entry.detail = detail;
        entry.digest_algorithm = "SHA-256";
        entry.documents.push_back({"contract.txt", Bytes(32, 7)});
        std::optional<Result<void>> done;
        log->append(std::move(entry), [&](Result<void> result) { done = std::move(result); });
        executor.run();
        REQUIRE(done);
        return *done;
    }
    void add_many(int count) {
        for (int i = 0; i < count; ++i) REQUIRE(add("entry " + std::to_string(i)));
    }
    [[nodiscard]] fs::path file(int number = 1) const {
        return config.directory / ("activity-0000000" + std::to_string(number) + ".jsonl");
    }
    [[nodiscard]] std::vector<std::string> lines(int number = 1) const {
        const auto bytes = test::read_file(file(number));
        std::vector<std::string> all;
        std::string line;
        for (const auto byte : bytes) {
            line += static_cast<char>(byte);
            if (byte == '\n') all.push_back(std::exchange(line, {}));
        }
        if (!line.empty()) all.push_back(line);
        return all;
    }
    void write(const std::vector<std::string>& all, int number = 1) const {
        std::string text;
        for (const auto& line : all) text += line;
        REQUIRE(write_private(file(number), as_bytes(text)));
    }
    [[nodiscard]] LogProblem problem() const {
        const auto verdict = log->verify();
        REQUIRE(verdict);
        CHECK_FALSE(verdict->intact);
        REQUIRE(verdict->problem);
        return *verdict->problem;
    }
    void check_intact(std::uint64_t entries) const {
        const auto verdict = log->verify();
        REQUIRE(verdict);
        if (verdict->problem) FAIL(verdict->problem->kind + ": " + verdict->problem->detail);
        CHECK(verdict->intact);
        CHECK(verdict->entries == entries);
    }
};

std::string changed(std::string line, const std::string& from, const std::string& to) {
    const auto at = line.find(from);
    REQUIRE(at != std::string::npos);
    return line.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("entries are kept as JSON lines with their place in the chain [T34]", "[log]") {
    Fixture f;
    f.add_many(3);
    f.check_intact(4); // the first line begins the file
    const auto page = f.log->read(1, 100, "");
    REQUIRE(page);
    CHECK(page->total == 4);
    REQUIRE(page->entries.size() == 3);
    const auto entry = nlohmann::json::parse(page->entries[1]);
    CHECK(entry["seq"] == 3);
    CHECK(entry["origin"] == "https://portal.example");
    CHECK(entry["program"] == "/usr/lib/firefox-esr/firefox-esr");
    CHECK(entry["decision"] == "allowed");
    CHECK(entry["documents"][0]["name"] == "contract.txt");
    CHECK(entry["documents"][0]["digest"] == to_hex(Bytes(32, 7)));
    CHECK(entry["mac"].get<std::string>().size() == 64);
    struct stat status {};
    REQUIRE(stat(f.file().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("an entry is on disk and its head in the vault before it is acknowledged [T34]", "[log]") {
    Fixture f;
    REQUIRE(f.add("first"));
    const auto committed = f.token->log_head();
    CHECK(committed.count == 2);
    CHECK(f.lines().size() == 2);
    CHECK(f.lines().back().find(to_hex(committed.head)) != std::string::npos);
}

TEST_CASE("entries that wait together share one write, in their order", "[log]") {
    Fixture f;
    std::vector<int> told;
    for (int i = 0; i < 20; ++i) {
        LogEntry entry;
        entry.detail = "number " + std::to_string(i);
        f.log->append(std::move(entry), [&told, i](const Result<void>& done) {
            if (done) told.push_back(i);
        });
    }
    CHECK(f.executor.step_pool());
    CHECK_FALSE(f.executor.step_pool());
    CHECK(told.empty());
    f.executor.run();
    REQUIRE(told.size() == 20);
    CHECK(std::is_sorted(told.begin(), told.end()));
    f.check_intact(21);
}

TEST_CASE("reading takes up after an entry, stops at a limit and searches without case", "[log]") {
    Fixture f;
    f.add_many(10);
    CHECK(f.log->read(5, 3, "")->entries.size() == 3);
    CHECK(f.log->read(0, 100, "ENTRY 7")->entries.size() == 1);
    CHECK(f.log->read(100, 10, "")->entries.empty());
}

TEST_CASE("every changed line is found and named [T34]", "[log]") {
    Fixture f;
    f.add_many(6);
    const auto good = f.lines();
    for (std::size_t i = 1; i < good.size(); ++i) {
        auto bad = good;
        bad[i] = changed(bad[i], "contract.txt", "contrast.txt");
        f.write(bad);
        const auto found = f.problem();
        CHECK(found.kind == "changed");
        CHECK(found.line == i + 1);
        CHECK(found.file == f.file().filename());
    }
    f.write(good);
    f.check_intact(7);
}

TEST_CASE("a line with one bit changed anywhere is found [T34]", "[log]") {
    Fixture f;
    f.add_many(3);
    const auto good = f.lines();
    for (std::size_t at = 0; at < good[2].size(); ++at) {
        auto bad = good;
        bad[2][at] = static_cast<char>(bad[2][at] ^ 1);
        f.write(bad);
        CHECK(f.problem().line >= 3);
        CHECK(f.problem().line <= 4);
    }
}

TEST_CASE("every removed line is found and named [T34]", "[log]") {
    Fixture f;
    f.add_many(6);
    const auto good = f.lines();
    for (std::size_t i = 0; i + 1 < good.size(); ++i) {
        auto bad = good;
        bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(i));
        f.write(bad);
        const auto found = f.problem();
        CHECK(found.kind == "removed");
        CHECK(found.line == i + 1);
    }
}

TEST_CASE("reordered and repeated lines are found and named [T34]", "[log]") {
    Fixture f;
    f.add_many(6);
    const auto good = f.lines();
    auto bad = good;
    std::swap(bad[3], bad[4]);
    f.write(bad);
    CHECK(f.problem().kind == "reordered");
    CHECK(f.problem().line == 4);
    bad = good;
    bad.insert(bad.begin() + 5, good[2]);
    f.write(bad);
    CHECK(f.problem().kind == "reordered");
    CHECK(f.problem().line == 6);
}

TEST_CASE("a cut tail is found, whole lines or half of one, also after a restart [T34]", "[log]") {
    Fixture f;
    f.add_many(6);
    auto bad = f.lines();
    const bool half = GENERATE(false, true);
    const bool restart = GENERATE(false, true);
    if (half)
        bad.back().resize(bad.back().size() / 2);
    else
        bad.pop_back();
    f.write(bad);
    if (restart) {
        f.reopen();
        REQUIRE(f.add("after the cut"));
    }
    const auto found = f.problem();
    CHECK(found.line == 7);
    CHECK(found.sequence == 7);
    if (!restart) CHECK(found.kind == "cut");
}

TEST_CASE("a chain rewritten with the right key does not reach the committed head [T34]", "[log]") {
    // The device secret is a file of the same user: whoever reads it can make lines that authenticate.
    Fixture f;
    f.add_many(4);
    const auto committed = f.token->log_head();
    auto lines = f.lines();
    const auto key = f.token->log_key().value();
    std::string previous(64, '0');
    for (auto& line : lines) {
        line =
            line.find("log.file") != std::string::npos ? line : changed(line, "contract.txt", "invoice.txt");
        const auto text = line.substr(0, line.find(",\"mac\":"));
        auto input = from_hex(previous).value();
        input.insert(input.end(), text.begin(), text.end());
        previous = to_hex(hmac_sha256(key.reveal(), input));
        line = text + ",\"mac\":\"" + previous + "\"}\n";
    }
    f.write(lines);
    CHECK(f.problem().kind == "rewritten");
    f.reopen();
    CHECK(f.problem().kind == "rewritten");
    CHECK(f.token->log_head().head == committed.head);
}

TEST_CASE("lines behind the committed end are found while the log is open [T34]", "[log]") {
    Fixture f;
    f.add_many(2);
    auto lines = f.lines();
    lines.push_back(lines.back());
    f.write(lines);
    CHECK(f.problem().line == 4);
    lines.back() = "{\"not\":\"ours\"}\n";
    f.write(lines);
    CHECK(f.problem().kind == "malformed");
}

TEST_CASE("lines that a crash left uncommitted are adopted, and it is said [T34]", "[log]") {
    Fixture f;
    f.add_many(3);
    f.add_many(2);
    auto lines = f.lines();
    f.log.reset();
    // As if the process had died between the sync and the commit: a line that the vault never heard of.
    const auto key = f.token->log_key().value();
    const auto mac_at = lines.back().find(",\"mac\":\"") + 8;
    auto input = from_hex(lines.back().substr(mac_at, 64)).value();
    const std::string text =
        R"({"seq":7,"time":"2026-11-22T21:04:05.678Z","operation":"sign","decision":"allowed")";
    input.insert(input.end(), text.begin(), text.end());
    lines.push_back(text + ",\"mac\":\"" + to_hex(hmac_sha256(key.reveal(), input)) + "\"}\n");
    lines.push_back(R"({"seq":8,"time":"2026-11-22T2)"); // torn
    f.write(lines);
    f.reopen();
    f.check_intact(8); // 6 + the adopted one + the entry that says so
    CHECK(f.token->log_head().count == 8);
    const auto page = f.log->read(7, 10, "log.adopted");
    REQUIRE(page);
    CHECK(page->entries.size() == 1);
    REQUIRE(f.add("goes on"));
    f.check_intact(9);
}

TEST_CASE("a line without the key is not adopted [T34]", "[log]") {
    Fixture f;
    f.add_many(3);
    auto lines = f.lines();
    lines.push_back(changed(lines.back(), "\"seq\":4", "\"seq\":5"));
    f.write(lines);
    f.reopen();
    CHECK(f.token->log_head().count == 4);
    CHECK(f.problem().line == 5);
}

TEST_CASE("it rotates by size, the chain goes across files, and old files go in order [T34]", "[log]") {
    Fixture f;
    f.config.max_file_bytes = 1200;
    f.config.max_files = 3;
    f.reopen();
    for (int i = 0; i < 40; ++i) {
        REQUIRE(f.add("entry " + std::to_string(i)));
        const auto verdict = f.log->verify();
        REQUIRE(verdict);
        REQUIRE(verdict->intact);
    }
    std::size_t files = 0;
    for (const auto& entry : fs::directory_iterator(f.config.directory))
        files += entry.is_regular_file() ? 1 : 0;
    CHECK(files == 3);
    f.reopen();
    const auto verdict = f.log->verify();
    CHECK(verdict->intact);
    CHECK(verdict->entries < f.log->read(0, 1, "")->total);
    REQUIRE(f.add("after the restart"));
    CHECK(f.log->verify()->intact);
}

TEST_CASE("a whole file taken away is found, the oldest too [T34]", "[log]") {
    Fixture f;
    f.config.max_file_bytes = 1200;
    f.config.max_files = 16;
    f.reopen();
    f.add_many(12);
    REQUIRE(fs::exists(f.file(3)));
    const int victim = GENERATE(1, 2, 3);
    const bool restart = GENERATE(false, true);
    fs::remove(f.file(victim));
    if (restart) {
        f.reopen();
        REQUIRE(f.add("goes on"));
    }
    CHECK_FALSE(f.log->verify()->intact);
    CHECK(f.log->verify()->problem->line >= 1);
}

TEST_CASE("with every file taken away the log says so for good [T34]", "[log]") {
    Fixture f;
    f.add_many(3);
    fs::remove(f.file());
    CHECK(f.problem().kind == "cut");
    f.reopen();
    REQUIRE(f.add("a fresh start does not help"));
    CHECK(f.problem().kind == "removed");
    CHECK(f.problem().sequence == 1);
}

TEST_CASE("a disk that refuses fails the entry and leaves the chain whole [T34]", "[log]") {
    // A directory in the place of the next file stops even root.
    Fixture f;
    f.config.max_file_bytes = 1;
    f.reopen();
    f.add_many(2);
    REQUIRE(fs::exists(f.file(2)));
    REQUIRE_FALSE(fs::exists(f.file(3)));
    fs::create_directories(f.file(3) / "in the way");
    const auto committed = f.token->log_head();
    CHECK_FALSE(f.add("refused"));
    CHECK(f.token->log_head().count == committed.count);
    fs::remove_all(f.file(3));
    REQUIRE(f.add("goes on"));
    CHECK(f.log->verify()->intact);
}

TEST_CASE("entries made before the token is initialised are kept", "[log]") {
    test::TokenFixture tokens;
    tokens.open();
    test::ManualExecutor executor(tokens.clock);
    auto log = ActivityLog::open({.directory = tokens.scratch.path() / "log"}, executor, *tokens.token,
                                 tokens.clock);
    REQUIRE(log);
    std::optional<Result<void>> done;
    LogEntry entry;
    entry.operation = "access";
    (*log)->append(entry, [&](Result<void> result) { done = std::move(result); });
    executor.run();
    REQUIRE(done);
    CHECK(*done);
    tokens.initialise();
    (*log)->append(entry, [&](Result<void> result) { done = std::move(result); });
    executor.run();
    CHECK(*done);
    CHECK((*log)->verify()->intact);
    log = ActivityLog::open({.directory = tokens.scratch.path() / "log"}, executor, *tokens.token,
                            tokens.clock);
    REQUIRE(log);
    CHECK((*log)->verify()->entries == 3);
    CHECK((*log)->verify()->intact);
}

TEST_CASE("foreign text cannot break a line [T32]", "[log]") {
    Fixture f;
    LogEntry entry;
    entry.operation = "sign";
    entry.documents.push_back({"a\",\"mac\":\"0000\"}\n{\"seq\":99", Bytes(32, 1)});
    entry.detail = "\xff\xfe not UTF-8";
    f.log->append(entry);
    f.executor.run();
    f.check_intact(2);
    CHECK(nlohmann::json::parse(f.log->read(1, 1, "")->entries.at(0))["documents"].size() == 1);
}
