// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace mohr {

/// Why something failed: a stable code, and a short text for developers (log only, never sent to a page).
struct Error {
    boost::system::error_code code;
    std::string detail;

    Error() = default;
    Error(boost::system::error_code c, std::string d = {}) : code(c), detail(std::move(d)) {}
    template <class Enum>
    requires boost::system::is_error_code_enum<Enum>::value Error(Enum e, std::string d = {})
        : code(make_error_code(e)), detail(std::move(d)) {}

    /// "category: message (detail)"
    [[nodiscard]] std::string describe() const;
    /// This failure as the cause of a wider one: keeps the own text behind `outer`.
    [[nodiscard]] Error wrapped(boost::system::error_code outer, std::string_view what) const;
};

/// Lets Result::value() throw std::system_error on a bug.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T, class E = Error>
using Result = boost::system::result<T, E>;

/// Failures of `base/` itself.
enum class BaseErrc {
    openssl = 1,   ///< an OpenSSL call failed; the detail holds the drained queue; a retry does not help
    malformed,     ///< input is not what its encoding demands; a retry does not help
    unsupported,   ///< well-formed, but an algorithm or form we do not take
    io,            ///< the system refused to read or write; detail has path and errno; a retry may help
    insecure_file, ///< wrong owner, mode, or a symbolic link where none may be
    out_of_memory, ///< the locked or secret memory is used up
};
boost::system::error_code make_error_code(BaseErrc e) noexcept;

} // namespace mohr

template <>
struct boost::system::is_error_code_enum<mohr::BaseErrc> : std::true_type {};

/// Returns the error of a Result expression from the enclosing function.
#define MOHR_TRY(expression)                                                                                 \
    do {                                                                                                     \
        if (auto mohr_try_result = (expression); !mohr_try_result) return mohr_try_result.error();           \
    } while (false)
