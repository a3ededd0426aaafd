// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vault.hpp"

#include <array>

namespace mohr::token {

// Version 1. A later version adds its step to `migrations`; what is here never changes again.
inline constexpr const char* schema_v1 = R"(
CREATE TABLE header (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    serial TEXT NOT NULL,
    device_check BLOB NOT NULL,
    label TEXT NOT NULL,
    store BLOB NOT NULL,
    argon2_memory_kib INTEGER NOT NULL,
    argon2_passes INTEGER NOT NULL,
    user_salt BLOB NOT NULL,
    user_wrapped BLOB NOT NULL,
    admin_salt BLOB NOT NULL,
    admin_wrapped BLOB NOT NULL,
    mac BLOB NOT NULL
) STRICT;
CREATE TABLE counters (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    user_left INTEGER NOT NULL,
    admin_left INTEGER NOT NULL,
    admin_needed INTEGER NOT NULL,
    mac BLOB NOT NULL
) STRICT;
CREATE TABLE log_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL,
    head BLOB NOT NULL,
    mac BLOB NOT NULL
) STRICT;
CREATE TABLE keys (
    id BLOB PRIMARY KEY,
    created INTEGER NOT NULL,
    label TEXT NOT NULL,
    algorithm INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    state INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    certificate BLOB
) STRICT;
CREATE TABLE chain (
    key BLOB NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    certificate BLOB NOT NULL,
    PRIMARY KEY (key, place)
) STRICT, WITHOUT ROWID;
PRAGMA application_id = 1299146866;
PRAGMA user_version = 1;
)";

// Version 2: the counters' MAC also covers the header and every key row (Vault::bind_content).
inline constexpr const char* schema_v2 = "PRAGMA user_version = 2";

/// migrations[n] takes a vault from version n to n + 1.
inline constexpr std::array<const char*, vault_version> migrations = {schema_v1, schema_v2};

} // namespace mohr::token
