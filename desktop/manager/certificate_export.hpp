// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/certificate_entry.hpp"
#include <mohr/base/bytes.hpp>

#include <memory>

class QMimeData;

/// What leaves the token: public parts only.
namespace mohr::desktop {

enum class ExportFormat : std::uint8_t { pem, der, chain_pem, chain_pkcs7 };

/// `entry` must have a certificate.
[[nodiscard]] Result<Bytes> exported(const CertificateEntry& entry, ExportFormat format);
/// A file name made of the holder's name, without anything that a file system or a reader could trip over.
[[nodiscard]] QString export_name(const CertificateEntry& entry, ExportFormat format);
/// "-----BEGIN CERTIFICATE REQUEST-----…" of the core's base64 DER; nothing if it is malformed.
[[nodiscard]] QString request_pem(const std::string& base64);

/// For a drag: the certificate as a PEM file in a private folder that ends with this program, and as text.
[[nodiscard]] std::unique_ptr<QMimeData> certificate_mime_data(const CertificateEntry& entry);

} // namespace mohr::desktop
