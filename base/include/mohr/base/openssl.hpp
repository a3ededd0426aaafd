// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace mohr {

template <auto Free>
struct OpensslDeleter {
    template <class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
/// Sole owner of an OpenSSL object; the same size as a raw pointer.
template <class T, auto Free>
using Owned = std::unique_ptr<T, OpensslDeleter<Free>>;

inline void openssl_free(void* p) noexcept {
    OPENSSL_free(p);
}
inline void free_x509_stack(STACK_OF(X509) * stack) noexcept {
    sk_X509_pop_free(stack, X509_free);
}
inline void free_x509_extensions(STACK_OF(X509_EXTENSION) * stack) noexcept {
    sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
}

using OwnedX509 = Owned<X509, X509_free>;
using OwnedX509Stack = Owned<STACK_OF(X509), free_x509_stack>;
using OwnedX509Name = Owned<X509_NAME, X509_NAME_free>;
using OwnedX509Req = Owned<X509_REQ, X509_REQ_free>;
using OwnedX509Store = Owned<X509_STORE, X509_STORE_free>;
using OwnedX509StoreContext = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedKeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using OwnedDigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using OwnedCipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using OwnedBio = Owned<BIO, BIO_free_all>;
using OwnedBignum = Owned<BIGNUM, BN_clear_free>;
using OwnedCms = Owned<CMS_ContentInfo, CMS_ContentInfo_free>;
using OwnedAsn1Object = Owned<ASN1_OBJECT, ASN1_OBJECT_free>;
using OwnedOpensslBuffer = Owned<unsigned char, openssl_free>;

/// The error queue of this thread as one Error (BaseErrc::openssl), drained. `what` names the failed step.
[[nodiscard]] Error openssl_error(std::string_view what);

/// Succeeds if `ok`; otherwise drains the queue. For calls that return 1 or 0.
[[nodiscard]] Result<void> check(bool ok, std::string_view what);

/// A memory BIO that reads `bytes` without copying; they must outlive it.
[[nodiscard]] OwnedBio bio_over(ByteView bytes);

/// What a memory BIO holds.
[[nodiscard]] Bytes bio_content(BIO* bio);

/// DER of an object, through its i2d function: to_der(i2d_X509, cert). Fails with BaseErrc::openssl.
template <class F, class T>
[[nodiscard]] Result<Bytes> to_der(F i2d, const T* object) {
    unsigned char* raw = nullptr;
    const int length = i2d(object, &raw);
    if (length < 0) return openssl_error("DER encoding");
    const OwnedOpensslBuffer owner(raw);
    return Bytes(raw, raw + length);
}

} // namespace mohr
