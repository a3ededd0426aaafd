// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

namespace mohr::signing {

/// Where a streaming writer or reader puts its output. Called in order, from the caller's thread, with pieces
/// of any length up to 64 KiB or as long as the input piece; an error stops the stream and is handed to the
/// caller of it.
class Sink {
public:
    virtual ~Sink() = default;
    [[nodiscard]] virtual Result<void> write(ByteView bytes) = 0;
};

/// Collects everything in memory, up to a limit (SigningErrc::limit).
class BufferSink final : public Sink {
public:
    explicit BufferSink(std::size_t max_bytes) : max_bytes_(max_bytes) {}
    [[nodiscard]] Result<void> write(ByteView bytes) override;
    [[nodiscard]] Bytes take() noexcept { return std::move(bytes_); }

private:
    Bytes bytes_;
    std::size_t max_bytes_;
};

} // namespace mohr::signing
