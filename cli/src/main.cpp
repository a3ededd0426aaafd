// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/hardening.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/cli/command_line.hpp>

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    // Before anything that could hold a PIN.
    if (const auto hardened = mohr::harden_process(); !hardened) {
        std::cerr << "mohr: " << hardened.error().describe() << '\n';
        return static_cast<int>(mohr::cli::Exit::failed);
    }
    try {
        mohr::install_secret_memory(64 * 1024, mohr::OpensslHeap::ordinary);
        mohr::cli::CommandLine line;
        return line.run({argv + 1, argv + argc}, mohr::cli::read_environment(), std::cout, std::cerr);
    } catch (const std::exception& error) {
        std::cerr << "mohr: " << error.what() << '\n';
        return static_cast<int>(mohr::cli::Exit::failed);
    }
}
