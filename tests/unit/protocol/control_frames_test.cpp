// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/protocol/control_frames.hpp>

#include <boost/endian/conversion.hpp>

#include <cstring>

using namespace mohr;
using namespace mohr::protocol;

namespace {

Bytes frame(std::uint32_t length, std::uint8_t kind, std::string_view body) {
    Bytes out(5 + body.size());
    boost::endian::store_big_u32(out.data(), length);
    out[4] = kind;
    std::copy(body.begin(), body.end(), out.begin() + 5);
    return out;
}

/// Feeds at most `step` bytes at a time, as a socket might.
Result<std::vector<ControlFrameReader::Frame>> feed(ControlFrameReader& reader, ByteView bytes,
                                                    std::size_t step) {
    std::vector<ControlFrameReader::Frame> frames;
    while (!bytes.empty()) {
        const auto room = reader.room();
        REQUIRE_FALSE(room.empty());
        const std::size_t n = std::min({step, room.size(), bytes.size()});
        std::memcpy(room.data(), bytes.data(), n);
        bytes = bytes.subspan(n);
        auto got = reader.filled(n);
        if (!got) return got.error();
        if (*got) frames.push_back(std::move(**got));
    }
    return frames;
}

} // namespace

TEST_CASE("control frames are put together from any pieces", "[control]") {
    const std::size_t step = GENERATE(1U, 2U, 7U, 4096U);
    Bytes stream = frame(3, 0, "{}");
    for (const Bytes& more : {frame(5, 1, "1234"), frame(1, 1, ""), frame(4, 0, "[1]")})
        stream.insert(stream.end(), more.begin(), more.end());
    ControlFrameReader reader;
    const auto frames = feed(reader, stream, step);
    REQUIRE(frames);
    REQUIRE(frames->size() == 4);
    CHECK(std::get<std::string>((*frames)[0]) == "{}");
    CHECK(std::get<Secret>((*frames)[1]).same_as(as_bytes("1234")));
    CHECK(std::get<Secret>((*frames)[2]).empty());
    CHECK(std::get<std::string>((*frames)[3]) == "[1]");
    CHECK(reader.at_start());
}

TEST_CASE("what is written is read again", "[control]") {
    ControlFrameReader reader;
    const auto frames = feed(reader, control_frame("{\"a\":1}"), 3);
    REQUIRE(frames);
    REQUIRE(frames->size() == 1);
    CHECK(std::get<std::string>(frames->front()) == "{\"a\":1}");
}

TEST_CASE("a length or kind that may not be is refused before any memory is taken", "[control]") {
    struct Case {
        std::uint32_t length;
        std::uint8_t kind;
        bool taken;
    };
    const auto c = GENERATE(Case{0, 0, false}, Case{0, 1, false}, Case{2, 2, false},
                            Case{0xffffffff, 0, false}, Case{1024 * 1024 + 1, 0, true},
                            Case{1024 * 1024 + 2, 0, false}, Case{1025, 1, true}, Case{1026, 1, false});
    ControlFrameReader reader;
    CHECK(feed(reader, frame(c.length, c.kind, ""), 5).has_value() == c.taken);
}
