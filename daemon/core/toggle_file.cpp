// SPDX-License-Identifier: Apache-2.0
#include "toggle_file.hpp"

#include <mohr/base/files.hpp>

namespace mohr::core {

Result<bool> ToggleFile::read() const {
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path_, error))) return true;
    const auto content = read_private(path_, 16);
    if (!content) return content.error();
    if (as_text(*content) == "on\n") return true;
    if (as_text(*content) == "off\n") return false;
    return Error(BaseErrc::malformed, path_.string() + ": neither \"on\" nor \"off\"");
}

Result<void> ToggleFile::write(bool open) const {
    return write_private(path_, as_bytes(open ? "on\n" : "off\n"));
}

} // namespace mohr::core
