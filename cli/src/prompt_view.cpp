// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/prompt_view.hpp>

#include <algorithm>

namespace mohr::cli {
namespace {

constexpr unsigned narrowest = 20;
constexpr std::size_t longest_text = 4096; ///< of one foreign member; wrapped, not cut, up to here
constexpr std::size_t batch_preview_lines = 4;

/// Makes the lines of one prompt.
class View {
public:
    View(const Prompt& prompt, Language language, const Style& style, unsigned columns)
        : prompt_(prompt), language_(language), style_(style), columns_(std::max(columns, narrowest)) {}

    std::vector<std::string> lines() {
        add(std::string(columns_, '-'));
        add(title(), style_.bold);
        origin();
        program();
        if (!prompt_.purpose.empty()) field(Text::label_purpose, prompt_.purpose);
        if (!prompt_.key_algorithm.empty())
            field(Text::label_purpose, prompt_.key_algorithm + "  " + prompt_.key_subject);
        for (const auto& name : prompt_.key_names) field(Text::label_name, name);
        for (const auto& type : prompt_.attributes) field(Text::label_attribute, type);
        warnings();
        documents();
        certificates();
        return std::move(lines_);
    }

private:
    [[nodiscard]] std::string text(Text which) const { return say(which, language_); }

    /// Cuts at the width between code points; every further line is indented.
    void add(std::string_view line, std::string_view before = {}, std::size_t indent = 0) {
        bool first = true;
        do {
            const std::size_t room = columns_ - (first ? 0 : std::min<std::size_t>(indent, columns_ / 2));
            std::size_t end = 0;
            for (std::size_t used = 0; end < line.size(); ++used) {
                std::size_t next = end + 1;
                while (next < line.size() && (line[next] & '\xC0') == '\x80') ++next;
                if (used == room) break;
                end = next;
            }
            std::string out = first ? "" : std::string(columns_ - room, ' ');
            out += before;
            out += line.substr(0, end);
            if (!before.empty()) out += style_.plain;
            lines_.push_back(std::move(out));
            line.remove_prefix(end);
            first = false;
        } while (!line.empty());
    }
    void field(Text label, std::string_view value) {
        add(text(label) + ": " + printable(value, longest_text), {}, 4);
    }
    void warn(Text warning) { add("! " + text(warning), style_.warning, 2); }

    [[nodiscard]] std::string who() const {
        if (prompt_.local) return text(Text::this_computer);
        return printable(prompt_.registrable_domain.empty() ? prompt_.origin : prompt_.registrable_domain,
                         longest_text);
    }

    [[nodiscard]] std::string title() const {
        std::string what;
        if (prompt_.documents.size() == 1)
            what = printable(prompt_.documents.front().name, longest_text);
        else if (!prompt_.documents.empty())
            what = documents_total();
        const auto with = [&](Text which) {
            return say(which, language_, {{"origin", who()}, {"description", what}});
        };
        switch (prompt_.kind) {
        case Prompt::Kind::access:
            return with(Text::asks_access);
        case Prompt::Kind::listing:
            return with(Text::asks_listing);
        case Prompt::Kind::select:
            return with(Text::asks_select);
        case Prompt::Kind::sign:
            return with(Text::asks_to_sign);
        case Prompt::Kind::authenticate:
            return with(Text::asks_authenticate);
        case Prompt::Kind::decrypt:
            return with(Text::asks_decrypt);
        case Prompt::Kind::generate:
            return with(Text::asks_generate);
        case Prompt::Kind::import:
            return with(Text::asks_import);
        case Prompt::Kind::request:
            return with(Text::asks_request);
        case Prompt::Kind::remove_key:
            return with(Text::asks_remove_key);
        case Prompt::Kind::remove_certificate:
            return with(Text::asks_remove_certificate);
        case Prompt::Kind::change_pin:
            return with(Text::asks_change_pin);
        case Prompt::Kind::unblock_pin:
            return with(Text::asks_unblock_pin);
        case Prompt::Kind::import_file:
            return with(Text::asks_import_file);
        default: // needs a window; the agent refuses it
            break;
        }
        return who();
    }

    /// T17: the whole ASCII origin, never cut, with the registrable domain standing out in it.
    void origin() {
        if (prompt_.local) return;
        std::string whole = printable(prompt_.origin, longest_text);
        const std::string domain = printable(prompt_.registrable_domain, longest_text);
        const std::string label = text(Text::label_site) + ": ";
        const std::size_t at = domain.empty() ? std::string::npos : whole.rfind(domain);
        if (at == std::string::npos || cli::columns(label + whole) > columns_) {
            add(label + whole, {}, 4);
            return;
        }
        whole.insert(at + domain.size(), style_.plain);
        whole.insert(at, style_.bold);
        lines_.push_back(label + whole);
    }

    void program() {
        const auto& program = prompt_.program;
        std::string value = program.name.empty() ? text(Text::unknown_program) : program.name;
        if (!program.path.empty()) value += "  " + program.path;
        if (program.pid != 0) value += "  (" + std::to_string(program.pid) + ")";
        field(Text::label_program, value);
        if (!prompt_.local && !program.known_browser) warn(Text::not_a_browser);
    }

    void warnings() {
        if (prompt_.blind) warn(Text::warn_blind);
        if (prompt_.unauthenticated) warn(Text::warn_unauthenticated);
        if (prompt_.weak) warn(Text::warn_weak);
        if (prompt_.insecure) warn(Text::warn_insecure);
        if (prompt_.legacy) warn(Text::warn_legacy);
        if (prompt_.asks_access && prompt_.kind != Prompt::Kind::access) warn(Text::warn_asks_access);
        if (prompt_.kind == Prompt::Kind::remove_certificate || prompt_.kind == Prompt::Kind::remove_key)
            warn(Text::remove_key_goes);
    }

    [[nodiscard]] std::string documents_total() const {
        std::uint64_t size = 0;
        for (const auto& document : prompt_.documents) size += document.size.value_or(0);
        return say(Text::label_documents, language_,
                   {{"n", number(prompt_.documents.size(), language_)}, {"size", shown_size(size)}});
    }

    void documents() {
        const bool batch = prompt_.documents.size() > 1;
        if (batch) add(documents_total(), style_.bold);
        std::size_t index = 0;
        for (const auto& document : prompt_.documents) {
            const std::string head =
                batch ? std::to_string(++index) + "/" + std::to_string(prompt_.documents.size()) + ": "
                      : text(Text::label_document) + ": ";
            add(head + printable(document.name, longest_text), style_.bold, 4);
            std::string line =
                "  " + text(Text::label_size) + ": " + (document.size ? shown_size(*document.size) : "-");
            if (!document.media_type.empty()) line += ", " + printable(document.media_type);
            add(line, {}, 4);
            if (!document.digest.empty())
                add("  " + text(Text::label_digest) + ": " + printable(document.digest_algorithm) + " " +
                        printable(document.digest, longest_text),
                    {}, 4);
            preview(document.preview, batch ? batch_preview_lines : std::string::npos);
        }
    }

    void preview(std::string_view content, std::size_t most) {
        std::size_t count = 0;
        std::size_t hidden = 0;
        while (!content.empty()) {
            const std::size_t end = std::min(content.find('\n'), content.size());
            std::string_view line = content.substr(0, end);
            content.remove_prefix(std::min(end + 1, content.size()));
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (count++ >= most)
                ++hidden;
            else
                add("  | " + printable(line, longest_text * 4), style_.dim, 4);
        }
        if (hidden > 0)
            add("  | " + say(Text::more_lines, language_, {{"n", number(hidden, language_)}}), style_.dim);
    }

    void certificates() {
        if (prompt_.certificates.empty()) return;
        add(text(Text::label_certificates) + ":", style_.bold);
        std::size_t index = 0;
        for (const auto& certificate : prompt_.certificates) {
            std::string line = (certificate.preselected && certificate.usable ? "* " : "  ") +
                               std::to_string(++index) + ") " +
                               printable(certificate.common_name, longest_text);
            line += "  [" + printable(certificate.issuer, longest_text) + "]  " +
                    printable(certificate.not_after.substr(0, 10));
            if (!certificate.usable) line += "  -- " + printable(certificate.reason);
            add(line, certificate.usable ? std::string_view() : style_.dim, 5);
        }
    }

    const Prompt& prompt_;
    Language language_;
    const Style& style_;
    unsigned columns_;
    std::vector<std::string> lines_;
};

} // namespace

std::vector<std::string> render_prompt(const Prompt& prompt, Language language, const Style& style,
                                       unsigned columns) {
    return View(prompt, language, style, columns).lines();
}

} // namespace mohr::cli
