// SPDX-License-Identifier: Apache-2.0
#include "manager/parts.hpp"

#include "shared/appearance.hpp"

#include <QAccessible>
#include <QEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QScreen>
#include <QStandardPaths>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr int gap = 8;
constexpr int wide_gap = 16;
constexpr int preferred_width = 560;
constexpr int selected_pixels = 80; ///< of a 20 pixel icon at four times the scale

/// Plain text at the reading edge of the window, whatever the direction of what it holds.
class TextLabel final : public QLabel {
public:
    explicit TextLabel(QWidget* parent) : QLabel(parent) {
        setTextFormat(Qt::PlainText);
        setWordWrap(true);
        align();
    }

protected:
    void changeEvent(QEvent* event) override {
        if (event->type() == QEvent::LayoutDirectionChange) align();
        QLabel::changeEvent(event);
    }

private:
    void align() {
        if (alignment().testFlag(Qt::AlignHCenter)) return;
        setAlignment(Qt::AlignAbsolute | Qt::AlignVCenter |
                     (layoutDirection() == Qt::RightToLeft ? Qt::AlignRight : Qt::AlignLeft));
    }
};

} // namespace

QIcon icon_named(const QString& name) {
    QIcon icon(QStringLiteral(":/icons/%1.svg").arg(name));
    QPixmap selected = icon.pixmap(selected_pixels);
    QPainter painter(&selected);
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(selected.rect(), colours().on_accent);
    painter.end();
    icon.addPixmap(selected, QIcon::Selected);
    return icon;
}

QLabel* text_label(QWidget* parent, const QString& style) {
    auto* label = new TextLabel(parent);
    if (!style.isEmpty()) set_style_class(*label, style);
    return label;
}

QFrame* card(QWidget* parent) {
    auto* frame = new QFrame(parent);
    set_style_class(*frame, QStringLiteral("card"));
    auto* layout = new QVBoxLayout(frame);
    layout->setContentsMargins(wide_gap, wide_gap, wide_gap, wide_gap);
    layout->setSpacing(gap);
    return frame;
}

QVBoxLayout* layout_of(QFrame* card) {
    return static_cast<QVBoxLayout*>(card->layout());
}

void announce(QLabel& label) {
    QAccessibleEvent event(&label, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

Busy::Busy(QWidget* parent)
    : QFrame(parent), label_(text_label(this)), bar_(new QProgressBar(this)), cancel_(new QPushButton(this)) {
    set_style_class(*this, QStringLiteral("card"));
    auto* row = new QHBoxLayout;
    row->setSpacing(wide_gap);
    row->addWidget(label_, 1);
    row->addWidget(cancel_);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(wide_gap, gap, gap, wide_gap);
    layout->addLayout(row);
    layout->addWidget(bar_);
    bar_->setTextVisible(false);
    connect(cancel_, &QPushButton::clicked, this, [this] {
        if (on_cancel_) on_cancel_();
    });
    hide();
}

void Busy::begin(TextSource text, std::function<void()> on_cancel) {
    text_ = std::move(text);
    on_cancel_ = std::move(on_cancel);
    cancel_->setVisible(static_cast<bool>(on_cancel_));
    bar_->setRange(0, 0);
    retranslate();
    show();
    announce(*label_);
}

void Busy::end() {
    bar_->setRange(0, 1); // a hidden bar that runs for ever would cost processor time
    on_cancel_ = {};
    hide();
}

void Busy::retranslate() {
    cancel_->setText(qtTrId("common.cancel"));
    if (!text_) return;
    label_->setText(text_());
    bar_->setAccessibleName(label_->text());
}

void Busy::changeEvent(QEvent* event) {
    if (event->type() == QEvent::LanguageChange) retranslate();
    QFrame::changeEvent(event);
}

Sheet::Sheet(QWidget* parent, const QString& title, const QString& accept_text)
    : QDialog(parent), body_(new QVBoxLayout), accept_(new QPushButton(accept_text, this)),
      reject_(new QPushButton(qtTrId("common.cancel"), this)) {
    setAttribute(Qt::WA_DeleteOnClose);
    setModal(true);
    setWindowTitle(title);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(24, 24, 24, 24);
    layout->setSpacing(wide_gap);
    QLabel* heading = text_label(this, QStringLiteral("title"));
    heading->setText(title);
    layout->addWidget(heading);
    body_->setSpacing(gap);
    layout->addLayout(body_, 1);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(gap);
    buttons->addStretch(1);
    buttons->addWidget(reject_);
    buttons->addWidget(accept_);
    layout->addLayout(buttons);
    set_style_class(*accept_, QStringLiteral("primary"));
    accept_->setDefault(true);
    connect(accept_, &QPushButton::clicked, this, &QDialog::accept);
    connect(reject_, &QPushButton::clicked, this, &QDialog::reject);
}

void Sheet::showEvent(QShowEvent* event) {
    constexpr int frame = 64; // the window manager's and a little air
    const QSize room = screen()->availableSize() - QSize(frame, frame);
    resize(sizeHint().expandedTo(QSize(preferred_width, 0)).boundedTo(room));
    QDialog::showEvent(event);
}

namespace {

QFileDialog* file_dialog(QWidget* parent, const QString& title, const QString& filter) {
    auto* dialog = new QFileDialog(parent, title);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setDirectory(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
    dialog->setNameFilter(filter);
    return dialog;
}

} // namespace

void ask_for_files(QWidget* parent, const QString& title, const QString& filter, bool several,
                   std::function<void(const QStringList&)> on_chosen) {
    QFileDialog* dialog = file_dialog(parent, title, filter);
    dialog->setFileMode(several ? QFileDialog::ExistingFiles : QFileDialog::ExistingFile);
    QObject::connect(dialog, &QFileDialog::filesSelected, parent, std::move(on_chosen));
    dialog->open();
}

void ask_where_to_save(QWidget* parent, const QString& title, const QString& suggested, const QString& filter,
                       std::function<void(const QString&)> on_chosen) {
    QFileDialog* dialog = file_dialog(parent, title, filter);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->selectFile(suggested);
    QObject::connect(dialog, &QFileDialog::fileSelected, parent, std::move(on_chosen));
    dialog->open();
}

} // namespace mohr::desktop
