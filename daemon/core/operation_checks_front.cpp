// SPDX-License-Identifier: Apache-2.0
#include "operation_checks.hpp"
#include <mohr/base/encoding.hpp>

#include <algorithm>

/// What only the Dastine front may ask, and the bounds of it.
namespace mohr::core::operation_checks {

using protocol::Code;
using protocol::Failure;
using protocol::Outcome;

namespace {

constexpr std::size_t max_filter_bytes = 2048;
constexpr std::size_t max_names = 32;
constexpr std::size_t max_name_value_bytes = 1024;
constexpr std::size_t max_attributes = 16;
constexpr std::size_t max_attribute_bytes = 4096;
constexpr std::size_t max_block_bytes = 1024;

bool is_empty(const link::CertificateFilter& filter) noexcept {
    return filter.issuer.empty() && filter.subject.empty() && filter.key_usages == 0 && !filter.thumbprint;
}

bool is_session(const std::string& session) noexcept {
    return session.size() <= link::max_session_bytes &&
           std::all_of(session.begin(), session.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           });
}

/// Whether /v1 has this operation as it is.
struct InV1 {
    bool operator()(const link::SelectCertificate& select) const {
        return is_empty(select.filter) && select.purpose != link::Purpose::any;
    }
    bool operator()(const link::ListCertificates& list) const { return is_empty(list.filter); }
    bool operator()(const link::Sign& sign) const {
        return sign.attributes.empty() &&
               std::none_of(sign.items.begin(), sign.items.end(),
                            [](const auto& item) { return item.blind && item.preview >= 0; });
    }
    bool operator()(const link::GenerateKey& generate) const { return generate.names.empty(); }
    bool operator()(const link::ImportCertificate& import) const { return import.certificate.empty(); }
    bool operator()(const link::RequestAccess&) const { return true; }
    bool operator()(const link::Authenticate&) const { return true; }
    bool operator()(const link::Decrypt&) const { return true; }
    template <class T>
    bool operator()(const T&) const {
        return false;
    }
};

Outcome<void> check(const link::CertificateFilter& filter) {
    if (filter.issuer.size() > max_filter_bytes || !is_utf8(filter.issuer))
        return invalid("issuer", "too long, or not UTF-8");
    if (filter.subject.size() > max_filter_bytes || !is_utf8(filter.subject))
        return invalid("subject", "too long, or not UTF-8");
    if (filter.thumbprint && filter.thumbprint->digest.size() != digest_size(filter.thumbprint->algorithm))
        return invalid("thumbprint", "not of its algorithm's length");
    return {};
}

struct Bounds {
    Outcome<void> operator()(const link::SelectCertificate& select) const { return check(select.filter); }
    Outcome<void> operator()(const link::ListCertificates& list) const { return check(list.filter); }
    Outcome<void> operator()(const link::ImportFile& import) const { return check(import.filter); }
    Outcome<void> operator()(const link::Sign& sign) const {
        if (!sign.attributes.empty() && sign.format != link::SignFormat::cms)
            return invalid("attributes", "only CMS signatures have attributes");
        if (sign.attributes.size() > max_attributes) return invalid("attributes", "too many");
        for (const auto& attribute : sign.attributes)
            if (attribute.empty() || attribute.size() > max_attribute_bytes)
                return invalid("attributes", "empty or too long");
        return {};
    }
    Outcome<void> operator()(const link::GenerateKey& generate) const {
        if (generate.names.size() > max_names) return invalid("names", "too many");
        for (const auto& name : generate.names)
            if (name.value.empty() || name.value.size() > max_name_value_bytes || !is_utf8(name.value))
                return invalid("names", "empty, too long, or not UTF-8");
        return {};
    }
    Outcome<void> operator()(const link::DecryptBlock& decrypt) const {
        if (decrypt.certificate.empty()) return invalid("certificate", "empty");
        if (decrypt.block.empty() || decrypt.block.size() > max_block_bytes)
            return Failure(Code::decryption_failed, "not one RSA block");
        return {};
    }
    Outcome<void> operator()(const link::RequestCertificate& request) const {
        return request.certificate.empty() ? invalid("certificate", "empty") : Outcome<void>();
    }
    Outcome<void> operator()(const link::RemoveCertificate& remove) const {
        return remove.certificate.empty() ? invalid("certificate", "empty") : Outcome<void>();
    }
    Outcome<void> operator()(const link::RemoveKey& remove) const {
        return remove.key_id.empty() ? invalid("keyId", "empty") : Outcome<void>();
    }
    template <class T>
    Outcome<void> operator()(const T&) const {
        return {};
    }
};

} // namespace

Outcome<void> check_front(const link::Request& request, link::Api api, const std::string& session) {
    if (api == link::Api::v1) {
        if (!session.empty() || !std::visit(InV1(), request))
            return Failure(Code::invalid_request, "for the Dastine front only");
        return {};
    }
    if (!is_session(session)) return invalid("session", "not letters and digits, or too long");
    return std::visit(Bounds(), request);
}

} // namespace mohr::core::operation_checks
