// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace mohr::core {

/// The part of an origin's host that somebody had to register, as a person may safely read it (T17): by the
/// public suffix list; an IDN in Unicode only if the whole name is of one script that is not easily taken for
/// ASCII, and so runs in one direction; else punycode. IP addresses, single labels and public suffixes are
/// given whole. `origin` is a serialised ASCII origin, or anything else, of which printable ASCII comes back.
[[nodiscard]] std::string registrable_domain(std::string_view origin);

/// Shortens a host to `max_characters` from the left, where whoever owns the name may write what he likes:
/// "…login.portal.example".
[[nodiscard]] std::string elide_left(std::string_view host, std::size_t max_characters);

} // namespace mohr::core
