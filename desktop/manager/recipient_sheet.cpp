// SPDX-License-Identifier: Apache-2.0
#include "manager/recipient_sheet.hpp"

#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include <mohr/base/user_files.hpp>

#include <QFileInfo>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

namespace mohr::desktop {
namespace {

constexpr std::size_t max_file_bytes = 1024 * 1024;
constexpr std::size_t max_recipients = 64; ///< the core's limit

} // namespace

QString recipient_problem(const Certificate& certificate) {
    const KeyUsage usage = certificate.key_usage();
    if (usage.present && !usage.key_encipherment && !usage.key_agreement)
        return qtTrId("cert.reason.key_usage");
    const QDateTime now = QDateTime::currentDateTimeUtc();
    if (to_date_time(certificate.not_after()) < now || to_date_time(certificate.not_before()) > now)
        return qtTrId("cert.reason.expired");
    return {};
}

std::vector<Certificate> certificates_in(const QStringList& paths, QString& problem) {
    std::vector<Certificate> out;
    for (const QString& path : paths) {
        const auto content = read_input(path.toStdString(), max_file_bytes);
        auto certificates =
            content ? read_certificates(*content) : Result<std::vector<Certificate>>(content.error());
        if (certificates)
            std::move(certificates->begin(), certificates->end(), std::back_inserter(out));
        else if (problem.isEmpty())
            problem = qtTrId("certificate.import.noCertificate").arg(isolated(QFileInfo(path).fileName()));
    }
    return out;
}

RecipientSheet::RecipientSheet(QWidget* parent, const std::vector<CertificateEntry>& own)
    : Sheet(parent, qtTrId("file.seal.for"), qtTrId("file.action.seal")), list_(new QListWidget(this)),
      problem_(text_label(this, QStringLiteral("notice-warning"))) {
    QLabel* about = text_label(this);
    about->setText(qtTrId("file.seal.about"));
    list_->setAccessibleName(qtTrId("file.seal.for"));
    list_->setMinimumHeight(96);
    problem_->hide();
    auto* from_file = new QPushButton(qtTrId("file.seal.addFile"), this);
    body()->addWidget(about);
    body()->addWidget(list_, 1);
    body()->addWidget(problem_);
    body()->addWidget(from_file, 0, Qt::AlignLeading);
    for (const CertificateEntry& entry : own)
        if (entry.certificate && entry.state == CertificateState::active)
            add(*entry.certificate, qtTrId("file.seal.own"), false);
    list_->setCurrentRow(0);
    list_->setFocus();
    connect(list_, &QListWidget::itemChanged, this, &RecipientSheet::check);
    connect(from_file, &QPushButton::clicked, this, [this] {
        ask_for_files(this, qtTrId("file.seal.addFile"), qtTrId("certificate.import.filter"), true,
                      [this](const QStringList& paths) { add_files(paths); });
    });
    check();
}

void RecipientSheet::add(const Certificate& certificate, const QString& whose, bool chosen) {
    const bool known = std::any_of(certificates_.begin(), certificates_.end(), [&](const Certificate& other) {
        return other.der() == certificate.der();
    });
    if (known || certificates_.size() >= max_recipients) return;
    const QString problem = recipient_problem(certificate);
    const QString name = isolated(to_text(certificate.common_name()));
    auto* item =
        new QListWidgetItem(qtTrId("certificate.attribute").arg(name, problem.isEmpty() ? whose : problem));
    item->setToolTip(isolated(to_text(certificate.subject())) + QLatin1Char('\n') +
                     fingerprint_text(certificate));
    item->setFlags(problem.isEmpty() ? Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable
                                     : Qt::ItemFlags(Qt::ItemIsSelectable));
    item->setCheckState(chosen && problem.isEmpty() ? Qt::Checked : Qt::Unchecked);
    certificates_.push_back(certificate);
    list_->addItem(item);
}

void RecipientSheet::add_files(const QStringList& paths) {
    QString problem;
    for (const Certificate& certificate : certificates_in(paths, problem))
        if (!certificate.is_authority()) add(certificate, qtTrId("file.seal.fromFile"), true);
    problem_->setText(problem);
    problem_->setVisible(!problem.isEmpty());
    check();
}

std::vector<Certificate> RecipientSheet::recipients() const {
    std::vector<Certificate> out;
    for (int row = 0; row < list_->count(); ++row)
        if (list_->item(row)->checkState() == Qt::Checked)
            out.push_back(certificates_.at(static_cast<std::size_t>(row)));
    return out;
}

void RecipientSheet::check() {
    accept_button()->setEnabled(!recipients().empty());
}

} // namespace mohr::desktop
