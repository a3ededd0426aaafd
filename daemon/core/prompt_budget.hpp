// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operations.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/protocol/errors.hpp>

#include <deque>
#include <map>
#include <optional>
#include <string>

namespace mohr::core {

class SitePermissions;

/// How often an origin may have its prompts refused before it has to wait (T15). Only refused, expired and
/// abandoned prompts count; silences and blocks are kept in the site permissions, so that they survive a
/// restart, are shown, and can be lifted.
class PromptBudget {
public:
    PromptBudget(SitePermissions& sites, const Clock& clock, const PolicyConfig& config);

    /// Why no prompt of this origin may be shown now; nothing if one may.
    [[nodiscard]] std::optional<protocol::Failure> refusal(const std::string& origin) const;

    /// The person said no, or let the deadline pass, which means no.
    void refused(const std::string& origin);
    /// The page took the prompt away while it was on screen.
    void abandoned(const std::string& origin);
    /// The person said yes: earlier refusals are forgotten.
    void allowed(const std::string& origin);
    /// Lifted by the person.
    void forget(const std::string& origin);

private:
    void spend(const std::string& origin);

    SitePermissions& sites_;
    const Clock& clock_;
    const PolicyConfig& config_;
    std::map<std::string, std::deque<SteadyInstant>> spent_;
};

} // namespace mohr::core
