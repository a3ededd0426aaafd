// SPDX-License-Identifier: Apache-2.0
#include "link_fields.hpp"
#include "strict_json.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/link.hpp>

#include <limits>
#include <stdexcept>

namespace mohr::protocol::link {
namespace {

using nlohmann::json;

constexpr std::size_t max_depth = 8;
constexpr std::size_t max_text_bytes = 1024 * 1024;

/// Leaves decode_*() only as BaseErrc::malformed.
struct Malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... T>
struct IsVariant<std::variant<T...>> : std::true_type {};

// --- out ---

/// CBOR (RFC 8949), shortest form, definite lengths; straight into the message, since a tree in between costs
/// more than all the rest.
class Writer {
public:
    Writer(Bytes& out, Secret* secret) : out_(out), secret_(secret) {}

    template <class T>
    void operator()(const char* name, const T& value) {
        if constexpr (std::is_same_v<T, Secret>) {
            *secret_ = value.duplicate();
        } else if constexpr (IsOptional<T>::value) {
            if (value) (*this)(name, *value);
        } else {
            ++members_;
            text(name);
            encode_value(value);
        }
    }

    template <class Variant>
    void encode_variant(const Variant& value) {
        std::visit(
            [this]<class M>(const M& message) {
                map([&](Writer& inner) {
                    ++inner.members_;
                    text("type");
                    text(type_name<M>);
                    describe(inner, message);
                });
            },
            value);
    }

private:
    enum Major : std::uint8_t { unsigned_integer, negative_integer, byte_string, text_string, array, object };
    static constexpr std::uint8_t value_false = 0xF4;

    void head(Major major, std::uint64_t argument) {
        const auto first = static_cast<std::uint8_t>(major << 5U);
        if (argument < 24) return out_.push_back(static_cast<std::uint8_t>(first | argument));
        const unsigned log2 = argument > 0xFFFFFFFFU ? 3 : argument > 0xFFFFU ? 2 : argument > 0xFFU ? 1 : 0;
        out_.push_back(static_cast<std::uint8_t>(first | (24U + log2)));
        for (unsigned shift = 8U << log2; shift > 0; shift -= 8)
            out_.push_back(static_cast<std::uint8_t>(argument >> (shift - 8)));
    }
    void string(Major major, ByteView bytes) {
        head(major, bytes.size());
        out_.insert(out_.end(), bytes.begin(), bytes.end());
    }
    void text(std::string_view value) { string(text_string, as_bytes(value)); }

    /// The number of members is put in front of them afterwards; all messages have fewer than 24.
    template <class Fill>
    void map(Fill fill) {
        const std::size_t place = out_.size();
        head(object, 0);
        Writer inner(out_, secret_);
        fill(inner);
        if (inner.members_ >= 24) throw std::logic_error("a link message with too many members");
        out_[place] = static_cast<std::uint8_t>(out_[place] | inner.members_);
    }

    template <class T>
    void encode_value(const T& value) {
        if constexpr (std::is_same_v<T, Bytes>) {
            string(byte_string, value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (is_utf8(value))
                text(value);
            else
                text(printable(value, value.size() * 4));
        } else if constexpr (std::is_same_v<T, Code>) {
            text(row(value).name);
        } else if constexpr (std::is_enum_v<T>) {
            head(unsigned_integer, static_cast<std::uint64_t>(value));
        } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
            head(unsigned_integer, static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0)));
        } else if constexpr (std::is_same_v<T, bool>) {
            out_.push_back(static_cast<std::uint8_t>(value_false + (value ? 1 : 0)));
        } else if constexpr (std::is_unsigned_v<T>) {
            head(unsigned_integer, value);
        } else if constexpr (std::is_same_v<T, int>) {
            if (value < 0) // RFC 8949 section 3.1
                head(negative_integer, static_cast<std::uint64_t>(-1 - value));
            else
                head(unsigned_integer, static_cast<std::uint64_t>(value));
        } else if constexpr (IsVector<T>::value) {
            head(array, value.size());
            for (const auto& element : value) encode_value(element);
        } else if constexpr (IsVariant<T>::value) {
            encode_variant(value);
        } else {
            map([&](Writer& inner) { describe(inner, value); });
        }
    }
    template <class T>
    void encode_value(const Outcome<T>& outcome) {
        map([&](Writer& inner) {
            if (outcome)
                inner("value", *outcome);
            else
                inner("failure", outcome.error());
        });
    }

    Bytes& out_;
    Secret* secret_;
    unsigned members_ = 0;
};

// --- in ---

class Reader {
public:
    Reader(json& map, Secret* secret, std::size_t expected = 0)
        : map_(map), secret_(secret), taken_(expected) {
        if (!map.is_object()) throw Malformed("not a map");
    }

    template <class T>
    void operator()(const char* name, T& value) {
        if constexpr (std::is_same_v<T, Secret>) {
            if (secret_ == nullptr || secret_->empty()) throw Malformed("the secret is missing");
            value = std::move(*secret_);
            return;
        } else {
            const auto member = map_.find(name);
            if (member == map_.end()) {
                if constexpr (IsOptional<T>::value) return;
                throw Malformed(std::string(name) + " is missing");
            }
            ++taken_;
            if constexpr (IsOptional<T>::value) {
                value.emplace();
                decode_value(name, *member, *value);
            } else {
                decode_value(name, *member, value);
            }
        }
    }
    void finish() const {
        if (taken_ != map_.size()) throw Malformed("unknown member");
    }

    template <class Variant>
    static void decode_variant(json& map, Secret* secret, Variant& value) {
        if (!map.is_object()) throw Malformed("not a map");
        const auto type = map.find("type");
        if (type == map.end() || !type->is_string()) throw Malformed("no type");
        if (!decode_alternative(map, type->template get_ref<const std::string&>(), secret, value,
                                std::make_index_sequence<std::variant_size_v<Variant>>()))
            throw Malformed("unknown type");
    }

private:
    template <class Variant, std::size_t... I>
    static bool decode_alternative(json& map, const std::string& type, Secret* secret, Variant& value,
                                   std::index_sequence<I...>) {
        const auto attempt = [&]<class M>(std::type_identity<M>) {
            if (type != type_name<M>) return false;
            M message;
            Reader inner(map, secret, 1);
            describe(inner, message);
            inner.finish();
            value = std::move(message);
            return true;
        };
        return (attempt(std::type_identity<std::variant_alternative_t<I, Variant>>()) || ...);
    }

    template <class T>
    void decode_value(const char* name, json& from, T& value) {
        const auto need = [name](bool right) {
            if (!right) throw Malformed(std::string(name) + " has the wrong type or value");
        };
        if constexpr (std::is_same_v<T, Bytes>) {
            need(from.is_binary() && !from.get_binary().has_subtype());
            value = std::move(static_cast<Bytes&>(from.get_binary()));
        } else if constexpr (std::is_same_v<T, std::string>) {
            need(from.is_string() && from.get_ref<const std::string&>().size() <= text_limit(name));
            value = std::move(from.get_ref<std::string&>());
        } else if constexpr (std::is_same_v<T, Code>) {
            need(from.is_string());
            const auto code = code_from_name(from.get_ref<const std::string&>());
            need(code.has_value());
            value = *code;
        } else if constexpr (std::is_enum_v<T>) {
            need(from.is_number_unsigned() && from.get<std::uint64_t>() <= static_cast<unsigned>(last_of<T>));
            value = static_cast<T>(from.get<unsigned>());
        } else if constexpr (std::is_same_v<T, bool>) {
            need(from.is_boolean());
            value = from.get<bool>();
        } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
            need(from.is_number_unsigned() && from.get<std::uint64_t>() <= std::uint64_t{1} << 40U);
            value = T(from.get<std::int64_t>());
        } else if constexpr (std::is_unsigned_v<T>) {
            need(from.is_number_unsigned() && from.get<std::uint64_t>() <= std::numeric_limits<T>::max());
            value = from.get<T>();
        } else if constexpr (std::is_same_v<T, int>) {
            need(from.is_number_integer());
            const auto number = from.get<std::int64_t>();
            need(number >= -1 && number <= std::numeric_limits<int>::max());
            value = static_cast<int>(number);
        } else if constexpr (IsVector<T>::value) {
            need(from.is_array() && from.size() <= max_items);
            value.resize(from.size());
            for (std::size_t i = 0; i < from.size(); ++i) decode_value(name, from[i], value[i]);
        } else if constexpr (IsVariant<T>::value) {
            decode_variant(from, secret_, value);
        } else {
            Reader inner(from, secret_);
            describe(inner, value);
            inner.finish();
        }
    }
    template <class T>
    void decode_value(const char*, json& from, Outcome<T>& outcome) {
        if (!from.is_object() || from.size() != 1) throw Malformed("not an outcome");
        if (const auto value = from.find("value"); value != from.end()) {
            T result{};
            decode_value("value", *value, result);
            outcome = std::move(result);
        } else if (const auto failure = from.find("failure"); failure != from.end()) {
            Failure result;
            decode_value("failure", *failure, result);
            outcome = std::move(result);
        } else {
            throw Malformed("not an outcome");
        }
    }
    static std::size_t text_limit(std::string_view name) {
        return name == "name" || name == "media_type" || name == "origin" ? max_name_bytes : max_text_bytes;
    }

    json& map_;
    Secret* secret_;
    std::size_t taken_;
};

template <class Variant>
Result<Variant> decode(ByteView body, Secret* secret) {
    if (body.size() > max_message_bytes) return Error(BaseErrc::malformed, "link message too long");
    auto tree = parse_cbor(body, max_depth);
    if (!tree) return tree.error();
    try {
        Variant message;
        Reader::decode_variant(*tree, secret, message);
        if (secret != nullptr && !secret->empty()) throw Malformed("a secret where none belongs");
        return message;
    } catch (const Malformed& problem) {
        return Error(BaseErrc::malformed, std::string("link message: ") + problem.what());
    }
}

} // namespace

Encoded encode(const FromCore& message) {
    Encoded encoded;
    Writer(encoded.body, &encoded.secret).encode_variant(message);
    return encoded;
}

Bytes encode(const FromDoor& message) {
    Bytes body;
    Writer(body, nullptr).encode_variant(message);
    return body;
}

Result<FromCore> decode_from_core(ByteView body, Secret secret) {
    return decode<FromCore>(body, &secret);
}

Result<FromDoor> decode_from_door(ByteView body) {
    return decode<FromDoor>(body, nullptr);
}

} // namespace mohr::protocol::link
