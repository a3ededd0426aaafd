// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_entry.hpp"
#include "manager/parts.hpp"

class QListWidget;
class QListWidgetItem;

namespace mohr::desktop {

/// For whom files are sealed: own certificates and those from files. The button lives once one is chosen.
class RecipientSheet final : public Sheet {
    Q_OBJECT
public:
    RecipientSheet(QWidget* parent, const std::vector<CertificateEntry>& own);
    [[nodiscard]] std::vector<Certificate> recipients() const;

private:
    void add(const Certificate& certificate, const QString& whose, bool chosen);
    void add_files(const QStringList& paths);
    void check();

    QListWidget* list_;
    QLabel* problem_;
    std::vector<Certificate> certificates_; ///< in the order of the list
};

/// Why a certificate can receive nothing now, in words; empty if it can.
[[nodiscard]] QString recipient_problem(const Certificate& certificate);
/// The certificates of these files; the first file that has none is named in `problem`.
[[nodiscard]] std::vector<Certificate> certificates_in(const QStringList& paths, QString& problem);

} // namespace mohr::desktop
