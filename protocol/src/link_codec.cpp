// SPDX-License-Identifier: Apache-2.0
#include "cbor.hpp"
#include "link_fields.hpp"
#include "link_operation_fields.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/link.hpp>

#include <limits>
#include <stdexcept>

namespace mohr::protocol::link {
namespace {

using cbor::Item;
using cbor::Kind;

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
    static constexpr std::uint8_t value_false = 0xF4;

    void head(Kind major, std::uint64_t argument) {
        const auto first = static_cast<std::uint8_t>(static_cast<unsigned>(major) << 5U);
        if (argument < 24) return out_.push_back(static_cast<std::uint8_t>(first | argument));
        const unsigned log2 = argument > 0xFFFFFFFFU ? 3 : argument > 0xFFFFU ? 2 : argument > 0xFFU ? 1 : 0;
        out_.push_back(static_cast<std::uint8_t>(first | (24U + log2)));
        for (unsigned shift = 8U << log2; shift > 0; shift -= 8)
            out_.push_back(static_cast<std::uint8_t>(argument >> (shift - 8)));
    }
    void string(Kind major, ByteView bytes) {
        head(major, bytes.size());
        out_.insert(out_.end(), bytes.begin(), bytes.end());
    }
    void text(std::string_view value) { string(Kind::text, as_bytes(value)); }

    /// The number of members is put in front of them afterwards; all messages have fewer than 24.
    template <class Fill>
    void map(Fill fill) {
        const std::size_t place = out_.size();
        head(Kind::map, 0);
        Writer inner(out_, secret_);
        fill(inner);
        if (inner.members_ >= 24) throw std::logic_error("a link message with too many members");
        out_[place] = static_cast<std::uint8_t>(out_[place] | inner.members_);
    }

    template <class T>
    void encode_value(const T& value) {
        if constexpr (std::is_same_v<T, Bytes>) {
            string(Kind::bytes, value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            if (is_utf8(value))
                text(value);
            else
                text(printable(value, value.size() * 4));
        } else if constexpr (std::is_same_v<T, Code>) {
            text(row(value).name);
        } else if constexpr (std::is_enum_v<T>) {
            head(Kind::unsigned_integer, static_cast<std::uint64_t>(value));
        } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
            head(Kind::unsigned_integer,
                 static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0)));
        } else if constexpr (std::is_same_v<T, bool>) {
            out_.push_back(static_cast<std::uint8_t>(value_false + (value ? 1 : 0)));
        } else if constexpr (std::is_unsigned_v<T>) {
            head(Kind::unsigned_integer, value);
        } else if constexpr (std::is_same_v<T, int>) {
            if (value < 0) // RFC 8949 section 3.1
                head(Kind::negative_integer, static_cast<std::uint64_t>(-1 - value));
            else
                head(Kind::unsigned_integer, static_cast<std::uint64_t>(value));
        } else if constexpr (IsVector<T>::value) {
            head(Kind::array, value.size());
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

/// Reads the members of one map in any order; ours come in the order in which they are asked for.
class Reader {
public:
    Reader(const Item& map, Secret* secret) : map_(map), secret_(secret) {
        if (map.kind != Kind::map) throw Malformed("not a map");
        at_ = &map + 1;
    }

    template <class T>
    void operator()(const char* name, T& value) {
        if constexpr (std::is_same_v<T, Secret>) {
            if (secret_ == nullptr || secret_->empty()) throw Malformed("the secret is missing");
            value = std::move(*secret_);
        } else {
            const Item* const member = take(name);
            if (member == nullptr) {
                if constexpr (IsOptional<T>::value) return;
                throw Malformed(std::string(name) + " is missing");
            }
            if constexpr (IsOptional<T>::value) {
                value.emplace();
                decode_value(name, *member, *value);
            } else {
                decode_value(name, *member, value);
            }
        }
    }
    /// A doubled member is one that was not taken either.
    void finish() const {
        if (taken_ != map_.number) throw Malformed("unknown member");
    }

    template <class Variant>
    static void decode_variant(const Item& map, Secret* secret, Variant& value) {
        Reader inner(map, secret);
        const Item* const type = inner.take("type");
        if (type == nullptr || type->kind != Kind::text) throw Malformed("no type");
        if (!decode_alternative(inner, as_text(type->content), value,
                                std::make_index_sequence<std::variant_size_v<Variant>>()))
            throw Malformed("unknown type");
        inner.finish();
    }

private:
    /// The value of a member, first looked for behind the one that was taken last.
    const Item* take(std::string_view name) {
        const Item* const end = map_.next();
        const auto is_it = [&](const Item* key) {
            return key->kind == Kind::text && as_text(key->content) == name;
        };
        const Item* key = at_;
        if (key == end || !is_it(key)) {
            key = &map_ + 1;
            while (key != end && !is_it(key)) key = key->next()->next();
            if (key == end) return nullptr;
        }
        ++taken_;
        at_ = key->next()->next();
        return key->next();
    }

    template <class Variant, std::size_t... I>
    static bool decode_alternative(Reader& inner, std::string_view type, Variant& value,
                                   std::index_sequence<I...>) {
        const auto attempt = [&]<class M>(std::type_identity<M>) {
            if (type != type_name<M>) return false;
            describe(inner, value.template emplace<M>());
            return true;
        };
        return (attempt(std::type_identity<std::variant_alternative_t<I, Variant>>()) || ...);
    }

    template <class T>
    void decode_value(const char* name, const Item& from, T& value) {
        const auto need = [name](bool right) {
            if (!right) throw Malformed(std::string(name) + " has the wrong type or value");
        };
        const auto need_number = [&](std::uint64_t most) {
            need(from.kind == Kind::unsigned_integer && from.number <= most);
        };
        if constexpr (std::is_same_v<T, Bytes>) {
            need(from.kind == Kind::bytes);
            value.assign(from.content.begin(), from.content.end());
        } else if constexpr (std::is_same_v<T, std::string>) {
            need(from.kind == Kind::text && from.content.size() <= text_limit(name) &&
                 is_utf8(as_text(from.content)));
            value = as_text(from.content);
        } else if constexpr (std::is_same_v<T, Code>) {
            need(from.kind == Kind::text);
            const auto code = code_from_name(as_text(from.content));
            need(code.has_value());
            value = *code;
        } else if constexpr (std::is_enum_v<T>) {
            need_number(static_cast<unsigned>(last_of<T>));
            value = static_cast<T>(from.number);
        } else if constexpr (std::is_same_v<T, bool>) {
            need(from.kind == Kind::boolean);
            value = from.number != 0;
        } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
            need_number(std::uint64_t{1} << 40U);
            value = T(static_cast<std::int64_t>(from.number));
        } else if constexpr (std::is_unsigned_v<T>) {
            need_number(std::numeric_limits<T>::max());
            value = static_cast<T>(from.number);
        } else if constexpr (std::is_same_v<T, int>) { // not below -1, which stands for nothing
            const bool nothing = from.kind == Kind::negative_integer && from.number == 0;
            if (!nothing) need_number(std::numeric_limits<int>::max());
            value = nothing ? -1 : static_cast<int>(from.number);
        } else if constexpr (IsVector<T>::value) {
            need(from.kind == Kind::array && from.number <= max_items);
            value.resize(static_cast<std::size_t>(from.number));
            const Item* element = &from + 1;
            for (auto& one : value) {
                decode_value(name, *element, one);
                element = element->next();
            }
        } else if constexpr (IsVariant<T>::value) {
            decode_variant(from, secret_, value);
        } else {
            Reader inner(from, secret_);
            describe(inner, value);
            inner.finish();
        }
    }
    template <class T>
    void decode_value(const char*, const Item& from, Outcome<T>& outcome) {
        Reader inner(from, secret_);
        if (const Item* const value = inner.take("value")) {
            T result{};
            inner.decode_value("value", *value, result);
            outcome = std::move(result);
        } else if (const Item* const failure = inner.take("failure")) {
            Failure result;
            inner.decode_value("failure", *failure, result);
            outcome = std::move(result);
        } else {
            throw Malformed("not an outcome");
        }
        inner.finish();
    }
    static std::size_t text_limit(std::string_view name) {
        return name == "name" || name == "media_type" || name == "origin" ? max_name_bytes : max_text_bytes;
    }

    const Item& map_;
    Secret* secret_;
    const Item* at_ = nullptr; ///< behind the member that was taken last
    std::uint64_t taken_ = 0;
};

template <class Variant>
Result<Variant> decode(ByteView body, Secret* secret) {
    if (body.size() > max_message_bytes) return Error(BaseErrc::malformed, "link message too long");
    const auto items = cbor::parse(body);
    if (!items) return items.error();
    try {
        Variant message;
        Reader::decode_variant(items->list.front(), secret, message);
        if (secret != nullptr && !secret->empty()) throw Malformed("a secret where none belongs");
        return message;
    } catch (const Malformed& problem) {
        return Error(BaseErrc::malformed, std::string("link message: ") + problem.what());
    }
}

} // namespace

namespace {
/// Room for a message without a list, and for an answer with a certificate and its chain.
constexpr std::size_t common_bytes = 512;
constexpr std::size_t answer_bytes = 4096;
} // namespace

Encoded encode(const FromCore& message) {
    Encoded encoded;
    encoded.body.reserve(std::holds_alternative<OperationReply>(message) ? answer_bytes : common_bytes);
    Writer(encoded.body, &encoded.secret).encode_variant(message);
    return encoded;
}

Bytes encode(const FromDoor& message) {
    Bytes body;
    body.reserve(common_bytes);
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
