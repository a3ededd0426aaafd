// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/session.hpp>
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <ostream>
#include <unistd.h>

namespace mohr::cli {
namespace {
std::string variable(const char* name) {
    const char* value = ::getenv(name);
    return value == nullptr ? std::string() : value;
}
} // namespace

Environment read_environment() {
    Environment environment;
    environment.runtime_directory = variable("XDG_RUNTIME_DIR");
    if (environment.runtime_directory.empty())
        environment.runtime_directory = "/run/user/" + std::to_string(::getuid());
    environment.home = variable("HOME");
    // XDG Base Directory Specification 0.8: a relative path in a variable is to be ignored.
    const auto base = [&](const char* name, const char* fallback) {
        const std::filesystem::path value = variable(name);
        return value.is_absolute() ? value : environment.home / fallback;
    };
    environment.config = base("XDG_CONFIG_HOME", ".config");
    environment.data = base("XDG_DATA_HOME", ".local/share");
    environment.state = base("XDG_STATE_HOME", ".local/state");
    environment.cache = base("XDG_CACHE_HOME", ".cache");
    environment.search_path = variable("PATH");
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
        if (environment.locale.empty()) environment.locale = variable(name);
    environment.terminal = variable("TERM");
    return environment;
}

Language language_of_locale(std::string_view locale) noexcept {
    return locale == "fa" || locale.starts_with("fa_") || locale.starts_with("fa.") ? Language::fa
                                                                                    : Language::en;
}

Outcome<ControlClient*> Session::client() {
    if (!client_) {
        auto connected = ControlClient::connect(settings_.socket);
        if (!connected) return connected.error();
        client_ = std::make_unique<ControlClient>(std::move(*connected));
    }
    return client_.get();
}

Outcome<nlohmann::json> Session::call(std::string_view method, const nlohmann::json& params,
                                      std::vector<NamedSecret> secrets, std::chrono::milliseconds limit) {
    auto connected = client();
    if (!connected) return connected.error();
    if (!secrets.empty()) limit = std::max(limit, pin_reply_timeout);
    Waiting waiting;
    waiting.limit = limit;
    waiting.interrupts = &interrupts_;
    return (*connected)->call(method, params, std::move(secrets), {}, waiting);
}

void Session::result(const nlohmann::json& document, std::string_view text) {
    if (settings_.json)
        out_ << to_line(document) << '\n';
    else
        out_ << text << (text.empty() || text.ends_with('\n') ? "" : "\n");
    out_.flush();
}

Exit Session::fail(const Failure& failure) {
    if (settings_.json)
        err_ << to_line(to_document(failure)) << '\n';
    else
        err_ << "mohr: " << describe(failure, settings_.language) << '\n';
    err_.flush();
    return failure.exit;
}

Outcome<void> Session::confirm(std::string_view question) {
    if (settings_.yes) return {};
    const auto answer = person_.confirm(question);
    if (!answer) return answer.error();
    if (!*answer) return Failure(Exit::declined, "declined", "Declined; nothing was changed.");
    return {};
}

} // namespace mohr::cli
