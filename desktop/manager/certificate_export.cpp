// SPDX-License-Identifier: Apache-2.0
#include "manager/certificate_export.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/user_files.hpp>
#include <mohr/base/x509_details.hpp>

#include <QMimeData>
#include <QTemporaryDir>
#include <QUrl>

namespace mohr::desktop {
namespace {

Bytes pem_of(const CertificateEntry& entry, bool with_chain) {
    std::string text = to_pem(*entry.certificate);
    if (with_chain)
        for (const Certificate& issuer : entry.chain) text += to_pem(issuer);
    return to_bytes(as_bytes(text));
}

/// Written once a drag; the folder goes when the program does.
QString dragged_file(const CertificateEntry& entry) {
    static QTemporaryDir folder;
    if (!folder.isValid()) return {};
    const QString path = folder.filePath(export_name(entry, ExportFormat::pem));
    auto file = OutputFile::create(path.toStdString(), Overwrite::yes);
    if (!file || !write_all(file->fd(), pem_of(entry, false)) || !file->commit()) return {};
    return path;
}

} // namespace

Result<Bytes> exported(const CertificateEntry& entry, ExportFormat format) {
    switch (format) {
    case ExportFormat::pem:
        return pem_of(entry, false);
    case ExportFormat::der:
        return entry.certificate->der();
    case ExportFormat::chain_pem:
        return pem_of(entry, true);
    case ExportFormat::chain_pkcs7:
        break;
    }
    std::vector<Certificate> all{*entry.certificate};
    all.insert(all.end(), entry.chain.begin(), entry.chain.end());
    return to_pkcs7(all);
}

QString export_name(const CertificateEntry& entry, ExportFormat format) {
    QString name;
    for (const QChar character : entry_name(entry).left(60)) {
        const bool harmless = character.isLetterOrNumber() || character == QLatin1Char('-') ||
                              character == QLatin1Char('_') || character == QLatin1Char(' ');
        name += harmless ? character : QLatin1Char('_');
    }
    name = name.simplified();
    if (name.isEmpty()) name = QStringLiteral("certificate");
    switch (format) {
    case ExportFormat::pem:
        return name + QStringLiteral(".pem");
    case ExportFormat::der:
        return name + QStringLiteral(".cer");
    case ExportFormat::chain_pem:
        return name + QStringLiteral("-chain.pem");
    case ExportFormat::chain_pkcs7:
        return name + QStringLiteral("-chain.p7b");
    }
    return name;
}

QString request_pem(const std::string& base64) {
    if (base64.empty() || !from_base64(base64)) return {};
    const QString body = to_text(base64);
    QString out = QStringLiteral("-----BEGIN CERTIFICATE REQUEST-----\n");
    for (qsizetype at = 0; at < body.size(); at += 64) out += body.mid(at, 64) + QLatin1Char('\n');
    return out + QStringLiteral("-----END CERTIFICATE REQUEST-----\n");
}

std::unique_ptr<QMimeData> certificate_mime_data(const CertificateEntry& entry) {
    auto data = std::make_unique<QMimeData>();
    const Bytes& der = entry.certificate->der();
    data->setData(QStringLiteral("application/pkix-cert"),
                  QByteArray(reinterpret_cast<const char*>(der.data()), static_cast<qsizetype>(der.size())));
    data->setText(to_text(to_pem(*entry.certificate)));
    if (const QString file = dragged_file(entry); !file.isEmpty()) data->setUrls({QUrl::fromLocalFile(file)});
    return data;
}

} // namespace mohr::desktop
