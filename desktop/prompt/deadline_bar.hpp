// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

class QLabel;
class QProgressBar;

namespace mohr::desktop {

/// How long the person still has, as a bar and in words.
class DeadlineBar : public QWidget {
    Q_OBJECT
public:
    explicit DeadlineBar(QWidget* parent);
    void start(int seconds);
    /// No deadline any more: something is being carried out.
    void wait(const QString& what);

Q_SIGNALS:
    void over();

private:
    void tick();

    QProgressBar* bar_;
    QLabel* words_;
    QTimer timer_;
    QElapsedTimer since_;
    int seconds_ = 0;
    int spoken_ = -1; ///< the seconds that were last said
};

} // namespace mohr::desktop
