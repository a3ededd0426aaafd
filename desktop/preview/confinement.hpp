// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <string>
#include <vector>

namespace mohr::desktop::preview {

/// Before anything else: no core dump, not dumpable, dies with its parent, bounded memory and processor time, no
/// descriptor but 0 to 3. BaseErrc::io
[[nodiscard]] Result<void> bound_process();
/// Opens `files`, which stay readable under their names, and closes the sandbox: nothing else can be opened any more, and
/// trying gives EACCES. BaseErrc::io
[[nodiscard]] Result<void> confine(const std::vector<std::string>& files);

} // namespace mohr::desktop::preview
