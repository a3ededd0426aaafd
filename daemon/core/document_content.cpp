// SPDX-License-Identifier: Apache-2.0
#include "document_content.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace mohr::core {
namespace {

constexpr int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
constexpr std::size_t piece_bytes = 64 * 1024;

Error too_short() {
    return Error(BaseErrc::malformed, "a preview has not the announced size");
}

Result<void> check_sealed(int fd, std::uint64_t offset, std::uint64_t size) {
    const int held = fcntl(fd, F_GET_SEALS);
    if (held < 0 || (held & seals) != seals) return Error(BaseErrc::malformed, "a preview is not sealed");
    struct stat status {};
    if (fstat(fd, &status) != 0) return system_failure("a preview");
    const auto length = static_cast<std::uint64_t>(status.st_size);
    if (offset > length || size > length - offset) return too_short();
    return {};
}

} // namespace

Result<void> DocumentContent::read(std::uint64_t offset, std::uint64_t size,
                                   const std::function<void(ByteView)>& take) const {
    if (!file_) {
        if (offset > carried_.size() || size > carried_.size() - offset) return too_short();
        take(ByteView(carried_).subspan(offset, size));
        return {};
    }
    MOHR_TRY(check_sealed(file_.get(), offset, size));
    Bytes piece(std::min<std::uint64_t>(size, piece_bytes));
    while (size > 0) {
        const auto wanted = std::min<std::uint64_t>(size, piece.size());
        const auto got = pread(file_.get(), piece.data(), wanted, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure("a preview");
        if (got == 0) return too_short();
        take(ByteView(piece).first(static_cast<std::size_t>(got)));
        offset += static_cast<std::uint64_t>(got);
        size -= static_cast<std::uint64_t>(got);
    }
    return {};
}

Result<int> DocumentContent::descriptor() const {
    if (file_) return file_.get();
    Descriptor file(memfd_create("mohr-preview", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) return system_failure("memfd_create");
    MOHR_TRY(write_all(file.get(), carried_));
    if (fcntl(file.get(), F_ADD_SEALS, seals) != 0) return system_failure("seals");
    file_ = std::move(file);
    return file_.get();
}

} // namespace mohr::core
