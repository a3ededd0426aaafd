// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/file_task.hpp"
#include "manager/parts.hpp"

namespace mohr::desktop {

/// What a check of a signature came to, gravest first. `intact`: the signature holds, but nobody vouches for the
/// name in it.
enum class VerifyVerdict : std::uint8_t { invalid, intact, good };
[[nodiscard]] VerifyVerdict verdict_of(const FileTask& task);
[[nodiscard]] QString verdict_text(VerifyVerdict verdict);

/// Who signed, when, and whether it holds, for each signer of a checked file; and against whom it was checked.
class VerifyView final : public QFrame {
    Q_OBJECT
public:
    VerifyView(QWidget* parent, const FileTask& task);

private:
    void add_line(const QString& name, const QString& value);
    void add_signer(const nlohmann::json& signer);
};

} // namespace mohr::desktop
