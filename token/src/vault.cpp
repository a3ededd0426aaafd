// SPDX-License-Identifier: Apache-2.0
#include "vault.hpp"

#include "fault.hpp"
#include "sealing.hpp"
#include "vault_schema.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>

#include <algorithm>
#include <fcntl.h>

namespace mohr::token {
namespace {

Error damaged(std::string_view where) {
    return {TokenErrc::vault_damaged, std::string(where)};
}

Bytes device_check(const DeviceKeys& keys, std::string_view serial) {
    return hmac_sha256(keys.header.reveal(), Transcript("mohr-device-check-v1").add(serial).bytes());
}

Bytes header_mac(const DeviceKeys& keys, const Header& header) {
    Transcript transcript("mohr-header-v1");
    transcript.add(header.serial).add(header.label).add(ByteView(header.store));
    transcript.add(header.argon2.memory_kib).add(header.argon2.passes);
    transcript.add(ByteView(header.user.salt)).add(ByteView(header.user.wrapped));
    transcript.add(ByteView(header.admin.salt)).add(ByteView(header.admin.wrapped));
    return hmac_sha256(keys.header.reveal(), transcript.bytes());
}

Bytes log_head_mac(const DeviceKeys& keys, const LogHead& head) {
    return hmac_sha256(keys.log.reveal(),
                       Transcript("mohr-log-head-v1").add(head.count).add(ByteView(head.head)).bytes());
}

/// The only row of a one-row table, or vault_damaged.
Result<Statement> only_row(Database& database, const char* sql) {
    auto statement = database.prepare(sql);
    if (!statement) return statement.error();
    auto row = statement->step();
    if (!row) return row.error();
    if (!*row) return damaged(sql);
    return statement;
}

Result<unsigned> read_version(Database& database) {
    auto row = only_row(database, "PRAGMA user_version");
    if (!row) return row.error();
    return static_cast<unsigned>(row->integer(0));
}

Bytes row_digest(const StoredKey& key) {
    const TokenObject& object = key.object;
    Transcript transcript("mohr-key-row-v2");
    transcript.add(ByteView(object.id.bytes));
    transcript.add(static_cast<std::uint64_t>(object.created.time_since_epoch().count()));
    transcript.add(object.label).add(static_cast<std::uint64_t>(object.algorithm));
    transcript.add(ByteView(object.public_key_info)).add(ByteView(key.sealed));
    transcript.add(static_cast<std::uint64_t>(object.state)).add(std::uint64_t{object.replaced});
    transcript.add(object.certificate ? ByteView(object.certificate->der()) : ByteView());
    for (const Certificate& link : object.chain) transcript.add(ByteView(link.der()));
    return digest(DigestAlgorithm::sha256, transcript.bytes());
}

/// The counters and their MAC, not yet checked.
Result<std::pair<Counters, Bytes>> counters_row(Database& database) {
    auto row = only_row(database, "SELECT epoch, user_left, admin_left, admin_needed, mac FROM counters");
    if (!row) return row.error();
    const Counters counters{static_cast<std::uint64_t>(row->integer(0)),
                            static_cast<std::uint32_t>(row->integer(1)),
                            static_cast<std::uint32_t>(row->integer(2)), row->integer(3) != 0};
    return std::pair(counters, row->blob(4));
}

Result<std::vector<Certificate>> read_chain(Database& database, const KeyId& id) {
    auto statement = database.prepare("SELECT certificate FROM chain WHERE key = ? ORDER BY place");
    if (!statement) return statement.error();
    statement->bind(1, id.bytes);
    std::vector<Certificate> chain;
    for (;;) {
        auto row = statement->step();
        if (!row) return row.error();
        if (!*row) return chain;
        auto certificate = Certificate::from_der(statement->blob(0));
        if (!certificate) return damaged("chain of " + id.text());
        chain.push_back(std::move(*certificate));
    }
}

Result<StoredKey> read_key(Database& database, const Statement& row) {
    StoredKey key;
    const Bytes id = row.blob(0);
    if (id.size() != key.object.id.bytes.size()) return damaged("key id");
    std::copy(id.begin(), id.end(), key.object.id.bytes.begin());
    key.object.created = Instant(std::chrono::milliseconds(row.integer(1)));
    key.object.label = row.text(2);
    key.object.algorithm = static_cast<KeyAlgorithm>(row.integer(3));
    key.object.public_key_info = row.blob(4);
    key.sealed = row.blob(5);
    key.object.state = static_cast<CertificateState>(row.integer(6));
    key.object.replaced = row.integer(7) != 0;
    if (row.integer(3) < 0 || row.integer(3) > static_cast<int>(KeyAlgorithm::ec_p384))
        return damaged("algorithm of " + key.object.id.text());
    if (row.integer(6) < 0 || row.integer(6) > static_cast<int>(CertificateState::revoked))
        return damaged("state of " + key.object.id.text());
    if (row.is_null(8) != (key.object.state == CertificateState::pending))
        return damaged("state of " + key.object.id.text());
    if (!row.is_null(8)) {
        auto certificate = Certificate::from_der(row.blob(8));
        if (!certificate) return damaged("certificate of " + key.object.id.text());
        key.object.certificate = std::move(*certificate);
    }
    auto chain = read_chain(database, key.object.id);
    if (!chain) return chain.error();
    key.object.chain = std::move(*chain);
    return key;
}

} // namespace

DeviceKeys::DeviceKeys(const Secret& device_secret)
    : header(derive_key(device_secret.reveal(), {}, "mohr-vault-header-v1")),
      counters(derive_key(device_secret.reveal(), {}, "mohr-vault-counters-v1")),
      log(derive_key(device_secret.reveal(), {}, "mohr-activity-log-v1")) {}

Result<Vault> Vault::open(const std::filesystem::path& path, const DeviceKeys& keys) {
    // Made here with mode 0600, which SQLite's own files beside it inherit; also refuses symbolic links and
    // wrong modes.
    if (auto file = open_private(path, O_RDWR | O_CREAT); !file) return file.error();
    auto opened = Database::open(path);
    if (!opened) return opened.error();
    auto version = read_version(*opened);
    if (!version) return version.error();
    if (*version > vault_version)
        return Error(TokenErrc::vault_newer, "vault version " + std::to_string(*version));
    Vault vault(std::move(*opened));
    if (*version < vault_version) {
        const auto migrate = [&]() -> Result<void> {
            for (std::size_t step = *version; step < migrations.size(); ++step)
                MOHR_TRY(vault.database_.execute(migrations[step]));
            fault_point("vault.schema_made");
            // A vault of version 0 is a new file, also one whose making was cut short.
            return *version == 0 ? vault.fill_new(keys) : vault.bind_content(keys);
        };
        MOHR_TRY(vault.database_.transaction(migrate));
    }
    return vault;
}

Result<void> Vault::fill_new(const DeviceKeys& keys) {
    Header header;
    header.serial = to_hex(random_bytes(8));
    MOHR_TRY(write_header(keys, header));
    MOHR_TRY(write_counters(keys, header.serial, {}));
    return write_log_head(keys, {});
}

/// The rows of a vault of version 1 are taken as they are found: nothing vouched for them. The counters' old MAC must
/// hold, so that nobody leads a newer vault through here again by changing its version.
Result<void> Vault::bind_content(const DeviceKeys& keys) {
    auto header = read_header(keys);
    if (!header) return header.error();
    if (auto rows = read_keys(); !rows) return rows.error();
    auto row = counters_row(database_);
    if (!row) return row.error();
    if (!equal_constant_time(counters_mac_v1(keys.counters, header->serial, row->first), row->second))
        return damaged("counters");
    return write_counters(keys, header->serial, row->first);
}

Result<VaultContent> Vault::read(const DeviceKeys& keys) {
    auto header = read_header(keys);
    if (!header) return header.error();
    auto rows = read_keys();
    if (!rows) return rows.error();
    auto counters = read_counters(keys, header->serial);
    if (!counters) return counters.error();
    auto head = read_log_head(keys);
    if (!head) return head.error();
    return VaultContent{std::move(*header), *counters, *head, std::move(*rows)};
}

Bytes Vault::content_digest() const {
    Transcript transcript("mohr-vault-content-v2");
    transcript.add(ByteView(content_.header_mac));
    for (const auto& [id, row] : content_.rows) transcript.add(ByteView(row));
    return digest(DigestAlgorithm::sha256, transcript.bytes());
}

Result<Header> Vault::read_header(const DeviceKeys& keys) {
    auto row = only_row(database_, "SELECT serial, device_check, label, store, argon2_memory_kib, "
                                   "argon2_passes, user_salt, user_wrapped,"
                                   " admin_salt, admin_wrapped, mac FROM header");
    if (!row) return row.error();
    Header header;
    header.serial = row->text(0);
    if (!equal_constant_time(device_check(keys, header.serial), row->blob(1)))
        return Error(TokenErrc::vault_foreign, "made with another device secret");
    header.label = row->text(2);
    header.store = row->blob(3);
    header.argon2 = {static_cast<std::uint64_t>(row->integer(4)),
                     static_cast<std::uint64_t>(row->integer(5))};
    header.user = {row->blob(6), row->blob(7)};
    header.admin = {row->blob(8), row->blob(9)};
    content_.header_mac = header_mac(keys, header);
    if (!equal_constant_time(content_.header_mac, row->blob(10))) return damaged("header");
    return header;
}

Result<Counters> Vault::read_counters(const DeviceKeys& keys, std::string_view serial) {
    auto row = counters_row(database_);
    if (!row) return row.error();
    if (!equal_constant_time(counters_mac(keys.counters, serial, row->first, content_digest()), row->second))
        return damaged("counters, header or keys");
    return row->first;
}

Result<LogHead> Vault::read_log_head(const DeviceKeys& keys) {
    auto row = only_row(database_, "SELECT count, head, mac FROM log_head");
    if (!row) return row.error();
    LogHead head;
    head.count = static_cast<std::uint64_t>(row->integer(0));
    const Bytes bytes = row->blob(1);
    if (bytes.size() != head.head.size()) return damaged("log head");
    std::copy(bytes.begin(), bytes.end(), head.head.begin());
    if (!equal_constant_time(log_head_mac(keys, head), row->blob(2))) return damaged("log head");
    return head;
}

Result<std::vector<StoredKey>> Vault::read_keys() {
    auto statement = database_.prepare(
        "SELECT id, created, label, algorithm, public_key, sealed, state, replaced, certificate FROM keys"
        " ORDER BY created, rowid");
    if (!statement) return statement.error();
    std::vector<StoredKey> keys;
    content_.rows.clear();
    for (;;) {
        auto row = statement->step();
        if (!row) return row.error();
        if (!*row) return keys;
        auto key = read_key(database_, *statement);
        if (!key) return key.error();
        if (!content_.rows.emplace(key->object.id, row_digest(*key)).second)
            return damaged("two rows of " + key->object.id.text());
        keys.push_back(std::move(*key));
    }
}

Result<void> Vault::write_header(const DeviceKeys& keys, const Header& header) {
    auto statement = database_.prepare(
        "INSERT OR REPLACE INTO header (one, serial, device_check, label, store, argon2_memory_kib,"
        " argon2_passes, user_salt, user_wrapped, admin_salt, admin_wrapped, mac)"
        " VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (!statement) return statement.error();
    statement->bind_text(1, header.serial)
        .bind(2, device_check(keys, header.serial))
        .bind_text(3, header.label)
        .bind(4, header.store);
    statement->bind(5, static_cast<std::int64_t>(header.argon2.memory_kib))
        .bind(6, static_cast<std::int64_t>(header.argon2.passes));
    statement->bind(7, header.user.salt).bind(8, header.user.wrapped);
    statement->bind(9, header.admin.salt).bind(10, header.admin.wrapped);
    content_.header_mac = header_mac(keys, header);
    statement->bind(11, content_.header_mac);
    fault_point("vault.header");
    return statement->run();
}

Result<void> Vault::write_counters(const DeviceKeys& keys, std::string_view serial,
                                   const Counters& counters) {
    auto statement = database_.prepare(
        "INSERT OR REPLACE INTO counters (one, epoch, user_left, admin_left, admin_needed, mac)"
        " VALUES (1, ?, ?, ?, ?, ?)");
    if (!statement) return statement.error();
    statement->bind(1, static_cast<std::int64_t>(counters.epoch)).bind(2, std::int64_t{counters.user_left});
    statement->bind(3, std::int64_t{counters.admin_left}).bind(4, std::int64_t{counters.admin_needed});
    statement->bind(5, counters_mac(keys.counters, serial, counters, content_digest()));
    fault_point("vault.counters");
    return statement->run();
}

Result<void> Vault::write_log_head(const DeviceKeys& keys, const LogHead& head) {
    if (!write_log_head_) {
        auto prepared =
            database_.prepare("INSERT OR REPLACE INTO log_head (one, count, head, mac) VALUES (1, ?, ?, ?)");
        if (!prepared) return prepared.error();
        write_log_head_ = std::move(*prepared);
    }
    write_log_head_->bind(1, static_cast<std::int64_t>(head.count))
        .bind(2, head.head)
        .bind(3, log_head_mac(keys, head));
    fault_point("vault.log_head");
    return write_log_head_->run();
}

Result<void> Vault::write_key(const StoredKey& key) {
    const TokenObject& object = key.object;
    auto statement = database_.prepare(
        "INSERT INTO keys (id, created, label, algorithm, public_key, sealed, state, replaced, certificate)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET label = excluded.label,"
        " state = excluded.state, replaced = excluded.replaced, certificate = excluded.certificate");
    if (!statement) return statement.error();
    statement->bind(1, object.id.bytes)
        .bind(2, std::int64_t{object.created.time_since_epoch().count()})
        .bind_text(3, object.label);
    statement->bind(4, static_cast<std::int64_t>(object.algorithm))
        .bind(5, object.public_key_info)
        .bind(6, key.sealed);
    statement->bind(7, static_cast<std::int64_t>(object.state)).bind(8, std::int64_t{object.replaced});
    if (object.certificate)
        statement->bind(9, object.certificate->der());
    else
        statement->bind_null(9);
    MOHR_TRY(statement->run());
    fault_point("vault.key_row");

    auto clear = database_.prepare("DELETE FROM chain WHERE key = ?");
    if (!clear) return clear.error();
    MOHR_TRY(clear->bind(1, object.id.bytes).run());
    auto link = database_.prepare("INSERT INTO chain (key, place, certificate) VALUES (?, ?, ?)");
    if (!link) return link.error();
    std::int64_t place = 0;
    for (const Certificate& certificate : object.chain)
        MOHR_TRY(link->bind(1, object.id.bytes).bind(2, place++).bind(3, certificate.der()).run());
    content_.rows.insert_or_assign(object.id, row_digest(key));
    fault_point("vault.key_chain");
    return {};
}

Result<void> Vault::delete_key(const KeyId& id) {
    auto statement = database_.prepare("DELETE FROM keys WHERE id = ?");
    if (!statement) return statement.error();
    content_.rows.erase(id);
    fault_point("vault.delete_key");
    return statement->bind(1, id.bytes).run();
}

Result<void> Vault::delete_all_keys() {
    content_.rows.clear();
    fault_point("vault.delete_all_keys");
    return database_.execute("DELETE FROM keys");
}

} // namespace mohr::token
