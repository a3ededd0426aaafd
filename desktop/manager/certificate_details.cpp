// SPDX-License-Identifier: Apache-2.0
#include "manager/certificate_details.hpp"

#include "manager/drag_handle.hpp"
#include "manager/save_file.hpp"
#include "shared/appearance.hpp"
#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"
#include <mohr/base/x509_details.hpp>

#include <QClipboard>
#include <QEvent>
#include <QGridLayout>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QMenu>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr int gap = 8;
constexpr int wide_gap = 16;
constexpr int chain_row_height = 32;
constexpr QSize state_size{32, 32};

QString name_line(const std::vector<NameAttribute>& attributes) {
    QStringList out;
    for (const NameAttribute& attribute : attributes)
        out << qtTrId("certificate.attribute")
                   .arg(attribute_word(attribute.type), isolated(to_text(attribute.value)));
    return out.join(QLatin1Char('\n'));
}

QString kind_word(SubjectName::Kind kind) {
    switch (kind) {
    case SubjectName::Kind::email:
        return qtTrId("certificate.san.email");
    case SubjectName::Kind::dns:
        return qtTrId("certificate.san.dns");
    case SubjectName::Kind::uri:
        return qtTrId("certificate.san.uri");
    case SubjectName::Kind::ip:
        return qtTrId("certificate.san.ip");
    case SubjectName::Kind::directory:
        return qtTrId("certificate.san.directory");
    case SubjectName::Kind::other:
        break;
    }
    return qtTrId("certificate.san.other");
}

QString names_line(const Certificate& certificate) {
    QStringList out;
    for (const SubjectName& name : subject_names(certificate)) {
        const QString value = to_text(name.value);
        out << (value.isEmpty()
                    ? kind_word(name.kind)
                    : qtTrId("certificate.attribute").arg(kind_word(name.kind), isolated_ltr(value)));
    }
    return out.join(QLatin1Char('\n'));
}

QString isolated_ltr_lines(const QString& text) {
    QStringList lines = text.split(QLatin1Char('\n'));
    for (QString& line : lines) line = isolated_ltr(line);
    return lines.join(QLatin1Char('\n'));
}

QString joined(const std::vector<std::string>& texts) {
    QStringList out;
    for (const std::string& text : texts) out << to_text(text);
    return out.join(QLatin1Char('\n'));
}

} // namespace

CertificateDetails::CertificateDetails(QWidget* parent)
    : QWidget(parent), back_(new QPushButton(this)), state_icon_(new QLabel(this)),
      name_(text_label(this, QStringLiteral("large"))), state_(text_label(this)), about_(text_label(this)),
      drag_(new DragHandle(this, [this] { return certificate_mime_data(entry_); })),
      export_(new QPushButton(this)), formats_(new QMenu(this)), copy_(new QPushButton(this)),
      request_(new QPushButton(this)), import_(new QPushButton(this)), remove_(new QPushButton(this)),
      head_(card(this)), chain_card_(card(this)),
      chain_title_(text_label(chain_card_, QStringLiteral("title"))), chain_(new QTreeWidget(chain_card_)),
      fields_card_(card(this)) {
    make_head();
    chain_->setHeaderHidden(true);
    chain_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    chain_->setIconSize({20, 20});
    chain_->setFrameShape(QFrame::NoFrame);
    layout_of(chain_card_)->addWidget(chain_title_);
    layout_of(chain_card_)->addWidget(chain_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(wide_gap);
    column->addWidget(back_, 0, Qt::AlignLeading);
    column->addWidget(head_);
    column->addWidget(chain_card_);
    column->addWidget(fields_card_);
    column->addStretch(1);
    setFocusProxy(back_);
    export_->setMenu(formats_);
    set_style_class(*remove_, QStringLiteral("danger"));
    connect(back_, &QPushButton::clicked, this, &CertificateDetails::left);
    connect(copy_, &QPushButton::clicked, this, &CertificateDetails::copy_fingerprint);
    connect(request_, &QPushButton::clicked, this, [this] { Q_EMIT request_wanted(entry_.id); });
    connect(import_, &QPushButton::clicked, this, &CertificateDetails::import_wanted);
    connect(remove_, &QPushButton::clicked, this, [this] { Q_EMIT removal_wanted(entry_.id); });
    connect(chain_, &QTreeWidget::currentItemChanged, this, &CertificateDetails::show_fields);
}

void CertificateDetails::make_head() {
    auto* words = new QVBoxLayout;
    words->setSpacing(gap);
    words->addWidget(name_);
    words->addWidget(state_);
    words->addWidget(about_);
    auto* row = new QHBoxLayout;
    row->setSpacing(wide_gap);
    row->addWidget(state_icon_, 0, Qt::AlignTop);
    row->addLayout(words, 1);
    row->addWidget(drag_, 0, Qt::AlignTop);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(gap);
    for (QPushButton* button : {import_, request_, export_, copy_}) buttons->addWidget(button);
    buttons->addStretch(1);
    buttons->addWidget(remove_);
    layout_of(head_)->addLayout(row);
    layout_of(head_)->addLayout(buttons);
}

void CertificateDetails::show_entry(const CertificateEntry& entry) {
    entry_ = entry;
    retranslate();
}

void CertificateDetails::retranslate() {
    const bool issued = entry_.certificate.has_value();
    back_->setText(qtTrId("certificate.back"));
    state_icon_->setPixmap(icon_named(state_icon(entry_.state)).pixmap(state_size, devicePixelRatioF()));
    name_->setText(isolated(entry_name(entry_)));
    const QString level = issued ? level_word(*entry_.certificate) : QString();
    state_->setText(level.isEmpty() ? state_word(entry_.state)
                                    : state_word(entry_.state) + qtTrId("common.separator") + level);
    about_->setText(state_text(entry_.state));
    about_->setVisible(!about_->text().isEmpty());
    set_style_class(*about_, entry_.state == CertificateState::pending ? QStringLiteral("muted")
                                                                       : QStringLiteral("notice-warning"));
    export_->setText(qtTrId("certificate.export"));
    copy_->setText(qtTrId("certificate.copyFingerprint"));
    request_->setText(qtTrId("certificate.requestAgain"));
    import_->setText(qtTrId("certificate.importIssued"));
    remove_->setText(qtTrId("certificate.remove"));
    drag_->setAccessibleName(qtTrId("certificate.drag"));
    drag_->setToolTip(qtTrId("certificate.drag"));
    for (QWidget* widget : {static_cast<QWidget*>(export_), static_cast<QWidget*>(copy_),
                            static_cast<QWidget*>(drag_), static_cast<QWidget*>(chain_card_)})
        widget->setVisible(issued);
    request_->setVisible(!issued);
    import_->setVisible(!issued);
    formats_->clear();
    const auto add = [this](const QString& text, ExportFormat format) {
        connect(formats_->addAction(text), &QAction::triggered, this, [this, format] { export_as(format); });
    };
    add(qtTrId("certificate.export.pem"), ExportFormat::pem);
    add(qtTrId("certificate.export.der"), ExportFormat::der);
    if (!entry_.chain.empty()) {
        add(qtTrId("certificate.export.chainPem"), ExportFormat::chain_pem);
        add(qtTrId("certificate.export.chainPkcs7"), ExportFormat::chain_pkcs7);
    }
    chain_title_->setText(qtTrId("certificate.chain"));
    chain_->setAccessibleName(qtTrId("certificate.chain"));
    show_chain();
    show_fields();
}

void CertificateDetails::show_chain() {
    const QSignalBlocker blocker(chain_);
    chain_->clear();
    if (!entry_.certificate) return;
    std::vector<const Certificate*> path{&*entry_.certificate};
    for (const Certificate& issuer : entry_.chain) path.push_back(&issuer);
    QTreeWidgetItem* above = nullptr;
    for (std::size_t i = path.size(); i-- > 0;) {
        auto* item = above == nullptr ? new QTreeWidgetItem(chain_) : new QTreeWidgetItem(above);
        item->setText(0, isolated(to_text(path[i]->common_name())));
        item->setIcon(
            0, icon_named(i == 0 ? state_icon(entry_.state) : QStringLiteral("certificate-authority")));
        item->setData(0, Qt::UserRole, static_cast<int>(i));
        item->setSizeHint(0, QSize(0, chain_row_height));
        above = item;
    }
    chain_->expandAll();
    chain_->setFixedHeight(static_cast<int>(path.size()) * chain_row_height + 2 * chain_->frameWidth() + gap);
    chain_->setCurrentItem(above);
}

const Certificate* CertificateDetails::chosen() const {
    if (!entry_.certificate) return nullptr;
    const QTreeWidgetItem* item = chain_->currentItem();
    const int place = item == nullptr ? 0 : item->data(0, Qt::UserRole).toInt();
    if (place == 0 || static_cast<std::size_t>(place) > entry_.chain.size()) return &*entry_.certificate;
    return &entry_.chain.at(static_cast<std::size_t>(place) - 1);
}

void CertificateDetails::show_fields() {
    delete fields_;
    fields_ = new QWidget(fields_card_);
    grid_ = new QGridLayout(fields_);
    grid_->setContentsMargins(0, 0, 0, 0);
    grid_->setHorizontalSpacing(24);
    grid_->setVerticalSpacing(gap);
    grid_->setColumnStretch(1, 1);
    if (const Certificate* certificate = chosen()) show_certificate_fields(*certificate);
    if (chosen() == nullptr || (entry_.certificate && chosen() == &*entry_.certificate)) show_key_fields();
    layout_of(fields_card_)->addWidget(fields_);
}

void CertificateDetails::show_certificate_fields(const Certificate& certificate) {
    add_field(qtTrId("certificate.field.subject"), name_line(subject_attributes(certificate)));
    add_field(qtTrId("certificate.field.names"), names_line(certificate));
    add_field(qtTrId("certificate.field.issuer"), name_line(issuer_attributes(certificate)));
    add_field(qtTrId("certificate.field.validFrom"), date_time_text(to_date_time(certificate.not_before())));
    add_field(qtTrId("certificate.field.validUntil"), date_time_text(to_date_time(certificate.not_after())));
    add_field(qtTrId("certificate.field.usage"), usage_words(certificate).join(QLatin1Char('\n')));
    if (&certificate == &*entry_.certificate)
        add_field(qtTrId("certificate.field.use"), use_words(certificate));
    add_field(qtTrId("certificate.field.key"), key_words(certificate));
    add_field(qtTrId("certificate.field.signature"), to_text(signature_algorithm(certificate)), true);
    add_field(qtTrId("certificate.field.policies"), joined(certificate_policies(certificate)), true);
    add_field(qtTrId("certificate.field.serial"), grouped_hex(to_text(certificate.serial_number())), true);
    add_field(qtTrId("certificate.field.fingerprint"), fingerprint_text(certificate), true);
}

void CertificateDetails::show_key_fields() {
    add_field(qtTrId("certificate.field.label"), isolated(entry_.label));
    add_field(qtTrId("certificate.field.algorithm"), entry_.algorithm, true);
    add_field(qtTrId("certificate.field.created"), date_time_text(entry_.created));
    add_field(qtTrId("certificate.field.id"), grouped_hex(entry_.id), true);
}

void CertificateDetails::add_field(const QString& name, const QString& value, bool ltr) {
    if (value.isEmpty()) return;
    const int row = grid_->rowCount();
    QLabel* title = text_label(fields_, QStringLiteral("muted"));
    title->setText(name);
    title->setWordWrap(false);
    QLabel* text = text_label(fields_);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    text->setText(ltr ? isolated_ltr_lines(value) : value);
    text->setAccessibleName(qtTrId("certificate.attribute").arg(name, value));
    grid_->addWidget(title, row, 0, Qt::AlignTop);
    grid_->addWidget(text, row, 1);
}

void CertificateDetails::export_as(ExportFormat format) {
    const auto bytes = exported(entry_, format);
    if (!bytes) return Q_EMIT failed(qtTrId("certificate.export.failed"));
    const QByteArray content(reinterpret_cast<const char*>(bytes->data()),
                             static_cast<qsizetype>(bytes->size()));
    save_file(this, qtTrId("certificate.export"), export_name(entry_, format),
              qtTrId("certificate.import.filter"), content, [this](const SaveOutcome& outcome) {
                  if (outcome.saved)
                      Q_EMIT told(outcome.text);
                  else
                      Q_EMIT failed(outcome.text);
              });
}

void CertificateDetails::copy_fingerprint() {
    const Certificate* certificate = chosen();
    if (certificate == nullptr) return;
    QGuiApplication::clipboard()->setText(fingerprint_text(*certificate));
    Q_EMIT told(qtTrId("certificate.copied"));
}

void CertificateDetails::changeEvent(QEvent* event) {
    if (event->type() == QEvent::LanguageChange) retranslate();
    QWidget::changeEvent(event);
}

} // namespace mohr::desktop
