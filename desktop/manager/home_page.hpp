// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/page.hpp"

class QLabel;
class QPushButton;

namespace mohr::desktop {

class LinkCard;

/// The first screen (R19): the kinds of token there are, as a list; today one.
class HomePage : public Page {
    Q_OBJECT
public:
    explicit HomePage(Shell& shell);
    [[nodiscard]] QString title() const override;
    void perform(const QString& verb, const QStringList& arguments) override;

protected:
    void retranslate() override;

private:
    QLabel* intro_;
    LinkCard* mobile_token_;
    QPushButton* tour_;
};

} // namespace mohr::desktop
