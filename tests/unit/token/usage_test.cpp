// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "token_fixture.hpp"

using namespace mohr;
using namespace mohr::token;

namespace {

TokenObject with_certificate(test::TokenFixture& fixture, const test::TestAuthority& authority,
                             KeyAlgorithm algorithm, const char* usage = nullptr) {
    const Authorisation user = fixture.user();
    const TokenObject key = fixture.token->generate_key(user, algorithm, "key").value();
    return fixture.token
        ->import_certificate(user, {authority.issue(key.public_key_info, usage)}, CertificateState::active)
        .value();
}

} // namespace

namespace {

struct UsageCase {
    const char* usage;
    bool sign;
    bool authenticate;
    bool decrypt;
};

} // namespace

TEST_CASE("keyUsage decides per operation: bronze signs and nothing else [R193] [R74]", "[token][usage]") {
    const auto row = GENERATE(
        UsageCase{nullptr, true, true, true}, UsageCase{"critical,nonRepudiation", true, false, false},
        UsageCase{"critical,digitalSignature,nonRepudiation,keyEncipherment", true, true, true},
        UsageCase{"critical,digitalSignature", true, true, false},
        UsageCase{"critical,keyEncipherment", false, false, true},
        UsageCase{"critical,keyCertSign", false, false, false});
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const TokenObject key = with_certificate(fixture, authority, KeyAlgorithm::rsa_2048, row.usage);
    const Authorisation user = fixture.user();
    const auto sign = [&](Purpose purpose) {
        return fixture.token->sign(user, key.id, purpose, SignatureScheme::rsa_pkcs1_v15,
                                   DigestAlgorithm::sha256, Bytes(32));
    };
    const auto allowed = [](const auto& result) {
        return result || result.error().code != TokenErrc::key_usage;
    };
    CAPTURE(row.usage == nullptr ? "none" : row.usage);
    CHECK(allowed(sign(Purpose::sign_document)) == row.sign);
    CHECK(sign(Purpose::sign_document).has_value() == row.sign);
    CHECK(sign(Purpose::authenticate).has_value() == row.authenticate);
    CHECK(allowed(sign(Purpose::authenticate)) == row.authenticate);
    CHECK(allowed(fixture.token->unwrap(user, key.id, RsaPkcs1{}, Bytes(256))) == row.decrypt);
    CHECK(!allowed(sign(Purpose::decrypt)));
    CHECK(!allowed(sign(Purpose::certification_request)));
}

TEST_CASE("an EC key agrees with keyAgreement or keyEncipherment, not with signature bits alone [R193]",
          "[token][usage]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const TokenObject peer = fixture.token->generate_key(fixture.user(), KeyAlgorithm::ec_p256, "").value();
    const auto agree = [&](const char* usage) {
        const TokenObject key = with_certificate(fixture, authority, KeyAlgorithm::ec_p256, usage);
        return fixture.token->agree(fixture.user(), key.id, peer.public_key_info);
    };
    CHECK(agree("critical,keyAgreement"));
    CHECK(agree("critical,keyEncipherment"));
    CHECK(agree("critical,digitalSignature,nonRepudiation").error().code == TokenErrc::key_usage);
}

TEST_CASE("pending, on hold, expired, replaced and revoked certificates are used for what each allows [R124] "
          "[R130] [R166]",
          "[token][usage]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const Authorisation user = fixture.user();
    const TokenObject key = fixture.token->generate_key(user, KeyAlgorithm::rsa_2048, "").value();
    const auto code = [](const auto& result) {
        return result ? boost::system::error_code() : result.error().code;
    };
    const auto sign = [&](Purpose purpose) {
        return code(fixture.token->sign(user, key.id, purpose, SignatureScheme::rsa_pss,
                                        DigestAlgorithm::sha256, Bytes(32)));
    };
    const auto unwrap = [&] { return code(fixture.token->unwrap(user, key.id, RsaOaep{}, Bytes(256))); };
    const auto request = [&] { return code(fixture.token->certification_request(user, key.id, "")); };

    CHECK(sign(Purpose::sign_document) == TokenErrc::certificate_pending);
    CHECK(sign(Purpose::authenticate) == TokenErrc::certificate_pending);
    CHECK(sign(Purpose::activation_proof) == TokenErrc::certificate_pending);
    CHECK(unwrap() == TokenErrc::certificate_pending);
    CHECK(!request());

    REQUIRE(fixture.token->import_certificate(
        user, {authority.issue(key.public_key_info, "critical,nonRepudiation,keyEncipherment")},
        CertificateState::on_hold));
    CHECK(sign(Purpose::sign_document) == TokenErrc::certificate_on_hold);
    CHECK(unwrap() == TokenErrc::certificate_on_hold);
    CHECK(request() == TokenErrc::certificate_on_hold);
    CHECK(!sign(Purpose::activation_proof));

    REQUIRE(fixture.token->activate_certificate(user, key.id, true, {true, fixture.clock.now()}));
    CHECK(!sign(Purpose::sign_document));
    CHECK(sign(Purpose::activation_proof) == TokenErrc::key_usage);
    CHECK(unwrap() == TokenErrc::decryption_failed);
    CHECK(!request());

    REQUIRE(fixture.token->retire(key.id, Retirement::replaced));
    CHECK(sign(Purpose::sign_document) == TokenErrc::certificate_expired);
    CHECK(unwrap() == TokenErrc::decryption_failed);

    fixture.clock.advance(std::chrono::hours(24 * 366));
    CHECK(sign(Purpose::sign_document) == TokenErrc::certificate_expired);
    CHECK(unwrap() == TokenErrc::decryption_failed);

    REQUIRE(fixture.token->retire(key.id, Retirement::revoked));
    CHECK(sign(Purpose::sign_document) == TokenErrc::certificate_revoked);
    CHECK(unwrap() == TokenErrc::certificate_revoked);
}
