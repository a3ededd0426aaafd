// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/x509.hpp>

#include <string>
#include <utility>
#include <vector>

/// What a person is shown of a certificate beyond what decisions need. All values are foreign text.
namespace mohr {

/// RFC 4514 text, UTF-8 kept as it is.
[[nodiscard]] std::string rfc4514_text(const X509_NAME* name);

/// One attribute of a distinguished name: the short name of RFC 4514 ("CN") or dotted digits, and its value
/// in UTF-8.
struct NameAttribute {
    std::string type;
    std::string value;
};
/// In the order in which they stand in the certificate.
[[nodiscard]] std::vector<NameAttribute> subject_attributes(const Certificate& certificate);
[[nodiscard]] std::vector<NameAttribute> issuer_attributes(const Certificate& certificate);

/// RFC 5280 section 4.2.1.6; kinds that cannot be printed stand with an empty value.
struct SubjectName {
    enum class Kind : std::uint8_t { email, dns, uri, ip, directory, other };
    Kind kind{};
    std::string value;
};
[[nodiscard]] std::vector<SubjectName> subject_names(const Certificate& certificate);

/// The names of RFC 5280 section 4.2.1.3 ("digitalSignature", …), empty where the extension is absent.
[[nodiscard]] std::vector<std::string> key_usage_names(const Certificate& certificate);
/// Dotted object identifiers.
[[nodiscard]] std::vector<std::string> extended_key_usages(const Certificate& certificate);
[[nodiscard]] std::vector<std::string> certificate_policies(const Certificate& certificate);
/// "sha256WithRSAEncryption", or dotted digits.
[[nodiscard]] std::string signature_algorithm(const Certificate& certificate);

/// CMS SignedData that carries only certificates (RFC 5652 section 5.1, "certs-only"), DER; what other
/// programs call PKCS#7 or .p7b.
[[nodiscard]] Result<Bytes> to_pkcs7(const std::vector<Certificate>& certificates);

} // namespace mohr
