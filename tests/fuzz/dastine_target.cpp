// SPDX-License-Identifier: Apache-2.0
// One message of the Dastine wire, cut at places that its first byte chooses. What the reader takes and what
// it refuses has to agree with another parser of JSON, apart from the limits that are ours.
#include <mohr/base/bytes.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/protocol/dastine.hpp>

#include <nlohmann/json.hpp>

#include <cstdlib>

using namespace mohr;
using namespace mohr::protocol::dastine;

namespace {

std::optional<Request> read(std::string_view text, std::size_t piece, Bytes& content) {
    MessageReader reader([&](ByteView bytes) { content.insert(content.end(), bytes.begin(), bytes.end()); });
    for (std::size_t at = 0; at < text.size(); at += piece) reader.feed(text.substr(at, piece));
    return reader.finish();
}

/// Whether the other parser would have to agree: valid UTF-8 without halves of surrogate pairs.
bool comparable(std::string_view text) {
    return is_utf8(text) && text.find("\\uD") == std::string_view::npos &&
           text.find("\\ud") == std::string_view::npos && text.size() < 4096;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = data[0] % 16 + std::size_t{1};
    const std::string_view text = as_text({data + 1, size - 1});
    Bytes in_pieces;
    Bytes whole;
    const auto request = read(text, piece, in_pieces);
    const auto again = read(text, SIZE_MAX / 2, whole);
    if (request.has_value() != again.has_value()) std::abort();
    if (request && request->command.has_value() != again->command.has_value()) std::abort();
    // How much is decoded before base64 turns out to be none is nobody's concern.
    if (request && request->command && in_pieces != whole) std::abort();
    if (request && comparable(text)) {
        const auto json = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
        if (!json.is_object() || json["command"] != request->name) std::abort();
    }
    if (request) {
        const auto reply = nlohmann::json::parse(make_reply(request->name, "0"), nullptr, false);
        if (!reply.is_object() || reply["command"] != request->name) std::abort();
    }
    (void)parse_attributes(text);
    (void)parse_usages(text);
    (void)scan_config(text);
    return 0;
}
