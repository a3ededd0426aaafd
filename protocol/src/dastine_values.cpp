// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/dastine.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace mohr::protocol::dastine {
namespace {

constexpr std::uint32_t max_pin_window_seconds = 3600;

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
/// Lower case, without what people put between letters.
std::string plain(std::string_view text, std::string_view between) {
    std::string out;
    for (const char c : text)
        if (between.find(c) == std::string_view::npos) out.push_back(lower(c));
    return out;
}

/// What stands between <name> and </name>, cut of white space; the first only.
std::optional<std::string_view> element(std::string_view text, const std::string& name) {
    const std::string open = "<" + name + ">";
    const std::size_t begin = text.find(open);
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin + open.size());
    const std::size_t end = text.find("</" + name + ">");
    if (end == std::string_view::npos) return std::nullopt;
    text = text.substr(0, end);
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return std::string_view();
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

struct UsageName {
    std::string_view name;
    Usage usage;
};
constexpr std::array usage_names{
    UsageName{"digitalsignature", Usage::digital_signature},
    UsageName{"nonrepudiation", Usage::non_repudiation},
    UsageName{"contentcommitment", Usage::non_repudiation},
    UsageName{"keyencipherment", Usage::key_encipherment},
    UsageName{"dataencipherment", Usage::data_encipherment},
    UsageName{"keyagreement", Usage::key_agreement},
};
/// The bits of X509KeyUsageFlags in .NET, which are those of the extension's first octet.
constexpr std::array<std::pair<unsigned, Usage>, 5> usage_bits{{
    {0x80, Usage::digital_signature},
    {0x40, Usage::non_repudiation},
    {0x20, Usage::key_encipherment},
    {0x10, Usage::data_encipherment},
    {0x08, Usage::key_agreement},
}};

bool is_oid(std::string_view text) {
    if (text.size() < 3 || text.size() > 64 || text.front() < '0' || text.front() > '2') return false;
    bool digit = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dot = text[i] == '.';
        if (dot ? !digit : text[i] < '0' || text[i] > '9') return false;
        digit = !dot;
    }
    return digit && text[1] == '.';
}

std::optional<Attribute> parse_attribute(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || !is_oid(text.substr(0, equals))) return std::nullopt;
    auto value = from_base64(text.substr(equals + 1));
    if (!value || value->empty() || value->size() > max_attribute_bytes) return std::nullopt;
    return Attribute{std::string(text.substr(0, equals)), std::move(*value)};
}

} // namespace

ConfigHints scan_config(std::string_view config) {
    ConfigHints hints;
    if (const auto window = element(config, "PINWindowTimeout")) {
        std::uint32_t seconds = 0;
        const auto [end, error] = std::from_chars(window->data(), window->data() + window->size(), seconds);
        if (error == std::errc() && end == window->data() + window->size() && seconds > 0 &&
            seconds <= max_pin_window_seconds)
            hints.pin_window_seconds = seconds;
    }
    hints.never_cache_pin = element(config, "PINCachePolicy") == "NEVER";
    if (const auto english = element(config, "EnglishForm"); english == "true" || english == "false")
        hints.english = english == "true";
    return hints;
}

std::vector<Usage> parse_usages(std::string_view text) {
    std::vector<Usage> usages;
    const auto add = [&](Usage usage) {
        if (std::find(usages.begin(), usages.end(), usage) == usages.end()) usages.push_back(usage);
    };
    constexpr std::string_view separators = ",;| +\t";
    while (!text.empty()) {
        const std::size_t end = text.find_first_of(separators);
        const std::string word = plain(text.substr(0, end), "-_");
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (word.empty()) continue;
        unsigned bits = 0;
        const auto [last, error] = std::from_chars(word.data(), word.data() + word.size(), bits);
        if (error == std::errc() && last == word.data() + word.size()) {
            for (const auto& [bit, usage] : usage_bits)
                if ((bits & bit) != 0) add(usage);
            continue;
        }
        const auto found = std::find_if(usage_names.begin(), usage_names.end(),
                                        [&](const UsageName& row) { return row.name == word; });
        // Half understood would hide certificates that the page wanted.
        if (found == usage_names.end()) return {};
        add(found->usage);
    }
    return usages;
}

std::optional<DigestAlgorithm> parse_hash(std::string_view name) {
    const std::string word = plain(name, "-_");
    if (word == "sha1") return DigestAlgorithm::sha1;
    if (word == "sha256") return DigestAlgorithm::sha256;
    if (word == "sha384") return DigestAlgorithm::sha384;
    if (word == "sha512") return DigestAlgorithm::sha512;
    return std::nullopt;
}

std::optional<Bytes> parse_thumbprint(std::string_view text, DigestAlgorithm algorithm) {
    const std::size_t size = digest_size(algorithm);
    const std::string digits = plain(text, " :-\t");
    if (digits.size() == 2 * size)
        if (auto bytes = from_hex(digits)) return std::move(*bytes);
    auto bytes = from_base64(text);
    if (!bytes || bytes->size() != size) return std::nullopt;
    return std::move(*bytes);
}

std::optional<std::vector<Attribute>> parse_attributes(std::string_view text) {
    std::vector<Attribute> attributes;
    while (!text.empty()) {
        const std::size_t bar = text.find('|');
        auto attribute = parse_attribute(text.substr(0, bar));
        if (!attribute || attributes.size() == max_attributes) return std::nullopt;
        const auto same = [&](const Attribute& other) { return other.type == attribute->type; };
        if (std::any_of(attributes.begin(), attributes.end(), same)) return std::nullopt;
        attributes.push_back(std::move(*attribute));
        text = bar == std::string_view::npos ? std::string_view() : text.substr(bar + 1);
    }
    return attributes;
}

} // namespace mohr::protocol::dastine
