// SPDX-License-Identifier: Apache-2.0
#include "previews.hpp"

#include <mohr/protocol/link.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace mohr::door {

namespace link = protocol::link;

namespace {
/// One is left for the small ones, should all others be in use.
constexpr std::size_t max_open = link::max_descriptors - 1;
} // namespace

Previews::~Previews() {
    if (share_.budget != nullptr) share_.budget->give_back(share_.origin, taken_);
}

std::optional<Previews::Copy> Previews::begin() {
    auto found = std::find_if(files_.begin(), files_.end(), [](const File& one) { return !one.busy; });
    if (found == files_.end()) {
        if (files_.size() == max_open) return std::nullopt;
        Descriptor file(::memfd_create("mohr-preview", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (!file) return std::nullopt;
        found = files_.insert(files_.end(), File{std::move(file)});
    }
    found->busy = true;
    return Copy{static_cast<std::size_t>(found - files_.begin()), found->size, 0};
}

bool Previews::append(Copy& copy, ByteView bytes) {
    const bool fits = bytes.size() <= link::max_preview_bytes - copy.size &&
                      bytes.size() <= link::max_previews_bytes - taken_ &&
                      (share_.budget == nullptr || share_.budget->take(share_.origin, bytes.size()));
    if (fits) {
        taken_ += bytes.size();
        copy.size += bytes.size();
        if (write_all(files_[copy.file].file.get(), bytes)) {
            files_[copy.file].size += bytes.size();
            return true;
        }
    }
    drop(copy);
    return false;
}

/// An open copy is the last one of its file.
void Previews::drop(const Copy& copy) {
    File& file = files_[copy.file];
    if (share_.budget != nullptr) share_.budget->give_back(share_.origin, copy.size);
    taken_ -= copy.size;
    file.size = copy.offset;
    const auto end = static_cast<off_t>(copy.offset);
    // A file that cannot be cut is given up: the next copy would not stand where it is thought to.
    file.busy = ::ftruncate(file.file.get(), end) != 0 || ::lseek(file.file.get(), end, SEEK_SET) != end;
}

Result<Previews::Copy> Previews::keep(ByteView small) {
    auto found = std::find_if(files_.begin(), files_.end(), [](const File& one) { return !one.busy; });
    if (found == files_.end()) {
        Descriptor file(::memfd_create("mohr-preview", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (!file) return system_failure("memfd_create");
        found = files_.insert(files_.end(), File{std::move(file)});
    }
    const Copy copy{static_cast<std::size_t>(found - files_.begin()), found->size, small.size()};
    MOHR_TRY(write_all(found->file.get(), small));
    found->size += small.size();
    return copy;
}

Result<Descriptors> Previews::seal() {
    Descriptors sealed;
    for (File& one : files_) {
        if (::fcntl(one.file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) !=
            0)
            return system_failure("seals");
        sealed.push_back(std::move(one.file));
    }
    return sealed;
}

} // namespace mohr::door
