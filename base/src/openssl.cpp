// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/openssl.hpp>

#include <climits>
#include <openssl/err.h>

#include <new>

namespace mohr {

Error openssl_error(std::string_view what) {
    std::string text(what);
    while (const unsigned long code = ERR_get_error()) {
        char line[256];
        ERR_error_string_n(code, line, sizeof line);
        if (text.size() < 1024) text.append(": ").append(line);
    }
    return {BaseErrc::openssl, std::move(text)};
}

Result<void> check(bool ok, std::string_view what) {
    if (ok) return {};
    return openssl_error(what);
}

OwnedBio bio_over(ByteView bytes) {
    if (bytes.size() > INT_MAX) throw std::bad_alloc();
    OwnedBio bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    if (!bio) throw std::bad_alloc();
    return bio;
}

Bytes bio_content(BIO* bio) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(bio, &data);
    return length > 0 ? Bytes(data, data + length) : Bytes{};
}

} // namespace mohr
