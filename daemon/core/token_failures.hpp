// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>
#include <mohr/protocol/errors.hpp>
#include <mohr/token/errors.hpp>

namespace mohr::core {

/// The one table from failures of the token (and of base/) to the stable codes. The text goes to the log
/// only; `reason` carries the rule of pin_invalid and confirmation_needed.
[[nodiscard]] protocol::Failure token_failure(const Error& error);
[[nodiscard]] protocol::Failure token_failure(const token::PinFailure& failure);

[[nodiscard]] protocol::Code code_of(token::TokenErrc error) noexcept;
[[nodiscard]] protocol::Code code_of(token::PinReason reason) noexcept;

} // namespace mohr::core
