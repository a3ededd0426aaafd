// SPDX-License-Identifier: Apache-2.0
#include "manager/quirks_box.hpp"

#include "manager/cards.hpp"

#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <array>

namespace mohr::desktop {
namespace {

struct Value {
    const char* value;
    const char* text;
};
struct Quirk {
    const char* key;
    const char* name;
    const char* explanation;
    std::array<Value, 3> values; ///< the default first
};

constexpr std::array quirks{
    Quirk{
        "sign.prehashed",
        QT_TRID_NOOP("manager.quirk.prehashed"),
        QT_TRID_NOOP("manager.quirk.prehashedWhy"),
        {{{"never", QT_TRID_NOOP("manager.quirk.never")}, {"auto", QT_TRID_NOOP("manager.quirk.auto")}, {}}}},
    Quirk{
        "sign.byte_order",
        QT_TRID_NOOP("manager.quirk.byteOrder"),
        QT_TRID_NOOP("manager.quirk.byteOrderWhy"),
        {{{"big", QT_TRID_NOOP("manager.quirk.big")}, {"little", QT_TRID_NOOP("manager.quirk.little")}, {}}}},
    Quirk{"cms.attach",
          QT_TRID_NOOP("manager.quirk.attach"),
          QT_TRID_NOOP("manager.quirk.attachWhy"),
          {{{"page", QT_TRID_NOOP("manager.quirk.page")},
            {"always", QT_TRID_NOOP("manager.quirk.always")},
            {"never", QT_TRID_NOOP("manager.quirk.never")}}}},
    Quirk{
        "decrypt.padding",
        QT_TRID_NOOP("manager.quirk.padding"),
        QT_TRID_NOOP("manager.quirk.paddingWhy"),
        {{{"pkcs1", QT_TRID_NOOP("manager.quirk.pkcs1")}, {"oaep", QT_TRID_NOOP("manager.quirk.oaep")}, {}}}},
    Quirk{"codes",
          QT_TRID_NOOP("manager.quirk.codes"),
          QT_TRID_NOOP("manager.quirk.codesWhy"),
          {{{"original", QT_TRID_NOOP("manager.quirk.original")},
            {"two_digits", QT_TRID_NOOP("manager.quirk.twoDigits")},
            {}}}},
    Quirk{
        "sha1",
        QT_TRID_NOOP("manager.quirk.sha1"),
        QT_TRID_NOOP("manager.quirk.sha1Why"),
        {{{"allow", QT_TRID_NOOP("manager.quirk.allow")}, {"deny", QT_TRID_NOOP("manager.quirk.deny")}, {}}}},
};

} // namespace

QuirksBox::QuirksBox(QWidget* parent) : QWidget(parent) {
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(16);
    grid->setVerticalSpacing(8);
    grid->setColumnStretch(2, 1);
    for (std::size_t i = 0; i < quirks.size(); ++i) {
        Line line{make_text(), new QComboBox, make_text(QStringLiteral("muted"))};
        for (const Value& value : quirks[i].values)
            if (value.value) line.box->addItem(QString(), QString::fromLatin1(value.value));
        const int row = static_cast<int>(i);
        line.name->setWordWrap(false);
        line.name->setBuddy(line.box);
        grid->addWidget(line.name, row, 0);
        grid->addWidget(line.box, row, 1);
        grid->addWidget(line.explanation, row, 2);
        const QString key = QString::fromLatin1(quirks[i].key);
        connect(line.box, &QComboBox::activated, this,
                [this, key, box = line.box] { Q_EMIT chosen(key, box->currentData().toString()); });
        lines_.push_back(line);
    }
    retranslate();
}

void QuirksBox::show_quirks(const std::vector<QPair<QString, QString>>& shown) {
    for (std::size_t i = 0; i < quirks.size(); ++i)
        for (const auto& [key, value] : shown)
            if (key == QLatin1String(quirks[i].key))
                lines_[i].box->setCurrentIndex(lines_[i].box->findData(value));
}

void QuirksBox::retranslate() {
    for (std::size_t i = 0; i < quirks.size(); ++i) {
        lines_[i].name->setText(qtTrId(quirks[i].name));
        lines_[i].box->setAccessibleName(qtTrId(quirks[i].name));
        lines_[i].explanation->setText(qtTrId(quirks[i].explanation));
        for (int n = 0; n < lines_[i].box->count(); ++n)
            lines_[i].box->setItemText(n, qtTrId(quirks[i].values.at(static_cast<std::size_t>(n)).text));
    }
}

} // namespace mohr::desktop
