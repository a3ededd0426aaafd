// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/openssl.hpp>
#include <mohr/base/random.hpp>

#include <openssl/rand.h>

#include <stdexcept>

namespace mohr {

Bytes random_bytes(std::size_t size) {
    Bytes out(size);
    if (RAND_bytes(out.data(), static_cast<int>(size)) != 1)
        throw std::runtime_error(openssl_error("random").describe());
    return out;
}

Secret random_secret(std::size_t size) {
    Secret out(size);
    if (RAND_priv_bytes(out.reveal_mutable().data(), static_cast<int>(size)) != 1)
        throw std::runtime_error(openssl_error("random").describe());
    return out;
}

} // namespace mohr
