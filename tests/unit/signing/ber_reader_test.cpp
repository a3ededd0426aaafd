// SPDX-License-Identifier: Apache-2.0
#include "ber_reader.hpp"
#include "catch_compat.hpp"
#include "der.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/signing/errors.hpp>

using namespace mohr;
using namespace mohr::signing;

namespace {

/// Writes down what it is told; enters 30 and 31, streams 04 and 24, takes 02 and A0, skips the rest.
class Recorder final : public BerHandler {
public:
    std::string log;
    Bytes streamed;

    Result<BerAction> element(const BerElement& element) override {
        log += to_hex(ByteView(&element.tag, 1)) + "@" + std::to_string(element.depth) + " ";
        switch (element.tag) {
        case 0x30:
        case 0x31:
            return BerAction::enter;
        case 0x04:
        case 0x24:
            return BerAction::stream;
        case 0x02:
        case 0xA0:
            return BerAction::take;
        default:
            return BerAction::skip;
        }
    }
    Result<void> taken(const BerElement&, ByteView encoding) override {
        log += "=" + to_hex(encoding) + " ";
        return {};
    }
    Result<void> content(ByteView bytes) override {
        streamed.insert(streamed.end(), bytes.begin(), bytes.end());
        return {};
    }
    Result<void> left(std::uint8_t tag, unsigned) override {
        log += "/" + to_hex(ByteView(&tag, 1)) + " ";
        return {};
    }
};

struct Outcome {
    Result<void> result;
    bool complete;
    std::string log;
    Bytes streamed;
};

Outcome read(std::string_view hex, std::size_t step = 1000) {
    const Bytes bytes = from_hex(hex).value();
    Recorder recorder;
    BerReader reader(recorder);
    Result<void> result;
    for (std::size_t at = 0; at < bytes.size() && result; at += step)
        result = reader.write(ByteView(bytes).subspan(at, std::min(step, bytes.size() - at)));
    return {result, reader.complete(), recorder.log, recorder.streamed};
}

Error failure(std::string_view hex) {
    const auto outcome = read(hex);
    INFO(hex);
    REQUIRE_FALSE(outcome.result);
    return outcome.result.error();
}

} // namespace

TEST_CASE("definite lengths are reported the same in pieces of any size", "[signing][ber]") {
    const std::string_view message = "3014"
                                     "020101"
                                     "0404aabbccdd"
                                     "a003020105"
                                     "3004"
                                     "0102ffff";
    const auto whole = read(message);
    REQUIRE(whole.result);
    CHECK(whole.complete);
    CHECK(whole.log == "30@0 02@1 =020101 04@1 /04 a0@1 =a003020105 30@1 01@2 /30 /30 ");
    CHECK(to_hex(whole.streamed) == "aabbccdd");
    for (std::size_t step = 1; step < 8; ++step) {
        const auto pieces = read(message, step);
        REQUIRE(pieces.result);
        CHECK(pieces.log == whole.log);
        CHECK(pieces.streamed == whole.streamed);
    }
}

TEST_CASE("indefinite lengths and constructed octet strings give the same content", "[signing][ber]") {
    const std::string_view message = "3080"
                                     "020101"
                                     "2480"
                                     "0402aabb"
                                     "2403"
                                     "0401cc"
                                     "0401dd"
                                     "0400"
                                     "0000"
                                     "a080"
                                     "020105"
                                     "0000"
                                     "0000";
    for (std::size_t step = 1; step < 8; ++step) {
        const auto outcome = read(message, step);
        REQUIRE(outcome.result);
        CHECK(outcome.complete);
        CHECK(to_hex(outcome.streamed) == "aabbccdd");
        CHECK(outcome.log == "30@0 02@1 =020101 24@1 /24 a0@1 =a0800201050000 /30 ");
    }
}

TEST_CASE("an indefinite element may stand inside a definite one, within its bounds", "[signing][ber]") {
    CHECK(read("3007"
               "3080"
               "020101"
               "0000")
              .complete == true);
    CHECK(failure("3005"
                  "3080"
                  "020101"
                  "0000")
              .code == SigningErrc::malformed);
}

TEST_CASE("empty elements end at once", "[signing][ber]") {
    CHECK(read("3000").complete);
    CHECK(read("30023000").complete);
    CHECK(read("30020400").log == "30@0 04@1 /04 /30 ");
    CHECK(read("30022400").log == "30@0 24@1 /24 /30 ");
}

TEST_CASE("an unfinished element is not complete", "[signing][ber]") {
    const std::string message = "3080020101248004020a0b00000000";
    for (std::size_t size = 2; size < message.size(); size += 2) {
        const auto outcome = read(message.substr(0, size));
        CHECK(outcome.result);
        CHECK_FALSE(outcome.complete);
    }
    CHECK(read(message).complete);
}

TEST_CASE("lengths are checked against what holds the element before anything is kept", "[signing][ber]") {
    CHECK(failure("3003"
                  "0202")
              .code == SigningErrc::malformed);
    CHECK(failure("3088"
                  "7fffffffffffffff")
              .code == SigningErrc::malformed);
    CHECK(failure("3088"
                  "ffffffffffffffff")
              .code == SigningErrc::malformed);
    CHECK(failure("3089"
                  "010000000000000000")
              .code == SigningErrc::malformed);
    CHECK(failure("30ff").code == SigningErrc::malformed);
    CHECK(failure("3080"
                  "0480")
              .code == SigningErrc::malformed);
    CHECK(failure("3002"
                  "0000")
              .code == SigningErrc::malformed);
    CHECK(failure("3080"
                  "0001")
              .code == SigningErrc::malformed);
    CHECK(failure("3000"
                  "00")
              .code == SigningErrc::malformed);
    CHECK(failure("3080"
                  "2480"
                  "020101")
              .code == SigningErrc::malformed);
    CHECK(failure("3003"
                  "1f8101")
              .code == SigningErrc::unsupported);
    CHECK(failure("1f8b08").code == SigningErrc::malformed); // another kind of file
}

TEST_CASE("an element that is taken claims no memory that did not arrive", "[signing][ber]") {
    Recorder recorder;
    BerReader reader(recorder);
    REQUIRE(reader.write(from_hex("3080"
                                  "02847fffffff")
                             .value()));
    const Bytes piece(BerReader::max_taken_bytes, 0x55);
    const auto outcome = reader.write(piece);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == SigningErrc::limit);
    const auto again = reader.write(piece);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == SigningErrc::limit);
}

TEST_CASE("nesting is limited, entered, taken and streamed", "[signing][ber]") {
    const auto repeated = [](std::string_view unit, int times) {
        std::string out;
        while (times-- > 0) out += unit;
        return out;
    };
    CHECK(failure(repeated("3080", 100'000)).code == SigningErrc::limit);
    CHECK(failure(repeated("2480", 100'000)).code == SigningErrc::limit);
    CHECK(failure(repeated("a080", 100'000)).code == SigningErrc::limit);
    CHECK(failure(repeated("b080", 100'000)).code == SigningErrc::limit);
    const auto transcoded = der::definite(from_hex(repeated("a080", 100'000)).value());
    REQUIRE_FALSE(transcoded);
    CHECK(transcoded.error().code == SigningErrc::limit);
}

TEST_CASE("structure beside the content is limited, the content is not", "[signing][ber]") {
    Recorder recorder;
    BerReader reader(recorder);
    REQUIRE(reader.write(from_hex("3080"
                                  "2480")
                             .value()));
    const Bytes piece = der::tlv(0x04, {Bytes(60'000, 0x11)});
    for (int i = 0; i < 100; ++i) REQUIRE(reader.write(piece));
    REQUIRE(reader.write(from_hex("0000").value()));
    Result<void> outcome;
    const Bytes skipped = der::tlv(0x0C, {Bytes(60'000, 0x11)});
    for (int i = 0; i < 100 && outcome; ++i) outcome = reader.write(skipped);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == SigningErrc::limit);
}

TEST_CASE("BER becomes definite and DER stays as it is", "[signing][ber]") {
    const auto definite = [](std::string_view hex) {
        return to_hex(der::definite(from_hex(hex).value()).value());
    };
    CHECK(definite("3080"
                   "020101"
                   "2480"
                   "0402aabb"
                   "2403"
                   "0401cc"
                   "0000"
                   "0000") == "3008"
                              "020101"
                              "0403aabbcc");
    CHECK(definite("30820003"
                   "020101") == "3003020101");
    CHECK(definite("30050201010500") == "30050201010500");
    CHECK_FALSE(der::definite(from_hex("3080020101").value()));
    CHECK_FALSE(der::definite(from_hex("300302010100").value()));
}

TEST_CASE("a SET OF is sorted and holds no element twice", "[signing][ber]") {
    const Bytes a{0x02, 0x01, 0x05};
    const Bytes b{0x02, 0x02, 0x01, 0x00};
    const Bytes c{0x02, 0x01, 0x04};
    CHECK(to_hex(der::set_of(0x31, {a, b, c, a})) == "310a"
                                                     "020104"
                                                     "020105"
                                                     "02020100");
}

TEST_CASE("long lengths are written in as few octets as they need", "[signing][ber]") {
    CHECK(to_hex(der::header(0x04, 127)) == "047f");
    CHECK(to_hex(der::header(0x04, 128)) == "048180");
    CHECK(to_hex(der::header(0x04, 0x1'0000'0000)) == "04850100000000");
    CHECK(to_hex(der::header(0x04, std::uint64_t{1} << 62)) == "04884000000000000000");
}
