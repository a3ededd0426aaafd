// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/cli/session.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mohr::cli {

using Action = std::function<Outcome<Exit>(Session&)>;

/// The tree of verbs. Help, completion and the documentation test all read the same tree.
class CommandLine {
public:
    CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;
    ~CommandLine();

    /// A verb below `parent`, with the options that all verbs have.
    CLI::App& add_verb(CLI::App& parent, const std::string& name, const std::string& what, Action action);
    /// A name that only groups verbs.
    CLI::App& add_group(const std::string& name, const std::string& what);

    /// Runs one command line; arguments without the program's name.
    [[nodiscard]] int run(std::vector<std::string> arguments, const Environment& environment,
                          std::ostream& out, std::ostream& err);

    [[nodiscard]] CLI::App& root() noexcept { return *root_; }

private:
    struct Common {
        std::string socket;
        std::string language;
        bool json = false;
        bool pin_stdin = false;
        bool yes = false;
    };
    void add_common_options(CLI::App& app);
    [[nodiscard]] Settings settings_from(const Environment& environment) const;

    std::unique_ptr<CLI::App> root_;
    Common common_;
    Action chosen_;
};

void add_service_verbs(CommandLine& line);
void add_token_verbs(CommandLine& line);
void add_key_verbs(CommandLine& line);
void add_certificate_verbs(CommandLine& line);
void add_file_verbs(CommandLine& line);
void add_site_verbs(CommandLine& line);
void add_log_verbs(CommandLine& line);
void add_agent_verb(CommandLine& line);
void add_trust_verbs(CommandLine& line);
void add_policy_verbs(CommandLine& line);
void add_doctor_verb(CommandLine& line);
void add_completion_verb(CommandLine& line);

} // namespace mohr::cli
