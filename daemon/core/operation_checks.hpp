// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operations.hpp"
#include <mohr/base/x509.hpp>

/// What the core itself checks of a typed operation before anybody is asked. The door has checked the same;
/// the core does not take its word (design section 1).
namespace mohr::core::operation_checks {

/// Every login statement begins with it (design section 5); a document must not.
inline constexpr std::string_view login_context{"mohr-auth-v1\0", 13};

inline constexpr std::size_t max_name_characters = 255;

/// `path`: the member that is wrong.
[[nodiscard]] protocol::Failure invalid(std::string path, std::string why);

/// Well-formed UTF-8, 1 to 255 characters, none of them a control character.
[[nodiscard]] bool is_document_name(std::string_view name) noexcept;

/// Shape only: cheap, on the I/O thread.
[[nodiscard]] protocol::Outcome<void> check(const link::Request& request, std::size_t previews,
                                            link::Api api = link::Api::v1);

/// That the front the connection came by has this operation, and that `session` is one.
[[nodiscard]] protocol::Outcome<void> check_front(const link::Request& request, link::Api api,
                                                  const std::string& session);

/// DER certificates, one behind the other, as the door has split them out.
[[nodiscard]] protocol::Outcome<std::vector<Certificate>> read_certificate_sequence(ByteView data);

} // namespace mohr::core::operation_checks
