// SPDX-License-Identifier: Apache-2.0
#include "prompt/extras.hpp"

#include "shared/appearance.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QBuffer>
#include <QCheckBox>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMouseEvent>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

namespace mohr::desktop {
namespace {

constexpr qint64 largest_file = 512 * 1024;
constexpr qint64 largest_image = 16 * 1024 * 1024; // before it is made small
constexpr qsizetype largest_mark = 64 * 1024;
constexpr int longest_phrase = 64;
constexpr int mark_edge = 96;

QPushButton* button(const char* key, QWidget* parent) {
    auto* const made = new QPushButton(qtTrId(key), parent);
    made->setAutoDefault(false);
    return made;
}

/// Our own dialog: a foreign one would load another toolkit into the process that takes PINs.
QString ask_for_file(QWidget* parent, const QString& title, const QString& filter) {
    return QFileDialog::getOpenFileName(parent, title, QString(), filter, nullptr,
                                        QFileDialog::DontUseNativeDialog);
}

std::optional<QByteArray> read_file(const QString& path, qint64 most) {
    QFile file(path);
    if (!QFileInfo(path).isFile() || file.size() > most || !file.open(QIODevice::ReadOnly))
        return std::nullopt;
    return file.read(most);
}

/// The mark before it gives the line the direction of the language, whatever the name has.
QString bullet() {
    const bool right_to_left = QGuiApplication::layoutDirection() == Qt::RightToLeft;
    return QChar(right_to_left ? 0x200F : 0x200E) + QStringLiteral("•  ");
}

class CheckLabel : public QLabel {
public:
    CheckLabel(const QString& text, QCheckBox& box, QWidget* parent) : QLabel(text, parent), box_(box) {
        setTextFormat(Qt::PlainText);
        setWordWrap(true);
        make_selectable(*this);
        hold_at_reading_edge(*this);
    }

protected:
    void mousePressEvent(QMouseEvent*) override { box_.toggle(); }

private:
    QCheckBox& box_;
};

} // namespace

WrappedCheck::WrappedCheck(const QString& text, QWidget* parent)
    : QWidget(parent), box_(new QCheckBox(this)) {
    auto* const row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    box_->setAccessibleName(text);
    row->addWidget(box_, 0, Qt::AlignTop);
    row->addWidget(new CheckLabel(text, *box_, this), 1);
    connect(box_, &QCheckBox::toggled, this, &WrappedCheck::toggled);
}

bool WrappedCheck::is_checked() const {
    return box_->isChecked();
}

WindowOffer::WindowOffer(const protocol::Prompt::Window& most, QWidget* parent)
    : Card(parent), wanted_(new WrappedCheck(qtTrId("prompt.window"), this)), items_(new QSpinBox(this)),
      minutes_(new QSpinBox(this)) {
    column().setSpacing(8);
    column().addWidget(wanted_);
    auto* const row = new QHBoxLayout;
    row->setSpacing(8);
    const auto add = [&](QSpinBox* box, unsigned highest, const char* name) {
        box->setRange(1, static_cast<int>(highest));
        box->setValue(static_cast<int>(highest));
        box->setEnabled(false);
        box->setAccessibleName(qtTrId(name));
        auto* const label = new QLabel(qtTrId(name), this);
        label->setBuddy(box);
        row->addWidget(label);
        row->addWidget(box);
        connect(wanted_, &WrappedCheck::toggled, box, &QWidget::setEnabled);
    };
    add(items_, most.items, "prompt.window.items");
    row->addSpacing(16);
    add(minutes_, most.minutes, "prompt.window.minutes");
    row->addStretch(1);
    column().addLayout(row);
}

std::optional<protocol::Prompt::Window> WindowOffer::terms() const {
    if (!wanted_->is_checked()) return std::nullopt;
    return protocol::Prompt::Window{static_cast<unsigned>(items_->value()),
                                    static_cast<unsigned>(minutes_->value())};
}

FileChooser::FileChooser(QWidget* parent) : Card(parent), name_(make_line(QString(), "", this)) {
    auto* const choose_button = button("prompt.file.choose", this);
    setFocusProxy(choose_button);
    column().setSpacing(8);
    column().addWidget(make_line(qtTrId("prompt.file"), "muted", this));
    column().addWidget(name_);
    column().addWidget(choose_button, 0, Qt::AlignLeading);
    name_->setText(qtTrId("prompt.file.none"));
    connect(choose_button, &QPushButton::clicked, this, &FileChooser::choose);
}

void FileChooser::choose() {
    const QString path =
        ask_for_file(window(), qtTrId("prompt.file.choose"),
                     qtTrId("prompt.file.filter") + QStringLiteral(" (*.p12 *.pfx *.P12 *.PFX)"));
    if (path.isEmpty()) return;
    const auto content = read_file(path, largest_file);
    if (content && !content->isEmpty()) {
        content_.assign(content->cbegin(), content->cend());
        show_foreign(*name_, QFileInfo(path).fileName());
    } else {
        content_.clear();
        name_->setText(qtTrId("prompt.file.unreadable"));
    }
    Q_EMIT changed();
}

MarkEditor::MarkEditor(const Mark& mark, QWidget* parent)
    : Card(parent), phrase_(new QLineEdit(mark.phrase, this)), shown_(new QLabel(this)),
      problem_(make_line(QString(), "danger-text", this)), picture_(mark.picture) {
    column().setSpacing(8);
    column().addWidget(make_line(qtTrId("prompt.mark.why"), "muted", this));
    auto* const label = new QLabel(qtTrId("prompt.mark.phrase"), this);
    label->setBuddy(phrase_);
    phrase_->setMaxLength(longest_phrase);
    phrase_->setAccessibleName(qtTrId("prompt.mark.phrase"));
    column().addWidget(label);
    column().addWidget(phrase_);
    auto* const row = new QHBoxLayout;
    row->setSpacing(8);
    shown_->setFixedSize(mark_edge, mark_edge);
    shown_->setAlignment(Qt::AlignCenter);
    set_style_class(*shown_, QStringLiteral("card"));
    row->addWidget(shown_);
    auto* const buttons = new QVBoxLayout;
    auto* const choose_button = button("prompt.mark.choose", this);
    auto* const remove_button = button("prompt.mark.remove", this);
    buttons->addWidget(choose_button);
    buttons->addWidget(remove_button);
    row->addLayout(buttons);
    row->addStretch(1);
    column().addLayout(row);
    column().addWidget(problem_);
    problem_->hide();
    show_picture();
    connect(phrase_, &QLineEdit::textChanged, this, &MarkEditor::changed);
    connect(choose_button, &QPushButton::clicked, this, &MarkEditor::choose);
    connect(remove_button, &QPushButton::clicked, this, [this] {
        picture_.clear();
        show_picture();
        Q_EMIT changed();
    });
}

Mark MarkEditor::mark() const {
    return {phrase_->text().trimmed(), picture_};
}

void MarkEditor::choose() {
    const QString path = ask_for_file(window(), qtTrId("prompt.mark.choose"),
                                      qtTrId("prompt.mark.filter") + QStringLiteral(" (*.png *.jpg *.jpeg)"));
    if (path.isEmpty()) return;
    const auto content = read_file(path, largest_image);
    const QImage image = content ? QImage::fromData(*content) : QImage();
    QByteArray png;
    QBuffer buffer(&png);
    if (!image.isNull())
        image.scaled(mark_edge, mark_edge, Qt::KeepAspectRatio, Qt::SmoothTransformation)
            .save(&buffer, "PNG");
    const bool good = !png.isEmpty() && png.size() <= largest_mark;
    problem_->setText(qtTrId("prompt.mark.unreadable"));
    problem_->setVisible(!good);
    if (!good) return;
    picture_ = png;
    show_picture();
    Q_EMIT changed();
}

void MarkEditor::show_picture() {
    const QImage image = decode_picture(picture_, mark_edge - 8);
    if (image.isNull())
        shown_->setText(qtTrId("prompt.mark.noPicture"));
    else
        shown_->setPixmap(QPixmap::fromImage(image));
    shown_->setAccessibleName(image.isNull() ? qtTrId("prompt.mark.noPicture")
                                             : qtTrId("prompt.mark.picture"));
}

Confirmation::Confirmation(const QString& reason, const QStringList& names, const QString& consent,
                           QWidget* parent)
    : Card(parent), check_(new WrappedCheck(consent, this)) {
    column().setSpacing(8);
    column().addWidget(make_notice(reason, true, this));
    for (const QString& name : names) {
        column().addWidget(make_line(bullet() + isolated(name), "", this));
    }
    column().addWidget(check_);
    connect(check_, &WrappedCheck::toggled, this, &Confirmation::changed);
}

bool Confirmation::is_given() const {
    return check_->is_checked();
}

} // namespace mohr::desktop
