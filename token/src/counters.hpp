// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/secret.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace mohr::token {

/// What guards the PINs. Durable; authenticated under a key from the device secret wherever it is kept.
struct Counters {
    std::uint64_t epoch = 0; ///< one more at every change; 0 before the first
    std::uint32_t user_left = 0;
    std::uint32_t admin_left = 0;
    bool admin_needed = false; ///< an older copy was suspected and the admin has not been there since
    bool operator==(const Counters&) const = default;
};

/// Whether a copy beside the vault was written before the vault's change or after it.
enum class Phase : std::uint8_t {
    begun,   ///< the vault may or may not have followed
    settled, ///< the vault had this epoch when this was written
};

/// A copy of the counters outside the vault.
struct CounterCopy {
    Counters counters;
    Phase phase = Phase::settled;
};

/// As a vault stores it beside its counters. `content`: the digest of its header and key rows, so that none of them can be
/// changed, added, taken away or put back from an older copy of the vault.
[[nodiscard]] Bytes counters_mac(const Secret& key, std::string_view serial, const Counters& counters,
                                 ByteView content);
/// As vaults of version 1 stored it; for their migration alone.
[[nodiscard]] Bytes counters_mac_v1(const Secret& key, std::string_view serial, const Counters& counters);

/// magic "MOHR-EP1" ‖ epoch ‖ user_left ‖ admin_left ‖ admin_needed ‖ phase (8 bytes each, big-endian) ‖
/// HMAC-SHA-256
[[nodiscard]] Bytes encode_copy(const Secret& key, std::string_view serial, const CounterCopy& copy);
/// Nothing if it is not one of this token's.
[[nodiscard]] std::optional<CounterCopy> decode_copy(const Secret& key, std::string_view serial,
                                                     ByteView bytes);

/// What holds after a start, from the vault and its two copies.
struct Reconciled {
    Counters counters; ///< lower counters hold; epoch is that of the vault, or above all of them if suspected
    bool suspected = false;
    bool changed = false; ///< must be written back
};
/// A kill between the two writes of one change leaves the file one ahead of the vault and `begun`; that is
/// healed by taking the lower counters. Everything else that disagrees is a suspected older copy. The file is
/// written before the vault, the keyring after it.
[[nodiscard]] Reconciled reconcile(const Counters& vault, const std::optional<CounterCopy>& file,
                                   const std::optional<CounterCopy>& keyring);

} // namespace mohr::token
