// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/x509.hpp>
#include <mohr/cli/session.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace mohr::cli {

/// One entry of key.list.
struct TokenObject {
    std::string id; ///< 40 hexadecimal digits
    std::string label;
    std::string algorithm;
    std::string state;
    std::optional<Certificate> certificate;

    [[nodiscard]] std::string name() const { return certificate ? certificate->common_name() : label; }
};

[[nodiscard]] Outcome<TokenObject> token_object(const nlohmann::json& entry);

[[nodiscard]] Outcome<std::vector<TokenObject>> token_objects(const nlohmann::json& list);
[[nodiscard]] Outcome<std::vector<TokenObject>> list_objects(Session& session);

/// The one object whose id begins with `prefix` (at least 4 digits), or whose certificate has that common
/// name. Fails with not_found, or ambiguous.
[[nodiscard]] Outcome<TokenObject> find_object(Session& session, const std::string& wanted);

/// The day of an instant, in UTC: 2027-03-01
[[nodiscard]] std::string day(Instant instant);

} // namespace mohr::cli
