// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "prompt/origin_parts.hpp"
#include "prompt/wording.hpp"
#include "shared/foreign_text.hpp"

#include <ostream>

using namespace mohr::desktop;

namespace {

struct Case {
    const char* origin;
    const char* domain; ///< as the core names it
    const char* large;
    HostDoubt doubt = HostDoubt::none;
    bool punycode = false;
    bool insecure = false;
};

QString text(const char* utf8) {
    return QString::fromUtf8(utf8);
}

const Case cases[] = {
    {"https://portal.example", "portal.example", "portal.example"},
    {"https://www.portal.example", "portal.example", "portal.example"},
    {"https://a.b.c.d.portal.example", "portal.example", "portal.example"},
    {"https://portal.example:8443", "portal.example", "portal.example:8443"},
    {"https://www.portal.example:444", "portal.example", "portal.example:444"},
    {"http://portal.example", "portal.example", "portal.example", HostDoubt::none, false, true},
    {"http://portal.example:8080", "portal.example", "portal.example:8080", HostDoubt::none, false, true},
    {"https://portal.co.uk", "portal.co.uk", "portal.co.uk"},
    {"https://login.portal.gov.ir", "portal.gov.ir", "portal.gov.ir"},
    {"https://co.ir", "co.ir", "co.ir"},
    {"https://localhost", "localhost", "localhost"},
    {"http://localhost:3000", "localhost", "localhost:3000", HostDoubt::none, false, true},
    {"https://127.0.0.1", "127.0.0.1", "127.0.0.1"},
    {"https://127.0.0.1:51357", "127.0.0.1", "127.0.0.1:51357"},
    {"https://[::1]", "[::1]", "[::1]"},
    {"https://[::1]:8443", "[::1]", "[::1]:8443"},
    {"https://[2001:db8::1]", "[2001:db8::1]", "[2001:db8::1]"},
    // A domain that is not the end of the host is not believed: the whole host stands large.
    {"https://portal.example.evil.test", "portal.example", "portal.example.evil.test"},
    {"https://evil-portal.example", "portal.example", "evil-portal.example"},
    {"https://evil.test", "", "evil.test"},
    {"https://bank.ir.login.secure.evil.test", "evil.test", "evil.test"},
    {"https://paypal.com.evil.test:443", "evil.test", "evil.test:443"},
    // Punycode: "apple", "epic" and the like out of Cyrillic letters.
    {"https://xn--80ak6aa92e.com", "xn--80ak6aa92e.com", "xn--80ak6aa92e.com", HostDoubt::look_alike, true},
    {"https://xn--e1awd7f.com", "xn--e1awd7f.com", "xn--e1awd7f.com", HostDoubt::look_alike, true},
    {"https://www.xn--80ak6aa92e.com", "xn--80ak6aa92e.com", "xn--80ak6aa92e.com", HostDoubt::look_alike,
     true},
    {"https://xn--80ak6aa92e.portal.example", "portal.example", "portal.example", HostDoubt::look_alike,
     true},
    // "pаypal" with one Cyrillic a; "gооgle" with two Cyrillic o.
    {"https://xn--pypal-4ve.com", "xn--pypal-4ve.com", "xn--pypal-4ve.com", HostDoubt::mixed_scripts, true},
    {"https://xn--ggle-55da.com", "xn--ggle-55da.com", "xn--ggle-55da.com", HostDoubt::mixed_scripts, true},
    {"https://sub.xn--pypal-4ve.com:8443", "xn--pypal-4ve.com", "xn--pypal-4ve.com:8443",
     HostDoubt::mixed_scripts, true},
    // One script that imitates nothing: the core names it in its own letters.
    {"https://xn--mgba3a4f16a.ir", "xn--mgba3a4f16a.ir", "xn--mgba3a4f16a.ir", HostDoubt::none, true},
    {"https://xn--mgba3a4f16a.xn--mgba3a4f16a", "ایران.ایران", "ایران.ایران", HostDoubt::none, true},
    {"https://www.xn--mgba3a4f16a.xn--mgba3a4f16a", "ایران.ایران", "ایران.ایران", HostDoubt::none, true},
    {"https://xn--mnchen-3ya.de", "münchen.de", "münchen.de", HostDoubt::none, true},
    {"https://xn--mnchen-3ya.de:9443", "münchen.de", "münchen.de:9443", HostDoubt::none, true},
    {"https://xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example", HostDoubt::none,
     true},
    {"https://xn--r8jz45g.jp", "xn--r8jz45g.jp", "xn--r8jz45g.jp", HostDoubt::none, true},
    // Not punycode, whatever it begins with.
    {"https://xn--.com", "xn--.com", "xn--.com", HostDoubt::undecodable, true},
    {"https://xn--999999999.com", "xn--999999999.com", "xn--999999999.com", HostDoubt::undecodable, true},
    // What is no origin is shown as it came.
    {"null", "", "null"},
    {"chrome-extension://abcdefgh", "abcdefgh", "abcdefgh"},
};

} // namespace

TEST_CASE("an origin shows whose site it is, with its port and its doubts [T17]", "[desktop][origin]") {
    for (const Case& one : cases) {
        INFO(one.origin);
        const OriginParts parts = origin_parts(text(one.origin), text(one.domain));
        CHECK(parts.large.toStdString() == one.large);
        CHECK(parts.full.toStdString() == one.origin);
        CHECK(static_cast<int>(parts.doubt) == static_cast<int>(one.doubt));
        CHECK(parts.punycode == one.punycode);
        CHECK(parts.insecure == one.insecure);
    }
    CHECK(std::size(cases) >= 40);
}

TEST_CASE("a long host is cut on the left, where its owner may write what he likes [T17]",
          "[desktop][origin]") {
    CHECK(cut_left(text("portal.example"), 20).toStdString() == "portal.example");
    const QString cut =
        cut_left(text("bank.example.") + QString(200, QLatin1Char('a')) + text(".evil.test"), 20);
    CHECK(cut.size() == 20);
    CHECK(cut.endsWith(text(".evil.test")));
    CHECK(cut.startsWith(QChar(0x2026)));
}

TEST_CASE("controls and invisible characters of foreign texts are seen and turn nothing round [T17]",
          "[desktop][origin]") {
    CHECK(visible_text(text("contract\u202efdp.exe")).toStdString() == "contract\\u{202e}fdp.exe");
    CHECK(visible_text(text("a\u200bb\u2066c\u2069\u00ad\ufeff")).toStdString() ==
          "a\\u{200b}b\\u{2066}c\\u{2069}\\u{00ad}\\u{feff}");
    CHECK(visible_text(text("two\nlines\tand\rmore")).toStdString() == "two lines and more");
    CHECK(visible_text(text("می‌خواهد")).toStdString() ==
          "می‌خواهد"); // its half-space stays
    CHECK(isolated_ltr(text("x")).startsWith(QChar(0x2066)));
    CHECK(isolated_ltr(text("x")).endsWith(QChar(0x2069)));
    CHECK(grouped(text("0123456789ab")).toStdString() == "0123 4567 89ab");
}
