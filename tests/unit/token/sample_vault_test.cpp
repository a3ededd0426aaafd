// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "token_fixture.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/files.hpp>

using namespace mohr;
using namespace mohr::token;

TEST_CASE(
    "a vault that any version wrote opens with everything in it, and once more as what it became [R55] [T28]",
    "[token][vault]") {
    const unsigned version = GENERATE(range(1U, 3U));
    CAPTURE(version);
    test::TokenFixture fixture;
    const std::filesystem::path sample =
        std::filesystem::path(MOHR_SAMPLE_VAULTS) / ("vault-v" + std::to_string(version));
    for (const char* directory : {"data", "state", "secret"})
        REQUIRE(ensure_private_directory(fixture.scratch.path() / directory));
    REQUIRE(write_private(fixture.scratch.path() / "data/vault.db", test::read_file(sample / "vault.db")));
    REQUIRE(write_private(fixture.scratch.path() / "state/epoch", test::read_file(sample / "epoch")));
    REQUIRE(
        write_private(fixture.scratch.path() / "secret/device.key", test::read_file(sample / "device.key")));
    auto options = fixture.options();
    options.test_kdf = nullptr;
    options.argon2.reset();
    options.kdf_program = MOHR_KDF_PROGRAM;
    fixture.open(options);
    if (GENERATE(false, true)) fixture.open(options);

    const TokenInfo info = fixture.token->info();
    CHECK(info.state == TokenState::initialised);
    CHECK(info.vault_version == 2);
    CHECK(info.label == "نمونه ۱");
    CHECK(info.argon2_memory_kib == 64 * 1024);
    CHECK(info.user.tries_left == 4);
    CHECK(info.admin.tries_left == 10);
    CHECK(!info.older_copy_suspected);
    CHECK(fixture.token->log_head().count == 3);
    CHECK(fixture.token->log_head().head[31] == 0x33);

    const auto keys = fixture.token->objects().value();
    REQUIRE(keys.size() == 4);
    CHECK(keys[0].label == "active");
    CHECK(keys[0].state == CertificateState::active);
    CHECK(keys[0].chain.size() == 1);
    CHECK(keys[1].state == CertificateState::on_hold);
    CHECK(keys[2].replaced);
    CHECK(keys[3].state == CertificateState::pending);

    const Authorisation user = fixture.user("741852");
    const Bytes hash = digest(DigestAlgorithm::sha256, as_bytes("message"));
    const Bytes signature = fixture.token
                                ->sign(user, keys[0].id, Purpose::sign_document,
                                       SignatureScheme::rsa_pkcs1_v15, DigestAlgorithm::sha256, hash)
                                .value();
    const OwnedKeyContext check(EVP_PKEY_CTX_new(keys[0].certificate->get0_public_key(), nullptr));
    REQUIRE(EVP_PKEY_verify_init(check.get()) == 1);
    REQUIRE(EVP_PKEY_CTX_set_signature_md(check.get(), EVP_sha256()) == 1);
    CHECK(EVP_PKEY_verify(check.get(), signature.data(), signature.size(), hash.data(), hash.size()) == 1);
    CHECK(fixture.token->agree(user, keys[2].id, keys[2].public_key_info));
    CHECK(fixture.token->certification_request(user, keys[3].id, "CN=x"));
    CHECK(fixture.admin("Adm1n2580").role() == Role::admin);
}
