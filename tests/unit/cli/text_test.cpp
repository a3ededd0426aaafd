// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/text.hpp>

#include <fstream>
#include <map>
#include <set>

using namespace mohr;
using namespace mohr::cli;

namespace {

struct CatalogueRow {
    std::string en;
    std::string fa;
};

/// tests/data/messages.tsv: the message catalogue, number, English, Persian.
std::map<std::string, CatalogueRow> catalogue() {
    std::ifstream file(MOHR_SOURCE_DIR "/tests/data/messages.tsv");
    std::map<std::string, CatalogueRow> rows;
    std::string line;
    while (std::getline(file, line)) {
        const auto first = line.find('\t');
        const auto second = line.find('\t', first + 1);
        rows[line.substr(0, first)] = {line.substr(first + 1, second - first - 1), line.substr(second + 1)};
    }
    return rows;
}

/// The catalogue names its placeholders in each language.
std::string with_english_placeholders(std::string text) {
    for (const auto& [fa, en] :
         std::map<std::string, std::string>{{"{مبدا}", "{origin}"}, {"{شرح}", "{description}"}})
        if (const auto at = text.find(fa); at != std::string::npos) text.replace(at, fa.size(), en);
    return text;
}

std::multiset<std::string> placeholders(std::string_view text) {
    std::multiset<std::string> names;
    for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1))
        names.insert(std::string(text.substr(open, text.find('}', open) - open)));
    return names;
}

} // namespace

TEST_CASE("the messages are those of the catalogue in both languages [R168]", "[cli][text]") {
    const auto rows = catalogue();
    REQUIRE(rows.size() == 48);
    std::size_t compared = 0;
    for (const TextRow& row : text_rows()) {
        if (row.catalogue.empty()) continue;
        INFO(row.catalogue);
        const auto found = rows.find(std::string(row.catalogue));
        REQUIRE(found != rows.end());
        CHECK(row.en == found->second.en);
        CHECK(row.fa == with_english_placeholders(found->second.fa));
        ++compared;
    }
    CHECK(compared == 14);
}

TEST_CASE("both languages of a message fill the same placeholders and hold no control characters",
          "[cli][text]") {
    for (const TextRow& row : text_rows()) {
        INFO(row.en);
        CHECK(placeholders(row.en) == placeholders(row.fa));
        CHECK(printable(row.en, 1000) == row.en);
        CHECK(printable(row.fa, 1000) == row.fa);
    }
}

TEST_CASE("placeholders are filled once and values are never read as patterns", "[cli][text]") {
    CHECK(say(Text::pin_wrong, Language::en, {{"n", "4"}}) == "Wrong PIN. 4 attempts left.");
    CHECK(say(Text::asks_to_sign, Language::en, {{"origin", "{description}"}, {"description", "x"}}) ==
          "{description} asks for a signature: x");
}

TEST_CASE("digits follow the language [R169]", "[cli][text]") {
    CHECK(number(1024, Language::en) == "1024");
    CHECK(number(1234567890, Language::fa) == "۱۲۳۴۵۶۷۸۹۰");
}
