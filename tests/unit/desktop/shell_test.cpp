// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "manager/activity.hpp"
#include "manager/activity_export.hpp"
#include "manager/command_line.hpp"
#include "manager/durations.hpp"
#include "manager/failure.hpp"
#include "qt_application.hpp"
#include "shared/dates.hpp"
#include "shared/language.hpp"
#include <mohr/protocol/errors.hpp>

using namespace mohr::desktop;

namespace {

QString in_persian_digits(QString text) {
    for (QChar& c : text)
        if (c >= QLatin1Char('0') && c <= QLatin1Char('9')) c = QChar(0x06F0 + c.unicode() - '0');
    return text;
}

} // namespace

TEST_CASE("every code of the core has a sentence of its own in both languages [R168]", "[desktop]") {
    for (const Language language : {Language::fa, Language::en}) {
        mohr::test::use_language(language);
        for (std::size_t i = 0; i < mohr::protocol::code_count(); ++i) {
            const auto& row = mohr::protocol::row(static_cast<mohr::protocol::Code>(i));
            const QString code = QString::fromUtf8(row.name.data(), static_cast<qsizetype>(row.name.size()));
            const QString text = failure_text(Failure(code));
            CAPTURE(code.toStdString(), text.toStdString());
            CHECK(!text.isEmpty());
            CHECK(!text.contains(QLatin1String("manager.")));
            // What stands for a bug of one side, and what only agents meet, may name its code.
            const bool unusual =
                i < 5 || code.contains(QLatin1String("origin")) || code.contains(QLatin1String("blind")) ||
                code.contains(QLatin1String("terminal")) || code.contains(QLatin1String("agent_exists")) ||
                code.contains(QLatin1String("stream")) || code == QLatin1String("exists");
            CHECK((unusual || !text.contains(code)));
        }
    }
}

TEST_CASE("a failure about a PIN says the message of its role [R55] [R57]", "[desktop]") {
    mohr::test::use_language(Language::fa);
    Failure blocked(QStringLiteral("pin_blocked"));
    CHECK(failure_text(blocked, PinRole::user) == qtTrId("M19"));
    CHECK(failure_text(blocked, PinRole::admin) == qtTrId("M20"));
    Failure wrong(QStringLiteral("pin_wrong"));
    wrong.tries_left = 3;
    CHECK(failure_text(wrong).contains(QStringLiteral("۳")));
}

TEST_CASE("foreign parts of a failure cannot turn the sentence around [T17]", "[desktop]") {
    mohr::test::use_language(Language::en);
    const QString text = failure_text(
        Failure(QStringLiteral("malformed_data"), QString(QChar(0x202E)) + QStringLiteral("fdp.exe")));
    CHECK(!text.contains(QChar(0x202E)));
    CHECK(text.contains(QStringLiteral("\\u{202e}")));
}

TEST_CASE("dates are Solar Hijri in Persian, by the vectors of the requirements [R194]", "[desktop]") {
    mohr::test::use_language(Language::fa);
    struct Vector {
        QDate date;
        const char* hijri;
    };
    const Vector vectors[] = {
        {{1921, 3, 21}, "1 فروردین 1300"},  {{1941, 10, 7}, "15 مهر 1320"},
        {{1962, 3, 20}, "29 اسفند 1340"},   {{1964, 3, 20}, "30 اسفند 1342"},
        {{1968, 3, 20}, "30 اسفند 1346"},   {{1979, 3, 21}, "1 فروردین 1358"},
        {{1991, 9, 22}, "31 شهریور 1370"},  {{1997, 3, 20}, "30 اسفند 1375"},
        {{2000, 1, 1}, "11 دی 1378"},       {{2000, 3, 20}, "1 فروردین 1379"},
        {{2006, 10, 22}, "30 مهر 1385"},    {{2021, 3, 20}, "30 اسفند 1399"},
        {{2021, 3, 21}, "1 فروردین 1400"},  {{2024, 2, 29}, "10 اسفند 1402"},
        {{2024, 3, 19}, "29 اسفند 1402"},   {{2024, 3, 20}, "1 فروردین 1403"},
        {{2025, 3, 20}, "30 اسفند 1403"},   {{2025, 3, 21}, "1 فروردین 1404"},
        {{2025, 4, 19}, "30 فروردین 1404"}, {{2025, 9, 22}, "31 شهریور 1404"},
        {{2026, 3, 20}, "29 اسفند 1404"},   {{2026, 3, 21}, "1 فروردین 1405"},
        {{2030, 3, 20}, "30 اسفند 1408"},   {{2058, 3, 21}, "1 فروردین 1437"},
    };
    for (const Vector& vector : vectors) {
        const QDateTime noon(vector.date, QTime(12, 0));
        CAPTURE(vector.hijri, date_text(noon).toStdString());
        CHECK(date_text(noon) == in_persian_digits(QString::fromUtf8(vector.hijri)));
    }
    mohr::test::use_language(Language::en);
    CHECK(date_text(QDateTime(QDate(2026, 3, 21), QTime(12, 0))) == QStringLiteral("21 March 2026"));
}

TEST_CASE("a cell that a spreadsheet would compute stays text, and quotes are doubled", "[desktop]") {
    ActivityEntry entry;
    entry.sequence = 7;
    entry.origin = QStringLiteral("=HYPERLINK(\"http://x\")");
    entry.program = QStringLiteral("a,b");
    entry.documents.push_back({QStringLiteral("line\nend"), QStringLiteral("00ff")});
    const QByteArray line = csv_line(entry);
    CHECK(line.contains("\"'=HYPERLINK(\"\"http://x\"\")\""));
    CHECK(line.contains("\"a,b\""));
    CHECK(line.endsWith("\"line\nend 00ff\"\r\n"));
    CHECK(csv_head().count(',') == 9);
}

TEST_CASE("files of the command line are made absolute, and what is not understood is named", "[desktop]") {
    const auto line = read_command_line({QStringLiteral("--socket"), QStringLiteral("s"),
                                         QStringLiteral("sign"), QStringLiteral("a.txt"),
                                         QStringLiteral("/b/../c"), QStringLiteral("file:///d%20e")},
                                        QStringLiteral("/home/x"));
    CHECK(line.wrong.isEmpty());
    CHECK(line.verb == QLatin1String("sign"));
    CHECK(line.socket == QLatin1String("/home/x/s"));
    CHECK(line.files ==
          QStringList{QStringLiteral("/home/x/a.txt"), QStringLiteral("/c"), QStringLiteral("/d e")});
    CHECK(read_command_line({QStringLiteral("fly")}, {}).wrong == QLatin1String("fly"));
    CHECK(read_command_line({QStringLiteral("--odd")}, {}).wrong == QLatin1String("--odd"));
    CHECK(read_command_line({QStringLiteral("sign")}, {}).wrong == QLatin1String("sign"));
    CHECK(read_command_line({QStringLiteral("stop"), QStringLiteral("x")}, QStringLiteral("/")).wrong ==
          QLatin1String("/x"));
    CHECK(read_command_line({QStringLiteral("--page")}, {}).wrong == QLatin1String("--page"));
    CHECK(read_command_line({QStringLiteral("open"), QStringLiteral("--"), QStringLiteral("-x")},
                            QStringLiteral("/h"))
              .files == QStringList{QStringLiteral("/h/-x")});
}

TEST_CASE("durations are told in the language's words and digits", "[desktop]") {
    mohr::test::use_language(Language::fa);
    CHECK(duration_text(59) == QStringLiteral("۵۹ ثانیه"));
    CHECK(duration_text(120) == QStringLiteral("۲ دقیقه"));
    mohr::test::use_language(Language::en);
    CHECK(duration_text(125) == QStringLiteral("2 min 5 s"));
}
