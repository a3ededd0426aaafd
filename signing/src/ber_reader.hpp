// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>

#include <array>
#include <optional>
#include <vector>

namespace mohr::signing {

/// What is known of an element when its header has been read.
struct BerElement {
    std::uint8_t tag{};                  ///< identifier octet: class, constructed bit and number (0 to 30)
    std::optional<std::uint64_t> length; ///< absent: indefinite
    unsigned depth{};                    ///< 0 for the outermost
};

/// What to do with an element.
enum class BerAction : std::uint8_t {
    enter,  ///< its children are reported one by one; then left()
    take,   ///< the whole encoding, bounded by max_taken_bytes, is handed to taken()
    skip,   ///< read over
    stream, ///< an OCTET STRING, primitive or in pieces: its content goes to content(), then left()
};

/// Decides about elements as they come.
class BerHandler {
public:
    virtual ~BerHandler() = default;
    [[nodiscard]] virtual Result<BerAction> element(const BerElement& element) = 0;
    [[nodiscard]] virtual Result<void> taken(const BerElement& element, ByteView encoding) = 0;
    [[nodiscard]] virtual Result<void> content(ByteView bytes) = 0;
    /// An entered or streamed element ended.
    [[nodiscard]] virtual Result<void> left(std::uint8_t tag, unsigned depth) = 0;
};

/// Reads one BER or DER element (X.690) that is pushed to it in pieces of any size. No length that the input
/// claims sizes a buffer: what is kept grows with what really came, up to a limit.
class BerReader {
public:
    static constexpr std::size_t max_taken_bytes = 256 * 1024;
    /// Everything but streamed content: headers, taken and skipped elements.
    static constexpr std::uint64_t max_structure_bytes = 4 * 1024 * 1024;
    static constexpr unsigned max_depth = 24;

    explicit BerReader(BerHandler& handler) noexcept : handler_(handler) {}

    /// Fails with SigningErrc::malformed, unsupported or limit, or with what the handler said. After a
    /// failure the reader stays failed.
    [[nodiscard]] Result<void> write(ByteView bytes);
    /// The outermost element has ended.
    [[nodiscard]] bool complete() const noexcept { return complete_; }

private:
    struct Frame {
        std::uint8_t tag{};
        BerAction action{};
        bool raw = false; ///< content is not parsed further
        bool indefinite = false;
        bool first = false;    ///< carries the action, not one of its inner elements
        std::uint64_t end = 0; ///< offset of its end, or of the innermost ancestor that has one
    };

    [[nodiscard]] Result<void> advance(ByteView& in);
    [[nodiscard]] Result<void> header_byte(std::uint8_t byte);
    [[nodiscard]] Result<void> open(std::uint8_t tag, std::optional<std::uint64_t> length);
    [[nodiscard]] Result<void> raw_content(ByteView& in);
    [[nodiscard]] Result<void> close_finished();
    [[nodiscard]] Result<void> close();
    [[nodiscard]] Result<void> keep(ByteView bytes);
    [[nodiscard]] Result<void> count_structure(std::uint64_t bytes);
    [[nodiscard]] std::uint64_t bound() const noexcept;

    BerHandler& handler_;
    std::vector<Frame> frames_;
    std::array<std::uint8_t, 10> header_{};
    std::size_t header_size_ = 0;
    std::uint64_t offset_ = 0;
    std::uint64_t structure_bytes_ = 0;
    BerElement taking_;
    Bytes taken_;
    bool complete_ = false;
    std::optional<Error> failed_;
};

} // namespace mohr::signing
