// SPDX-License-Identifier: Apache-2.0
#include "manager/question.hpp"

#include "shared/appearance.hpp"

#include <QMessageBox>
#include <QPushButton>

namespace mohr::desktop {

void ask(QWidget& parent, const Question& question, std::function<void()> accepted) {
    auto* box = new QMessageBox(&parent);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setIcon(question.danger ? QMessageBox::Warning : QMessageBox::Question);
    box->setTextFormat(Qt::PlainText);
    box->setText(question.text);
    box->setWindowTitle(qtTrId("app.name"));
    QPushButton* yes = box->addButton(question.yes, QMessageBox::AcceptRole);
    QPushButton* no = box->addButton(qtTrId("common.cancel"), QMessageBox::RejectRole);
    set_style_class(*yes, question.danger ? QStringLiteral("danger") : QStringLiteral("primary"));
    box->setDefaultButton(question.danger ? no : yes);
    box->setEscapeButton(no);
    QObject::connect(yes, &QPushButton::clicked, &parent, [accepted = std::move(accepted)] { accepted(); });
    box->open();
}

} // namespace mohr::desktop
