// SPDX-License-Identifier: Apache-2.0
#include "registrable_domain.hpp"

#include <mohr/base/encoding.hpp>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <libpsl.h>
#include <memory>
#include <optional>
#include <unictype.h>
#include <unistr.h>

#include <idn2.h>

namespace mohr::core {

namespace {

struct Free {
    void operator()(char* p) const noexcept { std::free(p); }
};

/// Host of "scheme://host[:port]"; IPv6 keeps its brackets.
std::string_view host_of(std::string_view origin) {
    const auto scheme = origin.find("://");
    if (scheme == std::string_view::npos) return {};
    auto host = origin.substr(scheme + 3);
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end == std::string_view::npos ? std::string_view() : host.substr(0, end + 1);
    }
    return host.substr(0, host.find(':'));
}

bool is_address(std::string_view host) {
    if (host.starts_with('[')) return true;
    boost::system::error_code failed;
    boost::asio::ip::make_address(std::string(host), failed);
    return !failed;
}

/// Letters of Latin-1 and Latin Extended-A that readers know; others (dotless i, IPA, …) pass for ASCII.
bool is_plain_latin(std::uint32_t c) {
    return (c >= 'a' && c <= 'z') ||
           (c >= 0xDF && c <= 0x17E && c != 0xF7 && c != 0x131 && c != 0x138 && c != 0x140 && c != 0x149);
}

/// One script in the whole name, hyphens and ASCII digits aside; never Cyrillic, Greek or Armenian in front
/// of an ASCII suffix, since the suffix is then of another script.
bool single_script(std::string_view name) {
    const uc_script_t* script = nullptr;
    const auto* at = reinterpret_cast<const std::uint8_t*>(name.data());
    std::size_t left = name.size();
    while (left > 0) {
        ucs4_t c = 0;
        const int length = u8_mbtouc(&c, at, left);
        if (length <= 0 || c == 0xFFFD) return false;
        at += length;
        left -= static_cast<std::size_t>(length);
        if (c == '.' || c == '-' || (c >= '0' && c <= '9')) continue;
        const auto* of = uc_script(c);
        if (!of || (script && of != script)) return false;
        const std::string_view script_name = of->name;
        if (script_name == "Common" || script_name == "Inherited") return false;
        if (script_name == "Latin" && !is_plain_latin(c)) return false;
        script = of;
    }
    return script != nullptr;
}

std::string in_unicode_if_safe(const std::string& ascii) {
    if (ascii.find("xn--") == std::string::npos) return ascii;
    char* raw = nullptr;
    const auto failed = idn2_to_unicode_8z8z(ascii.c_str(), &raw, 0);
    const std::unique_ptr<char, Free> unicode(raw);
    if (failed != IDN2_OK || !raw) return ascii;
    // What does not go back to the same name is not the name.
    char* raw_back = nullptr;
    const auto failed_back = idn2_to_ascii_8z(raw, &raw_back, IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, Free> back(raw_back);
    if (failed_back != IDN2_OK || !raw_back || ascii != raw_back) return ascii;
    return single_script(raw) ? std::string(raw) : ascii;
}

} // namespace

std::string registrable_domain(std::string_view origin) {
    const std::string host(host_of(origin));
    if (host.empty()) return printable(origin);
    const bool clean = std::all_of(host.begin(), host.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (!clean) return printable(host);
    if (is_address(host)) return host;
    const char* domain = psl_registrable_domain(psl_builtin(), host.c_str());
    return in_unicode_if_safe(domain ? std::string(domain) : host);
}

std::string elide_left(std::string_view host, std::size_t max_characters) {
    if (host.size() <= max_characters) return std::string(host);
    if (max_characters == 0) return {};
    return "…" + std::string(host.substr(host.size() - (max_characters - 1)));
}

} // namespace mohr::core
