// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/errors.hpp>

#include <string_view>

namespace mohr::door {

/// The door's diagnostic log, on standard error for the core's journal: no origins, no names, no digests, no
/// document bytes (design rule 8). Foreign text is escaped and cut.
class Log {
public:
    void info(std::string_view event, std::string_view detail = {});
    void error(std::string_view event, std::string_view detail = {});
    /// One line, where the failure is ours.
    void request_failed(std::string_view method, std::string_view correlation,
                        const protocol::Failure& failure);
};

} // namespace mohr::door
