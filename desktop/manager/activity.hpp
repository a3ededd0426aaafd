// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"

#include <QObject>
#include <QString>
#include <functional>
#include <string>
#include <vector>

namespace mohr::desktop {

class ControlClient;

struct ActivityDocument {
    QString name;
    QString digest; ///< hex
};

/// One entry of the activity log, as `log.read` gives it; its texts are foreign.
struct ActivityEntry {
    qint64 sequence = 0;
    QString time; ///< ISO 8601
    QString origin, program, operation, decision, detail, certificate, digest_algorithm;
    std::vector<ActivityDocument> documents;
    bool blind = false;
    std::string line; ///< as it is kept

    /// What was done and for whom, in one short sentence of the current language.
    [[nodiscard]] QString summary() const;
    [[nodiscard]] QString who() const;
};

struct ActivityPart {
    std::vector<ActivityEntry> entries; ///< newest first, without those that only hold the files together
    qint64 total = 0;                   ///< entries ever written
};

/// Entries with sequences in (`from`, `to`], or all over `from` that hold `query`; newest first.
void read_activity(ControlClient& client, QObject* context, qint64 from, qint64 to, const QString& query,
                   std::function<void(const Outcome<ActivityPart>&)> handler);
/// The newest `count` entries at most.
void read_newest(ControlClient& client, QObject* context, int count,
                 std::function<void(const Outcome<std::vector<ActivityEntry>>&)> handler);

/// "Signature", "Access"; a name that is not known stands as it is.
[[nodiscard]] QString operation_text(const QString& operation);
/// "allowed", "declined"
[[nodiscard]] QString decision_text(const QString& decision);

} // namespace mohr::desktop
