// SPDX-License-Identifier: Apache-2.0
#include "request.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/token/errors.hpp>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace mohr::token {
namespace {

using OwnedName = Owned<GENERAL_NAME, GENERAL_NAME_free>;
using OwnedNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using Kind = AlternativeName::Kind;

/// userPrincipalName of Microsoft: [MS-WCCE] section 2.2.2.7.7.4.
constexpr const char* upn_type = "1.3.6.1.4.1.311.20.2.3";

Error malformed(const char* why) {
    ERR_clear_error();
    return {TokenErrc::malformed, std::string("alternative name: ") + why};
}

bool is_visible_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<void> set_text(GENERAL_NAME& name, int type, std::string_view value) {
    if (value.empty() || !is_visible_ascii(value)) return malformed("not visible ASCII");
    Owned<ASN1_IA5STRING, ASN1_IA5STRING_free> text(ASN1_IA5STRING_new());
    if (!text || ASN1_STRING_set(text.get(), value.data(), static_cast<int>(value.size())) != 1)
        return openssl_error("IA5String");
    GENERAL_NAME_set0_value(&name, type, text.release());
    return {};
}

Result<void> set_upn(GENERAL_NAME& name, std::string_view value) {
    if (value.empty() || !is_utf8(value)) return malformed("not UTF-8");
    OwnedAsn1Object type(OBJ_txt2obj(upn_type, 1));
    Owned<ASN1_UTF8STRING, ASN1_UTF8STRING_free> text(ASN1_UTF8STRING_new());
    Owned<ASN1_TYPE, ASN1_TYPE_free> any(ASN1_TYPE_new());
    if (!type || !text || !any ||
        ASN1_STRING_set(text.get(), value.data(), static_cast<int>(value.size())) != 1)
        return openssl_error("otherName");
    ASN1_TYPE_set(any.get(), V_ASN1_UTF8STRING, text.release());
    MOHR_TRY(check(GENERAL_NAME_set0_othername(&name, type.get(), any.get()) == 1, "otherName"));
    (void)type.release();
    (void)any.release();
    return {};
}

Result<void> set_directory(GENERAL_NAME& name, std::string_view value) {
    auto directory = parse_subject(value);
    if (!directory) return directory.error();
    GENERAL_NAME_set0_value(&name, GEN_DIRNAME, directory->release());
    return {};
}

Result<void> set_address(GENERAL_NAME& name, const std::string& value) {
    Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> address(a2i_IPADDRESS(value.c_str()));
    if (!address) return malformed("not an IP address");
    GENERAL_NAME_set0_value(&name, GEN_IPADD, address.release());
    return {};
}

Result<void> set_identifier(GENERAL_NAME& name, const std::string& value) {
    OwnedAsn1Object object(OBJ_txt2obj(value.c_str(), 1));
    if (!object) return malformed("not an object identifier");
    GENERAL_NAME_set0_value(&name, GEN_RID, object.release());
    return {};
}

Result<void> set(GENERAL_NAME& name, const AlternativeName& wanted) {
    switch (wanted.kind) {
    case Kind::upn:
        return set_upn(name, wanted.value);
    case Kind::email:
        return set_text(name, GEN_EMAIL, wanted.value);
    case Kind::dns:
        return set_text(name, GEN_DNS, wanted.value);
    case Kind::uri:
        return set_text(name, GEN_URI, wanted.value);
    case Kind::directory:
        return set_directory(name, wanted.value);
    case Kind::ip:
        return set_address(name, wanted.value);
    case Kind::identifier:
        return set_identifier(name, wanted.value);
    }
    return malformed("kind");
}

} // namespace

Result<OwnedExtensions> alternative_names(const std::vector<AlternativeName>& names) {
    if (names.empty()) return malformed("none");
    const OwnedNames all(GENERAL_NAMES_new());
    if (!all) return openssl_error("GENERAL_NAMES_new");
    for (const auto& wanted : names) {
        if (wanted.value.size() > max_subject_bytes || wanted.value.find('\0') != std::string::npos)
            return malformed("too long, or not text");
        OwnedName name(GENERAL_NAME_new());
        if (!name) return openssl_error("GENERAL_NAME_new");
        MOHR_TRY(set(*name, wanted));
        if (sk_GENERAL_NAME_push(all.get(), name.get()) <= 0) return openssl_error("GENERAL_NAMES");
        (void)name.release();
    }
    Owned<X509_EXTENSION, X509_EXTENSION_free> extension(X509V3_EXT_i2d(NID_subject_alt_name, 0, all.get()));
    OwnedExtensions extensions(sk_X509_EXTENSION_new_null());
    if (!extension || !extensions || sk_X509_EXTENSION_push(extensions.get(), extension.get()) <= 0)
        return openssl_error("subjectAltName");
    (void)extension.release();
    return extensions;
}

} // namespace mohr::token
