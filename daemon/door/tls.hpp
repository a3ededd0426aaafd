// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/openssl.hpp>
#include <mohr/base/secret.hpp>

#include <vector>

namespace mohr::door {

using OwnedTlsContext = Owned<SSL_CTX, SSL_CTX_free>;

/// The TLS server of the door: 1.2 and later, authenticated ciphers only, no tickets, no resumption, no
/// client certificates, and no other name than those of the leaf. Fails with
/// BaseErrc::openssl or malformed.
[[nodiscard]] Result<OwnedTlsContext> make_tls_context(Secret key, const std::vector<Bytes>& chain);

/// One handshake in memory, so that everything OpenSSL loads late is there before the sandbox closes.
[[nodiscard]] Result<void> rehearse_tls(SSL_CTX* server);

} // namespace mohr::door
