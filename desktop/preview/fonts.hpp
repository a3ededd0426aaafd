// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/result.hpp>

#include <string>
#include <vector>

namespace mohr::desktop::preview {

/// The files that stand in for fonts which a PDF names and does not bring along: the usual ones of PDF, and for
/// Persian and Hebrew script. Fontconfig knows no others from then on. BaseErrc::io
[[nodiscard]] Result<std::vector<std::string>> choose_fonts();

} // namespace mohr::desktop::preview
