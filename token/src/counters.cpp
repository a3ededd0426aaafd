// SPDX-License-Identifier: Apache-2.0
#include "counters.hpp"

#include "sealing.hpp"
#include <mohr/base/digest.hpp>

#include <algorithm>

namespace mohr::token {
namespace {

constexpr std::string_view magic = "MOHR-EP1";
constexpr std::size_t fields = 5;
constexpr std::size_t body_bytes = 8 + fields * 8;
constexpr std::size_t copy_bytes = body_bytes + 32;

void append(Bytes& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint64_t read(ByteView bytes, std::size_t field) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes.subspan(magic.size() + field * 8, 8)) value = value << 8 | byte;
    return value;
}

Bytes copy_mac(const Secret& key, std::string_view serial, ByteView body) {
    return hmac_sha256(key.reveal(), Transcript("mohr-epoch-copy-v1").add(serial).add(body).bytes());
}

Transcript counters_transcript(std::string_view domain, std::string_view serial, const Counters& counters) {
    Transcript transcript(domain);
    transcript.add(serial).add(counters.epoch).add(std::uint64_t{counters.user_left});
    transcript.add(std::uint64_t{counters.admin_left}).add(std::uint64_t{counters.admin_needed});
    return transcript;
}

void take_lower(Counters& into, const Counters& other) {
    into.user_left = std::min(into.user_left, other.user_left);
    into.admin_left = std::min(into.admin_left, other.admin_left);
    into.admin_needed = into.admin_needed || other.admin_needed;
}

} // namespace

Bytes counters_mac(const Secret& key, std::string_view serial, const Counters& counters, ByteView content) {
    return hmac_sha256(key.reveal(),
                       counters_transcript("mohr-counters-v2", serial, counters).add(content).bytes());
}

Bytes counters_mac_v1(const Secret& key, std::string_view serial, const Counters& counters) {
    return hmac_sha256(key.reveal(), counters_transcript("mohr-counters-v1", serial, counters).bytes());
}

Bytes encode_copy(const Secret& key, std::string_view serial, const CounterCopy& copy) {
    Bytes out = to_bytes(as_bytes(magic));
    append(out, copy.counters.epoch);
    append(out, copy.counters.user_left);
    append(out, copy.counters.admin_left);
    append(out, copy.counters.admin_needed ? 1 : 0);
    append(out, static_cast<std::uint64_t>(copy.phase));
    const Bytes mac = copy_mac(key, serial, out);
    out.insert(out.end(), mac.begin(), mac.end());
    return out;
}

std::optional<CounterCopy> decode_copy(const Secret& key, std::string_view serial, ByteView bytes) {
    if (bytes.size() != copy_bytes || as_text(bytes.first(magic.size())) != magic) return std::nullopt;
    if (!equal_constant_time(copy_mac(key, serial, bytes.first(body_bytes)), bytes.last(32)))
        return std::nullopt;
    return CounterCopy{{read(bytes, 0), static_cast<std::uint32_t>(read(bytes, 1)),
                        static_cast<std::uint32_t>(read(bytes, 2)), read(bytes, 3) != 0},
                       read(bytes, 4) == 0 ? Phase::begun : Phase::settled};
}

Reconciled reconcile(const Counters& vault, const std::optional<CounterCopy>& file,
                     const std::optional<CounterCopy>& keyring) {
    Reconciled out{vault, false, false};
    std::uint64_t newest = vault.epoch;
    if (file) {
        take_lower(out.counters, file->counters);
        newest = std::max(newest, file->counters.epoch);
        const bool killed_between = file->phase == Phase::begun && file->counters.epoch == vault.epoch + 1;
        out.suspected = file->counters.epoch != vault.epoch && !killed_between;
    } else {
        out.suspected = vault.epoch > 0;
    }
    // The keyring follows the vault and may have missed the last changes, but is never ahead of it.
    if (keyring && keyring->counters.epoch > vault.epoch) {
        take_lower(out.counters, keyring->counters);
        newest = std::max(newest, keyring->counters.epoch);
        out.suspected = true;
    }
    if (out.suspected) {
        out.counters.admin_needed = true;
        out.counters.epoch = newest;
    }
    out.changed = out.suspected || !(out.counters == vault) || newest != vault.epoch;
    return out;
}

} // namespace mohr::token
