// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

namespace mohr::signing {

enum class SigningErrc {
    malformed = 1,     ///< not the structure it claims to be (RFC 5652, RFC 5083)
    unsupported,       ///< well-formed, but a type, version or algorithm we do not take
    limit,             ///< a finite limit was passed; detail names it
    no_recipient,      ///< none of the recipients fits
    decryption_failed, ///< one code for every cryptographic failure: key, padding, tag, length (T21)
    truncated,         ///< the input ended too early
    content_missing,   ///< a detached signature without its content, or content for an attached one
    key_usage,         ///< a recipient's certificate does not allow encryption
};
boost::system::error_code make_error_code(SigningErrc e) noexcept;

} // namespace mohr::signing

template <>
struct boost::system::is_error_code_enum<mohr::signing::SigningErrc> : std::true_type {};
