// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include "result_file.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/cli/since.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mohr::cli {
namespace {

constexpr std::uint64_t page_entries = 200;
/// Nothing that a person reads; it keeps memory finite.
constexpr std::size_t max_entries = 1'000'000;

struct LogOptions {
    std::string since;
    std::string origin;
    std::string operation;
    std::string decision;
    std::string search;
    std::size_t limit = 0;
    ResultFile file;
};

struct Filter {
    std::string since; ///< RFC 3339, or empty
    const LogOptions& options;

    [[nodiscard]] bool takes(const nlohmann::json& entry) const {
        const auto is = [&](std::string_view name, const std::string& wanted) {
            return wanted.empty() || text_member(entry, name) == wanted;
        };
        return (since.empty() || text_member(entry, "time") >= since) && is("origin", options.origin) &&
               is("operation", options.operation) && is("decision", options.decision);
    }
};

/// Every entry that the filter takes, oldest first; the search text is the service's work.
Outcome<nlohmann::json> read_entries(Session& session, const LogOptions& options) {
    Filter filter{{}, options};
    if (!options.since.empty()) {
        const auto instant = since(options.since, SystemClock().now());
        if (!instant)
            return Failure(Exit::usage, "usage",
                           "--since takes a day, an instant in UTC, or an age such as 7d.", options.since);
        filter.since = *instant;
    }
    nlohmann::json taken = nlohmann::json::array();
    std::uint64_t after = 0;
    for (;;) {
        auto page =
            session.call("log.read", {{"after", after}, {"limit", page_entries}, {"query", options.search}});
        if (!page) return page.error();
        const nlohmann::json& entries = member(*page, "entries");
        if (!entries.is_array() || entries.empty()) return taken;
        std::uint64_t last = 0;
        for (const auto& entry : entries) {
            last = std::max(last, number_member(entry, "seq"));
            // A line that is no entry any more has no time or decision to be filtered by; it must be seen.
            if (entry.contains("damaged") || filter.takes(entry)) taken.push_back(entry);
        }
        if (last == 0) return taken; // only damaged lines: there is nothing to go on from
        if (last <= after)
            return Failure(Exit::no_answer, "protocol_error",
                           "The service sent something that is not its protocol.",
                           "log.read does not advance");
        after = last;
        if (taken.size() > max_entries)
            return Failure(Exit::failed, "limit_exceeded", "There are too many entries; narrow the search.");
    }
}

void keep_last(nlohmann::json& entries, std::size_t limit) {
    if (limit == 0 || entries.size() <= limit) return;
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(entries.size() - limit));
}

std::string documents_text(const nlohmann::json& entry) {
    const nlohmann::json& documents = member(entry, "documents");
    if (!documents.is_array() || documents.empty()) return "";
    std::string out = text_member(documents.front(), "name");
    if (documents.size() > 1) out += " and " + std::to_string(documents.size() - 1) + " more";
    return out;
}

Outcome<Exit> show(Session& session, const LogOptions& options) {
    auto entries = read_entries(session, options);
    if (!entries) return entries.error();
    keep_last(*entries, options.limit);
    Table table({"TIME", "WHO", "WHAT", "DECISION", "DETAIL", "DOCUMENTS"});
    for (const auto& entry : *entries)
        table.add({text_member(entry, "time"), text_member(entry, "origin"), text_member(entry, "operation"),
                   text_member(entry, "decision"),
                   text_member(entry, "detail", text_member(entry, "damaged")), documents_text(entry)});
    session.result(*entries, table.empty() ? "" : table.text());
    return Exit::ok;
}

Outcome<Exit> export_log(Session& session, const LogOptions& options) {
    MOHR_TRY(check_free(options.file));
    const auto entries = read_entries(session, options);
    if (!entries) return entries.error();
    std::string lines;
    for (const auto& entry : *entries) lines += to_line(entry) + "\n";
    if (options.file.path.empty()) return deliver(session, *entries, lines, options.file);
    return deliver(session, {{"entries", entries->size()}}, lines, options.file);
}

Outcome<Exit> verify(Session& session) {
    const auto reply = session.call("log.verify", nullptr, {}, pin_reply_timeout);
    if (!reply) return reply.error();
    const Language language = session.language();
    if (flag_member(*reply, "intact")) {
        session.result(*reply, say(Text::log_intact, language,
                                   {{"n", number(number_member(*reply, "entries"), language)}}));
        return Exit::ok;
    }
    const nlohmann::json& problem = member(*reply, "problem");
    std::string text = say(Text::log_broken, language,
                           {{"line", number(number_member(problem, "line"), language)},
                            {"kind", printable(text_member(problem, "kind"))}});
    for (const char* name : {"file", "detail"})
        if (const std::string more = text_member(problem, name); !more.empty())
            text += "\n  " + printable(more);
    session.result(*reply, text);
    return Exit::invalid;
}

void add_filters(CLI::App& verb, LogOptions& options) {
    verb.add_option("--since", options.since, "A day, an instant in UTC, or an age such as 12h or 7d");
    verb.add_option("--origin", options.origin, "Only of this site");
    verb.add_option("--operation", options.operation, "Only this kind, such as sign");
    verb.add_option("--decision", options.decision, "Only decided so, such as denied");
    verb.add_option("--search", options.search, "Only entries that contain this text");
}

} // namespace

void add_log_verbs(CommandLine& line) {
    CLI::App& log = line.add_group("log", "The activity log: who asked for what, and what was decided");
    const auto options = std::make_shared<LogOptions>();
    CLI::App& show_verb = line.add_verb(log, "show", "Show entries, oldest first",
                                        [options](Session& session) { return show(session, *options); });
    add_filters(show_verb, *options);
    show_verb.add_option("--limit", options->limit, "Only the last so many");
    CLI::App& export_verb =
        line.add_verb(log, "export", "Write entries as JSON lines",
                      [options](Session& session) { return export_log(session, *options); });
    add_filters(export_verb, *options);
    add_result_options(export_verb, options->file);
    line.add_verb(log, "verify", "Check that no entry was removed, changed or reordered", verify);
}

} // namespace mohr::cli
