// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/agent.hpp>
#include <mohr/cli/command_line.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

namespace mohr::cli {
namespace {

Outcome<Exit> agent(Session& session) {
    if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1)
        return Failure(Exit::nobody_to_ask, "no_terminal", "The agent needs a terminal.");
    return run_agent(session, STDIN_FILENO, STDOUT_FILENO);
}

} // namespace

void add_agent_verb(CommandLine& line) {
    line.add_verb(line.root(), "agent", "Answer the requests of sites and programs in this terminal", agent);
}

} // namespace mohr::cli
