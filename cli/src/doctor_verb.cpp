// SPDX-License-Identifier: Apache-2.0
#include "doctor.hpp"
#include "layout.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <stdexcept>

namespace mohr::cli {
namespace {

using nlohmann::json;

std::string filled(std::string_view pattern, const Finding& finding) {
    std::vector<std::pair<std::string, std::string>> clean;
    for (const auto& [name, value] : finding.values) clean.emplace_back(name, printable(value, 400));
    std::vector<std::pair<std::string_view, std::string_view>> values(clean.begin(), clean.end());
    return fill(pattern, values);
}

json document_of(const Finding& finding, Language language) {
    const FindingKind& kind = *finding.kind;
    const bool fa = language == Language::fa;
    json out{{"id", kind.id},
             {"severity", severity_name(kind.severity)},
             {"what", filled(fa ? kind.what_fa : kind.what_en, finding)},
             {"remedy", filled(fa ? kind.remedy_fa : kind.remedy_en, finding)},
             {"fixable", finding.fix != nullptr},
             {"fixed", finding.fixed}};
    if (!kind.command.empty()) out["command"] = filled(kind.command, finding);
    for (const auto& [name, value] : finding.values) out["about"][name] = value;
    return out;
}

std::string text_of(const json& finding, Severity severity, Language language) {
    const Text label = severity == Severity::hint      ? Text::doctor_hint
                       : severity == Severity::warning ? Text::doctor_warning
                                                       : Text::doctor_error;
    std::string out = "[" + say(label, language) + "] " + finding["what"].get<std::string>() + "\n";
    if (finding["fixed"].get<bool>()) return out + "    " + say(Text::doctor_mended, language) + "\n";
    out += "    " + finding["remedy"].get<std::string>() + "\n";
    if (finding.contains("command")) out += "    " + finding["command"].get<std::string>() + "\n";
    return out;
}

Outcome<Exit> examine(Session& session, bool fix) {
    Examination at(session);
    for (auto* check : {check_configuration, check_service, check_ports, check_files, check_clock,
                        check_trust, check_hosts, check_policies, check_token_and_sites})
        check(at);
    json findings = json::array();
    std::string text;
    Exit exit = Exit::ok;
    // What keeps Mohr from working stands first.
    std::stable_sort(at.findings.begin(), at.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.kind->severity > b.kind->severity; });
    for (Finding& finding : at.findings) {
        if (fix && finding.fix) {
            const auto done = finding.fix();
            finding.fixed = static_cast<bool>(done);
            if (!done) session.aside() << describe(done.error(), session.language()) << '\n';
        }
        findings.push_back(document_of(finding, session.language()));
        text += text_of(findings.back(), finding.kind->severity, session.language());
        if (finding.fixed || finding.kind->severity == Severity::hint) continue;
        exit = std::max(exit, finding.kind->severity == Severity::error ? Exit::faulty : Exit::attention);
    }
    if (findings.empty()) text = session.say(Text::doctor_well);
    session.result({{"findings", findings}}, text);
    return exit;
}

} // namespace

Examination::Examination(Session& s) : session(s), environment(s.settings().environment) {}

void Examination::found(std::string_view id, std::vector<std::pair<std::string, std::string>> values,
                        std::function<Outcome<void>()> fix) {
    for (const FindingKind& kind : finding_kinds())
        if (kind.id == id) {
            findings.push_back({&kind, std::move(values), std::move(fix), false});
            return;
        }
    throw std::logic_error("no such finding: " + std::string(id));
}

bool Examination::is_sandbox() const {
    return status && text_member(*status, "profile").starts_with("sandbox");
}

void add_doctor_verb(CommandLine& line) {
    const auto fix = std::make_shared<bool>(false);
    CLI::App& doctor =
        line.add_verb(line.root(), "doctor", "Find out what keeps Mohr from working, and what mends it",
                      [fix](Session& session) { return examine(session, *fix); });
    doctor.add_flag("--fix", *fix,
                    "Mend what can be mended safely: modes of own files, leftovers, a closed front door");
}

} // namespace mohr::cli
