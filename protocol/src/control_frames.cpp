// SPDX-License-Identifier: Apache-2.0
#include <mohr/protocol/control_frames.hpp>

#include <boost/endian/conversion.hpp>

namespace mohr::protocol {
namespace {

constexpr std::uint8_t kind_json = 0;
constexpr std::uint8_t kind_secret = 1;

std::span<std::uint8_t> bytes_of(ControlFrameReader::Frame& frame) noexcept {
    if (auto* text = std::get_if<std::string>(&frame))
        return {reinterpret_cast<std::uint8_t*>(text->data()), text->size()};
    return std::get<Secret>(frame).reveal_mutable();
}

} // namespace

std::span<std::uint8_t> ControlFrameReader::room() noexcept {
    if (!body_) return std::span(header_).subspan(have_);
    return bytes_of(*body_).subspan(have_);
}

Result<std::optional<ControlFrameReader::Frame>> ControlFrameReader::filled(std::size_t count) {
    have_ += count;
    if (!body_) {
        if (have_ < header_.size()) return std::optional<Frame>{};
        const std::size_t length = boost::endian::load_big_u32(header_.data());
        const std::uint8_t kind = header_[4];
        // The length is checked before anything of that size is made.
        if (kind == kind_json && length >= 1 && length - 1 <= max_control_json_bytes)
            body_.emplace(std::string(length - 1, '\0'));
        else if (kind == kind_secret && length >= 1 && length - 1 <= max_control_secret_bytes)
            body_.emplace(Secret(length - 1));
        else
            return Error(BaseErrc::malformed, "control frame of kind " + std::to_string(kind) +
                                                  " and length " + std::to_string(length));
        have_ = 0;
    }
    if (have_ < bytes_of(*body_).size()) return std::optional<Frame>{};
    std::optional<Frame> done = std::move(body_);
    body_.reset();
    have_ = 0;
    return done;
}

Bytes control_frame(std::string_view json) {
    Bytes frame(5 + json.size());
    boost::endian::store_big_u32(frame.data(), static_cast<std::uint32_t>(json.size() + 1));
    frame[4] = kind_json;
    std::copy(json.begin(), json.end(), frame.begin() + 5);
    return frame;
}

} // namespace mohr::protocol
