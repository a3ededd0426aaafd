// SPDX-License-Identifier: Apache-2.0
#include "key_usage.hpp"

#include "key_material.hpp"

namespace mohr::token {
namespace {

bool usage_allows(const KeyUsage& usage, Purpose purpose, bool rsa) {
    if (!usage.present) return true;
    switch (purpose) {
    case Purpose::sign_document:
        return usage.digital_signature || usage.non_repudiation;
    case Purpose::authenticate:
        return usage.digital_signature;
    case Purpose::decrypt:
        return rsa ? usage.key_encipherment : usage.key_agreement || usage.key_encipherment;
    case Purpose::activation_proof:
    case Purpose::certification_request:
        return true;
    }
    return false;
}

Result<void> check_state(const TokenObject& object, CertificateState state, Purpose purpose) {
    const bool decrypts = purpose == Purpose::decrypt;
    switch (state) {
    case CertificateState::pending:
        if (purpose == Purpose::certification_request) return {};
        return Error(TokenErrc::certificate_pending);
    case CertificateState::on_hold:
        if (purpose == Purpose::activation_proof) return {};
        return Error(TokenErrc::certificate_on_hold);
    case CertificateState::revoked:
        return Error(TokenErrc::certificate_revoked);
    case CertificateState::expired:
        return decrypts ? Result<void>{} : Error(TokenErrc::certificate_expired);
    case CertificateState::active:
        if (object.replaced && !decrypts)
            return Error(TokenErrc::certificate_expired, "replaced by a newer certificate");
        if (purpose == Purpose::activation_proof)
            return Error(TokenErrc::key_usage, "the certificate is active already");
        return {};
    }
    return Error(TokenErrc::key_usage);
}

} // namespace

CertificateState state_at(const TokenObject& stored, Instant now) noexcept {
    if (stored.state == CertificateState::active && stored.certificate &&
        now > stored.certificate->not_after())
        return CertificateState::expired;
    return stored.state;
}

Result<void> check_purpose(const TokenObject& stored, Instant now, Purpose purpose) {
    MOHR_TRY(check_state(stored, state_at(stored, now), purpose));
    if (stored.certificate &&
        !usage_allows(stored.certificate->key_usage(), purpose, is_rsa(stored.algorithm)))
        return Error(TokenErrc::key_usage);
    return {};
}

} // namespace mohr::token
