// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/cli/session.hpp>

namespace mohr::cli {

/// Registers at the service and answers its prompts on this terminal until Ctrl-C, a signal, or the end of
/// the connection. `in` and `out` are the terminal.
[[nodiscard]] Outcome<Exit> run_agent(Session& session, int in, int out);

} // namespace mohr::cli
