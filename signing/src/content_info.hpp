// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ber_reader.hpp"

namespace mohr::signing {

/// The layers that all CMS messages share (RFC 5652 section 3):
///   ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT SEQUENCE { fields } }
/// Derived classes see the fields, which stand at depth 3.
class ContentInfoHandler : public BerHandler {
public:
    static constexpr unsigned field_depth = 3;

    [[nodiscard]] Result<BerAction> element(const BerElement& element) final;
    [[nodiscard]] Result<void> taken(const BerElement& element, ByteView encoding) final;
    [[nodiscard]] Result<void> left(std::uint8_t tag, unsigned depth) final;

protected:
    /// Refuses the types that are not for this reader.
    [[nodiscard]] virtual Result<void> content_type(int nid) = 0;
    [[nodiscard]] virtual Result<BerAction> field(const BerElement& element) = 0;
    [[nodiscard]] virtual Result<void> field_taken(const BerElement& element, ByteView encoding) = 0;
    [[nodiscard]] virtual Result<void> field_left(std::uint8_t tag, unsigned depth) = 0;
    /// The last field has been read.
    [[nodiscard]] virtual Result<void> fields_end() = 0;

private:
    enum class Next : std::uint8_t { type, content, structure, nothing };
    Next next_ = Next::type;
};

} // namespace mohr::signing
