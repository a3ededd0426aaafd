// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "preview/text.hpp"
#include "preview/xml.hpp"

using namespace mohr::desktop::preview;

TEST_CASE("bytes are text in the encoding of their mark, and what is none stands as such [T18]",
          "[preview]") {
    CHECK(decode_text("\xEF\xBB\xBFtext").text == QStringLiteral("text"));
    CHECK(decode_text(QByteArrayView("\xFF\xFE\x33\x06\x46\x06", 6)).text == QStringLiteral(u"سن"));
    CHECK(decode_text(QByteArrayView("\xFE\xFF\x06\x33\x06\x46", 6)).text == QStringLiteral(u"سن"));
    CHECK(decode_text("a\r\nb\rc").text == QStringLiteral("a\nb\rc"));
    CHECK(decode_text("a").valid);
    // Overlong, surrogates and beyond Unicode: RFC 3629 section 3.
    for (const char* invalid :
         {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\xE2\x82"}) {
        const auto decoded = decode_text(invalid);
        CHECK_FALSE(decoded.valid);
        CHECK(decoded.text.startsWith(QStringLiteral("\\x{")));
    }
    CHECK(decode_text("caf\xe9.").text == QStringLiteral("caf\\x{e9}."));
    CHECK_FALSE(decode_text(QByteArrayView("\xFE\xFF\xD8\x3D", 4)).valid); // half a character
    CHECK_FALSE(decode_text(QByteArrayView("\xFE\xFF\x06", 3)).valid);
}

TEST_CASE("pages end with a line where one ends, are bounded, and are together the whole [T09] [T18]",
          "[preview]") {
    CHECK(page_starts(QString()) == QList<qsizetype>{0});
    CHECK(page_starts(QStringLiteral("one\ntwo")) == QList<qsizetype>{0});
    const QString lines = QStringLiteral("0123456789\n").repeated(1000);
    CHECK(page_starts(lines) == QList<qsizetype>{0, 4400, 8800});
    const QString wide =
        QString(15'000, QLatin1Char('a')) + QLatin1Char('\n') + QString(2'000, QLatin1Char('b'));
    CHECK(page_starts(wide) == QList<qsizetype>{0, 15'001});
    const QString pairs = QLatin1Char('a') + QStringLiteral(u"😀").repeated(10'000); // two units each
    CHECK(page_starts(pairs) == QList<qsizetype>{0, 15'999});
}

TEST_CASE("XML is indented, escaped as it was, and running text keeps its line [T18]", "[preview]") {
    const auto shown = [](const char* xml) { return indent_xml(xml).value_or(IndentedXml()).text; };
    CHECK(shown("<a><b/><c>1 &lt; 2 &amp; \"x\"</c></a>") ==
          QStringLiteral("<a>\n  <b/>\n  <c>1 &lt; 2 &amp; \"x\"</c>\n</a>"));
    CHECK(shown("<a b='&quot;&lt;'>t<i>u</i><j/></a>") ==
          QStringLiteral("<a b=\"&quot;&lt;\">t<i>u</i><j/></a>"));
    CHECK(shown("<a:b xmlns:a='u'><![CDATA[<]]><!--c--></a:b>") ==
          QStringLiteral("<a:b xmlns:a=\"u\"><![CDATA[<]]><!--c--></a:b>"));
    for (const char* other : {"", "text", "<a>", "<a></b>", "<a/><b/>",
                              "<!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><l>&x;</l>"})
        CHECK_FALSE(indent_xml(other));
}
