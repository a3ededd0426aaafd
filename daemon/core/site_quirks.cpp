// SPDX-License-Identifier: Apache-2.0
#include "site_quirks.hpp"

#include <array>

namespace mohr::core {

namespace {

/// One key: its values in the order of the numbers that `get` gives and `set` takes.
struct Row {
    const char* key;
    std::array<const char*, 3> values;
    unsigned (*get)(const link::SiteQuirks&);
    void (*set)(link::SiteQuirks&, unsigned);
};

constexpr std::array<Row, 6> rows{{
    {"sign.prehashed",
     {"never", "auto", nullptr},
     [](const link::SiteQuirks& q) { return static_cast<unsigned>(q.prehashed); },
     [](link::SiteQuirks& q, unsigned n) { q.prehashed = static_cast<link::Prehashed>(n); }},
    {"sign.byte_order",
     {"big", "little", nullptr},
     [](const link::SiteQuirks& q) { return static_cast<unsigned>(q.little_endian); },
     [](link::SiteQuirks& q, unsigned n) { q.little_endian = n == 1; }},
    {"cms.attach",
     {"page", "always", "never"},
     [](const link::SiteQuirks& q) { return static_cast<unsigned>(q.attach); },
     [](link::SiteQuirks& q, unsigned n) { q.attach = static_cast<link::Attach>(n); }},
    {"decrypt.padding",
     {"pkcs1", "oaep", nullptr},
     [](const link::SiteQuirks& q) { return static_cast<unsigned>(q.oaep); },
     [](link::SiteQuirks& q, unsigned n) { q.oaep = n == 1; }},
    {"codes",
     {"original", "two_digits", nullptr},
     [](const link::SiteQuirks& q) { return static_cast<unsigned>(q.two_digit_codes); },
     [](link::SiteQuirks& q, unsigned n) { q.two_digit_codes = n == 1; }},
    {"sha1",
     {"deny", "allow", nullptr},
     [](const link::SiteQuirks& q) { return static_cast<unsigned>(q.sha1); },
     [](link::SiteQuirks& q, unsigned n) { q.sha1 = n == 1; }},
}};

} // namespace

QuirkTexts quirk_texts(const link::SiteQuirks& quirks) {
    QuirkTexts all;
    for (const Row& row : rows) all.emplace_back(row.key, row.values[row.get(quirks)]);
    return all;
}

bool set_quirk(link::SiteQuirks& quirks, std::string_view key, std::string_view value) {
    for (const Row& row : rows) {
        if (key != row.key) continue;
        for (unsigned n = 0; n < row.values.size() && row.values[n] != nullptr; ++n) {
            if (value != row.values[n]) continue;
            row.set(quirks, n);
            return true;
        }
    }
    return false;
}

} // namespace mohr::core
