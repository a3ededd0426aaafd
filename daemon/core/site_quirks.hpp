// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/link.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mohr::core {

namespace link = protocol::link;

/// What may be set for one portal of the Dastine front, by the names that people use (docs/dastine.md).
///   sign.prehashed    never | auto
///   sign.byte_order   big | little
///   cms.attach        page | always | never
///   decrypt.padding   pkcs1 | oaep
///   codes             original | two_digits
///   sha1              allow | deny
using QuirkTexts = std::vector<std::pair<std::string, std::string>>;

/// Every key with its value.
[[nodiscard]] QuirkTexts quirk_texts(const link::SiteQuirks& quirks);
/// False if there is no such key, or the key has no such value.
[[nodiscard]] bool set_quirk(link::SiteQuirks& quirks, std::string_view key, std::string_view value);

} // namespace mohr::core
