// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPixmap>
#include <QString>
#include <QWidget>

namespace mohr::desktop {

/// What only this person and we know (T16): their phrase and picture, on a pattern that follows from both, at the head of
/// every window. An imitation has none of the three.
struct Mark {
    QString phrase;
    QByteArray picture; ///< PNG; empty for none
    [[nodiscard]] bool is_set() const { return !phrase.isEmpty() || !picture.isEmpty(); }
};

/// The picture, no larger than `edge` pixels; null if it is no PNG of a bearable size.
[[nodiscard]] QImage decode_picture(const QByteArray& png, int edge);

class MarkStrip : public QWidget {
    Q_OBJECT
public:
    enum class Size { full, compact };
    MarkStrip(const Mark& mark, Size size, QWidget* parent);
    void set_mark(const Mark& mark);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void lay_out();

    Mark mark_;
    Size size_;
    quint64 seed_ = 0; ///< of the pattern; 0 for none
};

} // namespace mohr::desktop
