// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "known_browsers.hpp"
#include "registrable_domain.hpp"

#include <utility>
#include <vector>

using namespace mohr::core;

TEST_CASE("an origin is shown as the domain that somebody registered, safely [T17]", "[origin]") {
    const std::vector<std::pair<const char*, const char*>> golden{
        // the public suffix list
        {"https://portal.example", "portal.example"},
        {"https://a.b.c.portal.example", "portal.example"},
        {"https://portal.example:8443", "portal.example"},
        {"http://www.tax.gov.ir", "tax.gov.ir"},
        {"https://login.bank.co.uk", "bank.co.uk"},
        {"https://bank.co.uk.evil.example", "evil.example"},
        {"https://alice.github.io", "alice.github.io"},
        {"https://bob.alice.github.io", "alice.github.io"},
        {"https://github.io", "github.io"},
        {"https://co.uk", "co.uk"},
        {"https://www.example.com", "example.com"},
        {"https://foo.kawasaki.jp", "foo.kawasaki.jp"},
        {"https://x.city.kawasaki.jp", "city.kawasaki.jp"},
        // no domain at all
        {"https://localhost", "localhost"},
        {"http://localhost:3000", "localhost"},
        {"https://intranet", "intranet"},
        {"https://127.0.0.1:8080", "127.0.0.1"},
        {"https://192.168.1.10", "192.168.1.10"},
        {"https://[::1]:3000", "[::1]"},
        {"https://[2001:db8::1]", "[2001:db8::1]"},
        // one script, one direction: readable
        {"https://xn--mgbh0fb.xn--kgbechtv", "مثال.إختبار"},
        {"https://xn--e1afmkfd.xn--p1ai", "пример.рф"},
        {"https://www.xn--e1afmkfd.xn--p1ai", "пример.рф"},
        {"https://xn--mnchen-3ya.de", "münchen.de"},
        {"https://xn--caf-dma.example", "café.example"},
        {"https://xn--bcher-kva.example:444", "bücher.example"},
        // another script than the suffix: whatever it imitates, punycode stays
        {"https://xn--80ak6aa92e.com", "xn--80ak6aa92e.com"}, // аррӏе, all Cyrillic
        {"https://xn--pypal-4ve.com", "xn--pypal-4ve.com"},   // pаypal, one Cyrillic letter
        {"https://xn--ggle-0nda.com", "xn--ggle-0nda.com"},   // gооgle, two Cyrillic letters
        {"https://xn--mgbh0fb.ir", "xn--mgbh0fb.ir"}, // مثال before a Latin suffix: two directions
        {"https://xn--fsq.com", "xn--fsq.com"},       // 例
        {"https://xn--hxajbheg2az3al.gr", "xn--hxajbheg2az3al.gr"}, // παράδειγμα
        {"https://xn--9dbq2a.com", "xn--9dbq2a.com"},               // Hebrew
        // Latin that is not what readers take it for
        {"https://xn--oogle-wmc.com", "xn--oogle-wmc.com"}, // ɡoogle, U+0261
        {"https://xn--pypal-q4a.com", "xn--pypal-q4a.com"},
        // not punycode at all
        {"https://xn--.example", "xn--.example"},
        {"https://xn--zzzzzzzzzzzzzzzz.example", "xn--zzzzzzzzzzzzzzzz.example"},
        {"https://xn--a.example", "xn--a.example"},
        // nothing that an origin may be, and nothing that may reach a screen raw
        {"null", "null"},
        {"", ""},
        {"https://", "https://"},
        {"https://a\xE2\x80\xAE"
         "b.example",
         "a\\u{202e}b.example"},
    };
    for (const auto& [origin, shown] : golden) {
        INFO(origin);
        CHECK(registrable_domain(origin) == shown);
    }
    CHECK(golden.size() >= 40);
}

TEST_CASE("a long host is cut on the left, never at the domain [T17]", "[origin]") {
    CHECK(elide_left("portal.example", 20) == "portal.example");
    CHECK(elide_left("bank.com.login.secure.evil.example", 15) == "…e.evil.example");
    CHECK(elide_left("abc", 1) == "…");
    CHECK(elide_left("abc", 0).empty());
}

TEST_CASE("a browser is known by the path of its executable [T27]", "[origin]") {
    const auto paths = default_browser_paths();
    CHECK(is_known_browser("/usr/lib/firefox-esr/firefox-esr", paths));
    CHECK(is_known_browser("/usr/lib/chromium/chromium (deleted)", paths));
    CHECK(is_known_browser("/snap/firefox/4173/usr/lib/firefox/firefox", paths));
    for (const auto* other : {"", "firefox", "/usr/bin/python3.11", "/usr/lib/firefox-esr/firefox-esr2",
                              "/home/a/usr/lib/chromium/chromium", "/snap/firefox/../../home/a/x",
                              "usr/lib/chromium/chromium", "/usr/bin/socat", "/usr/sbin/sshd"})
        CHECK_FALSE(is_known_browser(other, paths));
    CHECK_FALSE(is_known_browser("/usr/bin/x", {""}));
}
