// SPDX-License-Identifier: Apache-2.0
#include "manager/request_sheets.hpp"

#include "manager/certificate_entry.hpp"
#include "manager/certificate_export.hpp"
#include "manager/save_file.hpp"
#include "manager/values.hpp"
#include "shared/appearance.hpp"
#include "shared/language.hpp"

#include <QClipboard>
#include <QComboBox>
#include <QFontDatabase>
#include <QFormLayout>
#include <QGuiApplication>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr int max_characters = 256;
constexpr int max_subject_bytes = 1024; ///< the core's limit

QString right_attribute(const QString& type, const QString& name, const QString& value) {
    return is_right_attribute(type, value) ? QString() : qtTrId("M24").arg(name);
}

} // namespace

RequestSheet::RequestSheet(QWidget* parent, const QString& key)
    : Sheet(parent, key.isEmpty() ? qtTrId("certificate.new") : qtTrId("certificate.requestAgain"),
            key.isEmpty() ? qtTrId("certificate.new.do") : qtTrId("certificate.requestAgain.do")),
      key_(key) {
    QLabel* about = text_label(this, QStringLiteral("muted"));
    about->setText(qtTrId("certificate.new.about"));
    body()->addWidget(about);
    auto* inner = new QWidget;
    auto* form = new QFormLayout(inner);
    form->setContentsMargins(0, 0, 8, 0);
    form->setRowWrapPolicy(QFormLayout::WrapLongRows);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setMinimumHeight(96);
    scroll->setSizeAdjustPolicy(QAbstractScrollArea::AdjustToContents);
    scroll->setWidget(inner);
    body()->addWidget(scroll, 1);
    if (key_.isEmpty()) {
        algorithm_ = new QComboBox(this);
        for (const char* name : {"RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384"})
            algorithm_->addItem(QString::fromLatin1(name));
        form->addRow(qtTrId("certificate.field.algorithm"), algorithm_);
        label_ = add_field(form, qtTrId("certificate.field.label"), {}, {});
    }
    const auto attribute = [this, form](const char* type, const QString& name) {
        const QString kind = QString::fromLatin1(type);
        add_field(form, name, kind,
                  [kind, name](const QString& value) { return right_attribute(kind, name, value); });
    };
    const QString common_name = attribute_word("CN");
    add_field(form, common_name, QStringLiteral("CN"), [common_name](const QString& value) {
        return value.trimmed().isEmpty() ? qtTrId("M23")
                                         : right_attribute(QStringLiteral("CN"), common_name, value);
    });
    attribute("GN", attribute_word("GN"));
    attribute("SN", attribute_word("SN"));
    attribute("serialNumber", attribute_word("serialNumber"));
    attribute("O", attribute_word("O"));
    attribute("OU", attribute_word("OU"));
    attribute("L", attribute_word("L"));
    attribute("ST", attribute_word("ST"));
    attribute("C", attribute_word("C"));
    const QString emails = qtTrId("certificate.field.emails");
    emails_ = add_field(form, emails, {}, [emails](const QString& value) {
        return are_right_names(NameKind::email, value) ? QString() : qtTrId("M24").arg(emails);
    });
    const QString hosts = qtTrId("certificate.field.hosts");
    hosts_ = add_field(form, hosts, {}, [hosts](const QString& value) {
        return are_right_names(NameKind::dns, value) ? QString() : qtTrId("M24").arg(hosts);
    });
    fields_.front().edit->setFocus();
    check();
}

QLineEdit* RequestSheet::add_field(QFormLayout* form, const QString& name, const QString& type,
                                   std::function<QString(const QString&)> check) {
    auto* edit = new QLineEdit(this);
    edit->setMaxLength(max_characters);
    edit->setAccessibleName(name);
    QLabel* problem = text_label(this);
    set_style_class(*problem, QStringLiteral("danger-text"));
    problem->hide();
    auto* column = new QVBoxLayout;
    column->setSpacing(0);
    column->addWidget(edit);
    column->addWidget(problem);
    form->addRow(name, column);
    fields_.push_back({type, edit, problem, std::move(check)});
    connect(edit, &QLineEdit::textEdited, this, [this] { this->check(); });
    return edit;
}

KeyRequest RequestSheet::request() const {
    KeyRequest request;
    request.key = key_;
    if (algorithm_ != nullptr) request.algorithm = algorithm_->currentText();
    if (label_ != nullptr) request.label = label_->text();
    request.emails = emails_->text();
    request.hosts = hosts_->text();
    // The country stands first in the certificate, the common name last.
    for (auto field = fields_.rbegin(); field != fields_.rend(); ++field) {
        if (field->type.isEmpty()) continue;
        const bool country = field->type == QLatin1String("C");
        request.subject.emplace_back(field->type,
                                     country ? field->edit->text().toUpper() : field->edit->text());
    }
    if (request.label.trimmed().isEmpty())
        for (const auto& [type, value] : request.subject)
            if (type == QLatin1String("CN")) request.label = value;
    return request;
}

void RequestSheet::check() {
    bool right = subject_text(request().subject).toUtf8().size() <= max_subject_bytes;
    for (const Field& field : fields_) {
        const QString problem = field.check ? field.check(field.edit->text()) : QString();
        right = right && problem.isEmpty();
        // An empty field is not held against somebody who has not come to it yet.
        const bool said = !problem.isEmpty() && field.edit->isModified();
        field.problem->setText(said ? problem : QString());
        field.problem->setVisible(said);
        field.edit->setAccessibleDescription(said ? problem : QString());
    }
    accept_button()->setEnabled(right);
}

RequestResultSheet::RequestResultSheet(QWidget* parent, const nlohmann::json& result)
    : Sheet(parent, qtTrId("certificate.request.ready"), qtTrId("certificate.request.save")) {
    const QString pem = request_pem(text_member(result, "request"));
    QLabel* about = text_label(this);
    about->setText(qtTrId("certificate.request.next"));
    body()->addWidget(about);
    auto* text = new QPlainTextEdit(pem, this);
    text->setReadOnly(true);
    text->setTabChangesFocus(true);
    text->setLayoutDirection(Qt::LeftToRight);
    text->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    text->setLineWrapMode(QPlainTextEdit::NoWrap);
    text->setMinimumHeight(96);
    text->setAccessibleName(qtTrId("certificate.request.ready"));
    body()->addWidget(text, 1);
    auto* copy = new QPushButton(qtTrId("common.copy"), this);
    body()->addWidget(copy, 0, Qt::AlignLeading);
    reject_button()->setText(qtTrId("common.close"));
    connect(copy, &QPushButton::clicked, this, [this, pem] {
        QGuiApplication::clipboard()->setText(pem);
        Q_EMIT told(qtTrId("certificate.copied"));
    });
    // Saving does not close the window: what is not saved yet would be gone.
    accept_button()->disconnect(this);
    connect(accept_button(), &QPushButton::clicked, this, [this, pem] {
        save_file(this, qtTrId("certificate.request.save"), QStringLiteral("request.csr"),
                  qtTrId("certificate.request.filter"), pem.toUtf8(), [this](const SaveOutcome& outcome) {
                      if (outcome.saved)
                          Q_EMIT told(outcome.text);
                      else
                          Q_EMIT failed(outcome.text);
                      if (outcome.saved) accept();
                  });
    });
}

} // namespace mohr::desktop
