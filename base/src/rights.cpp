// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/rights.hpp>

#include <cstring>

namespace mohr {

void attach_rights(msghdr& message, RightsBuffer& buffer, std::span<const int> descriptors) {
    if (descriptors.empty()) return;
    message.msg_control = buffer.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
}

void expect_rights(msghdr& message, RightsBuffer& buffer, std::size_t most) {
    message.msg_control = buffer.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * most);
}

std::vector<Descriptor> take_rights(msghdr& message) {
    std::vector<Descriptor> taken;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        taken.reserve(taken.size() + count); // before any is owned: nothing may leak
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            taken.emplace_back(fd);
        }
    }
    return taken;
}

} // namespace mohr
