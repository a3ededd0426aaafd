// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/openssl.hpp>
#include <mohr/base/result.hpp>

#include <sqlite3.h>

#include <filesystem>
#include <optional>
#include <string>

namespace mohr::token {

using OwnedSqlite = Owned<sqlite3, sqlite3_close_v2>;
using OwnedStatement = Owned<sqlite3_stmt, sqlite3_finalize>;

/// One prepared statement. Parameters count from 1, columns from 0.
class Statement {
public:
    Statement(sqlite3* database, OwnedStatement statement) noexcept
        : database_(database), statement_(std::move(statement)) {}
    Statement& bind(int index, std::int64_t value);
    Statement& bind(int index, ByteView blob);
    Statement& bind_text(int index, std::string_view text);
    Statement& bind_null(int index);
    /// True: a row is there. False: done.
    [[nodiscard]] Result<bool> step();
    /// For statements that give no rows; ready to be bound again afterwards.
    [[nodiscard]] Result<void> run();
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] Bytes blob(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] bool is_null(int column) const;

private:
    sqlite3* database_;
    OwnedStatement statement_;
    int bind_result_ = SQLITE_OK;
};

/// One SQLite connection: WAL, synchronous=FULL, secure_delete, locked for this process. Not for several
/// threads at once.
class Database {
public:
    /// The file must exist. Fails with TokenErrc::storage or vault_damaged.
    [[nodiscard]] static Result<Database> open(const std::filesystem::path& path);
    [[nodiscard]] Result<void> execute(const char* sql);
    [[nodiscard]] Result<Statement> prepare(const char* sql);
    /// Runs `changes` (returning Result<void>) as one transaction; after an error nothing has changed.
    template <class Changes>
    [[nodiscard]] Result<void> transaction(Changes&& changes) {
        MOHR_TRY(run_kept(begin_, "BEGIN IMMEDIATE"));
        if (Result<void> done = changes(); !done) {
            roll_back();
            return done.error();
        }
        if (Result<void> committed = commit(); !committed) {
            roll_back();
            return committed.error();
        }
        return {};
    }
    /// Moves everything from the write-ahead log into the database and empties the log, so that deleted rows
    /// are in neither file.
    void truncate_log() noexcept;

private:
    explicit Database(OwnedSqlite connection) noexcept : connection_(std::move(connection)) {}
    [[nodiscard]] Result<void> check_journal(const std::filesystem::path& path);
    [[nodiscard]] Result<void> commit();
    void roll_back() noexcept;
    /// A statement that every change needs, prepared once.
    [[nodiscard]] Result<void> run_kept(std::optional<Statement>& kept, const char* sql);
    OwnedSqlite connection_; // outlives its statements
    std::optional<Statement> begin_;
    std::optional<Statement> commit_;
};

/// A SQLite result code as an Error: SQLITE_CORRUPT and SQLITE_NOTADB are vault_damaged, all else storage.
[[nodiscard]] Error sqlite_error(sqlite3* database, int code, std::string_view what);

} // namespace mohr::token
