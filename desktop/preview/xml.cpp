// SPDX-License-Identifier: Apache-2.0
#define QT_USE_QSTRINGBUILDER // "+" takes views too
#include "preview/xml.hpp"

#include <QXmlStreamReader>
#include <algorithm>
#include <utility>

namespace mohr::desktop::preview {
namespace {

constexpr int spaces_a_level = 2;
constexpr int max_indented_levels = 32; ///< deeper ones stand below each other: depth costs no memory

QString escaped(QStringView text) {
    QString out = text.toString();
    out.replace(QLatin1Char('&'), QStringLiteral("&amp;"));
    out.replace(QLatin1Char('<'), QStringLiteral("&lt;"));
    return out.replace(QLatin1Char('>'), QStringLiteral("&gt;"));
}

class Writer {
public:
    explicit Writer(QXmlStreamReader& reader) : reader_(reader) {}

    void write(QXmlStreamReader::TokenType token) {
        if (open_ && token != QXmlStreamReader::EndElement) close_tag();
        switch (token) {
        case QXmlStreamReader::StartDocument:
            return declaration();
        case QXmlStreamReader::DTD:
            return line(reader_.text().toString());
        case QXmlStreamReader::StartElement:
            return start_element();
        case QXmlStreamReader::EndElement:
            return end_element();
        case QXmlStreamReader::Characters:
            return characters();
        case QXmlStreamReader::Comment:
            return line(QStringLiteral("<!--") + reader_.text() + QStringLiteral("-->"));
        case QXmlStreamReader::ProcessingInstruction:
            return line(QStringLiteral("<?") + reader_.processingInstructionTarget() + QLatin1Char(' ') +
                        reader_.processingInstructionData() + QStringLiteral("?>"));
        case QXmlStreamReader::EntityReference:
            elements_.last().mixed = true;
            text_ += QLatin1Char('&') + reader_.name() + QLatin1Char(';');
            return;
        default:
            return;
        }
    }
    [[nodiscard]] qsizetype size() const { return text_.size(); }
    [[nodiscard]] QString take() { return std::move(text_); }

private:
    void declaration() {
        if (reader_.documentVersion().isEmpty()) return;
        text_ += QStringLiteral("<?xml version=\"") + reader_.documentVersion() + QLatin1Char('"');
        if (!reader_.documentEncoding().isEmpty())
            text_ += QStringLiteral(" encoding=\"") + reader_.documentEncoding() + QLatin1Char('"');
        text_ += QStringLiteral("?>");
    }
    /// On a line of its own, except beside text, where a new line would be one more character.
    void line(const QString& content) {
        if (!elements_.last().mixed) new_line();
        text_ += content;
    }
    void new_line() {
        if (!text_.isEmpty()) text_ += QLatin1Char('\n');
        const auto depth = std::min<qsizetype>(elements_.size() - 1, max_indented_levels);
        text_ += QString(spaces_a_level * depth, QLatin1Char(' '));
    }
    void attribute(const QString& name, QStringView value) {
        text_ += QLatin1Char(' ') + name + QStringLiteral("=\"") +
                 escaped(value).replace(QLatin1Char('"'), QStringLiteral("&quot;")) + QLatin1Char('"');
    }
    void start_element() {
        line(QLatin1Char('<') + reader_.qualifiedName());
        for (const auto& one : reader_.namespaceDeclarations())
            attribute(one.prefix().isEmpty() ? QStringLiteral("xmlns")
                                             : QString(QStringLiteral("xmlns:") + one.prefix()),
                      one.namespaceUri());
        for (const auto& one : reader_.attributes()) attribute(one.qualifiedName().toString(), one.value());
        open_ = true;
        elements_.last().has_children = true;
        elements_.append({elements_.last().mixed, false}); // inside running text all stays on its line
    }
    void close_tag() {
        text_ += QLatin1Char('>');
        open_ = false;
    }
    void end_element() {
        const Element element = elements_.takeLast();
        if (std::exchange(open_, false)) {
            text_ += QStringLiteral("/>");
            return;
        }
        if (element.has_children && !element.mixed) new_line();
        text_ += QStringLiteral("</") + reader_.qualifiedName() + QLatin1Char('>');
    }
    void characters() {
        if (reader_.isCDATA()) {
            text_ += QStringLiteral("<![CDATA[") + reader_.text() + QStringLiteral("]]>");
        } else if (!reader_.isWhitespace()) {
            text_ += escaped(reader_.text());
        } else {
            return;
        }
        elements_.last().mixed = true;
    }

    QXmlStreamReader& reader_;
    QString text_;
    bool open_ = false; ///< a start tag waits for its ">" or "/>"
    struct Element {
        bool mixed = false; ///< holds text
        bool has_children = false;
    };
    QList<Element> elements_{Element{}}; ///< the document, and those that are open
};

/// Such an entity would be left out without a trace.
bool names_other_files(const QXmlStreamReader& reader) {
    const auto entities = reader.entityDeclarations();
    return std::any_of(entities.begin(), entities.end(),
                       [](const auto& one) { return !one.systemId().isEmpty(); });
}

} // namespace

std::optional<IndentedXml> indent_xml(const QByteArray& bytes) {
    QXmlStreamReader reader(bytes);
    Writer writer(reader);
    bool any = false;
    while (!reader.atEnd()) {
        const auto token = reader.readNext();
        if (token == QXmlStreamReader::Invalid) break;
        if (token == QXmlStreamReader::DTD && names_other_files(reader)) return std::nullopt;
        any = any || token == QXmlStreamReader::StartElement;
        writer.write(token);
        if (writer.size() > max_xml_characters) {
            QString text = writer.take();
            text.truncate(max_xml_characters);
            return IndentedXml{std::move(text), true};
        }
    }
    if (reader.hasError() || !any) return std::nullopt;
    return IndentedXml{writer.take(), false};
}

} // namespace mohr::desktop::preview
