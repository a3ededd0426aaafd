// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/x509.hpp>

#include <nlohmann/json_fwd.hpp>

#include <QDateTime>
#include <QString>
#include <QStringList>
#include <cstdint>
#include <optional>
#include <vector>

/// A key of the token with what is known of it (`key.list`), and the words for it.
namespace mohr::desktop {

enum class CertificateState : std::uint8_t { active, pending, on_hold, replaced, expired, revoked };

struct CertificateEntry {
    QString id;
    QString label;
    QString algorithm;
    CertificateState state{};
    QDateTime created;
    std::optional<Certificate> certificate; ///< absent while pending
    std::vector<Certificate> chain;         ///< issuers, nearest first
    Bytes public_key_info;                  ///< DER SubjectPublicKeyInfo
};
/// What is malformed among them is left out: the core makes the list.
[[nodiscard]] std::vector<CertificateEntry> certificate_entries(const nlohmann::json& key_list);

/// The holder's common name, or the key's label while there is no certificate.
[[nodiscard]] QString entry_name(const CertificateEntry& entry);
/// The common name of who issued it.
[[nodiscard]] QString entry_issuer(const CertificateEntry& entry);

[[nodiscard]] QString state_word(CertificateState state);
[[nodiscard]] QString state_icon(CertificateState state);
/// Nothing for a usable one; else why it is not, or what is to be done.
[[nodiscard]] QString state_text(CertificateState state);

/// "Bronze" … "Platinum" by the certificate policies of requirements B7; empty if none of them is claimed.
[[nodiscard]] QString level_word(const Certificate& certificate);
/// What the key may be used for, in words: "sign, log in, decrypt".
[[nodiscard]] QString use_words(const Certificate& certificate);
/// The same as the standard names them, with the extended ones.
[[nodiscard]] QStringList usage_words(const Certificate& certificate);
/// "RSA, 2048 bits"
[[nodiscard]] QString key_words(const Certificate& certificate);
/// An attribute of a name, "CN" or "serialNumber", in words; the type itself where there is none.
[[nodiscard]] QString attribute_word(const std::string& type);
/// Groups of four hexadecimal digits.
[[nodiscard]] QString grouped_hex(const QString& hex);
[[nodiscard]] QString fingerprint_text(const Certificate& certificate);

[[nodiscard]] QDateTime to_date_time(Instant instant);
[[nodiscard]] inline QString to_text(const std::string& utf8) {
    return QString::fromStdString(utf8);
}

} // namespace mohr::desktop
