// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/result.hpp>
#include <mohr/base/secret.hpp>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace mohr::protocol {

inline constexpr std::size_t max_control_json_bytes = 1024 * 1024;
inline constexpr std::size_t max_control_secret_bytes = 1024;

/// The framing of docs/control-api.md, without a socket: uint32be length ‖ uint8 kind ‖ body. The caller
/// reads at most what room() offers, so that a secret goes from the kernel straight into secret memory and
/// nowhere else.
class ControlFrameReader {
public:
    using Frame = std::variant<std::string, Secret>; ///< kind 0: JSON text; kind 1: one secret

    /// Where the next bytes go; never empty.
    [[nodiscard]] std::span<std::uint8_t> room() noexcept;
    /// `count` bytes were put there. A frame if one is now complete. Fails with BaseErrc::malformed (length
    /// or kind); the connection is then of no more use.
    [[nodiscard]] Result<std::optional<Frame>> filled(std::size_t count);
    /// Whether the next byte is the first of a frame.
    [[nodiscard]] bool at_start() const noexcept { return have_ == 0 && !body_; }

private:
    std::array<std::uint8_t, 5> header_{};
    std::size_t have_ = 0; ///< of the header, or of the body once it has begun
    std::optional<Frame> body_;
};

/// One JSON message with its header.
[[nodiscard]] Bytes control_frame(std::string_view json);

} // namespace mohr::protocol
