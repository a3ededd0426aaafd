// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "epoch_store.hpp"
#include "key_material.hpp"
#include "pin_kdf.hpp"
#include "vault.hpp"
#include <mohr/token/soft_token.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace mohr::token {

/// What a right PIN opened. Lives while the token is unlocked and while an Authorisation holds it.
class Session {
public:
    Session(Secret master, const Secret& pin);
    [[nodiscard]] const Secret& master() const noexcept { return master_; }
    /// Whether this is the PIN that opened the session; costs one HMAC.
    [[nodiscard]] bool knows(const Secret& pin) const;
    void remember(const Secret& pin);
    /// The key, decrypted at its first use.
    [[nodiscard]] Result<std::shared_ptr<LoadedKey>> load(const StoredKey& key);
    void forget(const KeyId& id);

private:
    Secret master_;
    Secret verifier_key_;
    Bytes verifier_; ///< useless without the key beside it, which is secret memory
    std::mutex mutex_;
    std::map<KeyId, std::shared_ptr<LoadedKey>> loaded_;
};

struct Authorisation::State {
    Role role;
    Bytes store; ///< of the vault when the PIN was right; a reset makes it worthless
    Bytes salt;  ///< of the role's wrap at that time; a changed PIN ends the right to change it
    std::shared_ptr<Session> session;
};

/// Keys are replaced, never edited: who took one from the list may go on using it without a lock.
using KeyList = std::vector<std::shared_ptr<const StoredKey>>;

struct SoftToken::Impl {
    /// After a change that gives rights, the second file says that the vault has followed; then an older
    /// vault is found even if it is older by this one change. For a lowered counter that is not needed: the
    /// lower one holds.
    enum class Settle { no, yes };
    using Changes = std::function<Result<void>()>;

    Impl(SoftTokenOptions given, Secret device, Vault opened, Header read);

    // soft_token.cpp
    [[nodiscard]] Result<void> start(VaultContent stored);
    [[nodiscard]] TokenState state() const; ///< with `view` held or not needed
    [[nodiscard]] Result<void> ready() const;
    /// The state's Session if `authorisation` is of this role and of this store.
    [[nodiscard]] Result<Session*> require(const Authorisation& authorisation, Role role) const;
    /// Writes counters and changes as one: second file, vault, keyring. After an error nothing has changed.
    [[nodiscard]] Result<void> commit(Counters next, Settle settle, const Changes& changes);
    /// A change that leaves the counters alone.
    [[nodiscard]] Result<void> commit(const Changes& changes);
    [[nodiscard]] Counters current() const;
    void touch() noexcept;
    void drop_session(); ///< with `change` held
    void give_back_held_try();

    // soft_token_pins.cpp
    [[nodiscard]] Result<Secret> wrapping_key(Role role, const Argon2Parameters& cost, ByteView salt,
                                              const Secret& pin);
    [[nodiscard]] Result<RoleWrap> wrap(Role role, const Header& header, const Secret& pin,
                                        const Secret& master);
    [[nodiscard]] Bytes wrap_binding(Role role, const Header& header, ByteView salt) const;
    [[nodiscard]] Result<void> make_store(Secret user_pin, Secret admin_pin, std::string label,
                                          const Argon2Parameters& cost);
    [[nodiscard]] Result<void> replace_wrap(Role role, const Secret& pin, const Secret& master,
                                            Counters next);
    [[nodiscard]] Result<Authorisation, PinFailure> check_unlocked(const Secret& pin);
    [[nodiscard]] Result<Authorisation, PinFailure> check_stored(Role role, const Secret& pin);
    [[nodiscard]] Authorisation admit(Role role, std::shared_ptr<Session> session);
    [[nodiscard]] std::uint32_t most_tries(Role role) const noexcept;

    // soft_token_keys.cpp
    [[nodiscard]] std::shared_ptr<const KeyList> key_list() const;
    [[nodiscard]] Result<std::shared_ptr<const StoredKey>> find(const KeyId& id) const;
    [[nodiscard]] TokenObject seen_now(const TokenObject& stored) const;
    [[nodiscard]] Result<TokenObject> store_key(StoredKey key);
    [[nodiscard]] Result<TokenObject> add_key(const Session& session, EVP_PKEY* key, std::string label,
                                              const Certificate* certificate, std::vector<Certificate> chain);

    // soft_token_use.cpp
    [[nodiscard]] Result<std::shared_ptr<LoadedKey>> key_for(const Authorisation& user, const KeyId& id,
                                                             Purpose purpose);

    SoftTokenOptions options;
    Secret device_secret;
    DeviceKeys device_keys;
    HelperKdf own_kdf;
    PinKdf* kdf;
    SystemFileOperations file_operations;
    std::unique_ptr<StateFile> own_file;
    StateFile* file;
    KeyringRecord keyring;

    // Order of locks: change, database, view.
    std::mutex change;              ///< one PIN check or change of the vault at a time
    std::mutex database;            ///< guards vault
    mutable std::shared_mutex view; ///< guards the members below it
    Vault vault;
    Header header;
    Counters counters;
    std::shared_ptr<const KeyList> keys = std::make_shared<KeyList>();
    std::shared_ptr<Session>
        session; ///< set while unlocked; then the durable user counter is one lower: the try in hand
    LogHead durable_head;

    std::mutex pending; ///< guards pending_head
    LogHead pending_head;
    std::atomic<SteadyInstant::duration::rep> last_use{0};
};

} // namespace mohr::token
