// SPDX-License-Identifier: Apache-2.0
#include "der.hpp"

#include <mohr/base/openssl.hpp>
#include <mohr/signing/errors.hpp>

#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>

namespace mohr::signing::der {
namespace {

constexpr unsigned max_depth = 24;

Error malformed(const char* what) {
    return {SigningErrc::malformed, what};
}

struct Header {
    std::uint8_t tag{};
    bool indefinite = false;
    std::size_t header_size = 0;
    std::size_t length = 0;
};

Result<Header> read_header(ByteView bytes) {
    if (bytes.size() < 2) return malformed("element header");
    Header out;
    out.tag = bytes[0];
    if ((out.tag & 0x1F) == 0x1F) return malformed("high tag number");
    out.header_size = 2;
    const std::uint8_t first = bytes[1];
    if (first < 0x80) {
        out.length = first;
    } else if (first == 0x80) {
        if ((out.tag & constructed_bit) == 0) return malformed("primitive of indefinite length");
        out.indefinite = true;
        return out;
    } else {
        const std::size_t octets = first & 0x7F;
        if (octets > sizeof(std::size_t) || bytes.size() < 2 + octets) return malformed("length octets");
        for (std::size_t i = 0; i < octets; ++i) out.length = (out.length << 8) | bytes[2 + i];
        out.header_size += octets;
    }
    if (out.length > bytes.size() - out.header_size) return malformed("length past the end");
    return out;
}

/// Appends one element from the front of `in` to `out` and cuts it off; `inside_octets` when it is a piece of
/// a constructed OCTET STRING, of which only the content counts.
// NOLINTNEXTLINE(misc-no-recursion): bounded by max_depth
Result<void> transcode(ByteView& in, Bytes& out, bool inside_octets, unsigned depth) {
    if (depth > max_depth) return Error(SigningErrc::limit, "nesting");
    const auto head = read_header(in);
    if (!head) return head.error();
    ByteView rest = in.subspan(head->header_size);
    const bool octets = (head->tag & ~constructed_bit) == octet_string_tag;
    if (inside_octets && !octets) return malformed("piece of an OCTET STRING");
    if ((head->tag & constructed_bit) == 0) {
        const ByteView content = rest.first(head->length);
        const Bytes encoded = inside_octets ? to_bytes(content) : tlv(head->tag, {content});
        out.insert(out.end(), encoded.begin(), encoded.end());
        in = rest.subspan(head->length);
        return {};
    }
    Bytes content;
    ByteView children = head->indefinite ? rest : rest.first(head->length);
    for (;;) {
        if (head->indefinite) {
            if (children.size() >= 2 && children[0] == 0 && children[1] == 0) {
                in = children.subspan(2);
                break;
            }
        } else if (children.empty()) {
            in = rest.subspan(head->length);
            break;
        }
        MOHR_TRY(transcode(children, content, octets, depth + 1));
    }
    const auto tag = octets ? octet_string_tag : head->tag;
    const Bytes encoded = inside_octets ? std::move(content) : tlv(tag, {content});
    out.insert(out.end(), encoded.begin(), encoded.end());
    return {};
}

} // namespace

Bytes header(std::uint8_t tag, std::uint64_t length) {
    Bytes out{tag};
    if (length < 0x80) {
        out.push_back(static_cast<std::uint8_t>(length));
        return out;
    }
    unsigned octets = 1;
    while (octets < 8 && (length >> (8 * octets)) != 0) ++octets;
    out.push_back(static_cast<std::uint8_t>(0x80U | octets));
    for (unsigned i = octets; i-- > 0;) out.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
    return out;
}

Bytes concat(std::initializer_list<ByteView> parts) {
    Bytes out;
    for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
}

Bytes tlv(std::uint8_t tag, std::initializer_list<ByteView> parts) {
    std::size_t size = 0;
    for (const ByteView part : parts) size += part.size();
    Bytes out = header(tag, size);
    out.reserve(out.size() + size);
    for (const ByteView part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
}

Bytes set_of(std::uint8_t tag, std::vector<Bytes> elements) {
    // Lexicographic order equals the padded comparison of X.690: no element is a proper prefix of another.
    std::sort(elements.begin(), elements.end());
    elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
    Bytes content;
    for (const Bytes& element : elements) content.insert(content.end(), element.begin(), element.end());
    return tlv(tag, {content});
}

Bytes integer(std::uint8_t value) {
    if (value < 0x80) return {integer_tag, 1, value};
    return {integer_tag, 2, 0, value};
}

Bytes oid(int nid) {
    return to_der(i2d_ASN1_OBJECT, OBJ_nid2obj(nid)).value();
}

Result<Element> Cursor::next() {
    const auto head = read_header(rest_);
    if (!head) return head.error();
    if (head->indefinite) return malformed("indefinite length");
    Element out{head->tag, rest_.subspan(head->header_size, head->length),
                rest_.first(head->header_size + head->length)};
    rest_ = rest_.subspan(out.whole.size());
    return out;
}

Result<Element> Cursor::next(std::uint8_t tag) {
    if (!at(tag)) return malformed("unexpected element");
    return next();
}

Result<std::optional<Element>> Cursor::next_if(std::uint8_t tag) {
    if (!at(tag)) return std::optional<Element>{};
    auto element = next();
    if (!element) return element.error();
    return std::optional<Element>(*element);
}

Result<Element> single(ByteView bytes, std::uint8_t tag) {
    Cursor cursor(bytes);
    auto element = cursor.next(tag);
    if (element && !cursor.at_end()) return malformed("trailing bytes");
    return element;
}

Result<Bytes> definite(ByteView ber) {
    Bytes out;
    out.reserve(ber.size());
    MOHR_TRY(transcode(ber, out, false, 0));
    if (!ber.empty()) return malformed("trailing bytes");
    return out;
}

int nid_of(const Element& element) {
    const unsigned char* cursor = element.whole.data();
    const OwnedAsn1Object object(d2i_ASN1_OBJECT(nullptr, &cursor, static_cast<long>(element.whole.size())));
    if (!object) {
        ERR_clear_error();
        return NID_undef;
    }
    return OBJ_obj2nid(object.get());
}

} // namespace mohr::signing::der
