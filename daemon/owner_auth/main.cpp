// SPDX-License-Identifier: Apache-2.0
// mohr-owner-auth: reads the name of a PAM service, a line end and a password from standard input and asks PAM whether it is
// that of the user who runs this. Answers with one character: 0 (it is), 1 (it is not) or 2 (it could not be checked). A
// program of its own, so that PAM's modules never run where keys are.
#include <mohr/base/hardening.hpp>
#include <mohr/base/secret.hpp>

#include <security/pam_appl.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <pwd.h>
#include <string>
#include <unistd.h>

namespace {

constexpr char right = '0';
constexpr char wrong = '1';
constexpr char unavailable = '2';
constexpr std::size_t max_service_bytes = 32;
constexpr std::size_t max_password_bytes = 1024;
constexpr unsigned patience_seconds = 40; ///< more than the core waits

/// A name below /etc/pam.d, nothing else; empty if it is not one.
std::string read_service() {
    std::string name;
    char next = 0;
    while (name.size() <= max_service_bytes && ::read(STDIN_FILENO, &next, 1) == 1) {
        if (next == '\n') return name;
        const bool fits = std::isalnum(static_cast<unsigned char>(next)) != 0 || next == '-' || next == '_';
        if (!fits) return {};
        name.push_back(next);
    }
    return {};
}

mohr::Secret read_password() {
    mohr::Secret password(max_password_bytes + 1); // one zero stays at the end
    std::size_t length = 0;
    while (length < max_password_bytes) {
        const ssize_t n =
            ::read(STDIN_FILENO, password.reveal_mutable().data() + length, max_password_bytes - length);
        if (n <= 0) break;
        length += static_cast<std::size_t>(n);
    }
    return password;
}

/// Answers the question for the password and no other. PAM frees what it is given with free(3).
int converse(int count, const pam_message** messages, pam_response** responses, void* data) {
    const auto* password = static_cast<const mohr::Secret*>(data);
    if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
    auto* answers =
        static_cast<pam_response*>(std::calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
    if (answers == nullptr) return PAM_BUF_ERR;
    for (int i = 0; i < count; ++i)
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF)
            answers[i].resp = ::strdup(reinterpret_cast<const char*>(password->reveal().data()));
    *responses = answers;
    return PAM_SUCCESS;
}

/// Of the real uid: the name in the environment is the caller's to choose.
std::string own_name() {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return {};
    return found->pw_name;
}

char verdict_of(int result) {
    switch (result) {
    case PAM_SUCCESS:
        return right;
    case PAM_AUTH_ERR:
    case PAM_MAXTRIES:
    case PAM_USER_UNKNOWN:
    case PAM_PERM_DENIED:
    case PAM_ACCT_EXPIRED:
        return wrong;
    default:
        return unavailable;
    }
}

char check() {
    const std::string service = read_service();
    mohr::Secret password = read_password();
    const std::string user = own_name();
    if (service.empty() || user.empty()) return unavailable;
    const pam_conv conversation{converse, &password};
    pam_handle_t* handle = nullptr;
    if (::pam_start(service.c_str(), user.c_str(), &conversation, &handle) != PAM_SUCCESS) return unavailable;
    int result = ::pam_authenticate(handle, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
    if (result == PAM_SUCCESS) result = ::pam_acct_mgmt(handle, PAM_SILENT);
    ::pam_end(handle, result);
    return verdict_of(result);
}

} // namespace

int main() {
    ::alarm(patience_seconds);
    mohr::install_secret_memory(std::size_t{64} * 1024, mohr::OpensslHeap::ordinary);
    // Not harden_process(): without new privileges pam_unix could not start its own helper.
    mohr::close_descriptors_from(3);
    const char verdict = check();
    return ::write(STDOUT_FILENO, &verdict, 1) == 1 ? 0 : 1;
}
