// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "pin_kdf.hpp"
#include "token_fixture.hpp"
#include <mohr/base/encoding.hpp>

#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <unistd.h>

using namespace mohr;
using namespace mohr::token;
using mohr::test::pin;

namespace {

Bytes counting_salt() {
    Bytes salt(salt_bytes);
    for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<std::uint8_t>(i);
    return salt;
}

std::filesystem::path script(const test::ScratchDirectory& scratch, const std::string& text) {
    const auto path = scratch.path() / "helper";
    test::write_file(path, as_bytes("#!/bin/sh\n" + text + "\n"));
    ::chmod(path.c_str(), 0700);
    return path;
}

} // namespace

TEST_CASE("mohr-kdf computes the Argon2id of another implementation [R54] [T28]", "[token][kdf]") {
    // Made with Debian's argon2 (0~20171227), an implementation of its own:
    // printf 1234 | argon2 saltsaltsaltsalt -id -t 3 -k 65536 -p 1 -l 32 -r
    // printf Adm1n2580 | argon2 0123456789abcdef -id -t 4 -k 131072 -p 1 -l 32 -r
    HelperKdf helper(MOHR_KDF_PROGRAM);
    const auto derive = [&](Argon2Parameters cost, std::string_view salt, std::string_view text) {
        return to_hex(helper.derive(cost, as_bytes(salt), pin(text)).value().reveal());
    };
    CHECK(derive({64 * 1024, 3}, "saltsaltsaltsalt", "1234") ==
          "62687aa1f9dca863104dba9f7e3112e492171d45ce8f74bfb055d5339836bfeb");
    CHECK(derive({128 * 1024, 4}, "0123456789abcdef", "Adm1n2580") ==
          "c586604fdab6d32c39dcf810e19257ba7ed19b7e89e072594be8cc0b4a21f59b");
}

TEST_CASE("mohr-kdf itself refuses what is below the floor or above the ceiling [T28]", "[token][kdf]") {
    HelperKdf helper(MOHR_KDF_PROGRAM);
    for (const Argon2Parameters cost :
         {Argon2Parameters{64 * 1024 - 1, 3}, Argon2Parameters{64 * 1024, 2},
          Argon2Parameters{1024 * 1024 + 1, 3}, Argon2Parameters{64 * 1024, 17}})
        CHECK(helper.derive(cost, counting_salt(), pin("1234")).error().code == TokenErrc::storage);
    CHECK(helper.derive(argon2_floor, ByteView(counting_salt()).first(15), pin("1234")).error().code ==
          TokenErrc::storage);
}

TEST_CASE(
    "a helper that is missing, fails, says too little or hangs is an error in good time, and leaves no child",
    "[token][kdf]") {
    test::ScratchDirectory scratch;
    const auto derive = [&](const std::filesystem::path& program) {
        const auto begin = std::chrono::steady_clock::now();
        auto result = HelperKdf(program, std::chrono::milliseconds(300))
                          .derive(argon2_floor, counting_salt(), pin("1234"));
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
        CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
        return result;
    };
    CHECK(!derive(scratch.path() / "nothing"));
    CHECK(!derive(script(scratch, "exit 4")));
    CHECK(!derive(script(scratch, "cat >/dev/null; printf short")));
    CHECK(!derive(script(scratch, "exec sleep 60")));
}

TEST_CASE("the helper gets no environment and no descriptor but its socket [T30]", "[token][kdf]") {
    test::ScratchDirectory scratch;
    const std::string report = (scratch.path() / "report").string();
    const int leaked = ::dup(2); // without O_CLOEXEC on purpose
    REQUIRE(leaked > 2);
    // Lists its descriptors and its environment, then answers with 32 bytes.
    const auto program =
        script(scratch, "ls /proc/$$/fd > " + report + "; env >> " + report + "; head -c 32 /dev/zero");
    CHECK(HelperKdf(program).derive(argon2_floor, counting_salt(), pin("1234")));
    ::close(leaked);
    std::ifstream file(report);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    // 0, 1, 2 and the shell's own view of its script (10 or 255); PWD and the like are set by the shell
    // itself.
    for (const std::string& line : lines) {
        CAPTURE(line);
        CHECK(line != std::to_string(leaked));
        CHECK(line.find("HOME=") == std::string::npos);
        CHECK(line.find("PATH=") == std::string::npos);
    }
    CHECK(!lines.empty());
}

TEST_CASE("mohr-kdf runs without core dumps, without new privileges and with its socket only [T30]",
          "[token][kdf]") {
    // Long enough to be looked at while it runs.
    bool derived = false;
    std::thread worker([&] {
        derived =
            HelperKdf(MOHR_KDF_PROGRAM).derive({512 * 1024, 6}, counting_salt(), pin("1234")).has_value();
    });
    const auto read = [](const std::string& path) {
        std::ifstream file(path);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    const auto children = [&] {
        std::string all;
        for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
            all += read(task.path() / "children");
        return all;
    };
    std::string process;
    std::string status;
    for (int i = 0; i < 500 && status.find("NoNewPrivs:\t1") == std::string::npos; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        const std::string listed = children();
        if (listed.empty()) continue;
        process = "/proc/" + std::to_string(std::stoi(listed)) + "/";
        status = read(process + "status");
    }
    CHECK(status.find("Name:\tmohr-kdf") != std::string::npos);
    CHECK(status.find("NoNewPrivs:\t1") != std::string::npos);
    CHECK(read(process + "limits").find("Max core file size        0                    0") !=
          std::string::npos);
    CHECK(read(process + "environ").empty());
    std::set<std::string> descriptors;
    std::error_code ended;
    for (const auto& entry : std::filesystem::directory_iterator(process + "fd", ended))
        descriptors.insert(entry.path().filename());
    worker.join();
    CHECK(derived);
    if (::geteuid() == 0)
        CHECK(descriptors == std::set<std::string>{"0", "1", "2"});
    else
        CHECK(ended == std::errc::permission_denied); // not dumpable: closed even to its own user
}

TEST_CASE("a helper that fails costs no try and says unavailable [R55]", "[token][kdf]") {
    test::TokenFixture fixture;
    auto options = fixture.options();
    options.test_kdf = nullptr;
    options.argon2 = argon2_floor;
    options.kdf_program = MOHR_KDF_PROGRAM;
    fixture.open(options);
    fixture.initialise();
    options.kdf_program = "/nonexistent/mohr-kdf";
    fixture.open(options);
    for (int i = 0; i < 7; ++i) {
        const auto result =
            fixture.token->authorise(i % 2 == 0 ? Role::user : Role::admin, pin(test::user_pin));
        REQUIRE(!result);
        CHECK(result.error().reason == PinReason::unavailable);
    }
    CHECK(fixture.token->info().user.tries_left == 5);
    CHECK(fixture.token->info().admin.tries_left == 10);
    options.kdf_program = MOHR_KDF_PROGRAM;
    fixture.open(options);
    CHECK(fixture.user().role() == Role::user);
}

namespace {

/// Takes 5 ms for each 64 MiB, whatever else the machine does.
class TimedKdf final : public PinKdf {
public:
    Result<Secret> derive(const Argon2Parameters& parameters, ByteView, const Secret&) override {
        std::this_thread::sleep_for(std::chrono::microseconds(parameters.memory_kib * 5000 / (64 * 1024)));
        return Secret(32);
    }
};

} // namespace

TEST_CASE("calibration aims at its time and never goes below the floor or above the ceiling [T28]",
          "[token][kdf]") {
    TimedKdf timed;
    CHECK(calibrate(timed, std::chrono::milliseconds(1)).value() == argon2_floor);
    const Argon2Parameters chosen = calibrate(timed, std::chrono::milliseconds(20)).value();
    CHECK(chosen.memory_kib > argon2_floor.memory_kib);
    CHECK(chosen.memory_kib <= 4 * argon2_floor.memory_kib);
    CHECK(chosen.passes == 3);
    CHECK(calibrate(timed, std::chrono::seconds(10)).value().memory_kib <= argon2_ceiling.memory_kib);
    HelperKdf missing("/nonexistent/mohr-kdf");
    CHECK(!calibrate(missing, std::chrono::milliseconds(800)));
}

TEST_CASE("a new vault without given parameters is calibrated, and its header says to what", "[token][kdf]") {
    test::TokenFixture fixture;
    auto options = fixture.options();
    options.argon2.reset();
    options.test_kdf = nullptr;
    options.kdf_program = MOHR_KDF_PROGRAM;
    options.calibration_target = std::chrono::milliseconds(200);
    fixture.open(options);
    fixture.initialise();
    const TokenInfo info = fixture.token->info();
    CHECK(info.argon2_memory_kib >= argon2_floor.memory_kib);
    CHECK(info.argon2_passes == 3);
    fixture.open(options);
    CHECK(fixture.token->info().argon2_memory_kib == info.argon2_memory_kib);
    CHECK(fixture.user().role() == Role::user);
}

TEST_CASE("parameters below the floor are refused when given and when found in a vault [T28]",
          "[token][kdf]") {
    test::TokenFixture fixture;
    auto options = fixture.options();
    options.test_kdf = nullptr;
    options.kdf_program = MOHR_KDF_PROGRAM;
    for (const Argon2Parameters cost : {Argon2Parameters{64 * 1024 - 1, 3}, Argon2Parameters{64 * 1024, 2}}) {
        options.argon2 = cost;
        CHECK(SoftToken::open(options).error().code == TokenErrc::vault_damaged);
    }
    fixture.initialise(); // a test vault with the cheapest parameters, authentic in every respect
    fixture.token.reset();
    options.argon2 = argon2_floor;
    CHECK(SoftToken::open(options).error().code == TokenErrc::vault_damaged);
}
