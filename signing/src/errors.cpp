// SPDX-License-Identifier: Apache-2.0
#include <mohr/signing/errors.hpp>

#include <string>

namespace mohr::signing {
namespace {
class SigningCategory final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "mohr.signing"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<SigningErrc>(value)) {
        case SigningErrc::malformed:
            return "not a well-formed CMS structure";
        case SigningErrc::unsupported:
            return "unsupported type, version or algorithm";
        case SigningErrc::limit:
            return "a limit was passed";
        case SigningErrc::no_recipient:
            return "none of the recipients fits";
        case SigningErrc::decryption_failed:
            return "decryption failed";
        case SigningErrc::truncated:
            return "the input ended too early";
        case SigningErrc::content_missing:
            return "a detached signature needs its content, an attached one takes none";
        case SigningErrc::key_usage:
            return "the certificate does not allow encryption";
        }
        return "unknown";
    }
};
} // namespace

boost::system::error_code make_error_code(SigningErrc e) noexcept {
    static const SigningCategory category;
    return {static_cast<int>(e), category};
}

} // namespace mohr::signing
