// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "work.hpp"

#include <functional>
#include <memory>
#include <optional>

/// The pieces of work that only the Dastine front has. Each ends with content that becomes the payload of the
/// reply, or without: "0".
namespace mohr::door {

/// One operation without a document; `take` makes the payload of its answer, empty for none.
using TakeAnswer = std::function<Outcome<Bytes>(link::Answer&)>;
[[nodiscard]] std::unique_ptr<Work> make_ask_work(const WorkContext& context, link::Request request,
                                                  TakeAnswer take);

/// `Sign`: what the bytes are is decided as docs/dastine.md says.
struct DastineSign {
    std::shared_ptr<Feed> feed;
    std::optional<DigestAlgorithm> hash; ///< empty: the page named none
    std::string certificate;
    bool prehashed = false;     ///< bytes as long as the named hash are that hash
    bool little_endian = false; ///< the order of an RSA signature's bytes
    bool sha1 = true;           ///< false: refused
};
[[nodiscard]] std::unique_ptr<Work> make_dastine_sign_work(const WorkContext& context,
                                                           DastineSign parameters);

/// `Decrypt`: one RSA block.
struct DastineBlock {
    std::shared_ptr<Feed> feed;
    std::string certificate;
    bool oaep = false;
};
[[nodiscard]] std::unique_ptr<Work> make_dastine_block_work(const WorkContext& context,
                                                            DastineBlock parameters);

struct DigestInfo {
    DigestAlgorithm algorithm{};
    Bytes digest;
};
/// DER of RFC 8017 appendix A.2.4, with NULL as parameters; nothing behind it.
[[nodiscard]] std::optional<DigestInfo> read_digest_info(ByteView der);

} // namespace mohr::door
