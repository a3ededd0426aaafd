// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Between mohr-prompt and mohr-preview, over the latter's standard input and output. All numbers are little-endian,
/// as the structures lie in memory: both ends are of one build, on one machine.
namespace mohr::desktop::preview {

/// To mohr-preview.
struct Request {
    std::uint32_t page = 0;  ///< from 0
    std::uint32_t width = 0; ///< in pixels; for what is drawn
};

enum class Kind : std::uint32_t {
    opened = 1, ///< first: `a` is a Form, `b` the number of pages, `c` Notice bits
    text,       ///< page `a`, as UTF-8
    pixels,     ///< page `a`, `b` wide and `c` high; 4 bytes a pixel, 0xffRRGGBB
    failed      ///< `a` is a Failure: of page `b` where it was opened, else of the whole
};

enum class Form : std::uint32_t { text = 1, xml, pages, image };

enum class Failure : std::uint32_t {
    unknown_kind = 1, ///< nothing here shows this kind of file
    broken,
    encrypted,
    too_large, ///< more pixels, or characters, than are shown
    internal
};

/// What the person should know beside what is shown.
enum Notice : std::uint32_t {
    notice_scripts = 1U << 0U,
    notice_forms = 1U << 1U,
    notice_files = 1U << 2U,     ///< embedded ones
    notice_revisions = 1U << 3U, ///< the file was added to after it was made
    notice_layers = 1U << 4U,
    notice_actions = 1U << 5U,    ///< starts programs, sends data, plays media
    notice_other_kind = 1U << 6U, ///< not what its media type says
    notice_not_unicode = 1U << 7U,
    notice_as_it_is = 1U << 8U, ///< XML that could not be indented
    notice_cut = 1U << 9U,
    notice_all = (1U << 10U) - 1
};

/// From mohr-preview, before `length` bytes.
struct Reply {
    Kind kind{};
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    std::uint32_t c = 0;
    std::uint32_t length = 0;
};

inline constexpr std::uint32_t max_pages = 1'000'000;
inline constexpr std::uint32_t max_page_side = 8192;
inline constexpr std::uint32_t max_page_pixels = 8'000'000;
inline constexpr std::uint32_t max_page_text_bytes = 256 * 1024;
inline constexpr int document_descriptor = 3;

} // namespace mohr::desktop::preview
