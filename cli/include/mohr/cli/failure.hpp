// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>
#include <mohr/cli/exit_code.hpp>
#include <mohr/cli/text.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace mohr::cli {

/// Whose PIN a failure is about; decides between M19 and M20.
enum class PinRole : std::uint8_t { none, user, admin };

/// Why a verb did not do its work: for the person, for --json and for the exit status.
struct Failure {
    Exit exit = Exit::failed;
    std::string code;    ///< stable name: data.code of the service, or one of this program (docs/cli.md)
    std::string message; ///< English sentence; describe() prefers a translated one where there is one
    std::string detail;  ///< what it was about: a path, a member, a limit
    std::string reason;  ///< confirmation_needed, pin_invalid
    std::optional<unsigned> tries_left;
    PinRole role = PinRole::none;

    Failure() = default;
    Failure(Exit e, std::string c, std::string m, std::string d = {})
        : exit(e), code(std::move(c)), message(std::move(m)), detail(std::move(d)) {}
};
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

template <class T>
using Outcome = Result<T, Failure>;

/// A JSON-RPC error object of the service. Whatever it lacks is filled so that the result is still a failure.
[[nodiscard]] Failure failure_from_error(const nlohmann::json& error);
/// A failure of the system or of `base/`.
[[nodiscard]] Failure failure_from(const Error& error, std::string what);
[[nodiscard]] Failure interrupted();

/// One or two lines for the person; foreign text is made printable.
[[nodiscard]] std::string describe(const Failure& failure, Language language);
/// {"error":{"code","message","exit","exitName",…}}
[[nodiscard]] nlohmann::json to_document(const Failure& failure);

} // namespace mohr::cli
