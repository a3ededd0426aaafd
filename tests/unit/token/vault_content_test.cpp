// SPDX-License-Identifier: Apache-2.0
// What somebody with the user's rights over vault.db, but not with the device secret, tries to change in it.
#include "catch_compat.hpp"
#include "database.hpp"
#include "token_fixture.hpp"
#include <mohr/base/files.hpp>

using namespace mohr;
using namespace mohr::token;
using mohr::test::pin;

namespace {

/// A token with an active, a held, a replaced and a pending key; closed, and open to SQL.
struct Vault : test::TokenFixture {
    Vault() {
        initialise();
        certify("active", CertificateState::active);
        certify("held", CertificateState::on_hold);
        const TokenObject old = certify("old", CertificateState::active);
        token->retire(old.id, Retirement::replaced).value();
        (void)token->generate_key(user(), KeyAlgorithm::ec_p256, "pending").value();
        close();
    }
    TokenObject certify(const char* label, CertificateState state) {
        const test::TestAuthority authority(clock);
        clock.advance(std::chrono::seconds(1));
        const TokenObject key = token->generate_key(user(), KeyAlgorithm::ec_p256, label).value();
        return token
            ->import_certificate(user(), {authority.issue(key.public_key_info), authority.certificate()},
                                 state)
            .value();
    }
    void close() { token.reset(); }
    [[nodiscard]] std::filesystem::path file() const { return scratch.path() / "data" / "vault.db"; }
    void sql(const std::string& text) const { Database::open(file()).value().execute(text.c_str()).value(); }
    [[nodiscard]] bool opens_as_damaged() {
        const auto opened = SoftToken::open(options());
        return !opened && opened.error().code == TokenErrc::vault_damaged;
    }
    /// An older copy of the vault that SQL can take rows from.
    void keep_copy() const {
        sql("PRAGMA wal_checkpoint(TRUNCATE)");
        REQUIRE(write_private(scratch.path() / "older.db", test::read_file(file())));
    }
    void sql_with_copy(const std::string& text) const {
        sql("ATTACH '" + (scratch.path() / "older.db").string() + "' AS older; " + text);
    }
    [[nodiscard]] TokenObject object(std::string_view label) const {
        for (const TokenObject& known : token->objects().value())
            if (known.label == label) return known;
        FAIL("no such key");
        return {};
    }
};

} // namespace

TEST_CASE(
    "a changed, removed, added or reordered row of keys and their chains is noticed at open [R124] [T28]",
    "[token][vault]") {
    Vault vault;
    const std::string sql = GENERATE(
        "UPDATE keys SET state = 2 WHERE label = 'held'", "UPDATE keys SET replaced = 0 WHERE label = 'old'",
        "UPDATE keys SET replaced = 1 WHERE label = 'active'",
        "UPDATE keys SET label = 'x' WHERE label = 'held'",
        "UPDATE keys SET created = created + 1 WHERE label = 'held'",
        "UPDATE keys SET certificate = (SELECT certificate FROM keys WHERE label = 'active') WHERE label = 'held'",
        "UPDATE keys SET sealed = x'00' WHERE label = 'pending'",
        "UPDATE keys SET public_key = x'00' WHERE label = 'pending'", "DELETE FROM keys WHERE label = 'held'",
        "DELETE FROM keys",
        "INSERT INTO keys SELECT zeroblob(length(id)), created, label, algorithm, public_key, sealed, state, replaced,"
        " certificate FROM keys WHERE label = 'active'",
        "DELETE FROM chain WHERE key = (SELECT id FROM keys WHERE label = 'active')",
        "INSERT INTO chain SELECT key, place + 1, certificate FROM chain",
        "UPDATE chain SET key = (SELECT id FROM keys WHERE label = 'pending')"
        " WHERE key = (SELECT id FROM keys WHERE label = 'active')");
    CAPTURE(sql);
    // A fault that is no change would be noticed too if the check were wrong.
    vault.open();
    CHECK(vault.object("held").state == CertificateState::on_hold);
    vault.close();
    vault.sql(sql);
    CHECK(vault.opens_as_damaged());
}

TEST_CASE("rows of an older copy, put back into a newer vault, are noticed at open [R124] [T28] [T29]",
          "[token][vault]") {
    Vault vault;
    vault.keep_copy();
    vault.open();
    vault.token->retire(vault.object("active").id, Retirement::revoked).value();
    Authorisation proof = vault.user();
    REQUIRE(vault.token->change_pin(std::move(proof), pin("482951"), {}));
    vault.close();
    const std::string back = GENERATE(
        "UPDATE keys SET state = (SELECT state FROM older.keys WHERE label = 'active') WHERE label = 'active'",
        "DELETE FROM header; INSERT INTO header SELECT * FROM older.header",
        "DELETE FROM counters; INSERT INTO counters SELECT * FROM older.counters");
    CAPTURE(back);
    vault.sql_with_copy(back);
    CHECK(vault.opens_as_damaged());
}

TEST_CASE("a vault of this version cannot be led through the migration of an older one again [T28]",
          "[token][vault]") {
    Vault vault;
    vault.sql("UPDATE keys SET state = 2 WHERE label = 'held'; PRAGMA user_version = 1");
    CHECK(vault.opens_as_damaged());
}

TEST_CASE("a change that SQLite refused leaves no trace in what the next one vouches for", "[token][vault]") {
    Vault vault;
    vault.sql("CREATE TABLE holder (key BLOB REFERENCES keys (id));"
              "INSERT INTO holder SELECT id FROM keys WHERE label = 'held'");
    vault.open();
    REQUIRE(!vault.token->remove(vault.user(), vault.object("held").id));
    (void)vault.token->generate_key(vault.user(), KeyAlgorithm::ec_p256, "next").value();
    vault.open();
    CHECK(vault.token->objects().value().size() == 5);
    CHECK(vault.object("held").state == CertificateState::on_hold);
}

TEST_CASE("a trigger planted in the vault does not swallow a change [T28]", "[token][vault]") {
    Vault vault;
    vault.sql("CREATE TRIGGER swallow BEFORE DELETE ON keys BEGIN SELECT RAISE(IGNORE); END;"
              "CREATE TRIGGER keep BEFORE INSERT ON header BEGIN SELECT RAISE(IGNORE); END");
    vault.open();
    (void)vault.token->remove(vault.user(), vault.object("held").id).value();
    REQUIRE(vault.token->set_label(vault.admin(), "renamed"));
    vault.open();
    CHECK(vault.token->objects().value().size() == 3);
    CHECK(vault.token->info().label == "renamed");
}
