// SPDX-License-Identifier: Apache-2.0
#include "key_usage.hpp"
#include "private_operations.hpp"
#include "soft_token_impl.hpp"

namespace mohr::token {

/// The key, ready for one use; holds no lock, so that many threads may use it at once.
Result<std::shared_ptr<LoadedKey>> SoftToken::Impl::key_for(const Authorisation& user, const KeyId& id,
                                                            Purpose purpose) {
    auto opened = require(user, Role::user);
    if (!opened) return opened.error();
    auto key = find(id);
    if (!key) return key.error();
    MOHR_TRY(check_purpose((*key)->object, options.clock.now(), purpose));
    touch();
    return (*opened)->load(**key);
}

Result<Bytes> SoftToken::sign(const Authorisation& user, const KeyId& id, Purpose purpose,
                              SignatureScheme scheme, DigestAlgorithm algorithm, ByteView digest) {
    // A request is composed and signed by certification_request alone: its content is not for others to
    // choose.
    if (purpose == Purpose::decrypt || purpose == Purpose::certification_request)
        return Error(TokenErrc::key_usage, "not a purpose of a signature");
    auto key = impl_->key_for(user, id, purpose);
    if (!key) return key.error();
    return sign_digest(**key, scheme, algorithm, digest);
}

Result<Secret> SoftToken::unwrap(const Authorisation& user, const KeyId& id, const RsaUnwrap& how,
                                 ByteView encrypted) {
    auto key = impl_->key_for(user, id, Purpose::decrypt);
    if (!key) return key.error();
    return unwrap_key(**key, how, encrypted);
}

Result<Secret> SoftToken::agree(const Authorisation& user, const KeyId& id, ByteView peer) {
    auto key = impl_->key_for(user, id, Purpose::decrypt);
    if (!key) return key.error();
    return agree_secret(**key, peer);
}

} // namespace mohr::token
