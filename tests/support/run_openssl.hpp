// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "catch_compat.hpp"
#include <mohr/base/bytes.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace mohr::test {

/// Runs `openssl ARGUMENTS` in a directory of its own; what it wrote into the file "out" there.
inline Bytes run_openssl(const std::string& arguments) {
    std::string pattern = (std::filesystem::temp_directory_path() / "mohr-x509-XXXXXX").string();
    const std::filesystem::path directory = ::mkdtemp(pattern.data());
    const std::string command = "cd " + directory.string() + " && openssl " + arguments + " >/dev/null 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
    std::ifstream file(directory / "out", std::ios::binary);
    Bytes content{std::istreambuf_iterator<char>(file), {}};
    std::filesystem::remove_all(directory);
    return content;
}

} // namespace mohr::test
