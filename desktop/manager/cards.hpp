// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QLabel>
#include <vector>

class QGridLayout;
class QVBoxLayout;

namespace mohr::desktop {

/// A card with a heading; put content into `body()`.
class Card : public QFrame {
    Q_OBJECT
public:
    explicit Card(QWidget* parent = nullptr);
    void set_heading(const QString& text);
    [[nodiscard]] QVBoxLayout* body() const { return body_; }

private:
    QLabel* heading_;
    QVBoxLayout* body_;
};

/// Lines of "name: value"; a line without a value is hidden.
class Facts : public QWidget {
    Q_OBJECT
public:
    explicit Facts(QWidget* parent = nullptr);
    /// Values in the reading direction of the window, or always left to right (digests, ports, paths).
    void set(int row, const QString& name, const QString& value);
    void set_ltr(int row, const QString& name, const QString& value);

private:
    struct Line {
        QLabel* name;
        QLabel* value;
    };
    Line& line(int row);

    QGridLayout* grid_;
    std::vector<Line> lines_;
};

/// A wrapping line of plain text.
[[nodiscard]] QLabel* make_text(const QString& style = {});

} // namespace mohr::desktop
