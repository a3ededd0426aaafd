// SPDX-License-Identifier: Apache-2.0
// What a hostile door may send to the core: whatever decodes encodes to something that decodes the same.
#include <mohr/protocol/link.hpp>

#include <cstdlib>

using namespace mohr;
using namespace mohr::protocol::link;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView body(data, size);
    if (const auto message = decode_from_door(body)) {
        const Bytes again = encode(*message);
        const auto back = decode_from_door(again);
        if (!back || encode(*back) != again) std::abort();
    }
    (void)decode_from_core(body, {});
    return 0;
}
