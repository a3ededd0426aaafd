// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_entry.hpp"
#include "manager/certificate_export.hpp"
#include "manager/parts.hpp"

#include <QWidget>

class QGridLayout;
class QMenu;
class QPushButton;
class QTreeWidget;

namespace mohr::desktop {

/// Everything about one certificate or key: its chain as a tree, every field of whichever certificate of it is
/// chosen, and what can be done with it.
class CertificateDetails final : public QWidget {
    Q_OBJECT
public:
    explicit CertificateDetails(QWidget* parent);
    void show_entry(const CertificateEntry& entry);
    [[nodiscard]] const QString& id() const { return entry_.id; }

Q_SIGNALS:
    void left();
    void removal_wanted(const QString& id);
    void request_wanted(const QString& id);
    void import_wanted();
    void told(const QString& text);
    void failed(const QString& text);

protected:
    void changeEvent(QEvent* event) override;

private:
    void make_head();
    void retranslate();
    void show_chain();
    void show_fields();
    void show_key_fields();
    void show_certificate_fields(const Certificate& certificate);
    void add_field(const QString& name, const QString& value, bool ltr = false);
    void export_as(ExportFormat format);
    void copy_fingerprint();
    [[nodiscard]] const Certificate* chosen() const;

    CertificateEntry entry_;
    QPushButton* back_;
    QLabel* state_icon_;
    QLabel* name_;
    QLabel* state_;
    QLabel* about_;
    QLabel* drag_;
    QPushButton* export_;
    QMenu* formats_;
    QPushButton* copy_;
    QPushButton* request_;
    QPushButton* import_;
    QPushButton* remove_;
    QFrame* head_;
    QFrame* chain_card_;
    QLabel* chain_title_;
    QTreeWidget* chain_;
    QFrame* fields_card_;
    QWidget* fields_ = nullptr;
    QGridLayout* grid_ = nullptr;
};

} // namespace mohr::desktop
