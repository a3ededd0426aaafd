// SPDX-License-Identifier: Apache-2.0
#include "certificate_filter.hpp"

#include <mohr/base/encoding.hpp>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

namespace mohr::core {

namespace link = protocol::link;
using protocol::Code;
using protocol::Failure;

namespace {

constexpr std::size_t max_attributes = 64;

std::string folded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    if (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
}

std::string dotted(const ASN1_OBJECT* object) {
    std::array<char, 128> text{};
    const int length = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
    return length > 0 && static_cast<std::size_t>(length) < text.size() ? std::string(text.data())
                                                                        : std::string();
}

/// Short and long names of OpenSSL, those that Windows writes instead, or a dotted number.
std::string type_from(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, const char*>, 5> others{
        {{"E", "emailAddress"}, {"S", "ST"}, {"G", "GN"}, {"SERIALNUMBER", "serialNumber"}, {"T", "title"}}};
    for (const auto& [theirs, ours] : others)
        if (folded(theirs) == folded(name))
            return dotted(OBJ_nid2obj(OBJ_sn2nid(ours) != NID_undef ? OBJ_sn2nid(ours) : OBJ_ln2nid(ours)));
    const bool number = !name.empty() && name.front() >= '0' && name.front() <= '9';
    std::string upper(name);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    for (const auto& spelling : {std::string(name), upper}) {
        const OwnedAsn1Object object(OBJ_txt2obj(spelling.c_str(), number ? 1 : 0));
        if (object) return dotted(object.get());
        ERR_clear_error();
    }
    return {};
}

} // namespace

/// RFC 4514 ("CN=Sara,O=Org", also with ';'), or OpenSSL's one-line form ("/O=Org/CN=Sara").
std::optional<std::vector<CertificateFilter::Attribute>>
CertificateFilter::parse_name(std::string_view text) {
    const bool slashes = text.starts_with('/');
    if (slashes) text.remove_prefix(1);
    const std::string_view separators = slashes ? "/" : ",;+";
    std::vector<Attribute> all;
    std::string part;
    bool quoted = false;
    const auto take = [&] {
        const auto equals = part.find('=');
        if (equals == std::string::npos || all.size() >= max_attributes) return false;
        auto type = type_from(printable(folded(part.substr(0, equals)), 128));
        if (type.empty()) return false;
        all.emplace_back(std::move(type), folded(part.substr(equals + 1)));
        part.clear();
        return true;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\\' && i + 1 < text.size()) {
            const auto hex = i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : Result<Bytes>(Bytes{});
            const bool is_hex = hex && hex->size() == 1;
            part += is_hex ? static_cast<char>(hex->front()) : text[i + 1];
            i += is_hex ? 2 : 1;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && separators.find(c) != std::string_view::npos) {
            if (!take()) return std::nullopt;
        } else {
            part += c;
        }
    }
    if (quoted || !take()) return std::nullopt;
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<CertificateFilter::Attribute> CertificateFilter::attributes_of(const Certificate& certificate) {
    std::vector<Attribute> all;
    const X509_NAME* name = X509_get_subject_name(certificate.get0());
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
        unsigned char* utf8 = nullptr;
        const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
        if (length < 0) {
            ERR_clear_error();
            continue;
        }
        const std::string value(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(length));
        OPENSSL_free(utf8);
        all.emplace_back(dotted(X509_NAME_ENTRY_get_object(entry)), folded(value));
    }
    std::sort(all.begin(), all.end());
    return all;
}

protocol::Outcome<CertificateFilter> CertificateFilter::from(const link::CertificateFilter& wanted) {
    CertificateFilter filter;
    filter.wanted_ = wanted;
    if (wanted.subject.empty()) return filter;
    auto subject = parse_name(wanted.subject);
    if (!subject) {
        Failure failure(Code::invalid_params, "not a name");
        failure.path = "subject";
        return failure;
    }
    filter.subject_ = std::move(*subject);
    return filter;
}

bool CertificateFilter::matches(const Certificate& certificate) const {
    if (!wanted_.issuer.empty() &&
        folded(certificate.issuer()).find(folded(wanted_.issuer)) == std::string::npos)
        return false;
    if (!subject_.empty() && attributes_of(certificate) != subject_) return false;
    const auto usage = certificate.key_usage();
    const auto allows = [&](std::uint32_t bit, bool allowed) {
        return (wanted_.key_usages & bit) == 0 || !usage.present || allowed;
    };
    if (!allows(link::usage_digital_signature, usage.digital_signature) ||
        !allows(link::usage_non_repudiation, usage.non_repudiation) ||
        !allows(link::usage_key_encipherment, usage.key_encipherment) ||
        !allows(link::usage_key_agreement, usage.key_agreement))
        return false;
    return !wanted_.thumbprint ||
           digest(wanted_.thumbprint->algorithm, certificate.der()) == wanted_.thumbprint->digest;
}

} // namespace mohr::core
