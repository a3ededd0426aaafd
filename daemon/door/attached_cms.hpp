// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "spool.hpp"
#include "streams.hpp"
#include <mohr/signing/cms_signed.hpp>

#include <cstdint>
#include <memory>

namespace mohr::door {

struct AttachedCms {
    std::unique_ptr<Source> content;
    std::uint64_t size = 0;
};
/// The document that was kept, inside the SignedData that is written around it while it is pulled.
[[nodiscard]] Result<AttachedCms> attached_cms(signing::SignerPart signer, std::unique_ptr<Spool> document,
                                               std::function<void()> wake);

} // namespace mohr::door
