// SPDX-License-Identifier: Apache-2.0
#include "life.hpp"

#include <algorithm>

namespace mohr::test {
namespace {

constexpr std::uint32_t user_tries = 5;
constexpr std::uint32_t admin_tries = 10;

const char* name_of(Operation operation) {
    static constexpr const char* names[] = {
        "open",     "initialise", "wrong_user", "right_user", "wrong_admin", "right_admin", "lock",
        "generate", "remove",     "set_label",  "change_pin", "unblock",     "reset",       "commit_log"};
    return names[static_cast<std::size_t>(operation)];
}

std::uint32_t less(std::uint32_t value) {
    return value == 0 ? 0 : value - 1;
}

} // namespace

void Oracle::complain(std::string what) {
    violations_.push_back(std::move(what));
}

void Oracle::settle(std::uint32_t user_serial, std::uint32_t admin_serial) {
    user_serials_ = {user_serial};
    admin_serials_ = {admin_serial};
    user_ = {user_tries, user_tries};
    admin_ = {admin_tries, admin_tries};
}

void Oracle::take(const Record& record, bool disk_was_full) {
    switch (record.event) {
    case Event::started:
        begun_ = record;
        in_flight_ = true;
        checked_ = false;
        return;
    case Event::checked:
        checked_ = true;
        return;
    case Event::killed:
        return;
    case Event::answered:
        break;
    }
    if (record.operation == Operation::open)
        check_opened(record);
    else
        check_answer(record);
    in_flight_ = false;
    was_full_ = was_full_ || disk_was_full;
}

/// After a start everything acknowledged is there, and nothing else but what was under way.
void Oracle::check_opened(const Record& record) {
    if (!record.done) return complain(std::string("the token does not open: ") + record.detail);
    if (record.suspected) complain("an older copy is suspected though there was only a kill");
    if (initialised_ && !record.initialised) complain("the token is not initialised any more");
    if (!initialised_ && record.initialised) {
        if (!initialise_begun_) complain("the token is initialised by itself");
        initialised_ = true;
        user_ = {user_tries, user_tries};
        admin_ = {admin_tries, admin_tries};
        labels_ = {"first"};
    }
    if (!initialised_) return;
    // A full disk may have taken the second file's lower counters and then refused the vault: one try, until
    // the next right PIN.
    if (was_full_) {
        user_.low = less(user_.low);
        admin_.low = less(admin_.low);
    }
    was_full_ = false;
    check_state(record);
    user_ = {record.user_left, record.user_left};
    admin_ = {record.admin_left, record.admin_left};
    keys_.clear();
    keys_.insert(record.keys, record.keys + record.key_count);
    maybe_keys_.clear();
    maybe_new_key_ = false;
    log_low_ = log_high_ = record.log_count;
    labels_ = {record.label};
    unlocked_ = false;
}

void Oracle::check_state(const Record& record) {
    const auto range = [](const Range& r) { return std::to_string(r.low) + ".." + std::to_string(r.high); };
    if (!user_.has(record.user_left))
        complain("user tries " + std::to_string(record.user_left) + ", expected " + range(user_));
    if (!admin_.has(record.admin_left))
        complain("admin tries " + std::to_string(record.admin_left) + ", expected " + range(admin_));
    if (record.log_count < log_low_ || record.log_count > log_high_)
        complain("log head " + std::to_string(record.log_count) + ", expected " + std::to_string(log_low_) +
                 ".." + std::to_string(log_high_));
    if (labels_.count(record.label) == 0) complain(std::string("label '") + record.label + "'");
    const std::set<token::KeyId> listed(record.keys, record.keys + record.key_count);
    for (const token::KeyId& id : keys_)
        if (listed.count(id) == 0) complain("an acknowledged key is lost");
    unsigned unknown = 0;
    for (const token::KeyId& id : listed)
        if (keys_.count(id) == 0 && maybe_keys_.count(id) == 0) ++unknown;
    if (unknown > (maybe_new_key_ ? 1U : 0U))
        complain("a key is there that nobody made, or that was removed");
}

/// Within a life: the answer follows from what held before.
void Oracle::check_answer(const Record& record) {
    const Record& before = begun_;
    const auto expect = [&](bool ok, const char* what) {
        if (!ok) complain(std::string(name_of(record.operation)) + ": " + what + " " + record.detail);
    };
    Range user = user_;
    Range admin = admin_;
    switch (record.operation) {
    case Operation::open:
        break;
    case Operation::initialise:
        if (!record.done) break;
        initialised_ = true;
        user = {user_tries, user_tries};
        admin = {admin_tries, admin_tries};
        labels_ = {"first"};
        break;
    case Operation::wrong_user:
        expect(!record.done, "a wrong PIN was accepted");
        // Told "wrong", it costs a try; not checked (disk full), it may cost one but never gives one.
        user = {less(user.low), record.wrong ? less(user.high) : user.high};
        break;
    case Operation::wrong_admin:
        expect(!record.done, "a wrong PIN was accepted");
        admin = {less(admin.low), record.wrong ? less(admin.high) : admin.high};
        break;
    case Operation::right_user:
        expect(!record.wrong || user.low == 0, "the right PIN was refused");
        if (record.done)
            user = {less(user.low), user_tries}; // on a full disk the tries come back later
        else
            user.low = less(user.low);
        break;
    case Operation::right_admin:
        expect(!record.wrong || admin.low == 0, "the right PIN was refused");
        admin = {less(admin.low), record.done ? admin_tries : admin.high};
        break;
    case Operation::lock:
        user.low = less(user.low);
        break;
    case Operation::generate:
        if (record.done) keys_.insert(record.keys, record.keys + record.key_count);
        break;
    case Operation::remove:
        if (record.done) keys_.erase(before.removed);
        break;
    case Operation::set_label:
        if (record.done) labels_ = {before.label};
        break;
    case Operation::change_pin:
        if (record.done) user_serials_ = {before.serial};
        break;
    case Operation::unblock:
        if (!record.done) break;
        user_serials_ = {before.serial};
        user = {user_tries, user_tries};
        break;
    case Operation::reset:
        if (!record.done) break;
        user_serials_ = admin_serials_ = {before.serial};
        user = {user_tries, user_tries};
        admin = {admin_tries, admin_tries};
        keys_.clear();
        break;
    case Operation::commit_log:
        if (record.done) log_low_ = log_high_ = before.log_count;
        break;
    }
    user_ = user;
    admin_ = admin;
    if (initialised_) check_state(record);
    user_ = {record.user_left, record.user_left};
    admin_ = {record.admin_left, record.admin_left};
    unlocked_ = record.unlocked;
}

void Oracle::ended(bool died) {
    if (died) {
        after_death();
    } else if (in_flight_) {
        complain(std::string("a life ended in the middle of ") + name_of(begun_.operation));
    }
    in_flight_ = false;
    unlocked_ = false;
}

/// What may hold after a kill: either side of the change under way. A try that was taken may be lost, and one
/// that was used, because the check was made, is lost for certain.
void Oracle::after_death() {
    const std::uint32_t held =
        unlocked_ ? 1 : 0; // the try in hand of an unlocked token is lost with the process
    Range user{user_.low - std::min(held, user_.low), user_.high - std::min(held, user_.high)};
    Range admin = admin_;
    if (in_flight_) {
        switch (begun_.operation) {
        case Operation::open:
        case Operation::generate:
            maybe_new_key_ = begun_.operation == Operation::generate;
            break;
        case Operation::initialise:
            initialise_begun_ = true;
            break;
        case Operation::wrong_user:
            // Locked: one try, lost for certain once the check was made. Unlocked: the try in hand paid for
            // this check.
            user = {less(user.low), checked_ && held == 0 ? less(user.high) : user.high};
            break;
        case Operation::right_user:
            user = {less(user.low), checked_ ? std::max(user.high, user_tries - 1) : user.high};
            break;
        case Operation::wrong_admin:
            admin = {less(admin.low), checked_ ? less(admin.high) : admin.high};
            break;
        case Operation::right_admin:
            admin = {less(admin.low), checked_ ? admin_tries : admin.high};
            break;
        case Operation::lock:
            user.high = user_.high;
            break;
        case Operation::remove:
            keys_.erase(begun_.removed);
            maybe_keys_.insert(begun_.removed);
            break;
        case Operation::set_label:
            labels_.insert(begun_.label);
            break;
        case Operation::change_pin:
            user_serials_.insert(begun_.serial);
            break;
        case Operation::unblock:
            user_serials_.insert(begun_.serial);
            user.high = user_tries;
            break;
        case Operation::reset:
            user_serials_.insert(begun_.serial);
            admin_serials_.insert(begun_.serial);
            user.high = user_tries;
            admin.high = admin_tries;
            maybe_keys_.insert(keys_.begin(), keys_.end());
            keys_.clear();
            break;
        case Operation::commit_log:
            log_high_ = begun_.log_count;
            break;
        }
    }
    user_ = user;
    admin_ = admin;
}

} // namespace mohr::test
