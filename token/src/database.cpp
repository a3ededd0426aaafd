// SPDX-License-Identifier: Apache-2.0
#include "database.hpp"

#include "fault.hpp"
#include <mohr/token/errors.hpp>

namespace mohr::token {
namespace {

// The fault tests link a second build of this file in which nothing is synced, to show that they notice.
#if defined(MOHR_SYNCS_REMOVED)
constexpr const char* synchronous = "PRAGMA synchronous=OFF";
#else
constexpr const char* synchronous = "PRAGMA synchronous=FULL";
#endif

} // namespace

Error sqlite_error(sqlite3* database, int code, std::string_view what) {
    const int kind = code & 0xff;
    const bool damaged = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
    std::string text(what);
    text.append(": ").append(sqlite3_errstr(code));
    if (database != nullptr) text.append(": ").append(sqlite3_errmsg(database));
    if (kind == SQLITE_BUSY) text.append(" (another process holds the vault)");
    return {damaged ? TokenErrc::vault_damaged : TokenErrc::storage, std::move(text)};
}

Statement& Statement::bind(int index, std::int64_t value) {
    bind_result_ |= sqlite3_bind_int64(statement_.get(), index, value);
    return *this;
}

Statement& Statement::bind(int index, ByteView blob) {
    // A null pointer would bind NULL; an empty blob is something else.
    static const std::uint8_t nothing = 0;
    bind_result_ |= sqlite3_bind_blob64(statement_.get(), index, blob.empty() ? &nothing : blob.data(),
                                        blob.size(), SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind_text(int index, std::string_view text) {
    bind_result_ |= sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(), text.size(),
                                        SQLITE_TRANSIENT, SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind_null(int index) {
    bind_result_ |= sqlite3_bind_null(statement_.get(), index);
    return *this;
}

Result<bool> Statement::step() {
    if (bind_result_ != SQLITE_OK) return sqlite_error(database_, bind_result_, "bind");
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    Error error = sqlite_error(database_, code, sqlite3_sql(statement_.get()));
    sqlite3_reset(statement_.get());
    return error;
}

Result<void> Statement::run() {
    auto row = step();
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    bind_result_ = SQLITE_OK;
    if (!row) return row.error();
    return {};
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

Bytes Statement::blob(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? Bytes{} : Bytes(data, data + size);
}

std::string Statement::text(int column) const {
    return std::string(as_text(blob(column)));
}
bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::filesystem::path& path) {
    sqlite3* raw = nullptr;
    constexpr int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    Database database{OwnedSqlite(raw)};
    if (opened != SQLITE_OK) return sqlite_error(raw, opened, path.string());
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // A trigger or a view planted in the file could swallow a change that is then acknowledged.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    // The exclusive lock keeps a second process from working on counters that this one has in memory; set
    // before WAL it also spares the shared-memory file. temp_store keeps spilled pages out of /tmp.
    for (const char* pragma :
         {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA secure_delete=ON", "PRAGMA temp_store=MEMORY",
          "PRAGMA foreign_keys=ON", "PRAGMA journal_mode=WAL", synchronous})
        MOHR_TRY(database.execute(pragma));
    MOHR_TRY(database.check_journal(path));
    // Takes the lock now, so that a second process fails at once and not at its first change.
    MOHR_TRY(database.execute("BEGIN IMMEDIATE"));
    MOHR_TRY(database.execute("COMMIT"));
    return database;
}

/// SQLite answers with the mode it has, not with an error, where it cannot keep a write-ahead log.
Result<void> Database::check_journal(const std::filesystem::path& path) {
    auto mode = prepare("PRAGMA journal_mode");
    if (!mode) return mode.error();
    auto row = mode->step();
    if (!row) return row.error();
    if (!*row || mode->text(0) != "wal")
        return Error(TokenErrc::storage, path.string() + ": no write-ahead log on this file system");
    return {};
}

Result<void> Database::execute(const char* sql) {
    const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return sqlite_error(connection_.get(), code, sql);
    return {};
}

Result<Statement> Database::prepare(const char* sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    OwnedStatement statement(raw);
    if (code != SQLITE_OK) return sqlite_error(connection_.get(), code, sql);
    return Statement(connection_.get(), std::move(statement));
}

Result<void> Database::commit() {
    fault_point("vault.before_commit");
    MOHR_TRY(run_kept(commit_, "COMMIT"));
    fault_point("vault.after_commit");
    return {};
}

Result<void> Database::run_kept(std::optional<Statement>& kept, const char* sql) {
    if (!kept) {
        auto prepared = prepare(sql);
        if (!prepared) return prepared.error();
        kept = std::move(*prepared);
    }
    return kept->run();
}

void Database::roll_back() noexcept {
    // Some errors have rolled back by themselves; then there is nothing left to do.
    if (sqlite3_get_autocommit(connection_.get()) == 0)
        sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Database::truncate_log() noexcept {
    sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

} // namespace mohr::token
