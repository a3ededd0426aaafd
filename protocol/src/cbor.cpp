// SPDX-License-Identifier: Apache-2.0
#include "cbor.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <limits>
#include <string>

namespace mohr::protocol::cbor {
namespace {

using nlohmann::json;

constexpr auto indefinite = std::numeric_limits<std::size_t>::max(); // as the library tells it

/// Takes the events of nlohmann/json's reader, which recurses no deeper than what is let in here.
class Lister final : public nlohmann::json_sax<json> {
public:
    explicit Lister(std::size_t message_bytes) {
        items_.list.reserve(64);
        items_.contents.reserve(
            message_bytes); // no string is longer than its message: views of it stay valid
    }

    bool null() override { return refuse("null"); }
    bool number_float(number_float_t, const string_t&) override { return refuse("floating point"); }
    bool boolean(bool value) override { return put(Kind::boolean, value ? 1 : 0); }
    bool number_unsigned(number_unsigned_t value) override { return put(Kind::unsigned_integer, value); }
    bool number_integer(number_integer_t value) override {
        return put(Kind::negative_integer, static_cast<std::uint64_t>(-1 - value));
    }
    bool string(string_t& value) override { return put(Kind::text, value.size(), as_bytes(value)); }
    bool key(string_t& value) override { return string(value); }
    bool binary(binary_t& value) override { return put(Kind::bytes, value.size(), value); }
    bool start_array(std::size_t count) override { return open(Kind::array, count); }
    bool start_object(std::size_t count) override { return open(Kind::map, count); }
    bool end_array() override { return close(); }
    bool end_object() override { return close(); }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& problem) override {
        return refuse(problem.what());
    }

    Items take() { return std::move(items_); }
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

private:
    bool refuse(std::string why) {
        if (problem_.empty()) problem_ = std::move(why);
        return false;
    }
    bool put(Kind kind, std::uint64_t number, ByteView content = {}) {
        if (items_.list.size() >= max_items) return refuse("too many items");
        const std::size_t place = items_.contents.size();
        if (content.size() > items_.contents.capacity() - place) return refuse("longer than its message");
        items_.contents.insert(items_.contents.end(), content.begin(), content.end());
        items_.list.push_back({kind, 1, number, ByteView(items_.contents).subspan(place)});
        return true;
    }
    bool open(Kind kind, std::size_t count) {
        if (count == indefinite) return refuse("no definite length");
        if (depth_ == max_depth) return refuse("nested too deeply");
        open_[depth_++] = items_.list.size();
        return put(kind, count);
    }
    bool close() {
        const std::size_t container = open_[--depth_];
        items_.list[container].span = static_cast<std::uint32_t>(items_.list.size() - container);
        return true;
    }

    Items items_;
    std::array<std::size_t, max_depth> open_{}; ///< the containers around what comes next
    std::size_t depth_ = 0;
    std::string problem_;
};

} // namespace

Result<Items> parse(ByteView message) {
    Lister lister(message.size());
    if (!json::sax_parse(message.begin(), message.end(), &lister, json::input_format_t::cbor))
        return Error(BaseErrc::malformed, "CBOR: " + lister.problem());
    return lister.take();
}

} // namespace mohr::protocol::cbor
