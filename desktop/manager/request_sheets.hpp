// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/key_request.hpp"
#include "manager/parts.hpp"

#include <nlohmann/json_fwd.hpp>

class QComboBox;
class QFormLayout;
class QLineEdit;

namespace mohr::desktop {

/// The form of a new key and its certification request; with the id of a key, of another request for that one
/// (R50). The button stays dead until everything is right.
class RequestSheet final : public Sheet {
    Q_OBJECT
public:
    RequestSheet(QWidget* parent, const QString& key);
    [[nodiscard]] KeyRequest request() const;

private:
    struct Field {
        QString type; ///< of the subject; empty: another field
        QLineEdit* edit;
        QLabel* problem;
        std::function<QString(const QString&)> check; ///< what is wrong, empty if nothing
    };
    QLineEdit* add_field(QFormLayout* form, const QString& name, const QString& type,
                         std::function<QString(const QString&)> check);
    void check();

    QString key_;
    QComboBox* algorithm_ = nullptr;
    QLineEdit* label_ = nullptr;
    QLineEdit* emails_ = nullptr;
    QLineEdit* hosts_ = nullptr;
    std::vector<Field> fields_;
};

/// The finished request: to copy or to save, and what comes next.
class RequestResultSheet final : public Sheet {
    Q_OBJECT
public:
    RequestResultSheet(QWidget* parent, const nlohmann::json& result);

Q_SIGNALS:
    void told(const QString& text);
    void failed(const QString& text);
};

} // namespace mohr::desktop
