// SPDX-License-Identifier: Apache-2.0
#include "tls.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace mohr::door {
namespace {

/// SNI is absent when a page names the address; a name that the leaf does not have is none of ours.
int check_server_name(SSL* ssl, int* alert, void*) {
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_OK;
    X509* const leaf = SSL_get_certificate(ssl);
    if (leaf != nullptr && X509_check_host(leaf, name, 0, X509_CHECK_FLAG_NO_WILDCARDS, nullptr) == 1)
        return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Result<OwnedX509> parse_certificate(const Bytes& der) {
    const unsigned char* at = der.data();
    OwnedX509 certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    MOHR_TRY(check(certificate != nullptr, "TLS certificate"));
    return certificate;
}

Result<void> use_identity(SSL_CTX* context, const Secret& key, const std::vector<Bytes>& chain) {
    if (chain.empty()) return Error(BaseErrc::malformed, "no TLS certificate");
    const unsigned char* at = key.reveal().data();
    const OwnedKey private_key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(key.size())));
    MOHR_TRY(check(private_key != nullptr, "TLS key"));
    auto leaf = parse_certificate(chain.front());
    if (!leaf) return leaf.error();
    MOHR_TRY(check(SSL_CTX_use_certificate(context, leaf->get()) == 1, "TLS leaf"));
    MOHR_TRY(check(SSL_CTX_use_PrivateKey(context, private_key.get()) == 1, "TLS key"));
    for (std::size_t i = 1; i < chain.size(); ++i) {
        auto issuer = parse_certificate(chain[i]);
        if (!issuer) return issuer.error();
        MOHR_TRY(check(SSL_CTX_add1_chain_cert(context, issuer->get()) == 1, "TLS chain"));
    }
    return check(SSL_CTX_check_private_key(context) == 1, "TLS key and certificate");
}

} // namespace

Result<OwnedTlsContext> make_tls_context(Secret key, const std::vector<Bytes>& chain) {
    OwnedTlsContext context(SSL_CTX_new(TLS_server_method()));
    MOHR_TRY(check(context != nullptr, "TLS context"));
    SSL_CTX* const c = context.get();
    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(c, SSL_VERIFY_NONE, nullptr);
    MOHR_TRY(check(SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1, "TLS 1.2 ciphers"));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // inside OpenSSL's macro
    SSL_CTX_set_tlsext_servername_callback(c, check_server_name);
#pragma GCC diagnostic pop
    MOHR_TRY(use_identity(c, key, chain));
    return context;
}

Result<void> rehearse_tls(SSL_CTX* server) {
    const OwnedTlsContext client_context(SSL_CTX_new(TLS_client_method()));
    MOHR_TRY(check(client_context != nullptr, "TLS client"));
    using OwnedTls = Owned<SSL, SSL_free>;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const OwnedTls a(SSL_new(server));
        const OwnedTls b(SSL_new(client_context.get()));
        BIO* left = nullptr;
        BIO* right = nullptr;
        MOHR_TRY(check(a != nullptr && b != nullptr && BIO_new_bio_pair(&left, 0, &right, 0) == 1,
                       "TLS rehearsal"));
        SSL_set_bio(a.get(), left, left);
        SSL_set_bio(b.get(), right, right);
        SSL_set_max_proto_version(b.get(), version);
        SSL_set_accept_state(a.get());
        SSL_set_connect_state(b.get());
        for (int i = 0; i < 20 && (SSL_in_init(a.get()) != 0 || SSL_in_init(b.get()) != 0); ++i) {
            SSL_do_handshake(b.get());
            SSL_do_handshake(a.get());
        }
        MOHR_TRY(check(SSL_in_init(a.get()) == 0 && SSL_in_init(b.get()) == 0, "TLS rehearsal"));
    }
    ERR_clear_error();
    return {};
}

} // namespace mohr::door
