// SPDX-License-Identifier: Apache-2.0
#include "sandbox.hpp"

#include "test_authority.hpp"
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>

#include <algorithm>
#include <fcntl.h>

namespace mohr::core {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view mark_text =
    "A throw-away profile of mohrd --sandbox. Its PINs are in this directory.\n";

/// `length` characters of `alphabet`, without the slight preference that a plain remainder has.
Secret random_text(std::size_t length, std::string_view alphabet) {
    Secret out(length);
    const std::size_t fair = 256 / alphabet.size() * alphabet.size();
    for (std::uint8_t& c : out.reveal_mutable()) {
        std::uint8_t byte = 0;
        do byte = random_secret(1).reveal()[0];
        while (byte >= fair);
        c = static_cast<std::uint8_t>(alphabet[byte % alphabet.size()]);
    }
    return out;
}

Secret random_pin(std::size_t length, std::string_view alphabet) {
    for (;;) {
        Secret pin = random_text(length, alphabet);
        if (!token::guessable(pin.reveal())) return pin;
    }
}

struct Wanted {
    const char* label;
    const char* common_name;
    token::KeyAlgorithm algorithm;
    TestProfile profile;
    bool expired;
};
constexpr std::array<Wanted, 4> wanted{{
    {"RSA silver", "Sandbox RSA Silver [Sign]", token::KeyAlgorithm::rsa_2048, TestProfile::silver, false},
    {"EC silver", "Sandbox EC Silver [Sign]", token::KeyAlgorithm::ec_p256, TestProfile::silver, false},
    {"RSA bronze", "Sandbox RSA Bronze [Sign]", token::KeyAlgorithm::rsa_2048, TestProfile::bronze, false},
    {"RSA expired", "Sandbox RSA Expired [Sign]", token::KeyAlgorithm::rsa_2048, TestProfile::silver, true},
}};

Error as_error(const token::PinFailure& failure) {
    return {BaseErrc::io, "the sandbox's own PIN was refused: " + failure.detail};
}

} // namespace

Result<SandboxDirectory> SandboxDirectory::take(const fs::path& directory) {
    std::error_code error;
    const fs::path path = fs::absolute(directory, error).lexically_normal();
    if (error) return Error(BaseErrc::io, directory.string() + ": " + error.message());
    MOHR_TRY(ensure_private_directory(path));
    SandboxDirectory sandbox(path);
    if (!fs::is_empty(path, error)) {
        const auto marked = read_private(path / mark, 4096);
        if (!marked || as_text(*marked) != mark_text)
            return Error(BaseErrc::insecure_file, path.string() +
                                                      ": is neither empty nor a sandbox (it has no " + mark +
                                                      "); nothing was changed");
    } else {
        MOHR_TRY(write_private(path / mark, as_bytes(mark_text)));
    }
    return sandbox;
}

Result<void> SandboxDirectory::issue_all(token::Token& token, Instant now) const {
    const auto authority = TestAuthority::make(now);
    if (!authority) return authority.error();
    const auto user = token.authorise(token::Role::user, user_pin_);
    if (!user) return as_error(user.error());
    for (const Wanted& one : wanted) {
        const auto key = token.generate_key(*user, one.algorithm, one.label);
        if (!key) return key.error();
        const auto request = token.certification_request(*user, key->id, "");
        if (!request) return request.error();
        const Instant begin = now - (one.expired ? std::chrono::days(400) : std::chrono::days(1));
        const Instant end = one.expired ? now - std::chrono::days(35) : now + std::chrono::days(730);
        auto certificate = authority->issue(*request, one.common_name, one.profile, begin, end);
        if (!certificate) return certificate.error();
        const auto stored = token.import_certificate(*user, {std::move(*certificate), authority->root()},
                                                     token::CertificateState::active);
        if (!stored) return stored.error();
    }
    return write_private(path_ / "test-ca.pem", as_bytes(to_pem(authority->root())));
}

Result<void> SandboxDirectory::provision(token::Token& token, Instant now) {
    const fs::path pins = path_ / "pins";
    std::error_code error;
    if (fs::exists(pins, error)) {
        auto stored = read_private(pins, 256);
        if (!stored) return stored.error();
        const std::string_view text = as_text(*stored);
        const std::size_t line = text.find('\n');
        if (line == std::string_view::npos || text.back() != '\n')
            return Error(BaseErrc::malformed, pins.string() + ": not two lines");
        user_pin_ = Secret(as_bytes(text.substr(0, line)));
        admin_pin_ = Secret(as_bytes(text.substr(line + 1, text.size() - line - 2)));
        wipe(*stored);
    } else {
        user_pin_ = random_pin(8, "0123456789");
        admin_pin_ = random_pin(12, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789");
        Bytes both = to_bytes(user_pin_.reveal());
        both.push_back('\n');
        both.insert(both.end(), admin_pin_.reveal().begin(), admin_pin_.reveal().end());
        both.push_back('\n');
        const auto written = write_private(pins, both);
        wipe(both);
        if (!written) return written.error();
    }
    if (token.info().state != token::TokenState::initialised)
        MOHR_TRY(token.initialise(user_pin_.duplicate(), admin_pin_.duplicate(), "Mohr sandbox", {}));
    // The file comes last, so that a start that was interrupted goes on where it can.
    if (fs::exists(path_ / "test-ca.pem", error)) return {};
    const auto issued = issue_all(token, now);
    token.lock();
    return issued;
}

Result<void> SandboxDirectory::write_trust_file(const Certificate& tls_root) const {
    auto anchors = read_private(path_ / "test-ca.pem", 64 * 1024);
    if (!anchors) return anchors.error();
    const std::string root = to_pem(tls_root);
    anchors->insert(anchors->end(), root.begin(), root.end());
    MOHR_TRY(write_private(trust_file(), *anchors));
    return {};
}

} // namespace mohr::core
