// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "counters.hpp"
#include "database.hpp"
#include "epoch_store.hpp"
#include "leave_out.hpp"
#include "token_fixture.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>

#include <keyutils.h>
#include <sys/stat.h>

using namespace mohr;
using namespace mohr::token;
using mohr::test::pin;

namespace {

/// A closed vault of a token, open to SQL.
void with_sql(const test::TokenFixture& fixture, const char* sql) {
    auto database = Database::open(fixture.scratch.path() / "data" / "vault.db").value();
    database.execute(sql).value();
}

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777;
}

/// All bytes of all files of a token.
std::string everything_on_disk(const test::TokenFixture& fixture) {
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(fixture.scratch.path()))
        if (entry.is_regular_file() && entry.path().filename() != "device.key")
            all += as_text(test::read_file(entry.path()));
    return all;
}

} // namespace

TEST_CASE("every file of the token is for its owner alone", "[token][vault]") {
    test::TokenFixture fixture;
    fixture.initialise();
    (void)fixture.user();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(fixture.scratch.path())) {
        CAPTURE(entry.path().string());
        CHECK(mode_of(entry.path()) == (entry.is_directory() ? 0700 : 0600));
    }
    CHECK(std::filesystem::exists(fixture.scratch.path() / "data" / "vault.db-wal"));
    fixture.token.reset();
    ::chmod((fixture.scratch.path() / "data" / "vault.db").c_str(), 0640);
    CHECK(SoftToken::open(fixture.options()).error().code == BaseErrc::insecure_file);
}

TEST_CASE("a second process, or a second token over the same files, does not get the vault [R55]",
          "[token][vault]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const auto second = SoftToken::open(fixture.options());
    REQUIRE(!second);
    CHECK(second.error().code == TokenErrc::storage);
    CHECK(second.error().detail.find("another process") != std::string::npos);
}

TEST_CASE("a vault of a later version is refused and left alone", "[token][vault]") {
    test::TokenFixture fixture;
    fixture.initialise();
    fixture.token.reset();
    with_sql(fixture, "PRAGMA user_version = 3");
    CHECK(SoftToken::open(fixture.options()).error().code == TokenErrc::vault_newer);
    with_sql(fixture, "PRAGMA user_version = 2");
    fixture.open();
    CHECK(fixture.user().role() == Role::user);
}

TEST_CASE("a vault copied to a machine with another device secret, or with none, is foreign [R34] [R54]",
          "[token][vault]") {
    test::TokenFixture fixture;
    fixture.initialise();
    fixture.token.reset();
    const auto secret = fixture.scratch.path() / "secret" / "device.key";
    const Bytes own = test::read_file(secret);
    std::filesystem::remove(secret);
    CHECK(SoftToken::open(fixture.options()).error().code == TokenErrc::vault_foreign);
    CHECK(!std::filesystem::exists(secret)); // no new one is made for a vault that exists
    REQUIRE(write_private(secret, random_bytes(32)));
    CHECK(SoftToken::open(fixture.options()).error().code == TokenErrc::vault_foreign);
    REQUIRE(write_private(secret, random_bytes(31)));
    CHECK(SoftToken::open(fixture.options()).error().code == TokenErrc::vault_foreign);
    REQUIRE(write_private(secret, own));
    fixture.open();
    CHECK(fixture.user().role() == Role::user);
}

TEST_CASE("a copy of the vault without the device secret cannot be tested against the PIN, not even against "
          "the right one [R54] [T28]",
          "[token][vault]") {
    test::TokenFixture fixture;
    fixture.initialise();
    fixture.token.reset();
    // The thief forges what can be forged: a device secret of his own, and the checks and MACs made with it.
    test::TokenFixture thief;
    thief.initialise();
    thief.token.reset();
    const auto stolen = fixture.scratch.path() / "data" / "vault.db";
    with_sql(thief, ("ATTACH '" + stolen.string() +
                     "' AS stolen; UPDATE header SET store = (SELECT store FROM stolen.header),"
                     " user_salt = (SELECT user_salt FROM stolen.header), user_wrapped = (SELECT "
                     "user_wrapped FROM stolen.header)")
                        .c_str());
    CHECK(SoftToken::open(thief.options()).error().code == TokenErrc::vault_damaged);
}

TEST_CASE("a changed header, counter, log head or key row is noticed at open [T28]", "[token][vault]") {
    test::TokenFixture fixture;
    fixture.initialise();
    (void)fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, "").value();
    fixture.token.reset();
    const char* sql = GENERATE(
        "UPDATE header SET argon2_memory_kib = argon2_memory_kib * 2", "UPDATE header SET label = 'x'",
        "UPDATE header SET user_wrapped = admin_wrapped", "UPDATE counters SET user_left = 4",
        "UPDATE counters SET epoch = epoch + 1", "UPDATE counters SET admin_needed = 1",
        "UPDATE log_head SET count = 9", "DELETE FROM counters", "DELETE FROM header",
        "UPDATE keys SET algorithm = 99", "UPDATE keys SET state = 2", "UPDATE keys SET id = x'00'");
    CAPTURE(sql);
    with_sql(fixture, sql);
    CHECK(SoftToken::open(fixture.options()).error().code == TokenErrc::vault_damaged);
}

TEST_CASE("a file that is no vault is damaged, an empty one is new", "[token][vault]") {
    test::TokenFixture fixture;
    fixture.open();
    fixture.token.reset();
    const auto vault = fixture.scratch.path() / "data" / "vault.db";
    REQUIRE(write_private(vault, Bytes(8192, 0x41)));
    CHECK(SoftToken::open(fixture.options()).error().code == TokenErrc::vault_damaged);
    REQUIRE(write_private(vault, {}));
    // The epoch file of the earlier token is not this one's.
    fixture.open();
    CHECK(fixture.token->info().state == TokenState::activated);
}

TEST_CASE("a sealed private key moved to another row is noticed at open", "[token][vault]") {
    test::TokenFixture fixture;
    fixture.initialise();
    (void)fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, "one").value();
    (void)fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, "two").value();
    fixture.token.reset();
    with_sql(fixture,
             "UPDATE keys SET sealed = (SELECT sealed FROM keys WHERE label = 'two') WHERE label = 'one'");
    CHECK(SoftToken::open(fixture.options()).error().code == TokenErrc::vault_damaged);
}

TEST_CASE("no PIN, key or master key is in any file of the token [R53] [T30]", "[token][vault]") {
    test::TokenFixture fixture;
    fixture.initialise("918273645546", "Canary918273Admin");
    // A private key that we know, through a file: its own number is the marker.
    const auto made = test::run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem "
        "-subj /CN=x -days 3650 && "
        "openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass:CanaryPassword -out file.p12 && "
        "openssl ec -in key.pem -outform DER -out key.der && rm key.pem && mkdir outside",
        fixture.scratch.path());
    REQUIRE(made.status == 0);
    const Bytes der = test::read_file(fixture.scratch.path() / "key.der");
    const Bytes number(der.begin() + 7,
                       der.begin() + 39); // SEC 1 ECPrivateKey: 30 len 02 01 01 04 20 <32 bytes>
    REQUIRE(everything_on_disk(fixture).find(as_text(number)) !=
            std::string::npos); // the search finds the planted one
    const Bytes file = test::read_file(fixture.scratch.path() / "file.p12");
    std::filesystem::remove(fixture.scratch.path() / "key.der");
    std::filesystem::remove(fixture.scratch.path() / "file.p12");
    const Authorisation user = fixture.user("918273645546");
    const TokenObject key = fixture.token->import_pkcs12(user, file, pin("CanaryPassword")).value();
    REQUIRE(fixture.token->sign(user, key.id, Purpose::sign_document, SignatureScheme::ecdsa,
                                DigestAlgorithm::sha256, Bytes(32)));
    (void)fixture.token->authorise(Role::user, pin("555918273645"));
    test::write_file(fixture.scratch.path() / "planted", as_bytes("918273645546"));
    CHECK(everything_on_disk(fixture).find("918273645546") != std::string::npos);
    std::filesystem::remove(fixture.scratch.path() / "planted");
    const std::string disk = everything_on_disk(fixture);
    REQUIRE(disk.find(as_text(key.public_key_info)) != std::string::npos);
    for (const std::string_view secret :
         {std::string_view("918273645546"), std::string_view("Canary918273Admin"),
          std::string_view("CanaryPassword"), std::string_view("555918273645"), as_text(number)})
        CHECK(disk.find(secret) == std::string::npos);
}

// --- Older copies (T29)
// ----------------------------------------------------------------------------------------------

namespace {

/// Copies of the token's files, to be put back later.
class Copy {
public:
    explicit Copy(const test::TokenFixture& fixture) : from_(fixture.scratch.path()) {
        for (const char* name : {"data/vault.db", "data/vault.db-wal", "state/epoch", "secret/device.key"})
            if (std::filesystem::exists(from_ / name))
                files_.emplace_back(name, test::read_file(from_ / name));
    }
    /// Puts back those whose name begins with `prefix`.
    void restore(std::string_view prefix) const {
        if (prefix == "data") std::filesystem::remove(from_ / "data/vault.db-wal");
        for (const auto& [name, content] : files_)
            if (name.starts_with(prefix)) REQUIRE(write_private(from_ / name, content));
    }

private:
    std::filesystem::path from_;
    std::vector<std::pair<std::string, Bytes>> files_;
};

unsigned guess(test::TokenFixture& fixture, int times) {
    unsigned checked = 0;
    for (int i = 0; i < times; ++i) {
        const auto result = fixture.token->authorise(Role::user, pin("999000"));
        if (!result && result.error().reason == PinReason::wrong) ++checked;
    }
    return checked;
}

} // namespace

TEST_CASE("after three wrong PINs an older vault gains no try and asks for the admin once [R55] [T29]",
          "[token][epoch]") {
    test::TokenFixture fixture;
    fixture.initialise();
    fixture.token.reset();
    const Copy before(fixture);
    fixture.open();
    CHECK(guess(fixture, 3) == 3);
    fixture.token.reset();
    before.restore("data");
    fixture.open();
    CHECK(fixture.token->info().older_copy_suspected);
    CHECK(fixture.token->info().user.tries_left == 2);
    const auto refused = fixture.token->authorise(Role::user, pin(test::user_pin));
    REQUIRE(!refused);
    CHECK(refused.error().reason == PinReason::admin_needed_first);
    CHECK(refused.error().tries_left == 2U);
    fixture.open(); // the suspicion outlives a restart
    CHECK(fixture.token->info().older_copy_suspected);
    CHECK(guess(fixture, 1) == 0);
    (void)fixture.admin();
    CHECK(!fixture.token->info().older_copy_suspected);
    CHECK(guess(fixture, 1) == 1);
    CHECK(fixture.token->info().user.tries_left == 1);
    (void)fixture.user();
    fixture.open();
    CHECK(!fixture.token->info().older_copy_suspected);
    CHECK(fixture.token->info().user.tries_left == 5);
}

TEST_CASE(
    "restoring a vault again and again gains nothing, also when it is older by one change only [R55] [T29]",
    "[token][epoch]") {
    test::TokenFixture fixture;
    fixture.initialise();
    fixture.token.reset();
    const Copy before(fixture);
    unsigned checked = 0;
    for (int round = 0; round < 12; ++round) {
        fixture.open();
        checked += guess(fixture, 1);
        fixture.token.reset();
        before.restore("data");
    }
    CHECK(checked <= 4);
    fixture.open();
    CHECK(guess(fixture, 10) + checked <= 4); // the fifth would be answered "blocked"
}

TEST_CASE("an older file alone, or none, gains nothing and is noticed [T29]", "[token][epoch]") {
    test::TokenFixture fixture;
    fixture.initialise();
    fixture.token.reset();
    const Copy before(fixture);
    fixture.open();
    CHECK(guess(fixture, 2) == 2);
    fixture.token.reset();
    if (GENERATE(true, false))
        before.restore("state");
    else
        std::filesystem::remove(fixture.scratch.path() / "state/epoch");
    fixture.open();
    CHECK(fixture.token->info().older_copy_suspected);
    CHECK(fixture.token->info().user.tries_left == 3);
}

TEST_CASE("a vault from before a change of PIN is suspected, though it is older by one change only [T29]",
          "[token][epoch]") {
    test::TokenFixture fixture;
    fixture.initialise();
    Authorisation proof = fixture.user();
    fixture.token->lock();
    // Copies of the files while they are open: the state just before the change.
    const Copy before(fixture);
    REQUIRE(fixture.token->change_pin(std::move(proof), pin("482951"), {}));
    fixture.token.reset();
    before.restore("data");
    fixture.open();
    CHECK(fixture.token->info().older_copy_suspected);
    const auto refused = fixture.token->authorise(Role::user, pin(test::user_pin));
    REQUIRE(!refused);
    CHECK(refused.error().reason == PinReason::admin_needed_first);
}

TEST_CASE("vault, file and secret restored together are found by the kernel keyring [T29]",
          "[token][epoch]") {
    test::TokenFixture fixture;
    auto options = fixture.options();
    options.kernel_keyring = true;
    fixture.open(options);
    fixture.initialise();
    const KeyringRecord keyring(true, fixture.token->info().serial);
    if (!keyring.read()) {
        test::leave_out("this kernel gives no user keyring");
        return;
    }
    fixture.token.reset();
    const Copy before(fixture);
    fixture.open(options);
    CHECK(guess(fixture, 3) == 3);
    fixture.token.reset();
    before.restore("data");
    before.restore("state");
    before.restore("secret");
    fixture.open(options);
    CHECK(fixture.token->info().older_copy_suspected);
    CHECK(fixture.token->info().user.tries_left == 2);
    CHECK(guess(fixture, 1) == 0);
    keyring.forget();
}

TEST_CASE(
    "restoring everything while the keyring is gone too gains what the copy had: what only a TPM stops [T29]",
    "[token][epoch]") {
    // Not a wish, but what token/README.md states; if it ever changes, that text must change too.
    test::TokenFixture fixture;
    fixture.initialise();
    fixture.token.reset();
    const Copy before(fixture);
    fixture.open();
    CHECK(guess(fixture, 3) == 3);
    fixture.token.reset();
    for (const char* part : {"data", "state", "secret"}) before.restore(part);
    fixture.open();
    CHECK(!fixture.token->info().older_copy_suspected);
    CHECK(fixture.token->info().user.tries_left == 5);
}
