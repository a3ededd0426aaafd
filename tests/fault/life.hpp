// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "disk.hpp"
#include "token_fixture.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace mohr::test {

/// What a life does to its token, one after another.
enum class Operation : std::uint8_t {
    open,
    initialise,
    wrong_user,
    right_user,
    wrong_admin,
    right_admin,
    lock,
    generate,
    remove,
    set_label,
    change_pin,
    unblock,
    reset,
    commit_log,
};

enum class Event : std::uint8_t { started, checked, answered, killed };

/// One line of what a life tells the oracle; written to a pipe in one piece, so a kill never leaves half of
/// it.
struct Record {
    Event event{};
    Operation operation{};
    bool done = false;  ///< answered: acknowledged; not: refused or failed
    bool wrong = false; ///< answered: the PIN was told to be wrong
    bool unlocked = false;
    bool initialised = false;
    bool suspected = false;
    std::uint32_t user_left = 0;
    std::uint32_t admin_left = 0;
    std::uint64_t log_count = 0;
    std::uint32_t serial = 0; ///< of the new PINs, in change_pin, unblock and reset
    std::uint32_t key_count = 0;
    token::KeyId keys[8];
    token::KeyId removed; ///< of remove
    char label[16] = {};
    char detail[160] = {}; ///< killed: the point; answered: the error
};

/// The user PIN after `serial` changes; the admin PIN that belongs to the same reset.
[[nodiscard]] std::string user_pin_of(std::uint32_t serial);
[[nodiscard]] std::string admin_pin_of(std::uint32_t serial);

/// What must hold, learnt only from what a life acknowledged before it ended; lives outside of it.
class Oracle {
public:
    /// Takes the next record of a life; what is wrong with it goes to `violations`.
    /// `disk_was_full`: the token may then fail to open.
    void take(const Record& record, bool disk_was_full);
    /// The life has ended. `died`: by a kill, with whatever was begun.
    void ended(bool died);

    [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }
    [[nodiscard]] bool initialised() const noexcept { return initialised_; }
    /// Which of two pairs of PINs works is open after a kill in the middle of a change.
    [[nodiscard]] bool uncertain() const noexcept {
        return user_serials_.size() > 1 || admin_serials_.size() > 1;
    }
    [[nodiscard]] const std::set<std::uint32_t>& user_serials() const noexcept { return user_serials_; }
    [[nodiscard]] const std::set<std::uint32_t>& admin_serials() const noexcept { return admin_serials_; }
    void settle(std::uint32_t user_serial, std::uint32_t admin_serial);
    void complain(std::string what);

private:
    struct Range {
        std::uint32_t low = 0;
        std::uint32_t high = 0;
        [[nodiscard]] bool has(std::uint32_t value) const noexcept { return low <= value && value <= high; }
    };
    void check_opened(const Record& record);
    void check_answer(const Record& record);
    void check_state(const Record& record);
    void after_death();

    std::vector<std::string> violations_;
    bool initialised_ = false;
    bool initialise_begun_ = false;
    std::set<std::uint32_t> user_serials_{0};
    std::set<std::uint32_t> admin_serials_{0};
    Range user_{0, 0};
    Range admin_{0, 0};
    bool unlocked_ = false;
    std::set<token::KeyId> keys_;
    std::set<token::KeyId> maybe_keys_;
    bool maybe_new_key_ = false;
    std::uint64_t log_low_ = 0;
    std::uint64_t log_high_ = 0;
    std::set<std::string> labels_{""};
    bool was_full_ = false; ///< since the last start
    bool in_flight_ = false;
    bool checked_ = false;
    Record begun_;
};

/// How one life ends.
struct Fate {
    std::string point;         ///< killed at this point …
    unsigned skip = 0;         ///< … after so many hits of it
    unsigned disk_event = 0;   ///< or at this write, sync or rename; 0: not there
    unsigned full_from = 0;    ///< from this disk event on the disk is full; 0: never
    unsigned operations = 300; ///< ends by itself after so many
};

/// Runs lives of one token and has the oracle watch them.
class Lives {
public:
    explicit Lives(std::uint32_t seed);
    /// One child process; returns the point where it was killed, empty if it ended by itself.
    std::string run(const Fate& fate);
    /// All that is in the files counts as synced.
    void keep_everything();
    /// The power goes: what was not synced is lost.
    void lose_power();
    [[nodiscard]] Oracle& oracle() noexcept { return oracle_; }

private:
    /// What it throws ends the child: it must not go on as a second copy of the test program.
    [[noreturn]] void live(const Fate& fate, int pipe) noexcept;
    void find_pins();
    [[nodiscard]] token::SoftTokenOptions options();
    ScratchDirectory scratch_;
    std::filesystem::path data_ = scratch_.path() / "data";
    std::filesystem::path state_ = scratch_.path() / "state";
    Disk disk_{scratch_.path() / "platter"};
    token::PrivateStateFile state_file_{state_ / "epoch", disk_};
    token::FileDeviceSecret device_{scratch_.path() / "secret" / "device.key"};
    FakeClock clock_;
    std::mt19937 random_;
    std::uint32_t next_serial_ = 1;
    Oracle oracle_;
};

} // namespace mohr::test
