// SPDX-License-Identifier: Apache-2.0
#include "cbor.hpp"

#include <array>
#include <optional>

namespace mohr::protocol::cbor {
namespace {

constexpr std::uint8_t value_false = 0xF4;
constexpr std::uint8_t value_true = 0xF5;
constexpr unsigned last_short_argument = 23;
constexpr unsigned longest_argument = 27; ///< above it are reserved values and indefinite lengths
constexpr unsigned first_other_major = 6; ///< tags, then simple values and floating point

class Parser {
public:
    explicit Parser(ByteView message) : rest_(message) {}

    Result<std::vector<Item>> run() {
        items_.reserve(64);
        do {
            if (items_.size() >= cbor::max_items) return wrong("too many items");
            if (const char* problem = take_item()) return wrong(problem);
        } while (depth_ > 0);
        if (!rest_.empty()) return wrong("bytes behind the item");
        return std::move(items_);
    }

private:
    struct Open {
        std::size_t item = 0;
        std::uint64_t left = 0; ///< items of its own that are still to come
    };

    static Error wrong(const char* what) { return {BaseErrc::malformed, std::string("CBOR: ") + what}; }

    /// Nothing where it went well, else what was wrong.
    const char* take_item() {
        if (rest_.empty()) return "cut off";
        const std::uint8_t first = rest_.front();
        rest_ = rest_.subspan(1);
        Item& item = items_.emplace_back();
        if (first == value_false || first == value_true) {
            item.kind = Kind::boolean;
            item.number = first == value_true ? 1 : 0;
            return close_full(), nullptr;
        }
        const unsigned major = first >> 5U;
        if (major >= first_other_major) return "a kind of item that no message has";
        const auto argument = take_argument(first & 0x1FU);
        if (!argument) return "no definite length or value";
        item.kind = static_cast<Kind>(major);
        item.number = *argument;
        if (item.kind == Kind::bytes || item.kind == Kind::text) {
            if (*argument > rest_.size()) return "cut off";
            item.content = rest_.first(static_cast<std::size_t>(*argument));
            rest_ = rest_.subspan(item.content.size());
        } else if (item.kind == Kind::array || item.kind == Kind::map) {
            return open(*argument);
        }
        return close_full(), nullptr;
    }

    std::optional<std::uint64_t> take_argument(unsigned low) {
        if (low <= last_short_argument) return low;
        if (low > longest_argument) return std::nullopt;
        const std::size_t length = std::size_t{1} << (low - last_short_argument - 1);
        if (rest_.size() < length) return std::nullopt;
        std::uint64_t value = 0;
        for (const std::uint8_t byte : rest_.first(length)) value = value << 8U | byte;
        rest_ = rest_.subspan(length);
        return value;
    }

    const char* open(std::uint64_t count) {
        if (depth_ == max_depth) return "nested too deeply";
        // Each takes a byte at least, so a larger number is a lie, and twice it cannot overflow.
        if (count > rest_.size()) return "cut off";
        const bool pairs = items_.back().kind == Kind::map;
        open_[depth_++] = {items_.size() - 1, pairs ? 2 * count + 1 : count + 1};
        return close_full(), nullptr;
    }

    /// Behind an item: it is one less to come, and what has become complete is closed. A container that is opened
    /// counts itself, so that an empty one is closed at once.
    void close_full() {
        while (depth_ > 0 && --open_[depth_ - 1].left == 0) {
            Item& container = items_[open_[--depth_].item];
            container.span = static_cast<std::uint32_t>(items_.size() - open_[depth_].item);
        }
    }

    ByteView rest_;
    std::vector<Item> items_;
    std::array<Open, max_depth> open_{};
    std::size_t depth_ = 0;
};

} // namespace

Result<std::vector<Item>> parse(ByteView message) {
    return Parser(message).run();
}

} // namespace mohr::protocol::cbor
