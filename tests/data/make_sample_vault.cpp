// SPDX-License-Identifier: Apache-2.0
// Makes a vault as this version writes it, for a directory vault-vN beside this file: see vault-v2/README.md. Run once for each
// version of the format, never again for an older one.
#include "token_fixture.hpp"

#include <cstdio>

using namespace mohr;
using namespace mohr::token;

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s DIRECTORY MOHR-KDF\n", argv[0]);
        return 2;
    }
    const std::filesystem::path root = std::filesystem::absolute(argv[1]);
    test::FakeClock clock;
    FileDeviceSecret device(root / "secret" / "device.key");
    auto token = SoftToken::open({.data_directory = root / "data",
                                  .state_directory = root / "state",
                                  .device_secret = device,
                                  .clock = clock,
                                  .kdf_program = argv[2],
                                  .argon2 = argon2_floor,
                                  .activation_required = false,
                                  .kernel_keyring = false})
                     .value();
    token->initialise(test::pin("741852"), test::pin("Adm1n2580"), "نمونه ۱", {}).value();
    const test::TestAuthority authority(clock);
    const Authorisation user = token->authorise(Role::user, test::pin("741852")).value();
    const auto add = [&](KeyAlgorithm algorithm, const char* label) {
        clock.advance(std::chrono::seconds(1));
        return token->generate_key(user, algorithm, label).value();
    };
    const auto certify = [&](const TokenObject& key, CertificateState state) {
        const Certificate leaf =
            authority.issue(key.public_key_info, nullptr, std::chrono::hours(24 * 365 * 90));
        (void)token->import_certificate(user, {leaf, authority.certificate()}, state).value();
    };
    certify(add(KeyAlgorithm::rsa_2048, "active"), CertificateState::active);
    certify(add(KeyAlgorithm::ec_p256, "on hold"), CertificateState::on_hold);
    const TokenObject replaced = add(KeyAlgorithm::ec_p384, "replaced");
    certify(replaced, CertificateState::active);
    token->retire(replaced.id, Retirement::replaced).value();
    (void)add(KeyAlgorithm::ec_p256, "pending");
    LogHead head;
    head.count = 3;
    head.head.fill(0x33);
    token->commit_log_head(head).value();
    token->lock();
    (void)token->authorise(Role::user, test::pin("000000")); // one wrong try is left behind
    return 0;
}
