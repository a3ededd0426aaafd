// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPair>
#include <QWidget>
#include <vector>

class QComboBox;
class QLabel;

namespace mohr::desktop {

/// The quirks of a Dastine site (docs/dastine.md), each with its values and what it is for.
class QuirksBox : public QWidget {
    Q_OBJECT
public:
    explicit QuirksBox(QWidget* parent = nullptr);
    void show_quirks(const std::vector<QPair<QString, QString>>& quirks);
    void retranslate();

Q_SIGNALS:
    void chosen(const QString& key, const QString& value);

private:
    struct Line {
        QLabel* name;
        QComboBox* box;
        QLabel* explanation;
    };
    std::vector<Line> lines_;
};

} // namespace mohr::desktop
