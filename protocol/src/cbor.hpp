// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <cstdint>
#include <vector>

/// The CBOR (RFC 8949) of the link: definite lengths, no tags, no floating point, nothing but what our messages hold.
namespace mohr::protocol::cbor {

/// All but the last are major types 0 to 5 in their order.
enum class Kind : std::uint8_t { unsigned_integer, negative_integer, bytes, text, array, map, boolean };

/// One data item. All items of a message stand in one list in the order of the bytes, a container before what it
/// holds: no tree, and no copy of a string.
struct Item {
    Kind kind{};
    std::uint32_t span = 1;   ///< how many items it is, with all that it holds
    std::uint64_t number = 0; ///< value (n of -1 - n), number of elements or of pairs, 0 or 1
    ByteView content{}; ///< of bytes and text; lives as long as the message. Text is not checked for UTF-8
    [[nodiscard]] const Item* next() const noexcept { return this + span; }
};

inline constexpr std::size_t max_depth = 8;
inline constexpr std::size_t max_items = 64 * 1024;

/// Exactly one item and nothing behind it, without recursion. Doubled members of a map are for its reader to find.
/// Fails with BaseErrc::malformed.
[[nodiscard]] Result<std::vector<Item>> parse(ByteView message);

} // namespace mohr::protocol::cbor
