// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operation_fixture.hpp"

#include <string>
#include <vector>

/// A site that was let in, and what it asks.
namespace mohr::test {

struct Granted : OperationFixture {
    Granted() { allow_access(); }
};

inline link::Sign raw(const std::vector<std::string>& contents) {
    link::Sign sign;
    int preview = 0;
    for (const auto& content : contents) sign.items.push_back(OperationFixture::item(content, preview++));
    return sign;
}

inline std::vector<Descriptor> previews_of(const std::vector<std::string>& contents) {
    std::vector<Descriptor> files;
    for (const auto& content : contents) files.push_back(memory_file(content));
    return files;
}

inline link::Authenticate login(std::size_t bytes = 32, std::uint8_t seed = 1) {
    link::Authenticate request;
    request.challenge = Bytes(bytes, seed);
    return request;
}

inline std::string handle_of(Granted& f, const token::KeyId& key,
                             const std::string& origin = OperationFixture::portal,
                             link::ConnectionId connection = 1) {
    auto& call = f.ask(link::SelectCertificate{}, origin, connection);
    f.surface.allow({}, key.text());
    f.executor.run();
    return call.as<link::Selected>().certificate.handle;
}

} // namespace mohr::test
