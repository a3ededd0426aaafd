// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/cli/session.hpp>

/// Questions for PINs, the same in every verb that needs one.
namespace mohr::cli {

[[nodiscard]] Outcome<Secret> ask_user_pin(Session& session);
[[nodiscard]] Outcome<Secret> ask_admin_pin(Session& session);
/// A PIN that is new: on a terminal twice, until both are the same (M11, M12).
[[nodiscard]] Outcome<Secret> ask_new_pin(Session& session, PinRole role);

/// A request that sets PINs. Where the service asks for a second confirmation (a guessable PIN, two equal
/// ones) the person is asked and the request repeated with it. `role` says whose PIN proves the right to do
/// it.
[[nodiscard]] Outcome<nlohmann::json> call_with_confirmations(Session& session, std::string_view method,
                                                              nlohmann::json params,
                                                              const std::vector<NamedSecret>& secrets,
                                                              PinRole role);

/// The failure with the role of the PIN that was given, which the service need not repeat.
template <class T>
[[nodiscard]] Outcome<T> for_role(Outcome<T> outcome, PinRole role) {
    if (outcome || outcome.error().role != PinRole::none) return outcome;
    Failure failure = outcome.error();
    failure.role = role;
    return failure;
}

} // namespace mohr::cli
