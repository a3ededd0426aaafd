// SPDX-License-Identifier: Apache-2.0
#include "manager/verify_view.hpp"

#include "manager/certificate_entry.hpp"
#include "manager/values.hpp"
#include "shared/appearance.hpp"
#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"
#include <mohr/base/encoding.hpp>

#include <QFileInfo>
#include <QVBoxLayout>
#include <array>

namespace mohr::desktop {
namespace {

struct Word {
    const char* name;
    const char* key;
};
constexpr std::array verdicts{
    Word{"valid", QT_TRID_NOOP("verify.signer.valid")},
    Word{"digest_mismatch", QT_TRID_NOOP("verify.signer.digestMismatch")},
    Word{"signature_invalid", QT_TRID_NOOP("verify.signer.signatureInvalid")},
    Word{"attributes_invalid", QT_TRID_NOOP("verify.signer.attributesInvalid")},
    Word{"certificate_missing", QT_TRID_NOOP("verify.signer.certificateMissing")},
    Word{"chain_invalid", QT_TRID_NOOP("verify.signer.chainInvalid")},
    Word{"unsupported", QT_TRID_NOOP("verify.signer.unsupported")},
};

QString signer_text(const std::string& verdict) {
    for (const Word& word : verdicts)
        if (verdict == word.name) return qtTrId(word.key);
    return qtTrId("verify.signer.unsupported");
}

std::optional<Certificate> signer_certificate(const nlohmann::json& signer) {
    const auto der = from_base64(text_member(signer, "certificate"));
    if (!der) return std::nullopt;
    auto certificate = Certificate::from_der(*der);
    if (!certificate) return std::nullopt;
    return std::move(*certificate);
}

QString anchors_text(const std::vector<Certificate>& anchors) {
    QStringList names;
    for (const Certificate& anchor : anchors) names << isolated(to_text(anchor.common_name()));
    return names.join(qtTrId("common.separator"));
}

} // namespace

VerifyVerdict verdict_of(const FileTask& task) {
    const nlohmann::json& signers = member(task.result, "signers");
    if (!signers.is_array() || signers.empty()) return VerifyVerdict::invalid;
    VerifyVerdict verdict = VerifyVerdict::good;
    for (const auto& signer : signers) {
        const std::string said = text_member(signer, "verdict");
        if (said != "valid" && said != "chain_invalid") return VerifyVerdict::invalid;
        if (said == "chain_invalid" || !flag_member(signer, "chainChecked")) verdict = VerifyVerdict::intact;
    }
    // The core's word stands above what is made of its parts here.
    return verdict == VerifyVerdict::good && !flag_member(task.result, "valid") ? VerifyVerdict::invalid
                                                                                : verdict;
}

QString verdict_text(VerifyVerdict verdict) {
    switch (verdict) {
    case VerifyVerdict::invalid:
        return qtTrId("verify.invalid");
    case VerifyVerdict::intact:
        return qtTrId("verify.intact");
    case VerifyVerdict::good:
        break;
    }
    return qtTrId("verify.good");
}

VerifyView::VerifyView(QWidget* parent, const FileTask& task) : QFrame(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    if (!task.content.isEmpty())
        add_line(qtTrId("verify.content"), isolated(QFileInfo(task.content).fileName()));
    const nlohmann::json& signers = member(task.result, "signers");
    if (signers.is_array())
        for (const auto& signer : signers) add_signer(signer);
    add_line(qtTrId("verify.anchors"),
             task.anchors.empty() ? qtTrId("verify.anchors.none") : anchors_text(task.anchors));
}

void VerifyView::add_line(const QString& name, const QString& value) {
    if (value.isEmpty()) return;
    QLabel* label = text_label(this);
    label->setText(qtTrId("certificate.attribute").arg(name, value));
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout()->addWidget(label);
}

void VerifyView::add_signer(const nlohmann::json& signer) {
    const std::string verdict = text_member(signer, "verdict");
    QLabel* head = text_label(this, QStringLiteral("strong"));
    head->setText(signer_text(verdict));
    layout()->addWidget(head);
    if (const auto certificate = signer_certificate(signer)) {
        add_line(qtTrId("verify.who"), isolated(to_text(certificate->common_name())));
        add_line(qtTrId("verify.subject"), isolated(to_text(certificate->subject())));
        add_line(qtTrId("certificate.field.issuer"), isolated(to_text(certificate->issuer())));
        add_line(qtTrId("certificate.field.validUntil"),
                 date_time_text(to_date_time(certificate->not_after())));
        add_line(qtTrId("certificate.field.fingerprint"), isolated_ltr(fingerprint_text(*certificate)));
    }
    const QString when = text_of(signer, "signingTime");
    add_line(qtTrId("verify.when"), when.isEmpty() ? qtTrId("verify.when.none")
                                                   : qtTrId("verify.when.said").arg(date_time_text(when)));
    add_line(qtTrId("verify.digest"), isolated_ltr(text_of(signer, "digestAlgorithm")));
    add_line(qtTrId("verify.chain"), flag_member(signer, "chainChecked") ? qtTrId("verify.chain.checked")
                                                                         : qtTrId("verify.chain.unchecked"));
}

} // namespace mohr::desktop
