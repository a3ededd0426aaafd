// SPDX-License-Identifier: Apache-2.0
#include "prompt/certificate_picker.hpp"

#include "prompt/wording.hpp"
#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QRadioButton>
#include <QVBoxLayout>
#include <algorithm>

namespace mohr::desktop {
namespace {

using protocol::Prompt;

QString reason_text(const std::string& reason) {
    for (const char* known :
         {"key_usage", "expired", "on_hold", "revoked", "pending", "replaced", "algorithm"})
        if (reason == known) return qtTrId(("cert.reason." + reason).c_str());
    return visible_text(from_utf8(reason));
}

/// A label that chooses its radio button.
class ChoiceLabel : public QLabel {
public:
    ChoiceLabel(QRadioButton& choice, QWidget* parent) : QLabel(parent), choice_(choice) {}

protected:
    void mousePressEvent(QMouseEvent*) override {
        if (!choice_.isEnabled()) return;
        choice_.setChecked(true);
        choice_.setFocus();
    }

private:
    QRadioButton& choice_;
};

} // namespace

CertificatePicker::CertificatePicker(const Prompt& prompt, QWidget* parent)
    : Card(parent), is_list_(prompt.kind == Prompt::Kind::listing) {
    column().setSpacing(8);
    column().addWidget(make_line(qtTrId("prompt.certificates"), "muted", this));
    auto sorted = prompt.certificates;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.usable && !b.usable; });
    const auto usable = std::count_if(sorted.begin(), sorted.end(), [](const auto& c) { return c.usable; });
    for (const auto& certificate : sorted) {
        add(certificate);
        const bool only = usable == 1 && certificate.usable;
        if (certificate.usable && (certificate.preselected || only)) choices_.back().first->setChecked(true);
    }
    if (usable == 0 && !is_list_)
        column().insertWidget(1, make_notice(qtTrId("prompt.certificates.none"), true, this));
}

void CertificatePicker::add(const Prompt::Certificate& certificate) {
    auto* const row = new QGridLayout;
    row->setHorizontalSpacing(8);
    row->setVerticalSpacing(0);
    row->setColumnStretch(1, 1);
    auto* const choice = new QRadioButton(this);
    choice->setEnabled(certificate.usable);
    choice->setVisible(!is_list_);
    const QString name = visible_text(from_utf8(certificate.common_name));
    QString about = certificate_text(certificate);
    if (!certificate.usable) about = reason_text(certificate.reason) + QStringLiteral(" · ") + about;
    choice->setAccessibleName(name + qtTrId("common.separator") + about);
    auto* const title = new ChoiceLabel(*choice, this);
    show_foreign(*title, from_utf8(certificate.common_name));
    make_selectable(*title);
    auto* const line = new ChoiceLabel(*choice, this);
    line->setWordWrap(true);
    line->setTextFormat(Qt::PlainText);
    make_selectable(*line);
    hold_at_reading_edge(*line);
    line->setText(about);
    set_style_class(*line, QStringLiteral("muted"));
    set_style_class(*title, certificate.usable ? QStringLiteral("strong") : QStringLiteral("muted"));
    title->setMinimumWidth(1);
    line->setMinimumWidth(1);
    row->addWidget(choice, 0, 0, Qt::AlignTop);
    row->addWidget(title, 0, 1);
    row->addWidget(line, 1, 1);
    column().addLayout(row);
    choices_.emplace_back(choice, certificate.id);
    connect(choice, &QRadioButton::toggled, this, &CertificatePicker::changed);
}

std::string CertificatePicker::chosen() const {
    for (const auto& [choice, id] : choices_)
        if (choice->isChecked()) return id;
    return {};
}

} // namespace mohr::desktop
