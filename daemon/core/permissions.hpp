// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor.hpp"
#include <mohr/base/clock.hpp>
#include <mohr/base/result.hpp>
#include <mohr/protocol/link.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mohr::core {

/// What a person decided about a site. Never covers the use of a key (rule 3).
enum class Decision : std::uint8_t { ask, allow, deny };
[[nodiscard]] std::string_view decision_name(Decision decision) noexcept;
[[nodiscard]] std::optional<Decision> decision_from_name(std::string_view name) noexcept;

enum class SitePermission : std::uint8_t { access, listing, blind };

struct SiteRecord {
    std::string origin;
    Decision access = Decision::ask;
    Decision listing = Decision::ask;
    Decision blind = Decision::ask;
    std::optional<Instant> access_expires; ///< of a remembered decision
    std::optional<Instant> listing_expires;
    std::string certificate; ///< preselected: the last one used there, KeyId::text(); or empty
    std::string program;     ///< that asked last
    std::vector<Instant> refusals;
    std::optional<Instant> silenced_until;
    protocol::link::SiteQuirks quirks; ///< of a portal on the Dastine front
    bool blocked = false;              ///< silenced until lifted
    Instant touched{};

    /// Whether it says anything, so that it is worth keeping.
    [[nodiscard]] bool empty() const noexcept;
};

/// The remembered decisions and silences, in one private JSON file. I/O thread only; saving happens on the
/// pool, one at a time, newest state last.
class SitePermissions {
public:
    static constexpr std::size_t max_sites = 1000;
    static constexpr std::chrono::hours lifetime{30 * 24};

    /// A missing file is an empty store. Fails with BaseErrc::malformed (the detail says where),
    /// insecure_file or io.
    [[nodiscard]] static Result<SitePermissions> open(std::filesystem::path file, Executor& executor,
                                                      const Clock& clock);

    /// Expired decisions are gone from what this returns. Sorted by origin.
    [[nodiscard]] std::vector<SiteRecord> list() const;
    [[nodiscard]] Decision decision(const std::string& origin, SitePermission what) const;
    /// `allow` and `deny` of access and listing hold for 30 days, blind until it is revoked. Setting access
    /// to anything lifts a silence.
    void set(const std::string& origin, SitePermission what, Decision decision);
    void forget(const std::string& origin);
    /// Ends silence and block; refusals start from nothing.
    void lift(const std::string& origin);

    [[nodiscard]] protocol::link::SiteQuirks quirks(const std::string& origin) const;

    [[nodiscard]] std::string preselected(const std::string& origin) const;
    /// Whether anything changed, so that saving is worth it.
    bool set_preselected(const std::string& origin, const std::string& certificate,
                         const std::string& program);

    /// The origin's record for the broker's bookkeeping; makes one if there is none.
    [[nodiscard]] SiteRecord& touch(const std::string& origin);
    [[nodiscard]] const SiteRecord* find(const std::string& origin) const;

    /// Makes what was changed durable; `done` comes on the I/O thread.
    void save(std::function<void(Result<void>)> done = {});

private:
    struct Writer;
    SitePermissions(std::filesystem::path file, Executor& executor, const Clock& clock);
    void make_room();

    const Clock* clock_;
    std::map<std::string, SiteRecord> sites_;
    std::shared_ptr<Writer> writer_;
};

} // namespace mohr::core
