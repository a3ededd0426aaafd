// SPDX-License-Identifier: Apache-2.0
#include "manager/token_dialogs.hpp"

#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QCheckBox>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr int max_label_characters = 64;

QListWidget* list_of(QWidget* parent, const std::vector<CertificateEntry>& lost) {
    auto* list = new QListWidget(parent);
    list->setAccessibleName(qtTrId("token.reset.lost"));
    for (const CertificateEntry& entry : lost) {
        const QString text = entry.certificate
                                 ? qtTrId("token.reset.lostCertificate")
                                       .arg(isolated(entry_name(entry)), state_word(entry.state))
                                 : qtTrId("token.reset.lostKey").arg(isolated(entry_name(entry)));
        list->addItem(new QListWidgetItem(icon_named(state_icon(entry.state)), text));
    }
    return list;
}

} // namespace

LossSheet::LossSheet(QWidget* parent, bool admin_pin_blocked, const std::vector<CertificateEntry>& lost)
    : Sheet(parent, qtTrId("reset.title"), qtTrId("token.reset.do")) {
    if (admin_pin_blocked) {
        QLabel* why = text_label(this, QStringLiteral("notice-warning"));
        why->setText(qtTrId("M20") + QLatin1Char(' ') + qtTrId("token.resetBlocked.about"));
        body()->addWidget(why);
    }
    QLabel* text = text_label(this, QStringLiteral("notice-danger"));
    text->setText(lost.empty()
                      ? qtTrId("token.reset.nothingLost")
                      : qtTrId("token.reset.lostAll").arg(number_text(static_cast<qint64>(lost.size()))));
    body()->addWidget(text);
    if (!lost.empty()) body()->addWidget(list_of(this, lost));
    auto* understood = new QCheckBox(qtTrId("token.reset.understood"), this);
    body()->addWidget(understood);
    set_style_class(*accept_button(), QStringLiteral("danger"));
    accept_button()->setEnabled(false);
    accept_button()->setDefault(false);
    accept_button()->setAutoDefault(false);
    reject_button()->setDefault(true);
    connect(understood, &QCheckBox::toggled, accept_button(), &QPushButton::setEnabled);
}

LabelSheet::LabelSheet(QWidget* parent, const QString& label)
    : Sheet(parent, qtTrId("token.rename"), qtTrId("token.rename.do")), field_(new QLineEdit(label, this)) {
    QLabel* text = text_label(this);
    text->setText(qtTrId("token.rename.about"));
    field_->setMaxLength(max_label_characters);
    field_->setAccessibleName(qtTrId("token.fact.label"));
    field_->selectAll();
    body()->addWidget(text);
    body()->addWidget(field_);
    const auto check = [this, label] {
        const QString wanted = this->label();
        accept_button()->setEnabled(!wanted.isEmpty() && wanted != label);
    };
    connect(field_, &QLineEdit::textChanged, this, check);
    check();
}

QString LabelSheet::label() const {
    return field_->text().trimmed();
}

} // namespace mohr::desktop
