// SPDX-License-Identifier: Apache-2.0
#include "permissions.hpp"

#include "site_quirks.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/files.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <system_error>
#include <tuple>
#include <utility>

namespace mohr::core {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_file_bytes = 4 * 1024 * 1024;
constexpr std::size_t max_text_bytes = 4096;
constexpr std::size_t max_refusals = 64;

std::int64_t to_milliseconds(Instant instant) {
    return instant.time_since_epoch().count();
}

Json to_json_object(const SiteRecord& site) {
    Json object{{"origin", site.origin},
                {"access", decision_name(site.access)},
                {"listing", decision_name(site.listing)},
                {"blind", decision_name(site.blind)},
                {"certificate", site.certificate},
                {"program", site.program},
                {"blocked", site.blocked},
                {"touched", to_milliseconds(site.touched)}};
    Json refusals = Json::array();
    for (const auto& refusal : site.refusals) refusals.push_back(to_milliseconds(refusal));
    object["refusals"] = std::move(refusals);
    if (site.quirks != link::SiteQuirks{}) {
        object["dastine"] = Json::object();
        for (const auto& [key, value] : quirk_texts(site.quirks)) object["dastine"][key] = value;
    }
    if (site.access_expires) object["accessExpires"] = to_milliseconds(*site.access_expires);
    if (site.listing_expires) object["listingExpires"] = to_milliseconds(*site.listing_expires);
    if (site.silenced_until) object["silencedUntil"] = to_milliseconds(*site.silenced_until);
    return object;
}

/// Reads one member after the other and remembers the first that is wrong.
class Reader {
public:
    explicit Reader(const Json& object) : object_(object) {}

    std::string text(const char* name) {
        const auto* member = find(name);
        if (!member) return {};
        if (!member->is_string() || member->get_ref<const std::string&>().size() > max_text_bytes)
            return fail(name), std::string();
        return member->get<std::string>();
    }
    Decision decision(const char* name) {
        const auto value = decision_from_name(text(name));
        if (!value) fail(name);
        return value.value_or(Decision::ask);
    }
    bool flag(const char* name) {
        const auto* member = find(name);
        if (member && member->is_boolean()) return member->get<bool>();
        fail(name);
        return false;
    }
    std::optional<Instant> instant(const char* name, bool compulsory) {
        if (!compulsory && !object_.contains(name)) return std::nullopt;
        const auto* member = find(name);
        if (!member || !member->is_number_integer()) return fail(name), std::nullopt;
        return Instant(std::chrono::milliseconds(member->get<std::int64_t>()));
    }
    link::SiteQuirks quirks(const char* name) {
        link::SiteQuirks found;
        const auto member = object_.find(name);
        if (member == object_.end()) return found;
        if (!member->is_object()) return fail(name), found;
        for (const auto& [key, value] : member->items())
            if (!value.is_string() || !set_quirk(found, key, value.get_ref<const std::string&>())) fail(name);
        return found;
    }
    std::vector<Instant> instants(const char* name) {
        std::vector<Instant> values;
        const auto* member = find(name);
        if (!member || !member->is_array() || member->size() > max_refusals) return fail(name), values;
        for (const auto& value : *member) {
            if (!value.is_number_integer()) return fail(name), values;
            values.emplace_back(std::chrono::milliseconds(value.get<std::int64_t>()));
        }
        return values;
    }
    [[nodiscard]] const std::string& wrong() const noexcept { return wrong_; }

private:
    const Json* find(const char* name) {
        const auto found = object_.find(name);
        if (found == object_.end()) return fail(name), nullptr;
        return &*found;
    }
    void fail(const char* name) {
        if (wrong_.empty()) wrong_ = name;
    }

    const Json& object_;
    std::string wrong_;
};

Result<SiteRecord> to_record(const Json& value) {
    if (!value.is_object()) return Error(BaseErrc::malformed, "a site is not an object");
    Reader reader(value);
    SiteRecord site;
    site.origin = reader.text("origin");
    site.access = reader.decision("access");
    site.listing = reader.decision("listing");
    site.blind = reader.decision("blind");
    site.certificate = reader.text("certificate");
    site.program = reader.text("program");
    site.blocked = reader.flag("blocked");
    site.touched = reader.instant("touched", true).value_or(Instant{});
    site.refusals = reader.instants("refusals");
    site.quirks = reader.quirks("dastine");
    site.access_expires = reader.instant("accessExpires", false);
    site.listing_expires = reader.instant("listingExpires", false);
    site.silenced_until = reader.instant("silencedUntil", false);
    if (!reader.wrong().empty())
        return Error(BaseErrc::malformed, "site \"" + printable(site.origin) + "\": " + reader.wrong());
    if (site.origin.empty()) return Error(BaseErrc::malformed, "a site without an origin");
    return site;
}

Result<std::map<std::string, SiteRecord>> parse(ByteView content) {
    const Json root = Json::parse(content.begin(), content.end(), nullptr, false);
    if (!root.is_object() || root.value("version", Json()) != Json(1) || !root.contains("sites") ||
        !root["sites"].is_array())
        return Error(BaseErrc::malformed, "not a version 1 list of sites");
    std::map<std::string, SiteRecord> sites;
    for (const auto& value : root["sites"]) {
        auto site = to_record(value);
        if (!site) return site.error();
        auto origin = site->origin;
        sites.insert_or_assign(std::move(origin), std::move(*site));
    }
    return sites;
}

} // namespace

std::string_view decision_name(Decision decision) noexcept {
    switch (decision) {
    case Decision::ask:
        return "ask";
    case Decision::allow:
        return "allow";
    case Decision::deny:
        return "deny";
    }
    return "";
}

std::optional<Decision> decision_from_name(std::string_view name) noexcept {
    for (const auto decision : {Decision::ask, Decision::allow, Decision::deny})
        if (name == decision_name(decision)) return decision;
    return std::nullopt;
}

bool SiteRecord::empty() const noexcept {
    return access == Decision::ask && listing == Decision::ask && blind == Decision::ask &&
           certificate.empty() && quirks == protocol::link::SiteQuirks{} && refusals.empty() &&
           !silenced_until && !blocked;
}

/// Writes one state after another; what is asked meanwhile shares the next write.
struct SitePermissions::Writer : std::enable_shared_from_this<SitePermissions::Writer> {
    using Done = std::function<void(Result<void>)>;

    Writer(std::filesystem::path f, Executor& e) : file(std::move(f)), executor(e) {}

    void save(std::string text, Done done) {
        pending = std::move(text);
        if (done) waiting.push_back(std::move(done));
        if (!busy) next();
    }

    void next() {
        busy = true;
        auto text = std::make_shared<std::string>(std::move(*pending));
        pending.reset();
        auto told = std::make_shared<std::vector<Done>>(std::move(waiting));
        waiting.clear();
        executor.post_to_pool([self = shared_from_this(), text, told] {
            auto written = std::make_shared<Result<void>>(write_private(self->file, as_bytes(*text)));
            self->executor.post([self, told, written] {
                for (const auto& done : *told) done(*written);
                self->busy = false;
                if (self->pending) self->next();
            });
        });
    }

    std::filesystem::path file;
    Executor& executor;
    std::optional<std::string> pending;
    std::vector<Done> waiting;
    bool busy = false;
};

SitePermissions::SitePermissions(std::filesystem::path file, Executor& executor, const Clock& clock)
    : clock_(&clock), writer_(std::make_shared<Writer>(std::move(file), executor)) {}

Result<SitePermissions> SitePermissions::open(std::filesystem::path file, Executor& executor,
                                              const Clock& clock) {
    SitePermissions store(std::move(file), executor, clock);
    std::error_code failed;
    const auto kind = std::filesystem::symlink_status(store.writer_->file, failed).type();
    if (kind == std::filesystem::file_type::not_found) return store;
    auto content = read_private(store.writer_->file, max_file_bytes);
    if (!content) return content.error();
    auto sites = parse(*content);
    if (!sites) return Error(BaseErrc::malformed, store.writer_->file.string() + ": " + sites.error().detail);
    store.sites_ = std::move(*sites);
    return store;
}

std::vector<SiteRecord> SitePermissions::list() const {
    const auto now = clock_->now();
    std::vector<SiteRecord> all;
    for (const auto& [origin, site] : sites_) {
        auto record = site;
        record.access = decision(origin, SitePermission::access);
        if (record.access == Decision::ask) record.access_expires.reset();
        record.listing = decision(origin, SitePermission::listing);
        if (record.listing == Decision::ask) record.listing_expires.reset();
        if (record.silenced_until && *record.silenced_until <= now) record.silenced_until.reset();
        if (!record.empty()) all.push_back(std::move(record));
    }
    return all;
}

Decision SitePermissions::decision(const std::string& origin, SitePermission what) const {
    const auto* site = find(origin);
    if (!site) return Decision::ask;
    const auto unless_expired = [&](Decision made, const std::optional<Instant>& expires) {
        return expires && *expires <= clock_->now() ? Decision::ask : made;
    };
    switch (what) {
    case SitePermission::access:
        return unless_expired(site->access, site->access_expires);
    case SitePermission::listing:
        return unless_expired(site->listing, site->listing_expires);
    case SitePermission::blind:
        return site->blind;
    }
    return Decision::ask;
}

void SitePermissions::set(const std::string& origin, SitePermission what, Decision decision) {
    auto& site = touch(origin);
    std::optional<Instant> expires;
    if (decision != Decision::ask) expires = clock_->now() + lifetime;
    switch (what) {
    case SitePermission::access:
        site.access = decision;
        site.access_expires = expires;
        lift(origin);
        break;
    case SitePermission::listing:
        site.listing = decision;
        site.listing_expires = expires;
        break;
    case SitePermission::blind:
        site.blind = decision;
        break;
    }
}

void SitePermissions::forget(const std::string& origin) {
    sites_.erase(origin);
}

void SitePermissions::lift(const std::string& origin) {
    const auto found = sites_.find(origin);
    if (found == sites_.end()) return;
    found->second.silenced_until.reset();
    found->second.blocked = false;
    found->second.refusals.clear();
}

protocol::link::SiteQuirks SitePermissions::quirks(const std::string& origin) const {
    const auto* site = find(origin);
    return site ? site->quirks : protocol::link::SiteQuirks{};
}

std::string SitePermissions::preselected(const std::string& origin) const {
    const auto* site = find(origin);
    return site ? site->certificate : std::string();
}

bool SitePermissions::set_preselected(const std::string& origin, const std::string& certificate,
                                      const std::string& program) {
    const auto* known = find(origin);
    if (known && known->certificate == certificate && known->program == program) return false;
    auto& site = touch(origin);
    site.certificate = certificate;
    site.program = program;
    return true;
}

SiteRecord& SitePermissions::touch(const std::string& origin) {
    auto found = sites_.find(origin);
    if (found == sites_.end()) {
        if (sites_.size() >= max_sites) make_room();
        found = sites_.emplace(origin, SiteRecord{}).first;
        found->second.origin = origin;
    }
    found->second.touched = clock_->now();
    return found->second;
}

const SiteRecord* SitePermissions::find(const std::string& origin) const {
    const auto found = sites_.find(origin);
    return found == sites_.end() ? nullptr : &found->second;
}

/// The least recently touched goes, and a refusal or a block only where nothing else is left: a flood of new
/// origins must not wash an old "no" away.
void SitePermissions::make_room() {
    const auto worth = [this](const SiteRecord& site) {
        const bool refused = site.blocked || decision(site.origin, SitePermission::access) == Decision::deny;
        return std::tuple(refused, !site.empty(), site.touched);
    };
    const auto oldest = std::min_element(sites_.begin(), sites_.end(), [&](const auto& a, const auto& b) {
        return worth(a.second) < worth(b.second);
    });
    if (oldest != sites_.end()) sites_.erase(oldest);
}

void SitePermissions::save(std::function<void(Result<void>)> done) {
    Json sites = Json::array();
    for (const auto& [origin, site] : sites_)
        if (!site.empty()) sites.push_back(to_json_object(site));
    const Json root{{"version", 1}, {"sites", std::move(sites)}};
    writer_->save(root.dump(1, ' ', false, Json::error_handler_t::replace), std::move(done));
}

} // namespace mohr::core
