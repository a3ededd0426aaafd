// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "pki.hpp"

#include <cstring>
#include <fstream>
#include <string>

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

/// Past 2^32, and no multiple of anything.
constexpr std::uint64_t content_size = (std::uint64_t{1} << 32) + 12'345;
constexpr std::size_t period = 1024 * 1024;
constexpr std::size_t piece = 256 * 1024;
constexpr std::uint64_t max_growth_kib = 16 * 1024;

const Bytes& pattern() {
    static const Bytes bytes = [] {
        Bytes out = test::sample(period);
        out.reserve(period + piece);
        // One more piece of the next period, so that comparing may start anywhere.
        for (std::size_t i = 0; i < piece; ++i) out.push_back(out[i]);
        return out;
    }();
    return bytes;
}

/// Calls `take` with all of the content, made on the way.
template <class Take>
void generate(Take take) {
    for (std::uint64_t at = 0; at < content_size;) {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(piece, content_size - at));
        REQUIRE(take(ByteView(pattern()).subspan(at % period, size)));
        at += size;
    }
}

/// Compares what comes with the content.
class ComparingSink final : public Sink {
public:
    Result<void> write(ByteView bytes) override {
        for (ByteView rest = bytes; !rest.empty();) {
            const std::size_t size = std::min(rest.size(), piece);
            same_ = same_ && std::memcmp(rest.data(), pattern().data() + size_ % period, size) == 0;
            size_ += size;
            rest = rest.subspan(size);
        }
        return {};
    }
    [[nodiscard]] bool whole_content() const { return same_ && size_ == content_size; }

private:
    bool same_ = true;
    std::uint64_t size_ = 0;
};

/// Hands on to a function.
template <class Take>
class FunctionSink final : public Sink {
public:
    explicit FunctionSink(Take take) : take_(std::move(take)) {}
    Result<void> write(ByteView bytes) override {
        size += bytes.size();
        return take_(bytes);
    }
    std::uint64_t size = 0;

private:
    Take take_;
};

std::uint64_t status_kib(const std::string& field) {
    std::ifstream file("/proc/self/status");
    std::string name;
    std::uint64_t value = 0;
    while (file >> name)
        if (name == field && file >> value) return value;
    FAIL("no " << field);
    return 0;
}

/// How far the peak went above what was resident at the start.
class PeakMemory {
public:
    PeakMemory() {
        std::ofstream("/proc/self/clear_refs") << "5"; // the peak starts anew here
        start_ = status_kib("VmRSS:");
    }
    [[nodiscard]] std::uint64_t growth_kib() const {
        return status_kib("VmHWM:") - std::min(start_, status_kib("VmHWM:"));
    }

private:
    std::uint64_t start_ = 0;
};

} // namespace

TEST_CASE("the peak that these tests watch does see 32 MiB", "[signing][large]") {
    const PeakMemory peak;
    Bytes block(32 * 1024 * 1024, 1);
    CHECK(block[block.size() / 2] == 1);
    CHECK(peak.growth_kib() > max_growth_kib);
}

TEST_CASE("more than 4 GiB sign and verify attached and detached with flat memory", "[signing][large]") {
    static_cast<void>(test::identity(KeyType::p256));
    const PeakMemory peak;
    Hasher hasher(DigestAlgorithm::sha256);
    generate([&](ByteView bytes) {
        hasher.update(bytes);
        return Result<void>();
    });
    const SignerPart part = test::signer_part(test::identity(KeyType::p256), SignatureAlgorithm::ecdsa,
                                              DigestAlgorithm::sha256, hasher.finish(), test::now());

    ComparingSink content;
    SignedDataReader attached({test::root().certificate}, test::now(), &content);
    FunctionSink to_reader([&](ByteView bytes) { return attached.write(bytes); });
    AttachedSignedDataWriter writer({part}, content_size, to_reader);
    generate([&](ByteView bytes) { return writer.write(bytes); });
    REQUIRE(writer.finish());
    const auto report = attached.finish();
    REQUIRE(report);
    CHECK(report->valid());
    CHECK(report->content_size == content_size);
    CHECK(content.whole_content());
    CHECK(to_reader.size > content_size);

    SignedDataReader detached({test::root().certificate}, test::now(), nullptr);
    REQUIRE(detached.write(detached_signed_data({part}).value()));
    generate([&](ByteView bytes) { return detached.write_content(bytes); });
    CHECK(detached.finish().value().valid());
    CHECK(peak.growth_kib() < max_growth_kib);
}

TEST_CASE("more than 4 GiB are sealed and opened with flat memory", "[signing][large]") {
    const auto cipher = GENERATE(ContentCipher::aes_256_gcm, ContentCipher::aes_256_cbc);
    const test::Identity& recipient = test::identity(KeyType::p256);
    const PeakMemory peak;
    ComparingSink content;
    EnvelopeReader reader(content);
    bool keyed = false;
    FunctionSink to_reader([&](ByteView bytes) -> Result<void> {
        MOHR_TRY(reader.write(bytes));
        if (keyed || reader.header() == nullptr) return {};
        keyed = true;
        return reader.set_content_key(test::content_key(recipient, *reader.header()));
    });
    EnvelopeWriter writer({recipient.certificate}, cipher, to_reader);
    REQUIRE(writer.start());
    generate([&](ByteView bytes) { return writer.write(bytes); });
    REQUIRE(writer.finish());
    REQUIRE(reader.finish());
    CHECK(content.whole_content());
    CHECK(peak.growth_kib() < max_growth_kib);
}
