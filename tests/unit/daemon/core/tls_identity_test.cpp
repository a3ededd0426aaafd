// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "fake_clock.hpp"
#include "temporary_directory.hpp"
#include "tls_identity.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>

#include <openssl/x509_vfy.h>
#include <sys/stat.h>

using namespace mohr;
using namespace mohr::core;

namespace {

Instant now() {
    return test::FakeClock{}.now();
}

std::string extension(const Certificate& certificate, int nid) {
    const int at = X509_get_ext_by_NID(certificate.get0(), nid, -1);
    if (at < 0) return "absent";
    X509_EXTENSION* const found = X509_get_ext(certificate.get0(), at);
    const OwnedBio bio(BIO_new(BIO_s_mem()));
    REQUIRE(X509V3_EXT_print(bio.get(), found, 0, 0) == 1);
    const Bytes text = bio_content(bio.get());
    return (X509_EXTENSION_get_critical(found) == 1 ? "critical " : "") + std::string(as_text(text));
}

/// As a browser would: chain to the root alone, for a TLS server of this name.
int verify(X509* leaf, X509* root, const char* host) {
    const OwnedX509Store store(X509_STORE_new());
    REQUIRE(X509_STORE_add_cert(store.get(), root) == 1);
    const OwnedX509StoreContext context(X509_STORE_CTX_new());
    REQUIRE(X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr) == 1);
    X509_VERIFY_PARAM* const parameters = X509_STORE_CTX_get0_param(context.get());
    using std::chrono::duration_cast, std::chrono::seconds;
    X509_VERIFY_PARAM_set_time(parameters, duration_cast<seconds>(now().time_since_epoch()).count());
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    REQUIRE(X509_VERIFY_PARAM_set1_host(parameters, host, 0) == 1);
    if (X509_verify_cert(context.get()) == 1) return X509_V_OK;
    return X509_STORE_CTX_get_error(context.get());
}

} // namespace

TEST_CASE("the TLS root is constrained to the loopback names and cannot be more [T37]", "[tls]") {
    const auto identity = make_tls_identity(now());
    REQUIRE(identity);
    const Certificate& root = identity->root();
    CHECK(root.key_kind() == PublicKeyKind::ec_p256);
    CHECK(extension(root, NID_basic_constraints) == "critical CA:TRUE, pathlen:0");
    CHECK(extension(root, NID_key_usage) == "critical Certificate Sign");
    CHECK(extension(root, NID_ext_key_usage) == "TLS Web Server Authentication");
    const std::string names = extension(root, NID_name_constraints);
    CHECK(names.find("critical Permitted:") == 0);
    CHECK(names.find("DNS:localhost") != std::string::npos);
    CHECK(names.find("IP:127.0.0.1/255.255.255.255") != std::string::npos);
    CHECK(names.find("IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF") != std::string::npos);
    CHECK(names.find("Excluded") == std::string::npos);
}

TEST_CASE("the TLS leaf serves localhost under its root for 800 days", "[tls]") {
    const auto identity = make_tls_identity(now());
    REQUIRE(identity);
    const Certificate& leaf = identity->leaf();
    CHECK(extension(leaf, NID_subject_alt_name) ==
          "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
    CHECK(leaf.not_after() - now() > std::chrono::days(799));
    CHECK(leaf.not_after() - now() <= std::chrono::days(800));
    CHECK(verify(leaf.get0(), identity->root().get0(), "localhost") == X509_V_OK);
    CHECK(verify(leaf.get0(), identity->root().get0(), "bank.example.test") == X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_CASE("two installations have two keys and two roots [T36]", "[tls]") {
    const test::TemporaryDirectory a;
    const test::TemporaryDirectory b;
    const auto first = load_or_make_tls_identity(a.path() / "tls", now());
    const auto second = load_or_make_tls_identity(b.path() / "tls", now());
    REQUIRE(first);
    REQUIRE(second);
    CHECK_FALSE(first->key.same_as(second->key.reveal()));
    CHECK(first->root().fingerprint() != second->root().fingerprint());
    CHECK(first->root().subject() != second->root().subject());
}

TEST_CASE("the TLS identity is kept, its key for us alone, the root's key nowhere [T37]", "[tls]") {
    const test::TemporaryDirectory directory;
    const auto tls = directory.path() / "tls";
    const auto made = load_or_make_tls_identity(tls, now());
    REQUIRE(made);
    const auto again = load_or_make_tls_identity(tls, now() + std::chrono::days(700));
    REQUIRE(again);
    CHECK(again->key.same_as(made->key.reveal()));
    CHECK(again->leaf().fingerprint() == made->leaf().fingerprint());
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(tls)) {
        ++files;
        struct stat status {};
        REQUIRE(::stat(entry.path().c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
    CHECK(files == 3); // key.der, chain.pem, root.pem: and no second key
    const auto root = read_private(tls / "root.pem", 65536);
    REQUIRE(root);
    CHECK(as_text(*root).find("PRIVATE") == std::string_view::npos);
}

TEST_CASE(
    "with the person's agreement the root and its leaf cover the two Dastine hosts, and nothing else [T37] [T40]",
    "[tls]") {
    const auto identity = make_tls_identity(now(), TlsNames::with_dastine);
    REQUIRE(identity);
    CHECK(names_of(*identity) == TlsNames::with_dastine);
    const std::string names = extension(identity->root(), NID_name_constraints);
    CHECK(names.find("DNS:localhost.dastine.pki.co.ir") != std::string::npos);
    CHECK(names.find("DNS:local.dastine.pki.co.ir") != std::string::npos);
    for (const char* host : {"localhost", "localhost.dastine.pki.co.ir", "local.dastine.pki.co.ir"})
        CHECK(verify(identity->leaf().get0(), identity->root().get0(), host) == X509_V_OK);
    for (const char* host : {"dastine.pki.co.ir", "pki.co.ir", "bank.example.test"})
        CHECK(verify(identity->leaf().get0(), identity->root().get0(), host) == X509_V_ERR_HOSTNAME_MISMATCH);
    const auto without = make_tls_identity(now());
    REQUIRE(without);
    CHECK(names_of(*without) == TlsNames::loopback);
    CHECK(extension(without->root(), NID_name_constraints).find("dastine") == std::string::npos);
}

TEST_CASE("renewal of the TLS identity is asked for in its last 30 days and made when it is over", "[tls]") {
    const test::TemporaryDirectory directory;
    const auto tls = directory.path() / "tls";
    const auto made = make_tls_identity(now(), TlsNames::with_dastine);
    REQUIRE(made);
    REQUIRE(ensure_private_directory(tls));
    REQUIRE(store_tls_identity(tls, *made));
    CHECK_FALSE(needs_renewal(*made, now() + std::chrono::days(769)));
    CHECK(needs_renewal(*made, now() + std::chrono::days(771)));
    // A root that no browser knows yet would cut off the pages that work: so not before its end.
    const auto kept = load_or_make_tls_identity(tls, now() + std::chrono::days(799));
    REQUIRE(kept);
    CHECK(kept->leaf().fingerprint() == made->leaf().fingerprint());
    const auto renewed = load_or_make_tls_identity(tls, now() + std::chrono::days(801));
    REQUIRE(renewed);
    CHECK(renewed->leaf().fingerprint() != made->leaf().fingerprint());
    CHECK_FALSE(renewed->key.same_as(made->key.reveal()));
    CHECK(names_of(*renewed) == TlsNames::with_dastine);
}

TEST_CASE("a TLS key that others can read is refused, a torn pair is made anew [T31]", "[tls]") {
    const test::TemporaryDirectory directory;
    const auto tls = directory.path() / "tls";
    const auto made = load_or_make_tls_identity(tls, now());
    REQUIRE(made);
    SECTION("others can read the key") {
        REQUIRE(::chmod((tls / "key.der").c_str(), 0644) == 0);
        const auto refused = load_or_make_tls_identity(tls, now());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == BaseErrc::insecure_file);
    }
    SECTION("the key is a symbolic link") {
        std::filesystem::rename(tls / "key.der", directory.path() / "elsewhere");
        std::filesystem::create_symlink(directory.path() / "elsewhere", tls / "key.der");
        const auto refused = load_or_make_tls_identity(tls, now());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == BaseErrc::insecure_file);
    }
    SECTION("a crash came between key and chain") {
        const auto other = make_tls_identity(now());
        REQUIRE(other);
        REQUIRE(write_private(tls / "key.der", other->key.reveal()));
        const auto mended = load_or_make_tls_identity(tls, now());
        REQUIRE(mended);
        CHECK(mended->leaf().fingerprint() != made->leaf().fingerprint());
    }
}
