// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"
#include <mohr/base/bytes.hpp>
#include <mohr/base/files.hpp>

#include <span>
#include <vector>

/// The system calls of the control connection; nothing here waits.
namespace mohr::desktop {

/// A connected, non-blocking socket whose listener runs under our own uid. Fails with service_not_running or
/// foreign_service.
[[nodiscard]] Outcome<Descriptor> connect_control_socket(const QString& path);
/// Sends what the socket takes, with the descriptors beside the first byte; 0 if it takes nothing now. Fails with
/// connection_lost.
[[nodiscard]] Outcome<std::size_t> send_some(int socket, ByteView bytes, const std::vector<int>& descriptors);
/// Reads what is there; 0 if nothing is. Fails with connection_lost, also at the end of the stream.
[[nodiscard]] Outcome<std::size_t> receive_some(int socket, std::span<std::uint8_t> room);

} // namespace mohr::desktop
