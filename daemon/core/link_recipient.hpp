// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/link.hpp>
#include <mohr/signing/cms_enveloped.hpp>

namespace mohr::core {

/// A recipient as the door sent it, in signing's terms.
[[nodiscard]] signing::Recipient to_signing(const protocol::link::Recipient& recipient);

} // namespace mohr::core
