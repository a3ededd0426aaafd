// SPDX-License-Identifier: Apache-2.0
#include "manager/permission_request.hpp"

#include "manager/cards.hpp"
#include "shared/appearance.hpp"

#include <QDialog>
#include <QPushButton>
#include <QVBoxLayout>

namespace mohr::desktop {

void show_permission_message(QWidget& parent, std::function<void()> open_settings) {
    auto* dialog = new QDialog(&parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(qtTrId("app.name"));
    auto* text = make_text();
    text->setText(qtTrId("M02"));
    text->setMinimumWidth(420);
    auto* button = new QPushButton(qtTrId("svc.openSettings"));
    set_style_class(*button, QStringLiteral("primary"));
    auto* column = new QVBoxLayout(dialog);
    column->setContentsMargins(24, 24, 24, 24);
    column->setSpacing(16);
    column->addWidget(text);
    column->addWidget(button, 0, Qt::AlignTrailing);
    QObject::connect(button, &QPushButton::clicked, dialog,
                     [dialog, open_settings = std::move(open_settings)] {
                         dialog->accept();
                         open_settings();
                     });
    dialog->open();
}

} // namespace mohr::desktop
