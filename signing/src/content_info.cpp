// SPDX-License-Identifier: Apache-2.0
#include "content_info.hpp"

#include "der.hpp"
#include <mohr/signing/errors.hpp>

namespace mohr::signing {

Result<BerAction> ContentInfoHandler::element(const BerElement& element) {
    const auto is = [&](unsigned depth, std::uint8_t tag) {
        return element.depth == depth && element.tag == tag;
    };
    if (element.depth >= field_depth) return field(element);
    if (is(0, der::sequence_tag)) return BerAction::enter;
    if (next_ == Next::type && is(1, der::oid_tag)) return BerAction::take;
    if (next_ == Next::content && is(1, der::context_constructed(0))) {
        next_ = Next::structure;
        return BerAction::enter;
    }
    if (next_ == Next::structure && is(2, der::sequence_tag)) {
        next_ = Next::nothing;
        return BerAction::enter;
    }
    return Error(SigningErrc::malformed, "ContentInfo");
}

Result<void> ContentInfoHandler::taken(const BerElement& element, ByteView encoding) {
    if (element.depth >= field_depth) return field_taken(element, encoding);
    next_ = Next::content;
    const auto oid = der::single(encoding, der::oid_tag);
    if (!oid) return oid.error();
    return content_type(der::nid_of(*oid));
}

Result<void> ContentInfoHandler::left(std::uint8_t tag, unsigned depth) {
    if (depth >= field_depth) return field_left(tag, depth);
    if (next_ != Next::nothing) return Error(SigningErrc::malformed, "ContentInfo without content");
    if (depth == 2) return fields_end();
    return {};
}

} // namespace mohr::signing
