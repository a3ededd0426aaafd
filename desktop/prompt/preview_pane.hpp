// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/preview_process.hpp"

#include <QWidget>

class QLabel;
class QScrollArea;
class QStackedLayout;
class QTextEdit;
class QToolButton;

namespace mohr::desktop {

/// What the person sees of one document: drawn by mohr-preview, page by page, while the window is already there. Ctrl+Page
/// Down and Ctrl+Page Up turn pages, Ctrl++ and Ctrl+- zoom.
class PreviewPane : public QWidget {
    Q_OBJECT
public:
    PreviewPane(const PreviewSource& source, QString media_type, QString name, QWidget* parent);

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void add_bar();
    void add_views();
    void retranslate();
    void turn(int pages);
    void zoom(int steps);
    void ask();
    void show_opened(preview::Form form, quint32 pages, quint32 notices);
    void show_text(const QString& text);
    void show_image(const QImage& image);
    void show_problem(PreviewProcess::Problem problem);
    void refresh_bar();
    [[nodiscard]] QString notice_text() const;
    [[nodiscard]] std::uint32_t wanted_width() const;

    PreviewProcess process_;
    QString media_type_;
    QString name_;
    preview::Form form_ = preview::Form::text;
    std::uint32_t notices_ = 0;
    std::uint32_t pages_ = 0;
    std::uint32_t page_ = 0;
    int zoom_steps_ = 0;
    std::optional<PreviewProcess::Problem> problem_;
    QImage image_;
    QTimer begin_;
    QTimer resized_;

    QWidget* bar_ = nullptr;
    QToolButton* previous_ = nullptr;
    QToolButton* next_ = nullptr;
    QToolButton* smaller_ = nullptr;
    QToolButton* larger_ = nullptr;
    QLabel* place_ = nullptr;
    QWidget* notice_ = nullptr;
    QStackedLayout* views_ = nullptr;
    QLabel* message_ = nullptr;
    QTextEdit* text_ = nullptr;
    QScrollArea* area_ = nullptr;
    QLabel* picture_ = nullptr;
};

} // namespace mohr::desktop
