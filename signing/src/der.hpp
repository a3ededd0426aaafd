// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <initializer_list>
#include <optional>
#include <vector>

/// Small ASN.1 values in memory (X.690): composing DER, and reading bounded pieces that BerReader has cut
/// out.
namespace mohr::signing::der {

inline constexpr std::uint8_t integer_tag = 0x02;
inline constexpr std::uint8_t bit_string_tag = 0x03;
inline constexpr std::uint8_t octet_string_tag = 0x04;
inline constexpr std::uint8_t oid_tag = 0x06;
inline constexpr std::uint8_t sequence_tag = 0x30;
inline constexpr std::uint8_t set_tag = 0x31;
inline constexpr std::uint8_t constructed_bit = 0x20;
/// [n], primitive (implicit) and constructed.
constexpr std::uint8_t context(unsigned n) noexcept {
    return static_cast<std::uint8_t>(0x80U | n);
}
constexpr std::uint8_t context_constructed(unsigned n) noexcept {
    return static_cast<std::uint8_t>(0xA0U | n);
}

/// Identifier and length octets; the length may be of content that never is in memory.
[[nodiscard]] Bytes header(std::uint8_t tag, std::uint64_t length);
[[nodiscard]] Bytes concat(std::initializer_list<ByteView> parts);
[[nodiscard]] Bytes tlv(std::uint8_t tag, std::initializer_list<ByteView> parts);
[[nodiscard]] inline Bytes sequence(std::initializer_list<ByteView> parts) {
    return tlv(sequence_tag, parts);
}
/// SET OF: the elements sorted as X.690 section 11.6 demands, equal ones once.
[[nodiscard]] Bytes set_of(std::uint8_t tag, std::vector<Bytes> elements);
[[nodiscard]] Bytes integer(std::uint8_t value);
/// By OpenSSL's number for the object.
[[nodiscard]] Bytes oid(int nid);

struct Element {
    std::uint8_t tag{};
    ByteView content;
    ByteView whole; ///< with identifier and length
};

/// Walks over the elements of one definite-length encoding. Borrows the bytes.
class Cursor {
public:
    explicit Cursor(ByteView bytes) noexcept : rest_(bytes) {}
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] bool at(std::uint8_t tag) const noexcept { return !rest_.empty() && rest_.front() == tag; }
    /// Fails with SigningErrc::malformed, also for high tag numbers and indefinite lengths.
    [[nodiscard]] Result<Element> next();
    [[nodiscard]] Result<Element> next(std::uint8_t tag);
    [[nodiscard]] Result<std::optional<Element>> next_if(std::uint8_t tag);

private:
    ByteView rest_;
};

/// The only element in `bytes`.
[[nodiscard]] Result<Element> single(ByteView bytes, std::uint8_t tag);

/// The same value with definite, minimal lengths and primitive OCTET STRINGs; what is DER stays as it is. For
/// input that is bounded already. Fails with SigningErrc::malformed, or limit if it nests too deep.
[[nodiscard]] Result<Bytes> definite(ByteView ber);

/// OpenSSL's number of an OBJECT IDENTIFIER element, NID_undef if it has none.
[[nodiscard]] int nid_of(const Element& oid);

} // namespace mohr::signing::der
