// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>

namespace mohr::cli {

/// Whether these bytes begin like a DER PKCS#12 file.
[[nodiscard]] bool looks_like_pkcs12(ByteView bytes) noexcept;

} // namespace mohr::cli
