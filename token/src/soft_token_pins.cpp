// SPDX-License-Identifier: Apache-2.0
#include "fault.hpp"
#include "sealing.hpp"
#include "soft_token_impl.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

#include <algorithm>

namespace mohr::token {
namespace {

constexpr std::size_t store_bytes = 16;
constexpr std::size_t master_bytes = 32;
constexpr std::size_t max_label_bytes = 64;

std::string_view role_name(Role role) noexcept {
    return role == Role::user ? "user" : "admin";
}
std::uint32_t& left_of(Counters& counters, Role role) noexcept {
    return role == Role::user ? counters.user_left : counters.admin_left;
}
RoleWrap& wrap_of(Header& header, Role role) noexcept {
    return role == Role::user ? header.user : header.admin;
}

/// Collects what the person still has to confirm about new PINs.
class NewPins {
public:
    NewPins(const PinPolicy& policy, PinConfirmations confirmed) : policy_(policy), confirmed_(confirmed) {}

    Result<void> check(Role role, const Secret& pin) {
        const bool user = role == Role::user;
        const auto problem =
            user ? check_user_pin(pin.reveal(), policy_) : check_admin_pin(pin.reveal(), policy_);
        if (problem)
            return Error(user ? TokenErrc::user_pin_invalid : TokenErrc::admin_pin_invalid,
                         std::string(role_name(role)) + ":" + std::string(name_of(*problem)));
        const auto reason = guessable(pin.reveal());
        if (!reason) return {};
        const std::string named = std::string(role_name(role)) + ":" + std::string(name_of(*reason));
        if (policy_.refuse_guessable) return Error(TokenErrc::guessable_refused, named);
        if (!confirmed_.guessable) add(named);
        return {};
    }
    void equal() {
        if (!confirmed_.equal) add("equal");
    }
    /// Fails with confirmation_needed if anything is left to confirm.
    [[nodiscard]] Result<void> finish() const {
        if (!to_confirm_.empty()) return Error(TokenErrc::confirmation_needed, to_confirm_);
        return {};
    }

private:
    void add(std::string_view what) {
        if (!to_confirm_.empty()) to_confirm_ += ',';
        to_confirm_ += what;
    }
    const PinPolicy& policy_;
    PinConfirmations confirmed_;
    std::string to_confirm_;
};

Result<void> check_both(const PinPolicy& policy, PinConfirmations confirmed, const Secret& user_pin,
                        const Secret& admin_pin) {
    NewPins pins(policy, confirmed);
    MOHR_TRY(pins.check(Role::user, user_pin));
    MOHR_TRY(pins.check(Role::admin, admin_pin));
    if (user_pin.same_as(admin_pin.reveal())) pins.equal();
    return pins.finish();
}

Result<void> check_label(std::string_view label) {
    if (label.size() > max_label_bytes) return Error(TokenErrc::limit, "a label has at most 64 bytes");
    if (!is_utf8(label) || label.find('\0') != std::string_view::npos)
        return Error(TokenErrc::malformed, "label");
    return {};
}

PinFailure unavailable(const Error& cause) {
    return {PinReason::unavailable, std::nullopt, cause.describe()};
}
PinFailure refused(std::uint32_t left) {
    return {left == 0 ? PinReason::blocked : PinReason::wrong, left,
            left == 0 ? "no tries left" : "wrong PIN"};
}
Result<void> nothing_else() {
    return {};
}

} // namespace

std::uint32_t SoftToken::Impl::most_tries(Role role) const noexcept {
    return role == Role::user ? options.policy.user_tries : options.policy.admin_tries;
}

// --- The master key's wraps
// ----------------------------------------------------------------------------------------

Bytes SoftToken::Impl::wrap_binding(Role role, const Header& of, ByteView salt) const {
    return Transcript("mohr-wrap-v1")
        .add(role_name(role))
        .add(of.serial)
        .add(ByteView(of.store))
        .add(of.argon2.memory_kib)
        .add(of.argon2.passes)
        .add(salt)
        .bytes();
}

Result<Secret> SoftToken::Impl::wrapping_key(Role role, const Argon2Parameters& cost, ByteView salt,
                                             const Secret& pin) {
    auto stretched = kdf->derive(cost, salt, pin);
    if (!stretched) return stretched.error();
    Secret both(stretched->size() + device_secret.size());
    const auto end =
        std::copy(stretched->reveal().begin(), stretched->reveal().end(), both.reveal_mutable().begin());
    std::copy(device_secret.reveal().begin(), device_secret.reveal().end(), end);
    return derive_key(both.reveal(), salt, "mohr-pin-wrap-v1 " + std::string(role_name(role)));
}

Result<RoleWrap> SoftToken::Impl::wrap(Role role, const Header& of, const Secret& pin, const Secret& master) {
    RoleWrap out;
    out.salt = random_bytes(salt_bytes);
    auto key = wrapping_key(role, of.argon2, out.salt, pin);
    if (!key) return key.error();
    out.wrapped = seal(*key, master.reveal(), wrap_binding(role, of, out.salt));
    return out;
}

// --- First reset and resets
// ----------------------------------------------------------------------------------------

/// One transaction: after a kill the token is either the old one or the new one (R52).
Result<void> SoftToken::Impl::make_store(Secret user_pin, Secret admin_pin, std::string label,
                                         const Argon2Parameters& cost) {
    Header fresh = header;
    fresh.label = std::move(label);
    fresh.store = random_bytes(store_bytes);
    fresh.argon2 = cost;
    const Secret master = random_secret(master_bytes);
    auto user = wrap(Role::user, fresh, user_pin, master);
    if (!user) return user.error();
    auto admin = wrap(Role::admin, fresh, admin_pin, master);
    if (!admin) return admin.error();
    fresh.user = std::move(*user);
    fresh.admin = std::move(*admin);
    const Counters full{0, most_tries(Role::user), most_tries(Role::admin), false};
    const auto changes = [&]() -> Result<void> {
        MOHR_TRY(vault.delete_all_keys());
        return vault.write_header(device_keys, fresh);
    };
    MOHR_TRY(commit(full, Settle::yes, changes));
    {
        const std::unique_lock exclusive(view);
        session.reset();
        header = std::move(fresh);
        keys = std::make_shared<KeyList>();
    }
    // R51: the old wrapped keys are in neither of SQLite's files afterwards.
    const std::lock_guard lock(database);
    vault.database().truncate_log();
    return {};
}

Result<void> SoftToken::initialise(Secret user_pin, Secret admin_pin, std::string label,
                                   PinConfirmations confirmed) {
    const std::lock_guard lock(impl_->change);
    const TokenState state = impl_->state();
    if (state == TokenState::not_activated) return Error(TokenErrc::not_activated);
    if (state == TokenState::initialised) return Error(TokenErrc::already_initialised);
    MOHR_TRY(check_label(label));
    MOHR_TRY(check_both(impl_->options.policy, confirmed, user_pin, admin_pin));
    Argon2Parameters cost = impl_->options.argon2.value_or(argon2_floor);
    if (!impl_->options.argon2) {
        auto measured = calibrate(*impl_->kdf, impl_->options.calibration_target);
        if (!measured) return measured.error();
        cost = *measured;
    }
    return impl_->make_store(std::move(user_pin), std::move(admin_pin), std::move(label), cost);
}

Result<void> SoftToken::reset(Authorisation admin, Secret user_pin, Secret admin_pin,
                              PinConfirmations confirmed) {
    const std::lock_guard lock(impl_->change);
    if (auto session = impl_->require(admin, Role::admin); !session) return session.error();
    MOHR_TRY(check_both(impl_->options.policy, confirmed, user_pin, admin_pin));
    return impl_->make_store(std::move(user_pin), std::move(admin_pin), impl_->header.label,
                             impl_->header.argon2);
}

Result<void> SoftToken::reset_blocked(Secret user_pin, Secret admin_pin, PinConfirmations confirmed) {
    const std::lock_guard lock(impl_->change);
    MOHR_TRY(impl_->ready());
    if (impl_->current().admin_left != 0) return Error(TokenErrc::admin_not_blocked);
    MOHR_TRY(check_both(impl_->options.policy, confirmed, user_pin, admin_pin));
    return impl_->make_store(std::move(user_pin), std::move(admin_pin), impl_->header.label,
                             impl_->header.argon2);
}

// --- PIN checks
// ----------------------------------------------------------------------------------------------------

Authorisation SoftToken::Impl::admit(Role role, std::shared_ptr<Session> opened) {
    touch();
    return Authorisation(std::make_unique<Authorisation::State>(
        Authorisation::State{role, header.store, wrap_of(header, role).salt, std::move(opened)}));
}

Result<Authorisation, PinFailure> SoftToken::authorise(Role role, const Secret& pin) {
    const std::lock_guard lock(impl_->change);
    if (auto ready = impl_->ready(); !ready)
        return PinFailure{PinReason::not_set, std::nullopt, ready.error().describe()};
    if (role == Role::user && impl_->session) return impl_->check_unlocked(pin);
    return impl_->check_stored(role, pin);
}

std::optional<Authorisation> SoftToken::authorise_at_once(const Secret& user_pin) {
    const std::unique_lock lock(impl_->change, std::try_to_lock);
    if (!lock || !impl_->ready() || !impl_->session) return std::nullopt;
    // Otherwise there is something to be written first.
    if (impl_->current().user_left != impl_->most_tries(Role::user) - 1) return std::nullopt;
    if (!impl_->session->knows(user_pin)) return std::nullopt;
    return impl_->admit(Role::user, impl_->session);
}

/// Unlocked: the durable user counter is one lower than what is left, so the try for this check is taken
/// already and a right PIN writes nothing. A wrong one durably takes the next try before it is told.
Result<Authorisation, PinFailure> SoftToken::Impl::check_unlocked(const Secret& pin) {
    Counters next = current();
    const bool right = session->knows(pin);
    fault_point("pin.checked");
    if (right) {
        const std::uint32_t while_unlocked = most_tries(Role::user) - 1;
        if (next.user_left != while_unlocked) {
            next.user_left = while_unlocked;
            // If the disk refuses, the counter stays lower and is tried again at the next check.
            (void)commit(next, Settle::no, nothing_else);
        }
        return admit(Role::user, session);
    }
    if (next.user_left == 0) {
        drop_session();
        return refused(0);
    }
    const std::uint32_t left = next.user_left;
    --next.user_left;
    if (auto taken = commit(next, Settle::no, nothing_else); !taken) {
        // The try in hand pays for this check; without another one nobody may go on guessing against the
        // verifier.
        drop_session();
        return unavailable(taken.error());
    }
    fault_point("pin.answer");
    return refused(left);
}

Result<Authorisation, PinFailure> SoftToken::Impl::check_stored(Role role, const Secret& pin) {
    const Counters before = current();
    Counters next = before;
    std::uint32_t& left = left_of(next, role);
    if (role == Role::user && next.admin_needed)
        return PinFailure{PinReason::admin_needed_first, left, "an older copy is suspected"};
    if (left == 0) return refused(0);
    --left;
    if (auto taken = commit(next, Settle::no, nothing_else); !taken) return unavailable(taken.error());
    fault_point("pin.taken");
    if (pin.size() > max_pin_bytes) return refused(left);
    const RoleWrap& stored = wrap_of(header, role);
    auto key = wrapping_key(role, header.argon2, stored.salt, pin);
    if (!key) {
        // Nothing was checked, so the try may come back.
        (void)commit(before, Settle::no, nothing_else);
        return unavailable(key.error());
    }
    auto master = unseal(*key, stored.wrapped, wrap_binding(role, header, stored.salt));
    fault_point("pin.checked");
    if (!master) return refused(left);

    // Right: the counter comes back. For the user it stays one lower until the lock, which gives back the try
    // in hand.
    const std::uint32_t whole = role == Role::user ? most_tries(role) - 1 : most_tries(role);
    const bool clears_suspicion = role == Role::admin && next.admin_needed;
    if (left != whole || clears_suspicion) {
        left = whole;
        if (role == Role::admin) next.admin_needed = false;
        (void)commit(next, clears_suspicion ? Settle::yes : Settle::no, nothing_else);
    }
    fault_point("pin.answer");
    auto opened = std::make_shared<Session>(std::move(*master), pin);
    if (role == Role::user) {
        const std::unique_lock exclusive(view);
        session = opened;
    }
    return admit(role, std::move(opened));
}

// --- Changes of PINs and label
// -------------------------------------------------------------------------------------

Result<void> SoftToken::Impl::replace_wrap(Role role, const Secret& pin, const Secret& master,
                                           Counters next) {
    Header changed = header;
    auto fresh = wrap(role, changed, pin, master);
    if (!fresh) return fresh.error();
    wrap_of(changed, role) = std::move(*fresh);
    MOHR_TRY(commit(next, Settle::yes, [&] { return vault.write_header(device_keys, changed); }));
    {
        const std::unique_lock exclusive(view);
        header = std::move(changed);
    }
    const std::lock_guard lock(database);
    vault.database().truncate_log(); // the old wrap would still open with the old PIN
    return {};
}

Result<void> SoftToken::change_pin(Authorisation proof, Secret new_pin, PinConfirmations confirmed) {
    const std::lock_guard lock(impl_->change);
    const Role role = proof.role();
    auto session = impl_->require(proof, role);
    if (!session) return session.error();
    if (proof.state_->salt != wrap_of(impl_->header, role).salt)
        return Error(TokenErrc::wrong_role, "the PIN was changed meanwhile");
    NewPins pins(impl_->options.policy, confirmed);
    MOHR_TRY(pins.check(role, new_pin));
    MOHR_TRY(pins.finish());
    MOHR_TRY(impl_->replace_wrap(role, new_pin, (*session)->master(), impl_->current()));
    if (role == Role::user) (*session)->remember(new_pin);
    return {};
}

Result<void> SoftToken::unblock_user(Authorisation admin, Secret new_user_pin, PinConfirmations confirmed) {
    const std::lock_guard lock(impl_->change);
    auto session = impl_->require(admin, Role::admin);
    if (!session) return session.error();
    NewPins pins(impl_->options.policy, confirmed);
    MOHR_TRY(pins.check(Role::user, new_user_pin));
    // The admin knows the own PIN, so this comparison tells nothing new (R59); a change of one PIN alone is
    // never compared with the other one, which would be a free guess at it.
    if ((*session)->knows(new_user_pin)) pins.equal();
    MOHR_TRY(pins.finish());
    Counters next = impl_->current();
    next.user_left = impl_->most_tries(Role::user);
    MOHR_TRY(impl_->replace_wrap(Role::user, new_user_pin, (*session)->master(), next));
    impl_->drop_session();
    return {};
}

Result<void> SoftToken::set_label(Authorisation admin, std::string label) {
    const std::lock_guard lock(impl_->change);
    if (auto session = impl_->require(admin, Role::admin); !session) return session.error();
    MOHR_TRY(check_label(label));
    Header changed = impl_->header;
    changed.label = std::move(label);
    MOHR_TRY(impl_->commit([&] { return impl_->vault.write_header(impl_->device_keys, changed); }));
    const std::unique_lock exclusive(impl_->view);
    impl_->header = std::move(changed);
    return {};
}

} // namespace mohr::token
