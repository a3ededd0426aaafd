// SPDX-License-Identifier: Apache-2.0
#include "der.hpp"
#include <mohr/signing/other_protocols.hpp>

#include <algorithm>
#include <string_view>

namespace mohr::signing {
namespace {

using namespace std::string_view_literals;

/// Takes tag and length octets off, however the length is written; false if another tag stands there.
bool take_header(ByteView& in, std::uint8_t tag) noexcept {
    if (in.size() < 2 || in[0] != tag) return false;
    const std::size_t octets = in[1] > 0x80 ? in[1] & 0x7FU : 0;
    if (in.size() < 2 + octets) return false;
    in = in.subspan(2 + octets);
    return true;
}

bool begins_signed_attributes(ByteView in) noexcept {
    return take_header(in, der::set_tag) && take_header(in, der::sequence_tag) && !in.empty() &&
           in[0] == der::oid_tag;
}

bool begins_tls_13(ByteView in) noexcept {
    constexpr std::size_t spaces = 64;
    if (in.size() < other_protocol_head_bytes) return false;
    if (!std::all_of(in.begin(), in.begin() + spaces, [](std::uint8_t byte) { return byte == 0x20; }))
        return false;
    const std::string_view context = as_text(in.subspan(spaces));
    return context.starts_with("TLS 1.3, client CertificateVerify\0"sv) ||
           context.starts_with("TLS 1.3, server CertificateVerify\0"sv);
}

bool begins_tls_12(ByteView in) noexcept {
    return in.size() >= 6 && in[0] == 1 && in[1] == 0 && in[4] == 3 && in[5] == 3;
}

/// A session identifier is a digest of the key exchange: SHA-1 to SHA-512.
bool begins_ssh(ByteView in) noexcept {
    constexpr std::uint8_t user_authentication_request = 50;
    if (in.size() < 4 || in[0] != 0 || in[1] != 0 || in[2] != 0) return false;
    const std::size_t size = in[3];
    const bool digest = size == 20 || size == 32 || size == 48 || size == 64;
    return digest && in.size() > 4 + size && in[4 + size] == user_authentication_request;
}

} // namespace

bool signs_for_another_protocol(ByteView head) noexcept {
    return begins_signed_attributes(head) || begins_tls_13(head) || begins_tls_12(head) || begins_ssh(head);
}

} // namespace mohr::signing
