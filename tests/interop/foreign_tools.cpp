// SPDX-License-Identifier: Apache-2.0
#include "foreign_tools.hpp"

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace mohr::test {

Workplace::Workplace() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mohr-interop-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
}

Workplace::~Workplace() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void Workplace::put(const std::string& name, ByteView content) const {
    std::ofstream file(path_ / name, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file) throw std::runtime_error("cannot write " + name);
}

Bytes Workplace::get(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + name);
    return {std::istreambuf_iterator<char>(file), {}};
}

void Workplace::put_identity(const std::string& name, const Identity& identity) const {
    put(name + ".pem", as_bytes(to_pem(identity.certificate)));
    put(name + ".key", identity.private_key_pem());
}

int Workplace::run(const std::string& command) const {
    const std::string whole =
        "cd '" + path_.string() + "' && { " + command + " ; } >output.log 2>&1 </dev/null";
    const int status = std::system(whole.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string Workplace::last_output() const {
    return std::string(as_text(get("output.log")));
}

int openssl(const Workplace& place, const std::string& arguments) {
    return place.run(OPENSSL_COMMAND " " + arguments);
}

} // namespace mohr::test
