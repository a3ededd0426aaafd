// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "sample_prompt.hpp"
#include <mohr/cli/prompt_view.hpp>

#include <algorithm>

using namespace mohr;
using namespace mohr::cli;
using mohr::test::sample_prompt;

namespace {
std::string render(const Prompt& prompt, unsigned columns = 80, const Style& style = Style::none(),
                   Language language = Language::en) {
    std::string out;
    for (const auto& line : render_prompt(prompt, language, style, columns)) out += line + "\n";
    return out;
}
bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}
} // namespace

TEST_CASE("a signature prompt shows origin, program, purpose, document, digest, preview and certificate",
          "[cli][agent]") {
    CHECK(render(sample_prompt(), 72) ==
          "------------------------------------------------------------------------\n"
          "portal.example asks for a signature: contract.txt\n"
          "Site: https://sign.portal.example:8443\n"
          "Program: firefox-esr  /usr/lib/firefox-esr/firefox-esr  (812)\n"
          "Purpose: sign\n"
          "Document: contract.txt\n"
          "  Size: 1.2 KiB (1200 bytes), text/plain\n"
          "  Digest: SHA-256 00ff00ff\n"
          "  | first line\n"
          "  | second line\n"
          "Certificates:\n"
          "  1) Sara  [Test CA]  2027-03-01\n");
}

TEST_CASE("the registrable domain stands out in the origin [T17]", "[cli][agent]") {
    CHECK(has(render(sample_prompt(), 80, Style::ansi()),
              "Site: https://sign.\033[1mportal.example\033[0m:8443\n"));
}

TEST_CASE("a long origin is wrapped, never cut [T17]", "[cli][agent]") {
    Prompt prompt = sample_prompt();
    prompt.origin = "https://" + std::string(200, 'a') + ".portal.example";
    const auto lines = render_prompt(prompt, Language::en, Style::none(), 60);
    std::string joined;
    for (const auto& line : lines) {
        CHECK(line.size() <= 60);
        std::string stripped = line;
        stripped.erase(0, stripped.find_first_not_of(' '));
        joined += stripped;
    }
    CHECK(has(joined, prompt.origin));
}

TEST_CASE("escape sequences and direction marks in foreign text reach no terminal [T17]", "[cli][agent]") {
    const std::string hostile = "a\033]0;owned\007\033[2J\r\nb\u202Egpj.exe\u2066\u200Fc\x9B"
                                "1m\x7F";
    Prompt prompt = sample_prompt();
    prompt.origin = hostile;
    prompt.registrable_domain = hostile;
    prompt.program.name = hostile;
    prompt.program.path = hostile;
    prompt.purpose = hostile;
    prompt.key_algorithm = hostile;
    prompt.key_subject = hostile;
    prompt.documents[0] = {hostile, 1, hostile, hostile, hostile, hostile + "\n" + hostile};
    prompt.certificates[0] = {hostile, hostile, hostile, hostile, false, hostile, false};
    for (const auto language : {Language::en, Language::fa}) {
        const std::string text = render(prompt, 80, Style::none(), language);
        REQUIRE(has(text, "owned")); // it was rendered
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            CHECK((byte >= 0x20 || byte == '\n'));
            CHECK(byte != 0x7F);
            CHECK(byte != 0x9B);
        }
        for (const char* mark : {"\u202E", "\u2066", "\u200F", "\u202A", "\u2069"})
            CHECK_FALSE(has(text, mark));
        CHECK(has(text, "\\u{202e}"));
        CHECK(has(text, "\\u{1b}"));
    }
}

TEST_CASE("every warning of a prompt is shown [T18] [T27]", "[cli][agent]") {
    Prompt prompt = sample_prompt();
    const std::string quiet = render(prompt, 200);
    prompt.blind = prompt.unauthenticated = prompt.weak = prompt.insecure = true;
    prompt.program.known_browser = false;
    const std::string text = render(prompt, 200);
    for (const auto which : {Text::warn_blind, Text::warn_unauthenticated, Text::warn_weak,
                             Text::warn_insecure, Text::not_a_browser}) {
        CHECK(has(text, say(which, Language::en)));
        CHECK_FALSE(has(quiet, say(which, Language::en)));
    }
    CHECK(has(text, "could also serve as a login"));
}

TEST_CASE("greyed certificates are listed with their reason", "[cli][agent]") {
    Prompt prompt = sample_prompt();
    prompt.certificates.push_back({"bb", "Old", "Test CA", "2020-01-01", false, "expired", false});
    prompt.certificates[0].preselected = true;
    const std::string text = render(prompt);
    CHECK(has(text, "* 1) Sara"));
    CHECK(has(text, "  2) Old  [Test CA]  2020-01-01  -- expired"));
    CHECK(has(render(prompt, 80, Style::ansi()), "\033[2m  2) Old"));
}

TEST_CASE("a batch lists every document, counts them and adds up their sizes", "[cli][agent]") {
    Prompt prompt = sample_prompt();
    prompt.documents.clear();
    for (int i = 1; i <= 500; ++i)
        prompt.documents.push_back(
            {"d" + std::to_string(i), 3, "", "SHA-256", "ab" + std::to_string(i), "1\n2\n3\n4\n5\n6"});
    const std::string text = render(prompt);
    CHECK(has(text, "Documents: 500, together 1.5 KiB (1500 bytes)"));
    for (int i = 1; i <= 500; ++i) {
        CHECK(has(text, std::to_string(i) + "/500: d" + std::to_string(i) + "\n"));
        CHECK(has(text, "SHA-256 ab" + std::to_string(i) + "\n"));
    }
    CHECK(has(text, "| (2 more lines)"));
}

TEST_CASE("a request of this computer names no site", "[cli][agent]") {
    Prompt prompt = sample_prompt();
    prompt.local = true;
    prompt.origin = "this computer: mohr";
    prompt.program = {"mohr", "/usr/bin/mohr", 99, false};
    const std::string text = render(prompt);
    CHECK(has(text, "A program on this computer asks for a signature: contract.txt"));
    CHECK_FALSE(has(text, "Site:"));
    CHECK_FALSE(has(text, "NOT A KNOWN BROWSER"));
}

TEST_CASE("every kind of prompt has a title of its own", "[cli][agent]") {
    std::vector<std::string> titles;
    for (int kind = 0; kind <= static_cast<int>(Prompt::Kind::import); ++kind) {
        Prompt prompt = sample_prompt();
        prompt.kind = static_cast<Prompt::Kind>(kind);
        titles.push_back(render_prompt(prompt, Language::en, Style::none(), 200)[1]);
        CHECK(has(titles.back(), "portal.example"));
    }
    std::sort(titles.begin(), titles.end());
    CHECK(std::adjacent_find(titles.begin(), titles.end()) == titles.end());
}

TEST_CASE("a document without a known size shows none", "[cli][agent]") {
    Prompt prompt = sample_prompt();
    prompt.documents[0].size.reset();
    CHECK(has(render(prompt), "Size: -"));
}
