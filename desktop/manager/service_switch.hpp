// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractButton>

namespace mohr::desktop {

/// A sliding switch, drawn by position and by "I"/"O", not by colour alone (R14). A check box to screen readers.
class ServiceSwitch : public QAbstractButton {
    Q_OBJECT
public:
    explicit ServiceSwitch(QWidget* parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
};

} // namespace mohr::desktop
