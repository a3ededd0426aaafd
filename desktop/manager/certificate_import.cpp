// SPDX-License-Identifier: Apache-2.0
#include "manager/certificate_import.hpp"

#include "shared/foreign_text.hpp"
#include "shared/language.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/user_files.hpp>

#include <QFileInfo>
#include <algorithm>
#include <stdexcept>

namespace mohr::desktop {
namespace {

constexpr std::size_t max_import_bytes = 512 * 1024; ///< the core's limit
constexpr std::uint8_t der_sequence = 0x30;

bool fits_a_key(const std::vector<Certificate>& certificates, const std::vector<CertificateEntry>& entries) {
    return std::any_of(certificates.begin(), certificates.end(), [&entries](const Certificate& certificate) {
        const Bytes key = certificate.public_key_info();
        return std::any_of(entries.begin(), entries.end(),
                           [&key](const CertificateEntry& entry) { return entry.public_key_info == key; });
    });
}

} // namespace

Result<ImportRequest, ImportProblem> read_import_file(const QString& path,
                                                      const std::vector<CertificateEntry>& entries) {
    const auto content = read_input(path.toStdString(), max_import_bytes);
    if (!content)
        return content.error().code == boost::system::errc::file_too_large ? ImportProblem::too_large
                                                                           : ImportProblem::unreadable;
    ImportRequest request{"certificate.import", {{"data", to_base64(*content)}}};
    const auto certificates = read_certificates(*content);
    if (certificates) {
        if (!fits_a_key(*certificates, entries)) return ImportProblem::no_key;
        return request;
    }
    if (content->empty() || content->front() != der_sequence) return ImportProblem::no_certificate;
    request.method = "certificate.importPkcs12";
    return request;
}

QString import_problem_text(ImportProblem problem, const QString& path) {
    const QString name = isolated(QFileInfo(path).fileName());
    switch (problem) {
    case ImportProblem::unreadable:
        return qtTrId("file.problem.unreadable").arg(name);
    case ImportProblem::too_large:
        return qtTrId("certificate.import.tooLarge").arg(name, size_text(max_import_bytes));
    case ImportProblem::no_certificate:
        return qtTrId("certificate.import.noCertificate").arg(name);
    case ImportProblem::no_key:
        break;
    }
    return qtTrId("certificate.import.noKey").arg(name);
}

void throw_exception_from_error(ImportProblem, const boost::source_location&) {
    throw std::runtime_error("import");
}

} // namespace mohr::desktop
