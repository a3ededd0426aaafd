// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pki.hpp"

#include <filesystem>

namespace mohr::test {

/// A directory of one test, with the files that programs we did not write read and write.
class Workplace {
public:
    Workplace();
    ~Workplace();
    Workplace(const Workplace&) = delete;
    Workplace& operator=(const Workplace&) = delete;

    void put(const std::string& name, ByteView content) const;
    [[nodiscard]] Bytes get(const std::string& name) const;
    /// NAME.pem (certificate) and NAME.key (private key).
    void put_identity(const std::string& name, const Identity& identity) const;
    /// Runs in the directory; the exit status. What it prints is in last_output().
    [[nodiscard]] int run(const std::string& command) const;
    [[nodiscard]] std::string last_output() const;
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
};

/// `openssl` with these arguments, in the workplace.
[[nodiscard]] int openssl(const Workplace& place, const std::string& arguments);

} // namespace mohr::test
