// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/base/x509_details.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

namespace mohr {
namespace {

constexpr std::size_t max_certificate_bytes = 64 * 1024;
constexpr std::size_t max_bundle_bytes = 1024 * 1024;
constexpr int max_bundle_certificates = 64;

Result<Instant> to_instant(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return openssl_error("certificate time");
    return Instant(std::chrono::seconds(::timegm(&parts)));
}

Result<void> append(std::vector<Certificate>& out, const X509* x509) {
    auto der = to_der(i2d_X509, x509);
    if (!der) return der.error();
    auto certificate = Certificate::from_der(*der);
    if (!certificate) return certificate.error();
    if (out.size() >= static_cast<std::size_t>(max_bundle_certificates))
        return Error(BaseErrc::malformed, "too many certificates");
    out.push_back(std::move(*certificate));
    return {};
}

Result<void> append_pkcs7(std::vector<Certificate>& out, PKCS7* p7) {
    if (PKCS7_type_is_signed(p7) == 0 || p7->d.sign == nullptr)
        return Error(BaseErrc::malformed, "PKCS#7 without certificates");
    const STACK_OF(X509)* stack = p7->d.sign->cert;
    for (int i = 0; i < sk_X509_num(stack); ++i) MOHR_TRY(append(out, sk_X509_value(stack, i)));
    return {};
}

using OwnedPkcs7 = Owned<PKCS7, PKCS7_free>;

Result<void> append_pem(std::vector<Certificate>& out, ByteView bytes) {
    const OwnedBio bio = bio_over(bytes);
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long length = 0;
    while (PEM_read_bio(bio.get(), &name, &header, &data, &length) == 1) {
        const OwnedOpensslBuffer name_owner(reinterpret_cast<unsigned char*>(name));
        const OwnedOpensslBuffer header_owner(reinterpret_cast<unsigned char*>(header));
        const OwnedOpensslBuffer data_owner(data);
        const std::string_view label(name);
        const unsigned char* cursor = data;
        if (label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD) {
            auto certificate = Certificate::from_der({data, static_cast<std::size_t>(length)});
            if (!certificate) return certificate.error();
            if (out.size() >= static_cast<std::size_t>(max_bundle_certificates))
                return Error(BaseErrc::malformed, "too many certificates");
            out.push_back(std::move(*certificate));
        } else if (label == PEM_STRING_PKCS7 || label == PEM_STRING_CMS) {
            const OwnedPkcs7 p7(d2i_PKCS7(nullptr, &cursor, length));
            if (!p7) return Error(BaseErrc::malformed, "PKCS#7");
            MOHR_TRY(append_pkcs7(out, p7.get()));
        }
    }
    ERR_clear_error();
    return {};
}

} // namespace

Result<Certificate> Certificate::from_der(ByteView der) {
    if (der.empty() || der.size() > max_certificate_bytes)
        return Error(BaseErrc::malformed, "certificate size");
    const unsigned char* cursor = der.data();
    std::shared_ptr<X509> x509(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())), X509_free);
    if (!x509 || cursor != der.data() + der.size()) {
        ERR_clear_error();
        return Error(BaseErrc::malformed, "certificate DER");
    }
    Certificate out;
    auto begin = to_instant(X509_get0_notBefore(x509.get()));
    auto end = to_instant(X509_get0_notAfter(x509.get()));
    if (!begin || !end || X509_get0_pubkey(x509.get()) == nullptr) {
        ERR_clear_error();
        return Error(BaseErrc::malformed, "certificate validity or key");
    }
    // Fills OpenSSL's cached extension flags once, so that later reads from several threads only read.
    X509_check_purpose(x509.get(), -1, 0);
    out.der_ = to_bytes(der);
    out.x509_ = std::move(x509);
    out.not_before_ = *begin;
    out.not_after_ = *end;
    return out;
}

std::string Certificate::subject() const {
    return rfc4514_text(X509_get_subject_name(x509_.get()));
}
std::string Certificate::issuer() const {
    return rfc4514_text(X509_get_issuer_name(x509_.get()));
}

std::string Certificate::common_name() const {
    const X509_NAME* name = X509_get_subject_name(x509_.get());
    const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (index < 0) return subject();
    unsigned char* text = nullptr;
    const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
    if (length < 0) return subject();
    const OwnedOpensslBuffer owner(text);
    return std::string(text, text + length);
}

std::string Certificate::serial_number() const {
    const OwnedBignum number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509_.get()), nullptr));
    char* hex = number ? BN_bn2hex(number.get()) : nullptr;
    if (hex == nullptr) return {};
    const OwnedOpensslBuffer owner(reinterpret_cast<unsigned char*>(hex));
    return hex;
}

Bytes Certificate::issuer_der() const {
    return to_der(i2d_X509_NAME, X509_get_issuer_name(x509_.get())).value();
}

KeyUsage Certificate::key_usage() const {
    const std::uint32_t bits = X509_get_key_usage(x509_.get());
    KeyUsage usage;
    usage.present = (X509_get_extension_flags(x509_.get()) & EXFLAG_KUSAGE) != 0;
    usage.digital_signature = (bits & KU_DIGITAL_SIGNATURE) != 0;
    usage.non_repudiation = (bits & KU_NON_REPUDIATION) != 0;
    usage.key_encipherment = (bits & KU_KEY_ENCIPHERMENT) != 0;
    usage.key_agreement = (bits & KU_KEY_AGREEMENT) != 0;
    return usage;
}

PublicKeyKind Certificate::key_kind() const {
    EVP_PKEY* key = get0_public_key();
    if (EVP_PKEY_is_a(key, "RSA") == 1) return PublicKeyKind::rsa;
    if (EVP_PKEY_is_a(key, "EC") != 1) return PublicKeyKind::other;
    char group[64];
    std::size_t length = 0;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) return PublicKeyKind::other;
    const std::string_view name(group, length);
    if (name == "prime256v1" || name == "P-256") return PublicKeyKind::ec_p256;
    if (name == "secp384r1" || name == "P-384") return PublicKeyKind::ec_p384;
    return PublicKeyKind::other;
}

unsigned Certificate::key_bits() const {
    return static_cast<unsigned>(EVP_PKEY_get_bits(get0_public_key()));
}
bool Certificate::is_authority() const {
    return X509_check_ca(x509_.get()) == 1;
}

Bytes Certificate::public_key_info() const {
    return to_der(i2d_X509_PUBKEY, static_cast<const X509_PUBKEY*>(X509_get_X509_PUBKEY(x509_.get())))
        .value();
}

Bytes Certificate::fingerprint() const {
    return digest(DigestAlgorithm::sha256, der_);
}
EVP_PKEY* Certificate::get0_public_key() const noexcept {
    return X509_get0_pubkey(x509_.get());
}

Result<std::vector<Certificate>> read_certificates(ByteView bytes) {
    if (bytes.empty() || bytes.size() > max_bundle_bytes)
        return Error(BaseErrc::malformed, "certificate file size");
    std::vector<Certificate> out;
    if (auto single = Certificate::from_der(bytes)) {
        out.push_back(std::move(*single));
        return out;
    }
    if (bytes[0] == 0x30) {
        const unsigned char* cursor = bytes.data();
        const OwnedPkcs7 p7(d2i_PKCS7(nullptr, &cursor, static_cast<long>(bytes.size())));
        ERR_clear_error();
        if (!p7) return Error(BaseErrc::malformed, "neither a certificate nor PKCS#7");
        MOHR_TRY(append_pkcs7(out, p7.get()));
    } else {
        MOHR_TRY(append_pem(out, bytes));
    }
    if (out.empty()) return Error(BaseErrc::malformed, "no certificate in it");
    return out;
}

std::string to_pem(const Certificate& certificate) {
    const OwnedBio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate.get0());
    return std::string(as_text(bio_content(bio.get())));
}

} // namespace mohr
