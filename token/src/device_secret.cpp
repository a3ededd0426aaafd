// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>
#include <mohr/token/device_secret.hpp>
#include <mohr/token/errors.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace mohr::token {
namespace {

bool is_there(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

} // namespace

FileDeviceSecret::FileDeviceSecret(std::filesystem::path path) : path_(std::move(path)) {}

std::string FileDeviceSecret::name() const {
    return "file";
}

Result<Secret> FileDeviceSecret::load() {
    if (!is_there(path_))
        return Error(TokenErrc::vault_foreign, path_.string() + ": this machine has no device secret");
    auto file = open_private(path_, O_RDONLY);
    if (!file) return file.error();
    // Read straight into secret memory; one byte more than needed shows a file that is too long.
    Secret secret(device_secret_bytes + 1);
    std::size_t length = 0;
    while (length < secret.size()) {
        const ssize_t n =
            ::read(file->get(), secret.reveal_mutable().data() + length, secret.size() - length);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return system_failure(path_.string());
        if (n == 0) break;
        length += static_cast<std::size_t>(n);
    }
    if (length != device_secret_bytes)
        return Error(TokenErrc::vault_foreign, path_.string() + ": not a device secret");
    secret.shrink(device_secret_bytes);
    return secret;
}

Result<Secret> FileDeviceSecret::load_or_create() {
    if (is_there(path_)) return load();
    MOHR_TRY(ensure_private_directory(path_.parent_path()));
    Secret fresh = random_secret(device_secret_bytes);
    MOHR_TRY(write_private(path_, fresh.reveal()));
    return fresh;
}

} // namespace mohr::token
