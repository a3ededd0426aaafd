// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/secret.hpp>

namespace mohr {

/// Bytes of OpenSSL's public DRBG (RAND_bytes). Throws std::runtime_error if the generator is broken.
[[nodiscard]] Bytes random_bytes(std::size_t size);
/// Bytes of OpenSSL's private DRBG (RAND_priv_bytes), in secret memory.
[[nodiscard]] Secret random_secret(std::size_t size);

} // namespace mohr
