// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/x509.hpp>

#include <vector>

namespace mohr::token {

inline constexpr std::size_t max_chain = 8;

/// The issuers of `leaf` among `others`, nearest first, by name and signature; what does not belong is left
/// out.
[[nodiscard]] std::vector<Certificate> arrange_chain(const Certificate& leaf,
                                                     const std::vector<Certificate>& others);

} // namespace mohr::token
