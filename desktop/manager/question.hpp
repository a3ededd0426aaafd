// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <functional>

class QWidget;

namespace mohr::desktop {

struct Question {
    QString text;        ///< plain
    QString yes;         ///< names the act
    bool danger = false; ///< then "Cancel" is the default
};

/// Asks in a window of its own over `parent`, without blocking; `accepted` is called on yes only.
void ask(QWidget& parent, const Question& question, std::function<void()> accepted);

} // namespace mohr::desktop
