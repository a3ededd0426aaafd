// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <cstdint>

namespace mohr::desktop {

/// What a host name of several scripts, or one that imitates another, deserves (T17).
enum class HostDoubt : std::uint8_t {
    none,
    mixed_scripts, ///< one label has letters of several scripts
    look_alike,    ///< a whole label looks like Latin letters but is not
    undecodable,   ///< xn-- that is no punycode
};

/// An origin as it is drawn, the part that says whose site it is standing out. The core names the registrable domain in
/// its own letters only where they are of one script and imitate nothing; what it leaves as punycode stays so.
struct OriginParts {
    QString large; ///< registrable domain, else host; with a port that is not the scheme's own
    QString full;  ///< the whole ASCII origin
    HostDoubt doubt = HostDoubt::none;
    bool punycode = false;
    bool insecure = false; ///< http
};

[[nodiscard]] OriginParts origin_parts(const QString& origin, const QString& registrable_domain);

/// Fits into `columns` characters by cutting on the left, which an attacker chooses; never on the right.
[[nodiscard]] QString cut_left(const QString& text, qsizetype columns);

} // namespace mohr::desktop
