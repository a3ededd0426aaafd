// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/cli/command_line.hpp>
#include <mohr/cli/exit_code.hpp>

#include <CLI/CLI.hpp>

#include <fstream>
#include <map>
#include <sstream>

using namespace mohr;
using namespace mohr::cli;
using protocol::Code;

namespace {
std::string documentation() {
    std::ifstream file(MOHR_SOURCE_DIR "/docs/cli.md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}
void collect(const CLI::App& app, const std::string& path, std::vector<std::string>& leaves) {
    const auto verbs = app.get_subcommands({});
    if (verbs.empty()) leaves.push_back(path);
    for (const CLI::App* verb : verbs) collect(*verb, path + " " + verb->get_name(), leaves);
}
} // namespace

TEST_CASE("every code of the service has its exit code", "[cli]") {
    const std::map<Code, Exit> expected{
        {Code::parse_error, Exit::failed},
        {Code::invalid_request, Exit::failed},
        {Code::method_not_found, Exit::failed},
        {Code::invalid_params, Exit::failed},
        {Code::internal_error, Exit::failed},
        {Code::user_cancelled, Exit::declined},
        {Code::consent_timeout, Exit::declined},
        {Code::cancelled, Exit::declined},
        {Code::origin_denied, Exit::declined},
        {Code::blind_denied, Exit::declined},
        {Code::no_agent, Exit::nobody_to_ask},
        {Code::busy, Exit::failed},
        {Code::pin_wrong, Exit::pin_wrong},
        {Code::pin_blocked, Exit::pin_blocked},
        {Code::token_not_activated, Exit::token_not_ready},
        {Code::token_not_initialised, Exit::token_not_ready},
        {Code::certificate_not_found, Exit::not_found},
        {Code::key_usage, Exit::failed},
        {Code::certificate_unusable, Exit::failed},
        {Code::unsupported_algorithm, Exit::failed},
        {Code::malformed_data, Exit::unreadable},
        {Code::decryption_failed, Exit::unreadable},
        {Code::not_a_recipient, Exit::unreadable},
        {Code::login_context, Exit::failed},
        {Code::limit_exceeded, Exit::failed},
        {Code::stream_error, Exit::failed},
        {Code::pin_invalid, Exit::failed},
        {Code::confirmation_needed, Exit::confirmation},
        {Code::wrong_role, Exit::failed},
        {Code::no_terminal, Exit::nobody_to_ask},
        {Code::agent_exists, Exit::exists},
        {Code::not_found, Exit::not_found},
        {Code::storage_failed, Exit::failed},
        {Code::exists, Exit::exists},
        {Code::owner_authentication_needed, Exit::confirmation},
        {Code::wrong_password, Exit::pin_wrong},
    };
    CHECK(expected.size() == protocol::code_count());
    for (const auto& [code, exit] : expected) {
        INFO(protocol::row(code).name);
        CHECK(exit_for(code) == exit);
    }
}

TEST_CASE("the documentation lists every exit code as the program has it", "[cli]") {
    const std::string text = documentation();
    for (const ExitRow& row : exit_rows()) {
        const std::string line = "| " + std::to_string(static_cast<int>(row.exit)) + " | `" +
                                 std::string(row.name) + "` | " + std::string(row.meaning) + " |";
        INFO(line);
        CHECK(text.find(line) != std::string::npos);
    }
}

TEST_CASE("the documentation names every verb, and every verb has help and --json", "[cli]") {
    CommandLine line;
    std::vector<std::string> leaves;
    collect(line.root(), "mohr", leaves);
    CHECK(leaves.size() == 44);
    const std::string text = documentation();
    for (const auto& leaf : leaves) {
        INFO(leaf);
        CHECK(text.find("`" + leaf) != std::string::npos);
    }
    std::vector<CLI::App*> open{&line.root()};
    while (!open.empty()) {
        CLI::App* app = open.back();
        open.pop_back();
        CHECK_FALSE(app->get_description().empty());
        CHECK(app->get_help_ptr() != nullptr);
        const auto below = app->get_subcommands({});
        open.insert(open.end(), below.begin(), below.end());
        if (below.empty()) CHECK(app->get_option_no_throw("--json") != nullptr);
    }
}
