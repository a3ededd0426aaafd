// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "counters.hpp"
#include "database.hpp"
#include <mohr/token/soft_token.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mohr::token {

inline constexpr unsigned vault_version = 2;

/// Keys that come from the device secret alone.
struct DeviceKeys {
    explicit DeviceKeys(const Secret& device_secret);
    Secret header;   ///< authenticates the vault's header
    Secret counters; ///< authenticates the counters and their copies
    Secret log;      ///< given to the activity log; also authenticates its head
};

/// The master key as one role can open it.
struct RoleWrap {
    Bytes salt;
    Bytes wrapped;
};

struct Header {
    std::string serial;
    std::string label;
    Bytes store; ///< 16 random bytes, new at each reset; empty while the token is not initialised
    Argon2Parameters argon2;
    RoleWrap user;
    RoleWrap admin;
};

/// A key as it is stored; `object.state` is the stored state, not yet seen against the clock.
struct StoredKey {
    TokenObject object;
    Bytes sealed; ///< the PKCS#8 PrivateKeyInfo, sealed under a key derived from the master key
};

/// What a vault held when it was read.
struct VaultContent {
    Header header;
    Counters counters;
    LogHead log_head;
    std::vector<StoredKey> keys;
};

/// vault.db: what is in it and how. Calls that write belong inside the changes of `commit`; write_log_head alone also
/// inside `database().transaction`.
class Vault {
public:
    /// Opens or makes the vault; one of an older version becomes one of this version. Fails with vault_foreign,
    /// vault_newer, vault_damaged or storage.
    [[nodiscard]] static Result<Vault> open(const std::filesystem::path& path, const DeviceKeys& keys);
    [[nodiscard]] Database& database() noexcept { return database_; }

    /// Everything, or vault_damaged if any of it is not what was last committed.
    [[nodiscard]] Result<VaultContent> read(const DeviceKeys& keys);

    /// Runs `changes` (returning Result<void>) and writes the counters as one transaction; after an error nothing has
    /// changed.
    template <class Changes>
    [[nodiscard]] Result<void> commit(const DeviceKeys& keys, std::string_view serial,
                                      const Counters& counters, Changes&& changes) {
        const Content before = content_;
        Result<void> done = database_.transaction([&]() -> Result<void> {
            MOHR_TRY(changes());
            return write_counters(keys, serial, counters);
        });
        if (!done) content_ = before;
        return done;
    }
    [[nodiscard]] Result<void> write_header(const DeviceKeys& keys, const Header& header);
    [[nodiscard]] Result<void> write_log_head(const DeviceKeys& keys, const LogHead& head);
    [[nodiscard]] Result<void> write_key(const StoredKey& key); ///< inserts or replaces
    [[nodiscard]] Result<void> delete_key(const KeyId& id);
    [[nodiscard]] Result<void> delete_all_keys();

private:
    /// What the counters' MAC vouches for: kept from what was read or written here, never taken from the file again, so
    /// that a change made behind our back is not vouched for by the next commit.
    struct Content {
        Bytes header_mac;
        std::map<KeyId, Bytes> rows; ///< SHA-256 of each key's columns and chain
    };
    explicit Vault(Database database) noexcept : database_(std::move(database)) {}
    [[nodiscard]] Result<void> fill_new(const DeviceKeys& keys);
    [[nodiscard]] Result<void> bind_content(const DeviceKeys& keys); ///< from version 1 to 2
    [[nodiscard]] Result<Header> read_header(const DeviceKeys& keys);
    [[nodiscard]] Result<Counters> read_counters(const DeviceKeys& keys, std::string_view serial);
    [[nodiscard]] Result<LogHead> read_log_head(const DeviceKeys& keys);
    [[nodiscard]] Result<std::vector<StoredKey>> read_keys();
    [[nodiscard]] Result<void> write_counters(const DeviceKeys& keys, std::string_view serial,
                                              const Counters& counters);
    [[nodiscard]] Bytes content_digest() const;
    Database database_;
    Content content_;
    std::optional<Statement> write_log_head_; ///< kept: it runs once for each operation
};

} // namespace mohr::token
