// SPDX-License-Identifier: Apache-2.0
#include <mohr/signing/errors.hpp>
#include <mohr/signing/sink.hpp>

namespace mohr::signing {

Result<void> BufferSink::write(ByteView bytes) {
    if (bytes.size() > max_bytes_ - bytes_.size()) return Error(SigningErrc::limit, "buffer");
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return {};
}

} // namespace mohr::signing
