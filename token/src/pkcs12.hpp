// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/openssl.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/base/x509.hpp>

#include <vector>

namespace mohr::token {

inline constexpr std::size_t max_pkcs12_bytes = 1024 * 1024;

struct Pkcs12Content {
    OwnedKey key;
    Certificate certificate;
    std::vector<Certificate> others;
    std::string friendly_name;
};

/// Fails with TokenErrc::malformed, wrong_password or unsupported_scheme (a cipher that is no longer offered,
/// RC2 or RC4).
[[nodiscard]] Result<Pkcs12Content> read_pkcs12(ByteView file, const Secret& password);

} // namespace mohr::token
