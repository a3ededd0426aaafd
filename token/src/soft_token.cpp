// SPDX-License-Identifier: Apache-2.0
#include "fault.hpp"
#include "sealing.hpp"
#include "soft_token_impl.hpp"
#include <mohr/base/digest.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/random.hpp>

#include <algorithm>

namespace mohr::token {
namespace {

constexpr std::size_t least_max_keys = 16;

Result<void> check_cost(const Argon2Parameters& cost, bool below_floor) {
    const bool cheap = cost.memory_kib < argon2_floor.memory_kib || cost.passes < argon2_floor.passes;
    const bool dear = cost.memory_kib > argon2_ceiling.memory_kib || cost.passes > argon2_ceiling.passes;
    if (dear || (cheap && !below_floor))
        return Error(TokenErrc::vault_damaged, "Argon2id parameters outside the allowed range");
    return {};
}

Error as_storage(const Error& cause, std::string_view what) {
    return cause.wrapped(make_error_code(TokenErrc::storage), what);
}

} // namespace

// --- Authorisation and Session
// -------------------------------------------------------------------------------------

Authorisation::Authorisation(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Authorisation::Authorisation(Authorisation&&) noexcept = default;
Authorisation& Authorisation::operator=(Authorisation&&) noexcept = default;
Authorisation::~Authorisation() = default;
Role Authorisation::role() const noexcept {
    return state_ ? state_->role : Role::user;
}

Session::Session(Secret master, const Secret& pin)
    : master_(std::move(master)), verifier_key_(random_secret(32)) {
    remember(pin);
}

void Session::remember(const Secret& pin) {
    verifier_ = hmac_sha256(verifier_key_.reveal(), pin.reveal());
}

bool Session::knows(const Secret& pin) const {
    return equal_constant_time(hmac_sha256(verifier_key_.reveal(), pin.reveal()), verifier_);
}

Result<std::shared_ptr<LoadedKey>> Session::load(const StoredKey& key) {
    const std::lock_guard lock(mutex_);
    const TokenObject& object = key.object;
    if (const auto found = loaded_.find(object.id); found != loaded_.end()) return found->second;
    auto opened = unseal_private_key(master_, object.id, object.public_key_info, key.sealed);
    if (!opened) return opened.error();
    auto loaded = std::make_shared<LoadedKey>(
        std::move(*opened), object.algorithm,
        derive_key(master_.reveal(), object.id.bytes, "mohr-implicit-rejection-v1"));
    loaded_.emplace(object.id, loaded);
    return loaded;
}

void Session::forget(const KeyId& id) {
    const std::lock_guard lock(mutex_);
    loaded_.erase(id);
}

// --- Opening
// -------------------------------------------------------------------------------------------------------

SoftToken::SoftToken(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
SoftToken::~SoftToken() {
    if (impl_) lock();
}

SoftToken::Impl::Impl(SoftTokenOptions given, Secret device, Vault opened, Header read)
    : options(std::move(given)), device_secret(std::move(device)), device_keys(device_secret),
      own_kdf(options.kdf_program), kdf(options.test_kdf != nullptr ? options.test_kdf : &own_kdf),
      own_file(std::make_unique<PrivateStateFile>(options.state_directory / "epoch", file_operations)),
      file(options.state_file != nullptr ? options.state_file : own_file.get()),
      keyring(options.kernel_keyring, read.serial), vault(std::move(opened)), header(std::move(read)) {}

Result<std::unique_ptr<SoftToken>> SoftToken::open(SoftTokenOptions options) {
    if (options.argon2) MOHR_TRY(check_cost(*options.argon2, options.test_kdf != nullptr));
    options.max_keys = std::max(options.max_keys, least_max_keys);
    MOHR_TRY(ensure_private_directory(options.data_directory));
    MOHR_TRY(ensure_private_directory(options.state_directory));
    const std::filesystem::path path = options.data_directory / "vault.db";
    std::error_code ignored;
    const bool exists = std::filesystem::file_size(path, ignored) > 0 && !ignored;
    auto device = exists ? options.device_secret.load() : options.device_secret.load_or_create();
    if (!device) return device.error();
    const DeviceKeys keys(*device);
    auto vault = Vault::open(path, keys);
    if (!vault) return vault.error();
    auto content = vault->read(keys);
    if (!content) return content.error();
    if (!content->header.store.empty())
        MOHR_TRY(check_cost(content->header.argon2, options.test_kdf != nullptr));
    auto impl = std::make_unique<Impl>(std::move(options), std::move(*device), std::move(*vault),
                                       std::move(content->header));
    MOHR_TRY(impl->start(std::move(*content)));
    return std::unique_ptr<SoftToken>(new SoftToken(std::move(impl)));
}

Result<void> SoftToken::Impl::start(VaultContent stored) {
    durable_head = pending_head = stored.log_head;
    auto list = std::make_shared<KeyList>();
    for (StoredKey& key : stored.keys) list->push_back(std::make_shared<const StoredKey>(std::move(key)));
    keys = std::move(list);

    auto content = file->read();
    if (!content) return content.error();
    const auto decode = [&](const std::optional<Bytes>& bytes) {
        return bytes ? decode_copy(device_keys.counters, header.serial, *bytes) : std::nullopt;
    };
    const Reconciled found = reconcile(stored.counters, decode(*content), decode(keyring.read()));
    counters = found.counters;
    if (found.changed) MOHR_TRY(commit(counters, Settle::yes, [] { return Result<void>(); }));
    return {};
}

// --- State
// ---------------------------------------------------------------------------------------------------------

TokenState SoftToken::Impl::state() const {
    if (options.activation_required && (options.activation == nullptr || !options.activation->valid()))
        return TokenState::not_activated;
    const std::shared_lock lock(view);
    return header.store.empty() ? TokenState::activated : TokenState::initialised;
}

Result<void> SoftToken::Impl::ready() const {
    switch (state()) {
    case TokenState::not_activated:
        return Error(TokenErrc::not_activated);
    case TokenState::activated:
        return Error(TokenErrc::not_initialised);
    case TokenState::initialised:
        return {};
    }
    return Error(TokenErrc::not_initialised);
}

Result<Session*> SoftToken::Impl::require(const Authorisation& authorisation, Role role) const {
    MOHR_TRY(ready());
    if (!authorisation.state_ || authorisation.state_->role != role) return Error(TokenErrc::wrong_role);
    const std::shared_lock lock(view);
    if (authorisation.state_->store != header.store)
        return Error(TokenErrc::wrong_role, "given before a reset");
    return authorisation.state_->session.get();
}

Counters SoftToken::Impl::current() const {
    const std::shared_lock lock(view);
    return counters;
}

void SoftToken::Impl::touch() noexcept {
    last_use = options.clock.steady().time_since_epoch().count();
}

Result<void> SoftToken::Impl::commit(Counters next, Settle settle, const Changes& changes) {
    const std::lock_guard lock(database);
    next.epoch = current().epoch + 1;
    // The file first: killed between the two, the lower counters of both hold. A failed vault leaves the file
    // one ahead, which the next change overwrites with the same number.
    if (auto begun = file->write(encode_copy(device_keys.counters, header.serial, {next, Phase::begun}));
        !begun)
        return as_storage(begun.error(), "second epoch file");
    fault_point("epoch.file_begun");
    MOHR_TRY(vault.commit(device_keys, header.serial, next, changes));
    {
        const std::unique_lock exclusive(view);
        counters = next;
    }
    const Bytes settled = encode_copy(device_keys.counters, header.serial, {next, Phase::settled});
    // Failing here changes nothing that was promised; the file stays "begun", which the next start accepts.
    if (settle == Settle::yes) (void)file->write(settled);
    fault_point("epoch.file_settled");
    keyring.write(settled);
    fault_point("epoch.keyring");
    return {};
}

Result<void> SoftToken::Impl::commit(const Changes& changes) {
    return commit(current(), Settle::yes, changes);
}

TokenInfo SoftToken::info() const {
    const TokenState state = impl_->state();
    const std::shared_lock lock(impl_->view);
    const Impl& in = *impl_;
    TokenInfo out;
    out.state = state;
    out.label = in.header.label;
    out.serial = in.header.serial;
    const bool set = !in.header.store.empty();
    const std::uint32_t held = in.session ? 1 : 0;
    out.user = {set, std::min(in.counters.user_left + held, in.options.policy.user_tries),
                in.options.policy.user_tries};
    out.admin = {set, in.counters.admin_left, in.options.policy.admin_tries};
    out.unlocked = in.session != nullptr;
    out.device_secret = in.options.device_secret.name();
    out.older_copy_suspected = in.counters.admin_needed;
    out.epoch = in.counters.epoch;
    out.argon2_memory_kib = set ? in.header.argon2.memory_kib : 0;
    out.argon2_passes = set ? in.header.argon2.passes : 0;
    out.vault_version = vault_version;
    out.keys = in.keys->size();
    out.certificates =
        static_cast<std::size_t>(std::count_if(in.keys->begin(), in.keys->end(), [](const auto& key) {
            return key->object.certificate.has_value();
        }));
    return out;
}

// --- Lock
// ----------------------------------------------------------------------------------------------------------

void SoftToken::Impl::drop_session() {
    const std::unique_lock exclusive(view);
    session.reset();
}

void SoftToken::Impl::give_back_held_try() {
    Counters next = current();
    next.user_left = std::min(next.user_left + 1, most_tries(Role::user));
    // A disk that refuses costs the owner this try until the next right PIN, and nobody gains one.
    (void)commit(next, Settle::no, [] { return Result<void>(); });
}

void SoftToken::lock() {
    const std::lock_guard lock(impl_->change);
    {
        const std::shared_lock shared(impl_->view);
        if (!impl_->session) return;
    }
    impl_->drop_session();
    fault_point("lock.dropped");
    impl_->give_back_held_try();
}

std::optional<SteadyInstant> SoftToken::lock_if_idle() {
    {
        const std::shared_lock shared(impl_->view);
        if (!impl_->session) return std::nullopt;
    }
    const SteadyInstant due =
        SteadyInstant(SteadyInstant::duration(impl_->last_use.load())) + impl_->options.idle_time;
    if (impl_->options.clock.steady() < due) return due;
    lock();
    return std::nullopt;
}

// --- Activity log
// --------------------------------------------------------------------------------------------------

Result<Secret> SoftToken::log_key() const {
    return impl_->device_keys.log.duplicate();
}

LogHead SoftToken::log_head() const {
    const std::shared_lock lock(impl_->view);
    return impl_->durable_head;
}

Result<void> SoftToken::commit_log_head(const LogHead& head) {
    {
        const std::lock_guard lock(impl_->pending);
        if (head.count > impl_->pending_head.count) impl_->pending_head = head;
    }
    // Whoever comes first writes the newest head known by then; those who waited find their own already
    // durable.
    const std::lock_guard lock(impl_->database);
    if (log_head().count >= head.count) return {};
    LogHead newest;
    {
        const std::lock_guard pending(impl_->pending);
        newest = impl_->pending_head;
    }
    MOHR_TRY(impl_->vault.database().transaction(
        [&] { return impl_->vault.write_log_head(impl_->device_keys, newest); }));
    const std::unique_lock exclusive(impl_->view);
    impl_->durable_head = newest;
    return {};
}

} // namespace mohr::token
