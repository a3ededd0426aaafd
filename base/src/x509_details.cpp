// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/x509_details.hpp>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>

namespace mohr {
namespace {

using OwnedNames = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using OwnedUsages = Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;
using OwnedPolicies = Owned<CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free>;
using OwnedPkcs7 = Owned<PKCS7, PKCS7_free>;

/// The extension's value, or nothing where it is absent or malformed.
template <class Type>
Type* extension(const Certificate& certificate, int nid) {
    auto* value = static_cast<Type*>(X509_get_ext_d2i(certificate.get0(), nid, nullptr, nullptr));
    ERR_clear_error();
    return value;
}

std::string dotted(const ASN1_OBJECT* object) {
    std::array<char, 128> text{};
    const int length = OBJ_obj2txt(text.data(), text.size(), object, 1);
    return length > 0 && length < static_cast<int>(text.size()) ? std::string(text.data()) : std::string();
}

std::string utf8(const ASN1_STRING* value) {
    unsigned char* text = nullptr;
    const int length = ASN1_STRING_to_UTF8(&text, value);
    ERR_clear_error();
    if (length < 0) return {};
    const OwnedOpensslBuffer owner(text);
    return std::string(text, text + length);
}

std::vector<NameAttribute> attributes(const X509_NAME* name) {
    std::vector<NameAttribute> out;
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
        const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
        const int nid = OBJ_obj2nid(object);
        out.push_back(
            {nid == NID_undef ? dotted(object) : OBJ_nid2sn(nid), utf8(X509_NAME_ENTRY_get_data(entry))});
    }
    return out;
}

std::string text_of(const ASN1_STRING* value) {
    const unsigned char* data = ASN1_STRING_get0_data(value);
    return std::string(data, data + ASN1_STRING_length(value));
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    const unsigned char* bytes = ASN1_STRING_get0_data(address);
    const int length = ASN1_STRING_length(address);
    std::string out;
    if (length == 4) {
        for (int i = 0; i < 4; ++i) out += (i > 0 ? "." : "") + std::to_string(bytes[i]);
    } else if (length == 16) {
        std::array<char, 5> group{};
        for (int i = 0; i < 16; i += 2) {
            std::snprintf(group.data(), group.size(), "%x", (unsigned{bytes[i]} << 8) | bytes[i + 1]);
            out += (i > 0 ? ":" : "") + std::string(group.data());
        }
    }
    return out;
}

SubjectName subject_name(const GENERAL_NAME* name) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(name, &type);
    switch (type) {
    case GEN_EMAIL:
        return {SubjectName::Kind::email, text_of(static_cast<const ASN1_STRING*>(value))};
    case GEN_DNS:
        return {SubjectName::Kind::dns, text_of(static_cast<const ASN1_STRING*>(value))};
    case GEN_URI:
        return {SubjectName::Kind::uri, text_of(static_cast<const ASN1_STRING*>(value))};
    case GEN_IPADD:
        return {SubjectName::Kind::ip, address_text(static_cast<const ASN1_OCTET_STRING*>(value))};
    case GEN_DIRNAME:
        return {SubjectName::Kind::directory, rfc4514_text(static_cast<const X509_NAME*>(value))};
    default:
        return {SubjectName::Kind::other, {}};
    }
}

} // namespace

std::string rfc4514_text(const X509_NAME* name) {
    const OwnedBio bio(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(bio.get(), name, 0,
                       XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    return std::string(as_text(bio_content(bio.get())));
}

std::vector<NameAttribute> subject_attributes(const Certificate& certificate) {
    return attributes(X509_get_subject_name(certificate.get0()));
}
std::vector<NameAttribute> issuer_attributes(const Certificate& certificate) {
    return attributes(X509_get_issuer_name(certificate.get0()));
}

std::vector<SubjectName> subject_names(const Certificate& certificate) {
    const OwnedNames names(extension<GENERAL_NAMES>(certificate, NID_subject_alt_name));
    std::vector<SubjectName> out;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i)
        out.push_back(subject_name(sk_GENERAL_NAME_value(names.get(), i)));
    return out;
}

std::vector<std::string> key_usage_names(const Certificate& certificate) {
    constexpr std::array<std::pair<std::uint32_t, const char*>, 9> all{{
        {KU_DIGITAL_SIGNATURE, "digitalSignature"},
        {KU_NON_REPUDIATION, "nonRepudiation"},
        {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
        {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
        {KU_KEY_AGREEMENT, "keyAgreement"},
        {KU_KEY_CERT_SIGN, "keyCertSign"},
        {KU_CRL_SIGN, "cRLSign"},
        {KU_ENCIPHER_ONLY, "encipherOnly"},
        {KU_DECIPHER_ONLY, "decipherOnly"},
    }};
    std::vector<std::string> out;
    if ((X509_get_extension_flags(certificate.get0()) & EXFLAG_KUSAGE) == 0) return out;
    const std::uint32_t bits = X509_get_key_usage(certificate.get0());
    for (const auto& [bit, name] : all)
        if ((bits & bit) != 0) out.emplace_back(name);
    return out;
}

std::vector<std::string> extended_key_usages(const Certificate& certificate) {
    const OwnedUsages usages(extension<EXTENDED_KEY_USAGE>(certificate, NID_ext_key_usage));
    std::vector<std::string> out;
    for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages.get()); ++i)
        out.push_back(dotted(sk_ASN1_OBJECT_value(usages.get(), i)));
    return out;
}

std::vector<std::string> certificate_policies(const Certificate& certificate) {
    const OwnedPolicies policies(extension<CERTIFICATEPOLICIES>(certificate, NID_certificate_policies));
    std::vector<std::string> out;
    for (int i = 0; policies && i < sk_POLICYINFO_num(policies.get()); ++i)
        out.push_back(dotted(sk_POLICYINFO_value(policies.get(), i)->policyid));
    return out;
}

std::string signature_algorithm(const Certificate& certificate) {
    const int nid = X509_get_signature_nid(certificate.get0());
    if (nid != NID_undef) return OBJ_nid2ln(nid);
    const X509_ALGOR* algorithm = nullptr;
    X509_get0_signature(nullptr, &algorithm, certificate.get0());
    const ASN1_OBJECT* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
    return dotted(object);
}

Result<Bytes> to_pkcs7(const std::vector<Certificate>& certificates) {
    const OwnedPkcs7 p7(PKCS7_new());
    if (!p7 || PKCS7_set_type(p7.get(), NID_pkcs7_signed) != 1 ||
        PKCS7_content_new(p7.get(), NID_pkcs7_data) != 1 || PKCS7_set_detached(p7.get(), 1) != 1)
        return openssl_error("PKCS#7");
    for (const Certificate& certificate : certificates)
        if (PKCS7_add_certificate(p7.get(), certificate.get0()) != 1) return openssl_error("PKCS#7");
    return to_der(i2d_PKCS7, p7.get());
}

} // namespace mohr
