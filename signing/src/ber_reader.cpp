// SPDX-License-Identifier: Apache-2.0
#include "ber_reader.hpp"

#include "der.hpp"
#include <mohr/signing/errors.hpp>

#include <algorithm>
#include <limits>

namespace mohr::signing {
namespace {
constexpr std::uint64_t max_offset = std::numeric_limits<std::int64_t>::max();
Error malformed(const char* what) {
    return {SigningErrc::malformed, what};
}
} // namespace

Result<void> BerReader::write(ByteView bytes) {
    if (failed_) return *failed_;
    while (!bytes.empty()) {
        if (auto step = advance(bytes); !step) {
            failed_ = step.error();
            return *failed_;
        }
    }
    return {};
}

std::uint64_t BerReader::bound() const noexcept {
    return frames_.empty() ? max_offset : frames_.back().end;
}

Result<void> BerReader::advance(ByteView& in) {
    if (complete_) return malformed("bytes after the end");
    if (!frames_.empty() && frames_.back().raw) return raw_content(in);
    if (offset_ >= bound()) return malformed("element ends inside a header");
    const std::uint8_t byte = in.front();
    in = in.subspan(1);
    ++offset_;
    return header_byte(byte);
}

Result<void> BerReader::header_byte(std::uint8_t byte) {
    header_[header_size_++] = byte;
    const std::uint8_t tag = header_[0];
    if (header_size_ == 1) {
        if ((tag & 0x1F) == 0x1F) // no structure that anybody sends begins so: the file is something else
            return frames_.empty() ? malformed("tag") : Error(SigningErrc::unsupported, "high tag number");
        return {};
    }
    const std::uint8_t first = header_[1];
    if (first < 0x80) return open(tag, first);
    if (first == 0x80) return open(tag, std::nullopt);
    const std::size_t octets = first & 0x7F;
    if (octets > 8) return malformed("length octets");
    if (header_size_ < 2 + octets) return {};
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < octets; ++i) length = (length << 8) | header_[2 + i];
    return open(tag, length);
}

Result<void> BerReader::open(std::uint8_t tag, std::optional<std::uint64_t> length) {
    const ByteView encoded(header_.data(), header_size_);
    header_size_ = 0;
    const bool inside = !frames_.empty() && frames_.back().action != BerAction::enter;
    const bool streaming = inside && frames_.back().action == BerAction::stream;
    // Pieces of a stream cost no memory, however many there are.
    if (!streaming) MOHR_TRY(count_structure(encoded.size()));

    if (tag == 0) {
        if (length != 0U || frames_.empty() || !frames_.back().indefinite)
            return malformed("end-of-contents");
        if (inside && !streaming) MOHR_TRY(keep(encoded));
        MOHR_TRY(close());
        return close_finished();
    }
    if (frames_.size() >= max_depth) return Error(SigningErrc::limit, "nesting");
    const bool constructed = (tag & der::constructed_bit) != 0;
    if (!length && !constructed) return malformed("primitive of indefinite length");
    if (length && *length > bound() - offset_) return malformed("element is longer than what holds it");

    Frame frame{tag, BerAction::skip, false, !length, !inside, length ? offset_ + *length : bound()};
    if (inside) {
        frame.action = frames_.back().action;
        if (streaming && (tag & ~der::constructed_bit) != der::octet_string_tag)
            return malformed("piece of an OCTET STRING");
        if (frame.action == BerAction::take) MOHR_TRY(keep(encoded));
    } else {
        const BerElement element{tag, length, static_cast<unsigned>(frames_.size())};
        const auto action = handler_.element(element);
        if (!action) return action.error();
        frame.action = *action;
        if (frame.action == BerAction::enter && !constructed)
            return malformed("primitive where a structure is due");
        if (frame.action == BerAction::take) {
            taking_ = element;
            taken_.clear();
            MOHR_TRY(keep(encoded));
        }
    }
    const bool opaque = frame.action == BerAction::take || frame.action == BerAction::skip;
    frame.raw = !constructed || (opaque && !frame.indefinite);
    frames_.push_back(frame);
    return close_finished();
}

Result<void> BerReader::raw_content(ByteView& in) {
    const Frame& frame = frames_.back();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), frame.end - offset_));
    const ByteView piece = in.first(size);
    in = in.subspan(size);
    offset_ += size;
    if (frame.action == BerAction::stream) {
        MOHR_TRY(handler_.content(piece));
    } else {
        MOHR_TRY(count_structure(size));
        MOHR_TRY(keep(piece));
    }
    return close_finished();
}

Result<void> BerReader::close_finished() {
    while (!frames_.empty() && !frames_.back().indefinite && frames_.back().end == offset_) MOHR_TRY(close());
    return {};
}

Result<void> BerReader::close() {
    const Frame frame = frames_.back();
    frames_.pop_back();
    if (frame.first) {
        const auto depth = static_cast<unsigned>(frames_.size());
        if (frame.action == BerAction::take) MOHR_TRY(handler_.taken(taking_, taken_));
        if (frame.action == BerAction::enter || frame.action == BerAction::stream)
            MOHR_TRY(handler_.left(frame.tag, depth));
    }
    complete_ = frames_.empty();
    return {};
}

Result<void> BerReader::keep(ByteView bytes) {
    if (frames_.empty() || frames_.back().action != BerAction::skip) {
        if (bytes.size() > max_taken_bytes - taken_.size())
            return Error(SigningErrc::limit, "size of one element");
        taken_.insert(taken_.end(), bytes.begin(), bytes.end());
    }
    return {};
}

Result<void> BerReader::count_structure(std::uint64_t bytes) {
    structure_bytes_ += bytes;
    if (structure_bytes_ > max_structure_bytes) return Error(SigningErrc::limit, "size of the structure");
    return {};
}

} // namespace mohr::signing
