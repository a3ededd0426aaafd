// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/prompt.hpp>

#include <QString>
#include <string>
#include <vector>

/// What a prompt says, in the language of the moment.
namespace mohr::desktop {

/// "portal.example asks for a signature: contract.pdf" (M48).
[[nodiscard]] QString title_text(const protocol::Prompt& prompt);
/// The accept button: named by the act.
[[nodiscard]] QString act_text(const protocol::Prompt& prompt);
/// What is going on once the answer is out.
[[nodiscard]] QString progress_text(const protocol::Prompt& prompt);

/// "320 documents, 12.4 MiB in all".
[[nodiscard]] QString documents_text(const protocol::Prompt& prompt);
[[nodiscard]] QString tries_text(unsigned left);
[[nodiscard]] QString wrong_pin_text(unsigned left); ///< M18
[[nodiscard]] QString remember_text(const protocol::Prompt& prompt);
[[nodiscard]] QString certificate_text(const protocol::Prompt::Certificate& certificate);
/// Foreign hexadecimal in groups of four.
[[nodiscard]] QString grouped(const QString& hexadecimal);
[[nodiscard]] QString from_utf8(const std::string& text);
/// Spoken and written: "1 minute and 20 seconds".
[[nodiscard]] QString time_left_text(int seconds);

struct Warning {
    QString text;
    bool danger = false;
};
[[nodiscard]] std::vector<Warning> warnings(const protocol::Prompt& prompt);

/// One part of `pin.problem`, said at the field of `secret`.
struct PinProblem {
    std::string secret;
    QString text;
};
[[nodiscard]] std::vector<PinProblem> pin_problems(const std::string& problem);
/// Why the new PINs must be confirmed a second time: guessable, equal.
[[nodiscard]] QString confirmation_text(const std::string& problem);

} // namespace mohr::desktop
