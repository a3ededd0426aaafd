// SPDX-License-Identifier: Apache-2.0
#include <mohr/signing/cms_signed.hpp>
#include <mohr/signing/errors.hpp>

#include <algorithm>
#include <cstdlib>

using namespace mohr;
using namespace mohr::signing;

namespace {

class NullSink final : public Sink {
public:
    Result<void> write(ByteView) override { return {}; }
};

/// Whether it wants content that it was not given.
bool read(ByteView cms, bool detached) {
    NullSink sink;
    SignedDataReader reader({}, Instant(std::chrono::seconds(1'790'000'000)), &sink, Sha1::allowed);
    // Pieces of a size that the input chooses, so that every state meets the end of a piece.
    const std::size_t step = 1 + cms.size() % 61;
    Result<void> written;
    if (detached) written = reader.write_content(as_bytes("content"));
    for (std::size_t at = 0; at < cms.size() && written; at += step)
        written = reader.write(cms.subspan(at, std::min(step, cms.size() - at)));
    const auto report = reader.finish();
    if (!written && report) std::abort();
    if (report && report->valid() && report->signers.empty()) std::abort();
    return !report && report.error().code == SigningErrc::content_missing;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (read({data, size}, false)) read({data, size}, true);
    return 0;
}
