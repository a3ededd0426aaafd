// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "temporary_directory.hpp"
#include <mohr/cli/command_line.hpp>
#include <mohr/cli/completion.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>

using namespace mohr;
using namespace mohr::cli;

namespace {

std::string run(const std::string& command) {
    std::string out;
    FILE* const pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    char chunk[4096];
    for (std::size_t count = 0; (count = std::fread(chunk, 1, sizeof chunk, pipe)) > 0;)
        out.append(chunk, count);
    CHECK(::pclose(pipe) == 0);
    return out;
}

/// What bash itself offers for a command line whose last word is being typed.
class Bash {
public:
    Bash() {
        CommandLine line;
        std::ofstream(directory_.path() / "mohr.bash") << bash_completion(line.root());
        std::ofstream(directory_.path() / "some file.txt") << "x";
    }
    std::set<std::string> offers(const std::vector<std::string>& words) const {
        std::string list;
        for (const auto& word : words) list += " '" + word + "'";
        std::ofstream(directory_.path() / "ask.bash")
            << "cd '" << directory_.path().string() << "'\nset -u\nsource ./mohr.bash\nCOMP_WORDS=(" << list
            << ")\nCOMP_CWORD=" << words.size() - 1 << "\n_mohr\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
        std::istringstream lines(
            run(BASH_COMMAND " --norc --noprofile '" + (directory_.path() / "ask.bash").string() + "' 2>&1"));
        std::set<std::string> out;
        for (std::string line; std::getline(lines, line);)
            if (!line.empty()) out.insert(line);
        return out;
    }
    const test::TemporaryDirectory& directory() const { return directory_; }

private:
    test::TemporaryDirectory directory_;
};

using Words = std::set<std::string>;

} // namespace

TEST_CASE("bash completes verbs, options, choices and files from the tree", "[cli][completion]") {
    const Bash bash;
    CHECK(bash.offers({"mohr", "sta"}) == Words{"status", "start"});
    CHECK(bash.offers({"mohr", "token", ""}) ==
          Words{"info", "init", "reset", "change-pin", "verify-pin", "unblock", "lock", "label"});
    CHECK(bash.offers({"mohr", "--json", "cert", "re"}) == Words{"remove"});
    CHECK(bash.offers({"mohr", "key", "generate", "--algorithm", ""}) ==
          Words{"RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384"});
    CHECK(bash.offers({"mohr", "status", "--lang", "f"}) == Words{"fa"});
    CHECK(bash.offers({"mohr", "sign", "so"}) == Words{"some file.txt"});
    CHECK(bash.offers({"mohr", "sign", "x", "--out", "so"}) == Words{"some file.txt"});
    CHECK(bash.offers({"mohr", "key", "generate", "--label", ""}).empty());
    CHECK(bash.offers({"mohr", "status", ""}).empty());
    CHECK(bash.offers({"mohr", "site", "allow", "--b"}) == Words{"--blind"});
}

TEST_CASE("bash offers every verb and option of every verb", "[cli][completion]") {
    const Bash bash;
    CommandLine line;
    std::vector<std::pair<std::vector<std::string>, const CLI::App*>> open{{{"mohr"}, &line.root()}};
    std::size_t seen = 0;
    while (!open.empty()) {
        auto [path, app] = open.back();
        open.pop_back();
        ++seen;
        Words options;
        for (const CLI::Option* option : app->get_options({}))
            for (const auto& name : option->get_lnames()) options.insert("--" + name);
        auto words = path;
        words.emplace_back("--");
        INFO(path.back());
        CHECK(bash.offers(words) == options);
        for (const CLI::App* verb : app->get_subcommands({})) {
            auto below = path;
            below.push_back(verb->get_name());
            open.emplace_back(below, verb);
        }
    }
    CHECK(seen == 53);
}

TEST_CASE("the scripts of the other shells name every verb", "[cli][completion]") {
    CommandLine line;
    const std::string zsh = zsh_completion(line.root());
    const std::string fish = fish_completion(line.root());
    for (const CLI::App* group : line.root().get_subcommands({}))
        for (const CLI::App* verb : group->get_subcommands({})) {
            INFO(group->get_name() << " " << verb->get_name());
            CHECK(zsh.find("'mohr " + group->get_name() + " " + verb->get_name() + "')") !=
                  std::string::npos);
            CHECK(fish.find("-a " + verb->get_name() + " -d ") != std::string::npos);
        }
}

TEST_CASE("fish and zsh complete for real where they are installed", "[cli][completion]") {
    CommandLine line;
    const test::TemporaryDirectory directory;
    std::ofstream(directory.path() / "mohr.zsh") << zsh_completion(line.root());
    std::ofstream(directory.path() / "mohr.fish") << fish_completion(line.root());
    // compadd and compdef belong to zsh's completion system, which needs an interactive line: ours print.
    std::ofstream(directory.path() / "ask.zsh")
        << "compdef() {}\ncompadd() { shift; print -l -- $@ }\nsource " << directory.path() / "mohr.zsh"
        << "\nwords=(mohr token '') CURRENT=3; _mohr; words=(mohr key generate --algorithm '') CURRENT=5; "
           "_mohr\n";
    std::ofstream(directory.path() / "ask.fish")
        << "source " << directory.path() / "mohr.fish"
        << "\ncomplete -C 'mohr token '\ncomplete -C 'mohr key generate --algorithm '\n";
    Words expected{"info", "init", "reset", "change-pin", "verify-pin", "unblock", "lock", "label"};
    expected.insert({"RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384"});
    for (const std::string shell : {"zsh", "fish"}) {
        if (run("command -v " + shell + " || true").empty()) {
            WARN(shell << " is not installed: not tried");
            continue;
        }
        INFO(shell);
        const std::string home = "HOME='" + directory.path().string() + "' ";
        std::istringstream lines(
            run(home + shell + " '" + (directory.path() / ("ask." + shell)).string() + "' 2>&1"));
        Words offered;
        for (std::string row; std::getline(lines, row);) offered.insert(row.substr(0, row.find('\t')));
        CHECK(offered == expected);
    }
}
