// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/token/token.hpp>

namespace mohr::token {

/// The stored state seen against the clock: an active certificate past its end is expired.
[[nodiscard]] CertificateState state_at(const TokenObject& stored, Instant now) noexcept;

/// Whether state and keyUsage of the certificate allow this use now (R74, R124, R193).
/// Fails with key_usage or certificate_pending, _on_hold, _expired, _revoked.
[[nodiscard]] Result<void> check_purpose(const TokenObject& stored, Instant now, Purpose purpose);

} // namespace mohr::token
