// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_entry.hpp"

#include <nlohmann/json.hpp>

/// A file that the person wants on the token: what it is, and the request that puts it there.
namespace mohr::desktop {

enum class ImportProblem : std::uint8_t { unreadable, too_large, no_certificate, no_key };

struct ImportRequest {
    const char* method; ///< certificate.import or certificate.importPkcs12
    nlohmann::json params;
};

/// Certificates (DER, PEM, PKCS#7) need their key among `entries`; what is DER but no certificate goes to the
/// core as PKCS#12. `no_key`: none of the keys fits.
[[nodiscard]] Result<ImportRequest, ImportProblem>
read_import_file(const QString& path, const std::vector<CertificateEntry>& entries);
[[nodiscard]] QString import_problem_text(ImportProblem problem, const QString& path);
[[noreturn]] void throw_exception_from_error(ImportProblem problem, const boost::source_location& where);

} // namespace mohr::desktop
