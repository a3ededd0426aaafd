// SPDX-License-Identifier: Apache-2.0
#include "prompt/prompt_window.hpp"

#include "prompt/certificate_picker.hpp"
#include "prompt/deadline_bar.hpp"
#include "prompt/extras.hpp"
#include "prompt/input_gate.hpp"
#include "prompt/origin_parts.hpp"
#include "prompt/pin_section.hpp"
#include "prompt/wording.hpp"
#include "shared/appearance.hpp"
#include "shared/language.hpp"

#include <QApplication>
#include <QCloseEvent>
#include <QCursor>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QRandomGenerator>
#include <QScreen>
#include <QScrollArea>
#include <QScrollBar>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>

namespace mohr::desktop {
namespace {

using protocol::Prompt;
constexpr int preferred_width = 600;
constexpr int preferred_height = 900;
constexpr int wide_width =
    960; ///< of a batch on a low screen, whose list would push its preview out of sight
constexpr int little_room = 560; ///< below, the middle gets all that can be given to it
constexpr int frame_room = 48;   ///< for the frame that the window manager draws
constexpr int most_offset = 24;  ///< nobody knows beforehand where a button will be (T14)
constexpr qsizetype title_columns = 60;

bool decides_with_certificate(const Prompt& prompt) {
    return !prompt.certificates.empty() && prompt.kind != Prompt::Kind::listing;
}

int width_on_screen(const Prompt& prompt, const QRect& room) {
    const bool low = room.height() < preferred_height + frame_room;
    const bool wide = prompt.documents.size() > 1 && low && room.width() >= wide_width + 16;
    return wide ? wide_width : std::min(preferred_width, room.width() - 16);
}

QRect room_on_screen() {
    const QScreen* screen = QGuiApplication::screenAt(QCursor::pos());
    if (screen == nullptr) screen = QGuiApplication::primaryScreen();
    return screen->availableGeometry();
}

} // namespace

PromptWindow::PromptWindow(Prompt prompt, Previews previews, const Mark& mark)
    : QWidget(nullptr, Qt::Dialog | Qt::WindowTitleHint | Qt::WindowCloseButtonHint |
                           Qt::CustomizeWindowHint | Qt::WindowStaysOnTopHint),
      prompt_(std::move(prompt)), previews_(std::move(previews)), mark_(mark), gate_(new InputGate(*this)),
      compact_(room_on_screen().height() < little_room),
      strip_(new MarkStrip(mark, compact_ ? MarkStrip::Size::compact : MarkStrip::Size::full, this)),
      scroll_(new QScrollArea(this)), body_(new QWidget), rows_(new QVBoxLayout(body_)),
      footer_(new QWidget(this)) {
    const QString asker =
        prompt_.local ? qtTrId("prompt.thisComputer") : from_utf8(prompt_.registrable_domain);
    setWindowTitle(qtTrId("prompt.windowTitle").arg(cut_left(asker, title_columns)));
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(strip_);
    scroll_->setWidgetResizable(true);
    scroll_->setFrameShape(QFrame::NoFrame);
    scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll_->setAccessibleName(qtTrId("prompt.details"));
    fill_body();
    scroll_->setWidget(body_);
    column->addWidget(scroll_, 1);
    auto* const footer = new QVBoxLayout(footer_);
    fill_footer(*footer);
    column->addWidget(footer_);
    connect(gate_, &InputGate::armed_changed, this, &PromptWindow::refresh);
    connect(gate_, &InputGate::refuse_pressed, this, &PromptWindow::refuse);
    connect(gate_, &InputGate::accept_pressed, this, &PromptWindow::accept);
    refresh();
}

PromptWindow::~PromptWindow() {
    gate_->disconnect(this); // hiding takes the focus away, of which the gate would tell what is half gone
}

void PromptWindow::fill_body() {
    rows_->setContentsMargins(16, 16, 16, 16);
    rows_->setSpacing(12);
    rows_->addWidget(make_asker(prompt_, body_));
    rows_->addWidget(make_line(title_text(prompt_), "title", body_));
    for (const Warning& warning : warnings(prompt_))
        rows_->addWidget(make_notice(warning.text, warning.danger, body_));
    if (QWidget* const terms = make_terms(prompt_, body_)) rows_->addWidget(terms);
    if (!prompt_.documents.empty()) {
        using Place = DocumentsCard::PreviewPlace;
        const bool wide = width_on_screen(prompt_, room_on_screen()) > preferred_width;
        rows_->addWidget(new DocumentsCard(prompt_, previews_, wide ? Place::beside : Place::below, body_));
    }
    add_choices();
    if (wants_secrets(prompt_)) {
        pins_ = new PinSection(prompt_, body_);
        connect(pins_, &PinSection::edited, this, &PromptWindow::refresh);
        pins_in_body_ = compact_ || !pins_->is_single();
        if (pins_in_body_) {
            connect(pins_, &PinSection::edited, this,
                    [this] { scroll_->ensureWidgetVisible(QApplication::focusWidget()); });
            auto* const card = new Card(body_);
            card->column().addWidget(pins_);
            rows_->addWidget(card);
        }
    }
    rows_->addStretch(1);
    update_confirmation();
}

void PromptWindow::add_choices() {
    if (!prompt_.certificates.empty()) {
        certificates_ = new CertificatePicker(prompt_, body_);
        rows_->addWidget(certificates_);
        connect(certificates_, &CertificatePicker::changed, this, &PromptWindow::refresh);
    }
    if (prompt_.window) {
        offer_ = new WindowOffer(*prompt_.window, body_);
        rows_->addWidget(offer_);
    }
    if (!prompt_.remember.empty()) {
        remember_ = new WrappedCheck(remember_text(prompt_), body_);
        rows_->addWidget(remember_);
    }
    if (prompt_.file) {
        file_ = new FileChooser(body_);
        rows_->addWidget(file_);
        connect(file_, &FileChooser::changed, this, &PromptWindow::refresh);
    }
    if (prompt_.kind == Prompt::Kind::mark) {
        editor_ = new MarkEditor(mark_, body_);
        rows_->addWidget(editor_);
        connect(editor_, &MarkEditor::changed, this, [this] { strip_->set_mark(editor_->mark()); });
    }
    if (prompt_.kind == Prompt::Kind::reset || prompt_.kind == Prompt::Kind::reset_blocked) {
        QStringList names;
        for (const auto& name : prompt_.losses) names += from_utf8(name);
        const int count = static_cast<int>(names.size());
        losses_ = new Confirmation(names.isEmpty() ? qtTrId("prompt.reset.nothing")
                                                   : qtTrId("prompt.reset.losses", count),
                                   names, qtTrId("prompt.reset.consent"), body_);
        rows_->addWidget(losses_);
        connect(losses_, &Confirmation::changed, this, &PromptWindow::refresh);
    }
}

void PromptWindow::fill_footer(QVBoxLayout& footer) {
    footer.setContentsMargins(16, 8, 16, 12);
    footer.setSpacing(8);
    if (pins_ != nullptr && !pins_in_body_) footer.addWidget(pins_);
    deadline_ = new DeadlineBar(footer_);
    refuse_ = new QPushButton(qtTrId(prompt_.local ? "common.cancel" : "prompt.refuse"), footer_);
    accept_ = new QPushButton(act_text(prompt_), footer_);
    accept_->setObjectName(QStringLiteral("accept"));
    refuse_->setObjectName(QStringLiteral("refuse"));
    const bool destroys = losses_ != nullptr || prompt_.kind == Prompt::Kind::remove_certificate ||
                          prompt_.kind == Prompt::Kind::remove_key;
    set_style_class(*accept_, destroys ? QStringLiteral("danger") : QStringLiteral("primary"));
    for (QPushButton* button : {accept_, refuse_}) {
        button->setAutoDefault(false);
        button->setMinimumWidth(112);
    }
    auto* const row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(deadline_, 1);
    row->addWidget(refuse_);
    row->addWidget(accept_);
    footer.addLayout(row);
    connect(accept_, &QPushButton::clicked, this, &PromptWindow::accept);
    connect(refuse_, &QPushButton::clicked, this, &PromptWindow::refuse);
    connect(deadline_, &DeadlineBar::over, this, [this] {
        open_ = false;
        refresh();
    });
}

void PromptWindow::update_confirmation() {
    delete confirmation_;
    confirmation_ = nullptr;
    if (!prompt_.pin.confirm) return;
    confirmation_ =
        new Confirmation(confirmation_text(prompt_.pin.problem), {}, qtTrId("prompt.guess.consent"), body_);
    rows_->insertWidget(rows_->count() - 1, confirmation_);
    connect(confirmation_, &Confirmation::changed, this, &PromptWindow::refresh);
    QTimer::singleShot(0, this, [this] {
        if (confirmation_ != nullptr) scroll_->ensureWidgetVisible(confirmation_);
    });
}

void PromptWindow::ask_again(const Prompt& prompt) {
    prompt_ = prompt;
    open_ = true;
    if (pins_ != nullptr) {
        // Only what would not do is typed again; a new PIN that waits for its confirmation stays.
        pins_->set_open(true);
        if (!prompt.pin.confirm) {
            if (prompt.pin.last_wrong || prompt.password || prompt.owner_password)
                pins_->clear_proof();
            else
                pins_->clear();
        }
        pins_->show_state(prompt);
        if (PinField* const field = pins_->next_field()) field->setFocus();
    }
    update_confirmation();
    refresh();
    // It is there already, and so is the person: no second delay.
    if (painted_) on_the_screen();
}

void PromptWindow::appear() {
    fit_to_screen();
    show();
    raise();
    if (file_ != nullptr)
        file_->setFocus();
    else if (pins_ != nullptr)
        pins_->next_field()->setFocus();
    else
        scroll_->setFocus();
}

void PromptWindow::fit_to_screen() {
    const QRect room = room_on_screen();
    const int width = width_on_screen(prompt_, room);
    const int most = std::min(preferred_height, room.height() - frame_room);
    const auto height_of = [&](const QWidget* part) {
        const int wanted = part->layout()->totalHeightForWidth(width);
        return wanted > 0 ? wanted : part->sizeHint().height();
    };
    const int wanted = height_of(strip_) + height_of(body_) + height_of(footer_);
    resize(width, std::min(wanted, most));
    auto& random = *QRandomGenerator::global();
    const int across = std::max(room.width() - width - 8, 0);
    const int down = std::max(room.height() - height() - frame_room + 8, 0);
    move(room.left() + std::min(across, across / 2 + random.bounded(most_offset)),
         room.top() + std::min(down, down / 2 + random.bounded(most_offset)));
}

void PromptWindow::paintEvent(QPaintEvent* event) {
    QWidget::paintEvent(event);
    if (painted_) return;
    painted_ = true;
    QTimer::singleShot(0, this, [this] {
        gate_->shown();
        on_the_screen();
    });
}

void PromptWindow::on_the_screen() {
    deadline_->start(static_cast<int>(prompt_.deadline.count()));
    Q_EMIT on_screen();
}

bool PromptWindow::is_complete() const {
    if (prompt_.pin.needed && prompt_.pin.tries_left == 0U) return false;
    if (pins_ != nullptr && !pins_->is_complete()) return false;
    if (certificates_ != nullptr && decides_with_certificate(prompt_) && certificates_->chosen().empty())
        return false;
    if (file_ != nullptr && file_->content().empty()) return false;
    if (losses_ != nullptr && !losses_->is_given()) return false;
    return confirmation_ == nullptr || confirmation_->is_given();
}

void PromptWindow::refresh() {
    if (accept_ == nullptr) return;
    const bool armed = gate_->is_armed();
    accept_->setEnabled(open_ && armed && is_complete());
    refuse_->setEnabled(open_);
}

void PromptWindow::accept() {
    if (!open_ || !gate_->is_armed()) return;
    if (!is_complete()) {
        if (pins_ != nullptr && !pins_->is_complete()) pins_->next_field()->setFocus();
        return;
    }
    send(collected());
}

void PromptWindow::refuse() {
    if (open_ && gate_->is_armed()) send(Answer());
}

Answer PromptWindow::collected() const {
    Answer answer;
    answer.allow = true;
    if (certificates_ != nullptr) answer.certificate = certificates_->chosen();
    if (offer_ != nullptr) answer.window = offer_->terms();
    answer.remember = remember_ != nullptr && remember_->is_checked();
    answer.confirmed = confirmation_ != nullptr;
    if (losses_ != nullptr) answer.confirm_loss = prompt_.losses.size();
    if (file_ != nullptr) answer.file = file_->content();
    if (editor_ != nullptr) {
        const Mark mark = editor_->mark();
        answer.phrase = mark.phrase.toStdString();
        answer.picture = Bytes(mark.picture.cbegin(), mark.picture.cend());
    }
    if (pins_ != nullptr) answer.secrets = pins_->secrets();
    return answer;
}

void PromptWindow::send(Answer answer) {
    open_ = false;
    if (pins_ != nullptr) {
        pins_->set_open(false);
        // New PINs stay, in secret memory, until they are taken: typing four fields again for a confirmation helps nobody.
        if (pins_->is_single() || !answer.allow) pins_->clear();
    }
    refresh();
    deadline_->wait(answer.allow ? progress_text(prompt_) : qtTrId("prompt.progress.refused"));
    Q_EMIT answered(answer);
}

void PromptWindow::closeEvent(QCloseEvent* event) {
    event->ignore(); // the core ends it
    refuse();
}

} // namespace mohr::desktop
