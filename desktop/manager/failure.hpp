// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <QString>
#include <optional>

/// Why a request to the core brought no result, and how a person is told.
namespace mohr::desktop {

struct Failure {
    /// data.code of the core (docs/protocol.md, docs/control-api.md), or one of this program: service_not_running,
    /// foreign_service, connection_lost, service_timeout, protocol_error, limit_exceeded.
    QString code;
    QString reason;                     ///< confirmation_needed, pin_invalid, owner_authentication_needed
    QString detail;                     ///< which member, limit or file it was about
    std::optional<unsigned> tries_left; ///< pin_wrong
    std::optional<quint64> retry_after; ///< seconds

    Failure() = default;
    explicit Failure(QString c, QString d = {}) : code(std::move(c)), detail(std::move(d)) {}
};
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& where);

template <class T>
using Outcome = Result<T, Failure>;
/// What a request ended with.
using Reply = Outcome<nlohmann::json>;

/// Whose PIN a failure was about; decides between M19 and M20, M13 and M14.
enum class PinRole : std::uint8_t { user, admin };

/// One sentence in the current language: the message of requirements A18 where there is one. Foreign parts are
/// isolated. For plain-text labels.
[[nodiscard]] QString failure_text(const Failure& failure, PinRole role = PinRole::user);
/// The person said no, or withdrew: nothing that needs a message.
[[nodiscard]] bool is_refusal(const Failure& failure);

} // namespace mohr::desktop
