// SPDX-License-Identifier: Apache-2.0
// A vault of version 1 whose first start under this version is killed, or loses power, at every single step.
#include "catch_compat.hpp"
#include "database.hpp"
#include "disk.hpp"
#include "fault.hpp"
#include "token_fixture.hpp"
#include "vault.hpp"
#include <mohr/base/files.hpp>

#include <sys/wait.h>

#include <cstdio>
#include <map>
#include <unistd.h>

using namespace mohr;
using namespace mohr::test;
using namespace mohr::token;

namespace {

/// The stored sample, copied, on a disk that can lose what was not synced.
class Sample {
public:
    Sample() {
        const std::filesystem::path from = std::filesystem::path(MOHR_SAMPLE_VAULTS) / "vault-v1";
        for (const auto& directory : {data_, state_, secret_}) ensure_private_directory(directory).value();
        write_private(data_ / "vault.db", read_file(from / "vault.db")).value();
        write_private(state_ / "epoch", read_file(from / "epoch")).value();
        write_private(secret_ / "device.key", read_file(from / "device.key")).value();
        disk_.sync_everything({data_, state_});
    }
    [[nodiscard]] Result<std::unique_ptr<SoftToken>> open() {
        return SoftToken::open({.data_directory = data_,
                                .state_directory = state_,
                                .device_secret = device_,
                                .clock = clock_,
                                .kdf_program = {},
                                .argon2 = {},
                                .activation_required = false,
                                .kernel_keyring = false,
                                .state_file = &state_file_});
    }
    /// Opens it in a process that dies at step `step`; where that was, empty if it came to the end.
    std::string open_and_die(unsigned step);
    void lose_power() { disk_.lose_power({data_, state_}); }
    [[nodiscard]] std::int64_t version() const {
        auto database = Database::open(data_ / "vault.db").value();
        auto row = database.prepare("PRAGMA user_version").value();
        REQUIRE(row.step().value());
        return row.integer(0);
    }

private:
    ScratchDirectory scratch_;
    std::filesystem::path data_ = scratch_.path() / "data";
    std::filesystem::path state_ = scratch_.path() / "state";
    std::filesystem::path secret_ = scratch_.path() / "secret";
    Disk disk_{scratch_.path() / "platter"};
    PrivateStateFile state_file_{state_ / "epoch", disk_};
    FileDeviceSecret device_{secret_ / "device.key"};
    FakeClock clock_;
};

// Of the child alone.
int report = -1;
unsigned steps_left = 0;

void step_reached(const char* point) {
    if (--steps_left != 0) return;
    (void)!::write(report, point, std::char_traits<char>::length(point));
    ::kill(::getpid(), SIGKILL);
}

std::string Sample::open_and_die(unsigned step) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        report = ends[1];
        steps_left = step;
        disk_.install();
        disk_.on_event(step_reached);
        set_fault_hook(step_reached);
        const bool opened = static_cast<bool>(open());
        std::_Exit(opened ? 0 : 1);
    }
    ::close(ends[1]);
    char text[64];
    const ssize_t size = ::read(ends[0], text, sizeof text);
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    const std::string point = size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
    if (point.empty()) REQUIRE((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return point;
}

void check_content(SoftToken& token) {
    CHECK(!token.info().older_copy_suspected);
    CHECK(token.info().user.tries_left == 4);
    CHECK(token.log_head().count == 3);
    const auto keys = token.objects().value();
    REQUIRE(keys.size() == 4);
    CHECK(keys[0].state == CertificateState::active);
    CHECK(keys[1].state == CertificateState::on_hold);
    CHECK(keys[2].replaced);
    CHECK(keys[3].state == CertificateState::pending);
}

} // namespace

TEST_CASE(
    "a migration killed or without power at any step leaves a whole vault, old or new, and one that was "
    "acknowledged stays [R52] [R55] [T29]",
    "[fault][kill]") {
    const bool power = GENERATE(false, true);
    std::map<std::string, unsigned> hits;
    for (unsigned step = 1;; ++step) {
        Sample sample;
        const std::string killed_at = sample.open_and_die(step);
        CAPTURE(step, killed_at, power);
        if (power) sample.lose_power();
        const std::int64_t version = sample.version();
        CHECK((version == 1 || version == vault_version));
        if (killed_at.empty()) CHECK(version == vault_version);
        {
            auto token = sample.open();
            REQUIRE(token);
            check_content(**token);
        }
        CHECK(sample.version() == vault_version);
        if (killed_at.empty()) break;
        ++hits[killed_at];
    }
    for (const auto& [point, count] : hits) std::printf("  %-24s %u\n", point.c_str(), count);
    for (const char* point : {"vault.schema_made", "vault.counters", "vault.before_commit",
                              "vault.after_commit", "write", "sync"}) {
        CAPTURE(point);
        CHECK(hits[point] > 0);
    }
}
