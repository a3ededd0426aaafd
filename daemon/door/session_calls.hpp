// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session_streams.hpp"
#include "work.hpp"
#include <mohr/protocol/web_api.hpp>

#include <memory>
#include <vector>

namespace mohr::door {

/// Every stream that a call names, so that either all are there to be used or nothing happens.
[[nodiscard]] std::vector<StreamId> wanted_streams(const protocol::web::Call& call);

/// What a call of a page becomes. Takes the call apart.
[[nodiscard]] Outcome<std::unique_ptr<Work>> make_work(const WorkContext& context, protocol::web::Call& call,
                                                       const SessionStreams& streams);

} // namespace mohr::door
