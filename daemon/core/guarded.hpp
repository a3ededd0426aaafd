// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/errors.hpp>

#include <exception>
#include <utility>

namespace mohr::core {

/// The edge of a task of the pool: what is thrown there (a bug, or memory used up) becomes the task's own
/// failure, so that whoever waits is answered and no prompt stays open for ever (rule 7).
template <class Outcome, class Work>
[[nodiscard]] Outcome guarded(Work&& work) {
    try {
        return std::forward<Work>(work)();
    } catch (const std::exception& bug) {
        return protocol::Failure(protocol::Code::internal_error, bug.what());
    }
}

} // namespace mohr::core
