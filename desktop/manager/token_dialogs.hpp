// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_entry.hpp"
#include "manager/parts.hpp"

class QLineEdit;

namespace mohr::desktop {

/// What a reset destroys, each certificate by its name; goes on only once the person has said that this is
/// known (R51, R57).
class LossSheet final : public Sheet {
    Q_OBJECT
public:
    LossSheet(QWidget* parent, bool admin_pin_blocked, const std::vector<CertificateEntry>& lost);
};

/// Another label of the token: 1 to 64 characters.
class LabelSheet final : public Sheet {
    Q_OBJECT
public:
    LabelSheet(QWidget* parent, const QString& label);
    [[nodiscard]] QString label() const;

private:
    QLineEdit* field_;
};

} // namespace mohr::desktop
