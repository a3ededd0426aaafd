// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/x509.hpp>
#include <mohr/protocol/link.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mohr::core {

/// What a Dastine page narrows a selection by, made ready to compare.
class CertificateFilter {
public:
    /// Fails with invalid_params ("subject") if that is no name.
    [[nodiscard]] static protocol::Outcome<CertificateFilter>
    from(const protocol::link::CertificateFilter& wanted);
    [[nodiscard]] bool matches(const Certificate& certificate) const;

private:
    using Attribute = std::pair<std::string, std::string>; ///< dotted type, value without regard to case
    [[nodiscard]] static std::optional<std::vector<Attribute>> parse_name(std::string_view text);
    [[nodiscard]] static std::vector<Attribute> attributes_of(const Certificate& certificate);

    protocol::link::CertificateFilter wanted_;
    std::vector<Attribute> subject_; ///< sorted
};

} // namespace mohr::core
