// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

/// Descriptors that travel beside the bytes of a Unix socket: unix(7), SCM_RIGHTS.
namespace mohr {

constexpr std::size_t max_rights = 253; ///< of one message: the kernel's SCM_MAX_FD

/// Room for the control message of one sendmsg(2) or recvmsg(2). Has to live as long as the msghdr that it is given to.
struct RightsBuffer {
    alignas(cmsghdr) std::array<unsigned char, CMSG_SPACE(sizeof(int) * max_rights)> bytes;
};

/// Has `message` carry these descriptors, which stay the caller's; none: leaves it as it is. At most max_rights.
void attach_rights(msghdr& message, RightsBuffer& buffer, std::span<const int> descriptors);

/// Lets a recvmsg(2) with `message` take up to `most` descriptors; of more, MSG_CTRUNC tells in msg_flags.
void expect_rights(msghdr& message, RightsBuffer& buffer, std::size_t most);

/// The descriptors that came with `message`. To be called after every successful recvmsg(2): they are open.
[[nodiscard]] std::vector<Descriptor> take_rights(msghdr& message);

} // namespace mohr
