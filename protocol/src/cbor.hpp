// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <cstdint>
#include <vector>

/// The CBOR (RFC 8949) of the link as nlohmann/json reads it, listed instead of built into a tree.
namespace mohr::protocol::cbor {

/// All but the last are major types 0 to 5 in their order.
enum class Kind : std::uint8_t { unsigned_integer, negative_integer, bytes, text, array, map, boolean };

/// One data item. All items of a message stand in one list in the order of the bytes, a container before what it
/// holds.
struct Item {
    Kind kind{};
    std::uint32_t span = 1;   ///< how many items it is, with all that it holds
    std::uint64_t number = 0; ///< value (n of -1 - n), number of elements or of pairs, 0 or 1
    ByteView content{}; ///< of bytes and text; lives as long as its Items. Text is not checked for UTF-8
    [[nodiscard]] const Item* next() const noexcept { return this + span; }
};

/// What a message holds; its address may change, what it points to stays.
struct Items {
    std::vector<Item> list; ///< one at least
    Bytes contents;         ///< of all strings, one behind the other
};

inline constexpr std::size_t max_depth = 8;
inline constexpr std::size_t max_items = 64 * 1024;

/// Exactly one item and nothing behind it; definite lengths, no null, tag or floating point. Doubled members of a map
/// are for its reader to find. Fails with BaseErrc::malformed.
[[nodiscard]] Result<Items> parse(ByteView message);

} // namespace mohr::protocol::cbor
