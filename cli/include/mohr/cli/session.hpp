// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/cli/control_client.hpp>
#include <mohr/cli/failure.hpp>
#include <mohr/cli/terminal.hpp>

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>

namespace mohr::cli {

/// What of the environment matters; read once, here and nowhere else.
struct Environment {
    std::filesystem::path runtime_directory; ///< $XDG_RUNTIME_DIR, or /run/user/UID as systemd makes it
    std::filesystem::path home;              ///< $HOME
    std::filesystem::path config; ///< $XDG_CONFIG_HOME, $XDG_DATA_HOME, … or what they default to
    std::filesystem::path data;
    std::filesystem::path state;
    std::filesystem::path cache;
    std::string search_path; ///< $PATH
    std::string locale;      ///< $LC_ALL, else $LC_MESSAGES, else $LANG
    std::string terminal;    ///< $TERM
};
[[nodiscard]] Environment read_environment();
[[nodiscard]] Language language_of_locale(std::string_view locale) noexcept;

/// What every verb understands.
struct Settings {
    std::filesystem::path socket;
    Environment environment;
    Language language = Language::en;
    bool json = false;
    bool pin_stdin = false;
    bool yes = false;
    bool styles = false; ///< standard output is a terminal that knows escape sequences
};

/// One run of a verb: where it writes, whom it asks, and its connection.
class Session {
public:
    Session(Settings settings, std::ostream& out, std::ostream& err, Person& person, Interrupts& interrupts)
        : settings_(std::move(settings)), out_(out), err_(err), person_(person), interrupts_(interrupts) {}

    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    [[nodiscard]] Language language() const noexcept { return settings_.language; }
    [[nodiscard]] Person& person() noexcept { return person_; }
    [[nodiscard]] Interrupts& interrupts() noexcept { return interrupts_; }
    /// For words to the person beside the result: standard error.
    [[nodiscard]] std::ostream& aside() noexcept { return err_; }

    /// Connects at the first use.
    [[nodiscard]] Outcome<ControlClient*> client();
    [[nodiscard]] Outcome<nlohmann::json> call(std::string_view method, const nlohmann::json& params,
                                               std::vector<NamedSecret> secrets = {},
                                               std::chrono::milliseconds limit = reply_timeout);

    /// The result: one JSON document, or the text for a person.
    void result(const nlohmann::json& document, std::string_view text);
    Exit fail(const Failure& failure);
    [[nodiscard]] std::string say(Text text) const { return cli::say(text, settings_.language); }

    /// True at once with --yes; else the person is asked. A "no" is the failure `declined`.
    [[nodiscard]] Outcome<void> confirm(std::string_view question);

private:
    Settings settings_;
    std::ostream& out_;
    std::ostream& err_;
    Person& person_;
    Interrupts& interrupts_;
    std::unique_ptr<ControlClient> client_;
};

} // namespace mohr::cli
