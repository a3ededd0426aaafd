// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/result.hpp>

#include <boost/system/system_error.hpp>

namespace mohr {

std::string Error::describe() const {
    std::string text = std::string(code.category().name()) + ": " + code.message();
    if (!detail.empty()) text += " (" + detail + ")";
    return text;
}

Error Error::wrapped(boost::system::error_code outer, std::string_view what) const {
    return {outer, std::string(what) + ": " + describe()};
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw boost::system::system_error(error.code, error.detail);
}

namespace {
class BaseCategory final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mohr.base"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<BaseErrc>(value)) {
        case BaseErrc::openssl:
            return "a cryptographic library call failed";
        case BaseErrc::malformed:
            return "malformed input";
        case BaseErrc::unsupported:
            return "unsupported algorithm or form";
        case BaseErrc::io:
            return "input or output failed";
        case BaseErrc::insecure_file:
            return "the file's owner, mode or kind is not safe";
        case BaseErrc::out_of_memory:
            return "secret memory is used up";
        }
        return "unknown";
    }
};
} // namespace

boost::system::error_code make_error_code(BaseErrc e) noexcept {
    static const BaseCategory category;
    return {static_cast<int>(e), category};
}

} // namespace mohr
