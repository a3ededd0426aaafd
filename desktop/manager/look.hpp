// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QIcon>
#include <QPushButton>
#include <QString>

class QLabel;

namespace mohr::desktop {

/// The style sheet of the manager's own parts, in the current colours.
[[nodiscard]] QString manager_style_sheet();

/// An icon drawn in one colour (below :/icons), in the colours of text and of selected text. Made anew when the
/// theme changes.
[[nodiscard]] QIcon tinted_icon(const QString& name);

/// A large button with an icon, a title and a line below it.
class LinkCard : public QPushButton {
    Q_OBJECT
public:
    explicit LinkCard(const QIcon& icon, QWidget* parent = nullptr);
    void set_texts(const QString& title, const QString& hint);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

private:
    QLabel* title_;
    QLabel* hint_;
};

} // namespace mohr::desktop
