// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signer_info.hpp"

#include <array>

namespace mohr::signing {

/// What all signers of one message have in common.
struct CheckContext {
    std::vector<Certificate> certificates; ///< of the message
    std::vector<Certificate> anchors;
    Instant at{};
    Sha1 sha1 = Sha1::refused;
    Bytes content_type;                                  ///< DER OBJECT IDENTIFIER
    std::array<std::optional<Bytes>, 4> content_digests; ///< by DigestAlgorithm; of the announced ones
    bool content_resembles_attributes = false;
};

[[nodiscard]] SignerReport check_signer(const SignerInfo& signer, const CheckContext& context);

} // namespace mohr::signing
