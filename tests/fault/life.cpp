// SPDX-License-Identifier: Apache-2.0
#include "life.hpp"

#include "fault.hpp"

#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <unistd.h>

namespace mohr::test {
namespace {

using token::Role;

/// State of the child: the fault hook is a plain function.
struct Child {
    int pipe = -1;
    const Fate* fate = nullptr;
    unsigned hits = 0;
    unsigned disk_events = 0;
    Operation operation{};
};
Child child;

static_assert(std::is_trivially_copyable_v<Record> && sizeof(Record) <= 4096, "one write to a pipe");

void send(const Record& record) {
    if (::write(child.pipe, &record, sizeof record) != static_cast<ssize_t>(sizeof record)) std::_Exit(3);
}

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
    const std::size_t length = std::min(from.size(), N - 1);
    if (length > 0) std::memcpy(to, from.data(), length);
    to[length] = '\0';
}

[[noreturn]] void die(const char* point) {
    Record record;
    record.event = Event::killed;
    record.operation = child.operation;
    copy_text(record.detail, point);
    send(record);
    ::kill(::getpid(), SIGKILL);
    std::abort();
}

void at_point(const char* point) {
    // The oracle must know that the life knows: from here on a wrong PIN was learnt to be wrong.
    if (std::strcmp(point, "pin.checked") == 0) {
        Record record;
        record.event = Event::checked;
        record.operation = child.operation;
        send(record);
    }
    if (child.fate->point == point && child.hits++ == child.fate->skip) die(point);
}

/// One process with its token, doing things until its fate meets it.
class Life {
public:
    Life(token::SoftTokenOptions options, std::uint32_t user_serial, std::uint32_t admin_serial,
         std::uint32_t& next_serial, std::mt19937& random)
        : options_(std::move(options)), user_serial_(user_serial), admin_serial_(admin_serial),
          next_serial_(next_serial), random_(random) {}

    void run(unsigned operations) {
        begin(Operation::open);
        auto opened = token::SoftToken::open(options_);
        if (!opened) {
            Record record;
            record.event = Event::answered;
            record.operation = Operation::open;
            copy_text(record.detail, opened.error().describe());
            send(record);
            return;
        }
        token_ = std::move(*opened);
        answer(true, false, {});
        if (token_->info().state != token::TokenState::initialised) initialise();
        for (unsigned i = 0; i < operations; ++i) step();
        begin(Operation::lock);
        token_->lock();
        answer(true, false, {});
    }

private:
    Record& begin(Operation operation) {
        started_ = {};
        started_.event = Event::started;
        started_.operation = child.operation = operation;
        if (operation != Operation::change_pin && operation != Operation::unblock &&
            operation != Operation::reset && operation != Operation::remove &&
            operation != Operation::set_label && operation != Operation::commit_log)
            send(started_);
        return started_;
    }

    void answer(bool done, bool wrong, std::string_view detail) {
        Record record;
        record.event = Event::answered;
        record.operation = child.operation;
        record.done = done;
        record.wrong = wrong;
        const token::TokenInfo info = token_->info();
        record.unlocked = info.unlocked;
        record.initialised = info.state == token::TokenState::initialised;
        record.suspected = info.older_copy_suspected;
        record.user_left = info.user.tries_left;
        record.admin_left = info.admin.tries_left;
        record.log_count = token_->log_head().count;
        copy_text(record.label, info.label);
        if (auto objects = token_->objects())
            for (const token::TokenObject& object : *objects) record.keys[record.key_count++] = object.id;
        copy_text(record.detail, detail);
        send(record);
    }
    void answer(const Result<void>& result) {
        answer(result.has_value(), false, result ? std::string() : result.error().describe());
    }

    void initialise() {
        begin(Operation::initialise);
        answer(token_->initialise(pin(user_pin_of(user_serial_)), pin(admin_pin_of(admin_serial_)), "first",
                                  {true, true}));
    }

    void check(Operation operation, Role role, const std::string& text) {
        begin(operation);
        auto result = token_->authorise(role, pin(text));
        if (result) {
            (role == Role::user ? user_ : admin_).emplace(std::move(*result));
            answer(true, false, {});
        } else {
            const auto reason = result.error().reason;
            answer(false, reason == token::PinReason::wrong || reason == token::PinReason::blocked,
                   result.error().detail);
        }
    }

    void step() {
        const token::TokenInfo info = token_->info();
        if (info.admin.tries_left == 0) return reset_blocked();
        if (info.admin.tries_left <= 5)
            return check(Operation::right_admin, Role::admin, admin_pin_of(admin_serial_));
        if (info.user.tries_left == 0) return unblock();
        switch (std::uniform_int_distribution<int>(0, 15)(random_)) {
        case 0:
        case 1:
        case 2:
            return check(Operation::wrong_user, Role::user, "0000");
        case 3:
        case 4:
            return check(Operation::right_user, Role::user, user_pin_of(user_serial_));
        case 5:
            return check(Operation::wrong_admin, Role::admin, "none");
        case 6:
            return check(Operation::right_admin, Role::admin, admin_pin_of(admin_serial_));
        case 7:
        case 8:
            begin(Operation::lock);
            token_->lock();
            return answer(true, false, {});
        case 9:
            return generate();
        case 10:
            return remove();
        case 11:
            return set_label();
        case 12:
            return change_pin();
        case 13:
            return unblock();
        case 14:
            return reset();
        default:
            return commit_log();
        }
    }

    void generate() {
        const auto objects = token_->objects();
        if (!user_ || !objects || objects->size() >= 6) return;
        begin(Operation::generate);
        auto made = token_->generate_key(*user_, token::KeyAlgorithm::ec_p256, "k");
        answer(made.has_value(), false, made ? std::string() : made.error().describe());
    }

    void remove() {
        const auto objects = token_->objects();
        if (!user_ || !objects || objects->empty()) return;
        begin(Operation::remove).removed = objects->front().id;
        send(started_);
        answer(token_->remove(*user_, objects->front().id));
    }

    void set_label() {
        if (!admin_) return;
        const std::string label = "label " + std::to_string(next_serial_++);
        copy_text(begin(Operation::set_label).label, label);
        send(started_);
        answer(token_->set_label(std::move(*admin_), label));
        admin_.reset();
    }

    void change_pin() {
        if (!user_) return;
        const std::uint32_t serial = begin(Operation::change_pin).serial = next_serial_++;
        send(started_);
        const auto changed = token_->change_pin(std::move(*user_), pin(user_pin_of(serial)), {true, true});
        user_.reset();
        if (changed) user_serial_ = serial;
        answer(changed);
    }

    void unblock() {
        check(Operation::right_admin, Role::admin, admin_pin_of(admin_serial_));
        if (!admin_) return;
        const std::uint32_t serial = begin(Operation::unblock).serial = next_serial_++;
        send(started_);
        const auto changed = token_->unblock_user(std::move(*admin_), pin(user_pin_of(serial)), {true, true});
        admin_.reset();
        user_.reset();
        if (changed) user_serial_ = serial;
        answer(changed);
    }

    void reset() {
        if (!admin_ || std::uniform_int_distribution<int>(0, 3)(random_) != 0) return;
        const std::uint32_t serial = begin(Operation::reset).serial = next_serial_++;
        send(started_);
        const auto done = token_->reset(std::move(*admin_), pin(user_pin_of(serial)),
                                        pin(admin_pin_of(serial)), {true, true});
        admin_.reset();
        if (done) {
            user_.reset();
            user_serial_ = admin_serial_ = serial;
        }
        answer(done);
    }

    void reset_blocked() {
        const std::uint32_t serial = begin(Operation::reset).serial = next_serial_++;
        send(started_);
        const auto done =
            token_->reset_blocked(pin(user_pin_of(serial)), pin(admin_pin_of(serial)), {true, true});
        if (done) {
            admin_.reset();
            user_.reset();
            user_serial_ = admin_serial_ = serial;
        }
        answer(done);
    }

    void commit_log() {
        token::LogHead head = token_->log_head();
        begin(Operation::commit_log).log_count = ++head.count;
        send(started_);
        answer(token_->commit_log_head(head));
    }

    token::SoftTokenOptions options_;
    std::unique_ptr<token::SoftToken> token_;
    std::optional<token::Authorisation> user_;
    std::optional<token::Authorisation> admin_;
    std::uint32_t user_serial_;
    std::uint32_t admin_serial_;
    std::uint32_t& next_serial_;
    std::mt19937& random_;
    Record started_;
};

/// Runs `body` in a child; its exit status, or 128 and the signal. What `body` throws ends the child: it must
/// not go on as a second copy of the test program.
template <class Body>
int in_child(Body&& body) {
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork");
    if (pid == 0) [&]() noexcept { body(); }();
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

std::string user_pin_of(std::uint32_t serial) {
    return std::to_string(100000 + serial);
}
std::string admin_pin_of(std::uint32_t serial) {
    return "Admin" + std::to_string(100000 + serial);
}

Lives::Lives(std::uint32_t seed) : random_(seed) {}

void Lives::live(const Fate& fate, int pipe) noexcept {
    child = {};
    child.pipe = pipe;
    child.fate = &fate;
    disk_.install();
    disk_.on_event([&](const char* kind) {
        ++child.disk_events;
        if (fate.full_from != 0 && child.disk_events >= fate.full_from) disk_.set_full(true);
        if (fate.disk_event != 0 && child.disk_events == fate.disk_event) die(kind);
        at_point(kind);
    });
    token::set_fault_hook(at_point);
    {
        Life life(options(), *oracle_.user_serials().begin(), *oracle_.admin_serials().begin(), next_serial_,
                  random_);
        life.run(fate.operations);
        // The token goes here, with its disk as it is.
    }
    std::_Exit(0);
}

std::string Lives::run(const Fate& fate) {
    if (oracle_.uncertain()) find_pins();
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("fork");
    if (pid == 0) {
        ::close(ends[0]);
        live(fate, ends[1]);
    }
    ::close(ends[1]);
    std::string killed_at;
    Record record;
    std::size_t filled = 0;
    auto* const bytes = reinterpret_cast<char*>(&record);
    for (;;) {
        const ssize_t n = ::read(ends[0], bytes + filled, sizeof record - filled);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        filled += static_cast<std::size_t>(n);
        if (filled < sizeof record) continue;
        filled = 0;
        if (record.event == Event::killed) killed_at = record.detail;
        next_serial_ = std::max(next_serial_, record.serial + 1);
        oracle_.take(record, fate.full_from != 0);
    }
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        oracle_.complain("a life failed with status " + std::to_string(WEXITSTATUS(status)));
    if (WIFSIGNALED(status) && killed_at.empty())
        oracle_.complain("a life crashed with signal " + std::to_string(WTERMSIG(status)));
    random_.discard(1009);
    oracle_.ended(WIFSIGNALED(status));
    return killed_at;
}

/// Looks, in a process that nobody kills, which of the PINs in question work: exactly one of each pair must.
/// Where the tries do not suffice to find out, the admin gives the user a new PIN.
void Lives::find_pins() {
    enum Answer { right = 0, wrong = 1, blocked = 2 };
    const auto ask = [&](auto&& question) {
        return in_child([&] {
            const Fate quiet;
            child = {};
            child.fate = &quiet;
            auto opened = token::SoftToken::open(options());
            if (!opened) std::_Exit(3);
            const int answer = question(**opened);
            opened->reset();
            std::_Exit(answer);
        });
    };
    const auto works = [&](Role role, std::uint32_t serial) {
        return ask([&](token::SoftToken& token) -> int {
            const auto result =
                token.authorise(role, pin(role == Role::user ? user_pin_of(serial) : admin_pin_of(serial)));
            if (result) return right;
            return result.error().reason == token::PinReason::wrong ? wrong : blocked;
        });
    };
    const auto find = [&](Role role,
                          const std::set<std::uint32_t>& candidates) -> std::optional<std::uint32_t> {
        std::vector<std::uint32_t> found;
        for (const std::uint32_t serial : candidates) {
            const int answer = works(role, serial);
            if (answer == blocked) return std::nullopt;
            if (answer == right) found.push_back(serial);
        }
        if (found.size() != 1) {
            oracle_.complain(std::to_string(found.size()) + " of the PINs in question work, not one");
            return *candidates.begin();
        }
        (void)works(role, found[0]); // the tries that a wrong one took come back
        return found[0];
    };
    const auto admin = find(Role::admin, oracle_.admin_serials());
    if (!admin) return oracle_.complain("the admin PIN is blocked: the test cannot go on");
    auto user = find(Role::user, oracle_.user_serials());
    if (!user) {
        user = next_serial_++;
        const int answer = ask([&](token::SoftToken& token) -> int {
            auto proof = token.authorise(Role::admin, pin(admin_pin_of(*admin)));
            return proof && token.unblock_user(std::move(*proof), pin(user_pin_of(*user)), {true, true})
                       ? right
                       : wrong;
        });
        if (answer != right) oracle_.complain("the admin could not unblock the user");
    }
    oracle_.settle(*user, *admin);
    keep_everything(); // what was done here went past the disk
}

token::SoftTokenOptions Lives::options() {
    return {.data_directory = data_,
            .state_directory = state_,
            .device_secret = device_,
            .clock = clock_,
            .kdf_program = {},
            .argon2 = token::Argon2Parameters{8, 1},
            .activation_required = false,
            .kernel_keyring = false,
            .state_file = &state_file_,
            .test_kdf = &in_process_kdf()};
}

void Lives::keep_everything() {
    disk_.sync_everything({data_, state_});
}
void Lives::lose_power() {
    disk_.lose_power({data_, state_});
}

} // namespace mohr::test
