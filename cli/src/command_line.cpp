// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/command_line.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <ostream>
#include <unistd.h>

namespace mohr::cli {

CommandLine::CommandLine()
    : root_(std::make_unique<CLI::App>("Mohr: the local signing service, from the command line.", "mohr")) {
    root_->require_subcommand(1);
    root_->set_version_flag("--version", "mohr " MOHR_VERSION);
    root_->footer("Exit codes and the form of --json: docs/cli.md.");
    add_common_options(*root_);
    add_service_verbs(*this);
    add_token_verbs(*this);
    add_key_verbs(*this);
    add_certificate_verbs(*this);
    add_file_verbs(*this);
    add_site_verbs(*this);
    add_log_verbs(*this);
    add_agent_verb(*this);
    add_trust_verbs(*this);
    add_policy_verbs(*this);
    add_doctor_verb(*this);
    add_completion_verb(*this);
}

CommandLine::~CommandLine() = default;

void CommandLine::add_common_options(CLI::App& app) {
    const std::string group = "Options of every command";
    app.add_flag("--json", common_.json, "One JSON document on standard output; errors as JSON too")
        ->group(group);
    app.add_option("--lang", common_.language, "Language of messages (default: of the locale)")
        ->check(CLI::IsMember({"en", "fa"}))
        ->group(group);
    app.add_option("--socket", common_.socket,
                   "Control socket (default: mohr/control.sock in $XDG_RUNTIME_DIR)")
        ->type_name("FILE")
        ->group(group);
    app.add_flag("--pin-stdin", common_.pin_stdin, "Read PINs and passwords from standard input, one a line")
        ->group(group);
    app.add_flag("-y,--yes", common_.yes, "Answer every confirmation with yes")->group(group);
}

CLI::App& CommandLine::add_verb(CLI::App& parent, const std::string& name, const std::string& what,
                                Action action) {
    CLI::App* verb = parent.add_subcommand(name, what);
    verb->callback([this, action = std::move(action)] { chosen_ = action; });
    add_common_options(*verb);
    return *verb;
}

CLI::App& CommandLine::add_group(const std::string& name, const std::string& what) {
    CLI::App* group = root_->add_subcommand(name, what);
    group->require_subcommand(1);
    return *group;
}

Settings CommandLine::settings_from(const Environment& environment) const {
    Settings settings;
    settings.socket = common_.socket.empty() ? environment.runtime_directory / "mohr" / "control.sock"
                                             : std::filesystem::path(common_.socket);
    settings.environment = environment;
    settings.language = language_from_name(common_.language).value_or(language_of_locale(environment.locale));
    settings.json = common_.json;
    settings.pin_stdin = common_.pin_stdin;
    settings.yes = common_.yes;
    settings.styles =
        ::isatty(STDOUT_FILENO) == 1 && !environment.terminal.empty() && environment.terminal != "dumb";
    return settings;
}

int CommandLine::run(std::vector<std::string> arguments, const Environment& environment, std::ostream& out,
                     std::ostream& err) {
    // Known before parsing, so that a command line which cannot be parsed is still reported as JSON.
    const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    std::reverse(arguments.begin(), arguments.end());
    try {
        root_->parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) { // --help, --version
            root_->exit(error, out, err);
            return 0;
        }
        if (json)
            err << to_line(to_document(Failure(Exit::usage, "usage", error.what()))) << '\n';
        else
            root_->exit(error, out, err);
        return static_cast<int>(Exit::usage);
    }
    Interrupts interrupts;
    const Settings settings = settings_from(environment);
    std::unique_ptr<Person> person;
    if (::isatty(STDIN_FILENO) == 1 && !settings.pin_stdin)
        person = std::make_unique<TerminalPerson>(STDIN_FILENO, STDERR_FILENO, settings.language, interrupts);
    else
        person = std::make_unique<PipedPerson>(STDIN_FILENO, settings.pin_stdin);
    Session session(settings, out, err, *person, interrupts);
    const auto outcome = chosen_(session);
    return static_cast<int>(outcome ? *outcome : session.fail(outcome.error()));
}

} // namespace mohr::cli
