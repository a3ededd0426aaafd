// SPDX-License-Identifier: Apache-2.0
#include <mohr/signing/cms_enveloped.hpp>

#include <algorithm>
#include <cstdlib>

using namespace mohr;
using namespace mohr::signing;

namespace {
class NullSink final : public Sink {
public:
    Result<void> write(ByteView) override { return {}; }
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView cms(data, size);
    NullSink sink;
    EnvelopeReader reader(sink);
    const std::size_t step = 1 + size % 61;
    Result<void> written;
    bool keyed = false;
    for (std::size_t at = 0; at < size && written; at += step) {
        written = reader.write(cms.subspan(at, std::min(step, size - at)));
        if (!written || keyed || reader.header() == nullptr) continue;
        keyed = true;
        for (const Recipient& recipient : reader.header()->recipients)
            if (const auto* ec = std::get_if<EcRecipient>(&recipient.key);
                ec != nullptr && ec_content_key(*ec, Secret(32)))
                std::abort();
        written = reader.set_content_key(Secret(reader.header()->content_key_size));
    }
    const auto finished = reader.finish();
    if (!written && finished) std::abort();
    // A zero key under a tag fits nothing that is in the corpus.
    if (finished && reader.header()->authenticated) std::abort();
    return 0;
}
