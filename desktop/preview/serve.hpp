// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <QByteArray>
#include <QString>
#include <cstdint>

namespace mohr::desktop::preview {

/// Where the document lies in the memfd that is descriptor 3.
struct Source {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    QString media_type;
};

/// The document's bytes, which nobody can change any more. BaseErrc::io, malformed where the file is not sealed or
/// too short.
[[nodiscard]] Result<QByteArray> map_document(const Source& source);

/// Lets the libraries load what they load at their first use, on documents of our own.
void warm_up();

/// Opens the document, says so, and answers requests until the parent closes. Returns the exit status.
[[nodiscard]] int serve(const QByteArray& document, const QString& media_type);

} // namespace mohr::desktop::preview
