// SPDX-License-Identifier: Apache-2.0
// Matrix A15 of the requirements: who may do what. Every operation is called with no PIN, with the user's and
// with the admin's; the table says who gets through.
#include "catch_compat.hpp"
#include "token_fixture.hpp"

#include <functional>
#include <optional>

using namespace mohr;
using namespace mohr::token;
using mohr::test::pin;

namespace {

/// A token with a key on hold (for R149), a key with an active certificate, and nothing blocked.
struct Scene : test::TokenFixture {
    Scene() {
        initialise();
        const test::TestAuthority authority(clock);
        const Authorisation opened = user();
        const auto add = [&](CertificateState state, KeyAlgorithm algorithm) {
            const TokenObject key = token->generate_key(opened, algorithm, "").value();
            certificate = authority.issue(key.public_key_info);
            return token->import_certificate(opened, {*certificate}, state).value().id;
        };
        on_hold = add(CertificateState::on_hold, KeyAlgorithm::ec_p256);
        active = add(CertificateState::active, KeyAlgorithm::rsa_2048);
        pending = token->generate_key(opened, KeyAlgorithm::ec_p256, "").value().id;
    }
    /// With no PIN there is no proof to give; a spent one is the nearest thing the interface lets through.
    Authorisation nobody() {
        Authorisation spent = user();
        const Authorisation taken = std::move(spent);
        return spent; // NOLINT(bugprone-use-after-move): that is the case under test
    }
    KeyId on_hold;
    KeyId active;
    KeyId pending;
    std::optional<Certificate> certificate;
};

enum class Caller { nobody, user, admin };
using Outcome = boost::system::error_code;

template <class T>
Outcome outcome(const Result<T>& result) {
    return result ? Outcome() : result.error().code;
}

struct Row {
    const char* name;
    std::function<Outcome(Scene&, Authorisation)> call;
    bool nobody;
    bool user;
    bool admin;
    bool needs_admin_blocked = false;
};

const std::vector<Row>& matrix() {
    static const std::vector<Row> rows = {
        {"see state, label, tries [R142]",
         [](Scene& s, Authorisation) {
             return s.token->info().serial.size() == 16 ? Outcome() : TokenErrc::storage;
         },
         true, true, true},
        {"list certificates [R143]", [](Scene& s, Authorisation) { return outcome(s.token->objects()); },
         true, true, true},
        {"reset [R145] [R51]",
         [](Scene& s, Authorisation a) {
             return outcome(s.token->reset(std::move(a), pin("482951"), pin("x482951"), {}));
         },
         false, false, true},
        {"reset while the admin PIN is blocked [R146] [R57]",
         [](Scene& s, Authorisation) {
             return outcome(s.token->reset_blocked(pin("482951"), pin("x482951"), {}));
         },
         true, true, true, true},
        {"sign [R147]",
         [](Scene& s, Authorisation a) {
             return outcome(s.token->sign(a, s.active, Purpose::sign_document, SignatureScheme::rsa_pss,
                                          DigestAlgorithm::sha256, Bytes(32)));
         },
         false, true, false},
        {"unwrap [R147]",
         [](Scene& s, Authorisation a) {
             return outcome(s.token->unwrap(a, s.active, RsaPkcs1{16}, Bytes(256, 1)));
         },
         false, true, false},
        {"generate a key [R148]",
         [](Scene& s, Authorisation a) {
             return outcome(s.token->generate_key(a, KeyAlgorithm::ec_p256, ""));
         },
         false, true, false},
        {"make a request [R148]",
         [](Scene& s, Authorisation a) {
             return outcome(s.token->certification_request(a, s.pending, "CN=x"));
         },
         false, true, false},
        {"import a certificate [R148]",
         [](Scene& s, Authorisation a) {
             return outcome(s.token->import_certificate(a, {*s.certificate}, CertificateState::active));
         },
         false, true, false},
        {"activate a certificate [R149]",
         [](Scene& s, Authorisation a) {
             return outcome(s.token->activate_certificate(a, s.on_hold, true, {true, s.clock.now()}));
         },
         false, true, false},
        {"remove a key [R150]",
         [](Scene& s, Authorisation a) { return outcome(s.token->remove(a, s.active)); }, false, true, false},
        {"unblock the user PIN [R152] [R56]",
         [](Scene& s, Authorisation a) {
             return outcome(s.token->unblock_user(std::move(a), pin("482951"), {}));
         },
         false, false, true},
        {"set the label [R154]",
         [](Scene& s, Authorisation a) { return outcome(s.token->set_label(std::move(a), "new")); }, false,
         false, true},
    };
    return rows;
}

} // namespace

TEST_CASE("each operation is open to exactly the roles of matrix A15 [R38] [R142] [R143] [R145] [R146] "
          "[R147] [R148] [R149] [R150] [R152] [R154]",
          "[token][matrix]") {
    for (const Row& row : matrix()) {
        for (const Caller caller : {Caller::nobody, Caller::user, Caller::admin}) {
            Scene scene;
            auto proof = [&] {
                switch (caller) {
                case Caller::user:
                    return scene.user();
                case Caller::admin:
                    return scene.admin();
                case Caller::nobody:
                    break;
                }
                return scene.nobody();
            }();
            if (row.needs_admin_blocked)
                for (int i = 0; i < 10; ++i) (void)scene.token->authorise(Role::admin, pin("wrong1"));
            const bool allowed = caller == Caller::nobody ? row.nobody
                                 : caller == Caller::user ? row.user
                                                          : row.admin;
            CAPTURE(row.name, static_cast<int>(caller));
            const Outcome got = row.call(scene, std::move(proof));
            if (allowed)
                CHECK(!got);
            else
                CHECK(got == TokenErrc::wrong_role);
        }
    }
}

TEST_CASE("agreement with a key is the user's alone [R147]", "[token][matrix]") {
    test::TokenFixture fixture;
    fixture.initialise();
    const test::TestAuthority authority(fixture.clock);
    const Authorisation user = fixture.user();
    const TokenObject key = fixture.token->generate_key(user, KeyAlgorithm::ec_p256, "").value();
    REQUIRE(fixture.token->import_certificate(user, {authority.issue(key.public_key_info)},
                                              CertificateState::active));
    CHECK(fixture.token->agree(user, key.id, key.public_key_info));
    CHECK(fixture.token->agree(fixture.admin(), key.id, key.public_key_info).error().code ==
          TokenErrc::wrong_role);
}

TEST_CASE("each role changes its own PIN, and only with the old one [R58] [R151] [R153]", "[token][matrix]") {
    Scene scene;
    Authorisation nobody = scene.nobody();
    REQUIRE(scene.token->change_pin(scene.user(), pin("482951"), {}));
    CHECK(!scene.token->authorise(Role::user, pin(test::user_pin)));
    CHECK(scene.token->authorise(Role::user, pin("482951")));
    CHECK(scene.token->authorise(Role::admin, pin(test::admin_pin)));
    REQUIRE(scene.token->change_pin(scene.admin(), pin("Zx81Spectrum"), {}));
    CHECK(!scene.token->authorise(Role::admin, pin(test::admin_pin)));
    CHECK(scene.token->authorise(Role::admin, pin("Zx81Spectrum")));
    CHECK(scene.token->change_pin(std::move(nobody), pin("482952"), {}).error().code ==
          TokenErrc::wrong_role);
    scene.open();
    CHECK(scene.token->authorise(Role::user, pin("482951")));
    CHECK(scene.token->authorise(Role::admin, pin("Zx81Spectrum")));
}

TEST_CASE(
    "activation of a certificate needs the owner and the authority's yes, each on its own [R149] [R129]",
    "[token][matrix]") {
    Scene scene;
    const Authorisation user = scene.user();
    const auto activate = [&](bool owner, bool accepted) {
        return scene.token->activate_certificate(user, scene.on_hold, owner, {accepted, scene.clock.now()});
    };
    CHECK(activate(false, true).error().code == TokenErrc::owner_authentication_needed);
    CHECK(activate(true, false).error().code == TokenErrc::authority_refused);
    CHECK(scene.token->objects().value()[0].state == CertificateState::on_hold);
    CHECK(activate(true, true).value().state == CertificateState::active);
    scene.open();
    CHECK(scene.token->objects().value()[0].state == CertificateState::active);
}

TEST_CASE("before the first reset every operation but the reset answers not_initialised [R33] [R144] [R158]",
          "[token][matrix]") {
    test::TokenFixture fixture;
    fixture.open();
    CHECK(fixture.token->objects().error().code == TokenErrc::not_initialised);
    CHECK(fixture.token->reset_blocked(pin("482951"), pin("x482951"), {}).error().code ==
          TokenErrc::not_initialised);
    CHECK(fixture.token->retire(KeyId{}, Retirement::revoked).error().code == TokenErrc::not_initialised);
    CHECK(fixture.token->authorise(Role::user, pin("4829")).error().reason == PinReason::not_set);
    CHECK(fixture.token->initialise(pin("482951"), pin("x482951"), "", {}));
}

namespace {

class FixedStatement final : public ActivationStatement {
public:
    [[nodiscard]] bool valid() const override { return valid_; }
    bool valid_ = false;
};

} // namespace

TEST_CASE("without a valid activation statement nothing works, also not on a token that was used before "
          "[R18] [R34] [R157]",
          "[token][matrix]") {
    test::TokenFixture fixture;
    FixedStatement statement;
    auto options = fixture.options();
    options.activation_required = true;
    options.activation = &statement;
    fixture.open(std::move(options));
    CHECK(fixture.token->info().state == TokenState::not_activated);
    CHECK(fixture.token->initialise(pin("482951"), pin("x482951"), "", {}).error().code ==
          TokenErrc::not_activated);
    CHECK(fixture.token->objects().error().code == TokenErrc::not_activated);
    statement.valid_ = true;
    CHECK(fixture.token->info().state == TokenState::activated);
    REQUIRE(fixture.token->initialise(pin("482951"), pin("x482951"), "", {}));
    const Authorisation user = fixture.user("482951");
    const TokenObject key = fixture.token->generate_key(user, KeyAlgorithm::ec_p256, "").value();
    statement.valid_ = false;
    CHECK(fixture.token->certification_request(user, key.id, "").error().code == TokenErrc::not_activated);
    CHECK(!fixture.token->authorise(Role::user, pin("482951")));
    CHECK(!fixture.token->authorise(Role::admin, pin("x482951")));

    auto strict = fixture.options();
    strict.activation_required = true;
    fixture.open(std::move(strict));
    CHECK(fixture.token->info().state == TokenState::not_activated);
}

TEST_CASE("a proof from before a reset is worth nothing after it [R51] [R145]", "[token][matrix]") {
    Scene scene;
    const Authorisation user = scene.user();
    Authorisation old_admin = scene.admin();
    Authorisation old_user = scene.user();
    REQUIRE(scene.token->reset(scene.admin(), pin("482951"), pin("x482951"), {}));
    CHECK(scene.token->generate_key(user, KeyAlgorithm::ec_p256, "").error().code == TokenErrc::wrong_role);
    CHECK(scene.token->change_pin(std::move(old_user), pin("111222"), {true, true}).error().code ==
          TokenErrc::wrong_role);
    CHECK(scene.token->unblock_user(std::move(old_admin), pin("482952"), {}).error().code ==
          TokenErrc::wrong_role);
    CHECK(scene.token->authorise(Role::user, pin("482951")));
}

TEST_CASE("a proof of a PIN that was changed meanwhile cannot change it again", "[token][matrix]") {
    Scene scene;
    Authorisation early = scene.user();
    REQUIRE(scene.token->change_pin(scene.user(), pin("482951"), {}));
    CHECK(scene.token->change_pin(std::move(early), pin("482952"), {}).error().code == TokenErrc::wrong_role);
    CHECK(scene.token->authorise(Role::user, pin("482951")));
}
