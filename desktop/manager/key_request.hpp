// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <QString>
#include <cstdint>
#include <utility>
#include <vector>

/// What a certification request (PKCS#10) is to hold, checked before the core is asked.
namespace mohr::desktop {

enum class NameKind : std::uint8_t { email, dns };

struct KeyRequest {
    QString key;       ///< id of the key; empty: a new one
    QString algorithm; ///< of a new key
    QString label;     ///< of a new key
    /// RFC 4514 types and what was entered, in the order in which they are encoded; empty ones are left out.
    std::vector<std::pair<QString, QString>> subject;
    QString emails; ///< for subjectAltName, separated by comma or space
    QString hosts;
};

/// RFC 4514 text, the last attribute first.
[[nodiscard]] QString subject_text(const std::vector<std::pair<QString, QString>>& subject);
/// The parameters of key.generate or key.request.
[[nodiscard]] nlohmann::json to_params(const KeyRequest& request);

/// Whether an attribute may have this value: no control characters, at most 64 characters (the bound of
/// RFC 5280 appendix A.1 for common names), two letters for a country. Empty is right.
[[nodiscard]] bool is_right_attribute(const QString& type, const QString& value);
/// Whether each part is an e-mail address, or a host name (letters, digits and hyphens; punycode for others).
[[nodiscard]] bool are_right_names(NameKind kind, const QString& text);

} // namespace mohr::desktop
