// SPDX-License-Identifier: Apache-2.0
#include "dastine_base64.hpp"
#include "dastine_grammar.hpp"
#include "dastine_members.hpp"
#include <mohr/base/encoding.hpp>

#include <openssl/crypto.h>

#include <algorithm>

namespace mohr::protocol::dastine {
namespace {

constexpr std::size_t max_key_bytes = 64; ///< longer ones are nobody's
constexpr std::string_view replacement = "\xEF\xBF\xBD";

} // namespace

struct MessageReader::State {
    enum class Mode : std::uint8_t { structure, string, escape, hex, number, literal };
    enum class Expect : std::uint8_t {
        message,
        first_key,
        key,
        colon,
        value,
        first_item,
        after_value,
        nothing
    };
    enum class Sink : std::uint8_t { skip, key, keep, content };

    ~State() {
        for (Value& value : members.values) OPENSSL_cleanse(value.text.data(), value.text.size());
    }

    void feed(std::string_view piece, const OnContent& on_content) {
        for (std::size_t i = 0; i < piece.size() && !bad;) {
            switch (mode) {
            case Mode::structure:
                structure(piece[i++]);
                break;
            case Mode::string:
                i = string_run(piece, i, on_content);
                break;
            case Mode::escape:
                escape(piece[i++], on_content);
                break;
            case Mode::hex:
                hex(piece[i++], on_content);
                break;
            case Mode::number:
                if (is_number_char(piece[i]))
                    number_char(piece[i++]);
                else
                    end_number();
                break;
            case Mode::literal:
                literal_char(piece[i++]);
                break;
            }
        }
    }

    // --- structure ---

    void structure(char c) {
        if (is_blank(c)) return;
        switch (expect) {
        case Expect::message:
            return c == '{' ? open(true) : fail();
        case Expect::first_key:
            if (c == '}') return close(true);
            [[fallthrough]];
        case Expect::key:
            if (c != '"') return fail();
            key.clear();
            return begin_string(Sink::key);
        case Expect::colon:
            if (c != ':') return fail();
            expect = Expect::value;
            return;
        case Expect::first_item:
            if (c == ']') return close(false);
            [[fallthrough]];
        case Expect::value:
            return begin_value(c);
        case Expect::after_value:
            if (c == ',') {
                expect = objects.back() ? Expect::key : Expect::value;
                return;
            }
            if (c == '}' || c == ']') return close(c == '}');
            return fail();
        case Expect::nothing:
            return fail();
        }
    }
    void open(bool object) {
        if (objects.size() == max_depth) return fail();
        objects.push_back(object);
        expect = object ? Expect::first_key : Expect::first_item;
    }
    void close(bool object) {
        if (objects.back() != object) return fail();
        objects.pop_back();
        expect = objects.empty() ? Expect::nothing : Expect::after_value;
    }
    void begin_value(char c) {
        Value* const value = objects.size() == 1 ? member() : nullptr;
        if (bad) return;
        const auto kind = [&](Value::Kind k) {
            if (value != nullptr) value->kind = k;
        };
        target = value;
        if (c == '"') {
            kind(Value::Kind::text);
            return begin_string(value == nullptr ? Sink::skip : sink_of_member());
        }
        if (c == '{' || c == '[') {
            kind(Value::Kind::other);
            return open(c == '{');
        }
        if (c == 't' || c == 'f' || c == 'n') {
            kind(c == 'n' ? Value::Kind::null : Value::Kind::boolean);
            literal = c == 't' ? "true" : c == 'f' ? "false" : "null";
            if (value != nullptr && c != 'n') value->text = literal;
            literal_at = 1;
            mode = Mode::literal;
            return;
        }
        kind(Value::Kind::number);
        number = {};
        mode = Mode::number;
        number_char(c);
    }
    /// The slot of the member that begins, or null for one that nobody looks at.
    Value* member() {
        const auto row = std::find_if(slot_rows.begin(), slot_rows.end(),
                                      [&](const SlotRow& one) { return one.name == key; });
        if (row == slot_rows.end()) return nullptr;
        slot = static_cast<Slot>(row - slot_rows.begin());
        Value& value = members.at(slot);
        if (value.kind != Value::Kind::absent) {
            fail(); // twice
            return nullptr;
        }
        return &value;
    }
    Sink sink_of_member() {
        if (slot != Slot::data && slot != Slot::cipher) return Sink::keep;
        // The client names the command first; a page that does not is served all the same.
        const Value& command = members.at(Slot::command);
        const bool wanted =
            command.kind == Value::Kind::absent || takes_content(members.text(Slot::command), slot);
        if (!wanted || members.content != Content::absent) return Sink::skip;
        members.content = Content::empty;
        members.content_slot = slot;
        return Sink::content;
    }

    // --- scalars ---

    void number_char(char c) {
        if (!number.take(c)) return fail();
        keep({&c, 1});
    }
    void end_number() {
        if (!number.complete()) return fail();
        end_value();
    }
    void literal_char(char c) {
        if (c != literal[literal_at]) return fail();
        if (++literal_at == literal.size()) end_value();
    }
    void end_value() {
        mode = Mode::structure;
        expect = Expect::after_value;
    }
    void keep(std::string_view text) {
        if (target == nullptr || slot == Slot::data || slot == Slot::cipher) return;
        const std::size_t room = slot_rows[static_cast<std::size_t>(slot)].max_bytes - target->text.size();
        if (text.size() > room) target->cut = true;
        target->text.append(text.substr(0, room));
    }

    // --- strings ---

    void begin_string(Sink into) {
        sink = into;
        mode = Mode::string;
        high_surrogate = 0;
    }
    std::size_t string_run(std::string_view piece, std::size_t from, const OnContent& on_content) {
        std::size_t i = from;
        while (i < piece.size() && piece[i] != '"' && piece[i] != '\\' &&
               static_cast<std::uint8_t>(piece[i]) >= 0x20)
            ++i;
        if (i > from) put(piece.substr(from, i - from), on_content);
        if (i == piece.size()) return i;
        if (piece[i] == '"')
            end_string(on_content);
        else if (piece[i] == '\\')
            mode = Mode::escape;
        else
            fail();
        return i + 1;
    }
    void escape(char c, const OnContent& on_content) {
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        if (c == 'u') {
            mode = Mode::hex;
            code_unit = 0;
            hex_digits = 0;
            return;
        }
        const std::size_t found = names.find(c);
        if (found == std::string_view::npos) return fail();
        mode = Mode::string;
        put(meanings.substr(found, 1), on_content);
    }
    void hex(char c, const OnContent& on_content) {
        const int value = hex_value(c);
        if (value < 0) return fail();
        code_unit = code_unit << 4 | static_cast<std::uint32_t>(value);
        if (++hex_digits < 4) return;
        mode = Mode::string;
        const bool low = code_unit >= 0xDC00 && code_unit <= 0xDFFF;
        if (low && high_surrogate != 0) {
            const std::uint32_t high = std::exchange(high_surrogate, 0);
            return put_code_point(0x10000 + ((high - 0xD800) << 10) + (code_unit - 0xDC00), on_content);
        }
        if (code_unit >= 0xD800 && code_unit <= 0xDBFF) {
            flush_surrogate(on_content);
            high_surrogate = code_unit;
            return;
        }
        if (low) return put(replacement, on_content);
        put_code_point(code_unit, on_content);
    }
    void put_code_point(std::uint32_t c, const OnContent& on_content) {
        std::string text;
        append_utf8(text, c);
        put(text, on_content);
    }
    /// Half of a pair stands alone: JSON.stringify sends it so, and the rest of the text is still good.
    void flush_surrogate(const OnContent& on_content) {
        if (std::exchange(high_surrogate, 0) != 0) put(replacement, on_content);
    }
    void put(std::string_view text, const OnContent& on_content) {
        flush_surrogate(on_content);
        switch (sink) {
        case Sink::skip:
            return;
        case Sink::key:
            // One byte more than any name has, so that a long key is nobody's.
            key.append(text.substr(0, max_key_bytes + 1 - key.size()));
            return;
        case Sink::keep:
            return keep(text);
        case Sink::content:
            return base64.feed(text, on_content);
        }
    }
    void end_string(const OnContent& on_content) {
        flush_surrogate(on_content);
        mode = Mode::structure;
        if (sink == Sink::key) {
            expect = Expect::colon;
            return;
        }
        if (sink == Sink::content)
            members.content = base64.empty()  ? Content::empty
                              : base64.good() ? Content::good
                                              : Content::not_base64;
        expect = Expect::after_value;
    }

    void fail() { bad = true; }

    Members members;
    std::vector<bool> objects;
    std::string key;
    Base64Reader base64;
    NumberGrammar number;
    std::string_view literal;
    std::size_t literal_at = 0;
    Value* target = nullptr;
    std::uint32_t code_unit = 0;
    std::uint32_t high_surrogate = 0;
    unsigned hex_digits = 0;
    Mode mode = Mode::structure;
    Expect expect = Expect::message;
    Sink sink = Sink::skip;
    Slot slot = Slot::command;
    bool bad = false;
};

MessageReader::MessageReader(OnContent on_content)
    : state_(std::make_unique<State>()), on_content_(std::move(on_content)) {}
MessageReader::~MessageReader() = default;

void MessageReader::feed(std::string_view piece) {
    state_->feed(piece, on_content_);
}

std::optional<Request> MessageReader::finish() {
    const std::unique_ptr<State> done = std::exchange(state_, std::make_unique<State>());
    Members& members = done->members;
    const Value& command = members.at(Slot::command);
    if (done->bad || done->expect != State::Expect::nothing || command.kind != Value::Kind::text ||
        command.cut || !is_utf8(command.text))
        return std::nullopt;
    Request request;
    request.name = command.text;
    const std::string_view info = members.text(Slot::info);
    const bool id = std::all_of(info.begin(), info.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    if (id && !members.at(Slot::info).cut && info != "undefined") request.info = info;
    for (Value& value : members.values) {
        if (value.kind != Value::Kind::text || is_utf8(value.text)) continue;
        value.text.clear(); // or the cut went through a character
        value.cut = true;
    }
    request.command = decode_command(request.name, members);
    return request;
}

} // namespace mohr::protocol::dastine
