// SPDX-License-Identifier: Apache-2.0
#include "pkcs12.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/token/errors.hpp>

#include <openssl/err.h>
#include <openssl/evperr.h>
#include <openssl/pkcs12.h>

#include <algorithm>

namespace mohr::token {
namespace {

using OwnedPkcs12 = Owned<PKCS12, PKCS12_free>;

/// Ten times what today's programs write; more would only keep a worker busy.
constexpr long max_iterations = 6'000'000;
constexpr std::size_t max_password_bytes = 1024;
constexpr int max_certificates = 64;

Error malformed(std::string_view why) {
    ERR_clear_error();
    return {TokenErrc::malformed, "PKCS#12: " + std::string(why)};
}

Result<void> check_mac_cost(const PKCS12* file) {
    const ASN1_INTEGER* iterations = nullptr;
    PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, file);
    if (iterations == nullptr) return {}; // absent: one
    if (ASN1_INTEGER_get(iterations) < 1 || ASN1_INTEGER_get(iterations) > max_iterations)
        return malformed("iterations");
    return {};
}

/// The password as the C string that OpenSSL wants; an empty one may mean either of two encodings (RFC 7292
/// appendix B).
struct Password {
    Secret text;
    const char* pointer = nullptr;
};

Result<Password> find_password(PKCS12* file, const Secret& password) {
    if (password.size() > max_password_bytes) return Error(TokenErrc::wrong_password);
    Password out;
    out.text = Secret(password.size() + 1);
    std::copy(password.reveal().begin(), password.reveal().end(), out.text.reveal_mutable().begin());
    out.pointer = reinterpret_cast<const char*>(out.text.reveal().data());
    if (PKCS12_mac_present(file) == 0) return out;
    if (PKCS12_verify_mac(file, out.pointer, static_cast<int>(password.size())) == 1) return out;
    if (password.empty() && PKCS12_verify_mac(file, nullptr, 0) == 1) {
        out.pointer = nullptr;
        return out;
    }
    ERR_clear_error();
    return Error(TokenErrc::wrong_password);
}

/// After the MAC has held, a failure to decrypt means a cipher that OpenSSL no longer offers.
Error explain_parse_failure() {
    bool outdated = false;
    while (const unsigned long code = ERR_get_error()) {
        const int reason = ERR_GET_REASON(code);
        outdated = outdated || reason == ERR_R_UNSUPPORTED || reason == EVP_R_UNSUPPORTED_ALGORITHM ||
                   reason == EVP_R_UNKNOWN_CIPHER;
    }
    if (outdated)
        return {TokenErrc::unsupported_scheme,
                "PKCS#12: encrypted with an outdated cipher; export it again with AES-256"};
    return {TokenErrc::malformed, "PKCS#12: content"};
}

} // namespace

Result<Pkcs12Content> read_pkcs12(ByteView bytes, const Secret& password) {
    if (bytes.empty() || bytes.size() > max_pkcs12_bytes) return malformed("size");
    const unsigned char* cursor = bytes.data();
    const OwnedPkcs12 file(d2i_PKCS12(nullptr, &cursor, static_cast<long>(bytes.size())));
    if (!file || cursor != bytes.data() + bytes.size()) return malformed("not such a file");
    MOHR_TRY(check_mac_cost(file.get()));
    auto found = find_password(file.get(), password);
    if (!found) return found.error();

    EVP_PKEY* raw_key = nullptr;
    X509* raw_certificate = nullptr;
    STACK_OF(X509)* raw_others = nullptr;
    ERR_clear_error();
    const bool parsed =
        PKCS12_parse(file.get(), found->pointer, &raw_key, &raw_certificate, &raw_others) == 1;
    OwnedKey key(raw_key);
    const OwnedX509 leaf(raw_certificate);
    const OwnedX509Stack others(raw_others);
    if (!parsed) return explain_parse_failure();
    if (!key) return malformed("no private key in it");
    if (!leaf) return malformed("no certificate for its key in it");

    const auto to_certificate = [](const X509* x509) -> Result<Certificate> {
        auto der = to_der(i2d_X509, x509);
        if (!der) return der.error();
        return Certificate::from_der(*der);
    };
    auto certificate = to_certificate(leaf.get());
    if (!certificate) return malformed("certificate");
    Pkcs12Content out{std::move(key), std::move(*certificate), {}, {}};
    if (sk_X509_num(others.get()) > max_certificates) return malformed("too many certificates");
    for (int i = 0; i < sk_X509_num(others.get()); ++i) {
        auto other = to_certificate(sk_X509_value(others.get(), i));
        if (!other) return malformed("certificate");
        out.others.push_back(std::move(*other));
    }
    int name_length = 0;
    if (const unsigned char* name = X509_alias_get0(leaf.get(), &name_length))
        out.friendly_name.assign(name, name + name_length);
    return out;
}

} // namespace mohr::token
