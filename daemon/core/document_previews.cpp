// SPDX-License-Identifier: Apache-2.0
#include "document_previews.hpp"

#include "operation_checks.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/signing/other_protocols.hpp>

#include <algorithm>

namespace mohr::core {

namespace link = protocol::link;
using protocol::Code;
using protocol::Failure;
using protocol::Outcome;

namespace {

/// As much of a document as is read as text, and looked at for what must not be signed.
constexpr std::size_t head_bytes = max_prompt_preview_bytes;
static_assert(signing::other_protocol_head_bytes <= head_bytes);

/// Text that a prompt may draw: whole UTF-8 characters, control characters replaced.
std::string to_shown_text(ByteView content, std::size_t max_bytes) {
    auto text = as_text(content);
    if (text.size() > max_bytes) {
        auto end = max_bytes;
        while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0U) == 0x80U) --end;
        text = text.substr(0, end);
    }
    if (!is_utf8(text)) return {};
    std::string shown;
    for (const char c : text) {
        const auto byte = static_cast<std::uint8_t>(c);
        if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F)
            shown += '?';
        else
            shown += c;
    }
    return shown;
}

Failure over(std::string limit, std::uint64_t max) {
    Failure failure(Code::limit_exceeded, limit);
    failure.limit = std::move(limit);
    failure.max = max;
    return failure;
}

/// The beginning of the document, once all of it has turned out to be what would be signed.
Outcome<Bytes> check_one(const link::Sign& sign, const link::SignItem& item, const DocumentContent& content) {
    Bytes head;
    Hasher hasher(sign.digest_algorithm);
    const auto read = content.read(item.preview_offset, item.size, [&](ByteView piece) {
        hasher.update(piece);
        // One byte more than is shown, so that a cut falls between characters.
        const auto more = piece.first(std::min(piece.size(), head_bytes + 1 - head.size()));
        head.insert(head.end(), more.begin(), more.end());
    });
    if (!read) return Failure(Code::internal_error, read.error().detail);
    // A door that shows A and asks for B ends here (T20).
    if (!equal_constant_time(hasher.finish(), item.digest))
        return Failure(Code::internal_error, "a preview is not what would be signed");
    if (as_text(head).starts_with(operation_checks::login_context)) return Failure(Code::login_context);
    // Deferred signing is just that: the attributes of a CMS made elsewhere. The prompt is marked for it.
    if (sign.format == link::SignFormat::raw && !item.blind && signing::signs_for_another_protocol(head))
        return Failure(Code::login_context, "a bare signature over it would serve another protocol");
    return head;
}

} // namespace

Outcome<std::vector<DocumentPreview>>
check_previews(const link::Sign& sign, const std::vector<std::shared_ptr<const DocumentContent>>& files) {
    std::vector<DocumentPreview> shown(sign.items.size());
    const auto carried = sign.previews ? std::make_shared<const DocumentContent>(*sign.previews) : nullptr;
    std::size_t room = max_prompt_previews_bytes;
    std::uint64_t large = 0;
    for (std::size_t i = 0; i < sign.items.size(); ++i) {
        const auto& item = sign.items[i];
        if (item.preview < 0) continue;
        if (item.size > link::max_preview_bytes) return over("preview", link::max_preview_bytes);
        if (item.size > link::max_small_preview_bytes) large += item.size;
        if (large > link::max_previews_bytes) return over("previews", link::max_previews_bytes);
        const auto& content = carried ? carried : files[static_cast<std::size_t>(item.preview)];
        auto head = check_one(sign, item, *content);
        if (!head) return head.error();
        if (item.blind) continue;
        shown[i] = {to_shown_text(*head, std::min(room, max_prompt_preview_bytes)), content};
        room -= std::min(room, shown[i].text.size());
    }
    return shown;
}

} // namespace mohr::core
