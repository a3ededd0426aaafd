// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "manager/file_task.hpp"
#include "manager/verify_view.hpp"
#include "temporary_directory.hpp"

#include <fstream>

using namespace mohr::desktop;
using nlohmann::json;

TEST_CASE("a result stands beside its input under a name that says what it is", "[desktop][files]") {
    const QString path = QStringLiteral("/d/contract.txt");
    CHECK(default_output(FileAction::sign, path, false) == QStringLiteral("/d/contract.txt.p7s"));
    CHECK(default_output(FileAction::sign, path, true) == QStringLiteral("/d/contract.txt.p7m"));
    CHECK(default_output(FileAction::seal, path, false) == QStringLiteral("/d/contract.txt.p7m"));
    CHECK(default_output(FileAction::open, QStringLiteral("/d/contract.txt.p7m"), false) == path);
    CHECK(default_output(FileAction::open, QStringLiteral("/d/CONTRACT.P7M"), false) ==
          QStringLiteral("/d/CONTRACT"));
    CHECK(default_output(FileAction::open, QStringLiteral("/d/odd"), false) ==
          QStringLiteral("/d/odd.opened"));
    CHECK(default_output(FileAction::open, QStringLiteral("/d/.p7m"), false) ==
          QStringLiteral("/d/.p7m.opened"));
    CHECK(default_output(FileAction::verify, path, false).isEmpty());
}

TEST_CASE("a dropped file is taken for what its name says", "[desktop][files]") {
    CHECK(likely_action(QStringLiteral("a.p7s")) == FileAction::verify);
    CHECK(likely_action(QStringLiteral("a.P7M")) == FileAction::open);
    CHECK(likely_action(QStringLiteral("a.pdf")) == FileAction::sign);
}

TEST_CASE("another name is one that nobody has", "[desktop][files]") {
    const mohr::test::TemporaryDirectory directory;
    const auto path = [&](const char* name) {
        return QString::fromStdString((directory.path() / name).string());
    };
    std::ofstream(directory.path() / "a.txt.p7s") << "x";
    CHECK(free_name(path("a.txt.p7s")) == path("a.txt (2).p7s"));
    std::ofstream(directory.path() / "a.txt (2).p7s") << "x";
    CHECK(free_name(path("a.txt.p7s")) == path("a.txt (3).p7s"));
    CHECK(content_beside(path("a.txt.p7s")).isEmpty());
    std::ofstream(directory.path() / "a.txt") << "x";
    CHECK(content_beside(path("a.txt.p7s")) == path("a.txt"));
    CHECK(content_beside(path("a.txt")).isEmpty());
}

TEST_CASE("only a signature whose signers are all vouched for is called good", "[desktop][files]") {
    FileTask task;
    task.action = FileAction::verify;
    const auto result = [&task](bool valid, const std::vector<std::pair<const char*, bool>>& said) {
        json signers = json::array();
        for (const auto& [verdict, chain] : said)
            signers.push_back({{"verdict", verdict}, {"chainChecked", chain}});
        task.result = {{"valid", valid}, {"signers", signers}};
        return verdict_of(task);
    };
    CHECK(result(true, {{"valid", true}}) == VerifyVerdict::good);
    CHECK(result(true, {{"valid", true}, {"valid", false}}) == VerifyVerdict::intact);
    CHECK(result(false, {{"chain_invalid", true}}) == VerifyVerdict::intact);
    CHECK(result(false, {{"valid", true}}) == VerifyVerdict::invalid);
    CHECK(result(false, {{"chain_invalid", true}, {"digest_mismatch", false}}) == VerifyVerdict::invalid);
    CHECK(result(true, {}) == VerifyVerdict::invalid);
    task.result = nullptr;
    CHECK(verdict_of(task) == VerifyVerdict::invalid);
}
