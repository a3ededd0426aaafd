// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "manual_executor.hpp"
#include "permissions.hpp"
#include "site_quirks.hpp"
#include "token_fixture.hpp"
#include <mohr/base/files.hpp>

#include <sys/stat.h>

using namespace mohr;
using namespace mohr::core;
using namespace std::chrono_literals;

namespace {

constexpr auto site = "https://portal.example";

struct Fixture {
    test::ScratchDirectory scratch;
    test::FakeClock clock;
    test::ManualExecutor executor{clock};
    std::filesystem::path file = scratch.path() / "sites.json";

    [[nodiscard]] SitePermissions open() { return SitePermissions::open(file, executor, clock).value(); }
    void save(SitePermissions& sites) {
        std::optional<Result<void>> saved;
        sites.save([&](Result<void> result) { saved = std::move(result); });
        executor.run();
        REQUIRE(saved);
        REQUIRE(*saved);
    }
};

} // namespace

TEST_CASE("a remembered decision survives a restart and ends after thirty days [R187]", "[permissions]") {
    Fixture f;
    const auto decision = GENERATE(Decision::allow, Decision::deny);
    {
        auto sites = f.open();
        sites.set(site, SitePermission::access, decision);
        sites.set(site, SitePermission::listing, decision);
        f.save(sites);
    }
    auto sites = f.open();
    CHECK(sites.decision(site, SitePermission::access) == decision);
    f.clock.advance(std::chrono::hours(24 * 30) - 1ms);
    CHECK(sites.decision(site, SitePermission::access) == decision);
    CHECK(sites.decision(site, SitePermission::listing) == decision);
    f.clock.advance(1ms);
    CHECK(sites.decision(site, SitePermission::access) == Decision::ask);
    CHECK(sites.decision(site, SitePermission::listing) == Decision::ask);
    CHECK(sites.list().empty());
}

TEST_CASE("a portal's quirks survive a restart, and are forgotten with the site [R190]", "[permissions]") {
    Fixture f;
    {
        auto sites = f.open();
        auto& quirks = sites.touch(site).quirks;
        for (const auto& [key, value] :
             {std::pair("sign.prehashed", "auto"), std::pair("cms.attach", "never"),
              std::pair("sign.byte_order", "little"), std::pair("codes", "two_digits"),
              std::pair("decrypt.padding", "oaep"), std::pair("sha1", "deny")})
            CHECK(set_quirk(quirks, key, value));
        CHECK_FALSE(set_quirk(quirks, "sha1", "perhaps"));
        CHECK_FALSE(set_quirk(quirks, "colour", "deny"));
        f.save(sites);
    }
    auto sites = f.open();
    CHECK(sites.quirks(site) ==
          link::SiteQuirks{link::Prehashed::automatic, link::Attach::never, true, true, true, false});
    CHECK(sites.list().size() == 1);
    CHECK(sites.quirks("https://other.example") == link::SiteQuirks{});
    sites.forget(site);
    CHECK(sites.quirks(site) == link::SiteQuirks{});
}

TEST_CASE("permissions of one origin say nothing about another [R187]", "[permissions]") {
    Fixture f;
    auto sites = f.open();
    sites.set(site, SitePermission::access, Decision::allow);
    for (const auto* other :
         {"http://portal.example", "https://portal.example:8443", "https://portal.example.",
          "https://evil.portal.example", "https://PORTAL.example"})
        CHECK(sites.decision(other, SitePermission::access) == Decision::ask);
}

TEST_CASE("blind signing is a permission of its own and does not come with access [T18]", "[permissions]") {
    Fixture f;
    auto sites = f.open();
    sites.set(site, SitePermission::access, Decision::allow);
    sites.set(site, SitePermission::listing, Decision::allow);
    CHECK(sites.decision(site, SitePermission::blind) == Decision::ask);
    sites.set(site, SitePermission::blind, Decision::allow);
    f.clock.advance(std::chrono::hours(24 * 365));
    CHECK(sites.decision(site, SitePermission::blind) == Decision::allow);
    sites.set(site, SitePermission::blind, Decision::deny);
    CHECK(sites.decision(site, SitePermission::blind) == Decision::deny);
}

TEST_CASE("forgetting a site revokes everything [R187]", "[permissions]") {
    Fixture f;
    auto sites = f.open();
    sites.set(site, SitePermission::access, Decision::allow);
    sites.set(site, SitePermission::blind, Decision::allow);
    CHECK(sites.set_preselected(site, "ab", "/usr/bin/x"));
    CHECK_FALSE(sites.set_preselected(site, "ab", "/usr/bin/x"));
    sites.forget(site);
    f.save(sites);
    CHECK(f.open().list().empty());
}

TEST_CASE("the file is private and is replaced as a whole [T31]", "[permissions]") {
    Fixture f;
    auto sites = f.open();
    sites.set(site, SitePermission::access, Decision::allow);
    f.save(sites);
    struct stat status {};
    REQUIRE(stat(f.file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    REQUIRE(chmod(f.file.c_str(), 0644) == 0);
    CHECK_FALSE(SitePermissions::open(f.file, f.executor, f.clock));
}

TEST_CASE("a file that is not what was written is refused with its place, never half taken",
          "[permissions]") {
    Fixture f;
    auto sites = f.open();
    sites.set(site, SitePermission::access, Decision::allow);
    f.save(sites);
    const auto good = std::string(as_text(test::read_file(f.file)));
    const auto with = [&](const std::string& from, const std::string& to) {
        auto text = good;
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
        return text;
    };
    for (const auto& bad :
         {std::string("[]"), std::string(), with("\"version\": 1", "\"version\": 2"),
          with("\"allow\"", "\"always\""), with("\"blocked\": false", "\"blocked\": 0"),
          with("\"origin\"", "\"orgin\""), with("\"refusals\": []", "\"refusals\": [\"x\"]")}) {
        REQUIRE(write_private(f.file, as_bytes(bad)));
        const auto opened = SitePermissions::open(f.file, f.executor, f.clock);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == make_error_code(BaseErrc::malformed));
        CHECK(opened.error().detail.find("sites.json") != std::string::npos);
    }
}

TEST_CASE("a flood of origins does not wash a refusal away [T15]", "[permissions]") {
    Fixture f;
    auto sites = f.open();
    sites.set("https://refused.example", SitePermission::access, Decision::deny);
    for (std::size_t i = 0; i < SitePermissions::max_sites + 50; ++i) {
        f.clock.advance(1ms);
        sites.set("https://s" + std::to_string(i) + ".example", SitePermission::access, Decision::allow);
    }
    CHECK(sites.list().size() <= SitePermissions::max_sites);
    CHECK(sites.decision("https://refused.example", SitePermission::access) == Decision::deny);
    CHECK(sites.decision("https://s0.example", SitePermission::access) == Decision::ask);
}

TEST_CASE("saves that overlap end with the newest state, and each is told", "[permissions]") {
    Fixture f;
    auto sites = f.open();
    int told = 0;
    for (const auto decision : {Decision::allow, Decision::deny, Decision::allow, Decision::deny}) {
        sites.set(site, SitePermission::access, decision);
        sites.save([&](const Result<void>& saved) { told += saved ? 1 : 0; });
    }
    f.executor.run();
    CHECK(told == 4);
    CHECK(f.open().decision(site, SitePermission::access) == Decision::deny);
}

TEST_CASE("a save that fails says so", "[permissions]") {
    Fixture f;
    auto sites =
        SitePermissions::open(f.scratch.path() / "missing" / "sites.json", f.executor, f.clock).value();
    sites.set(site, SitePermission::access, Decision::allow);
    std::optional<Result<void>> saved;
    sites.save([&](Result<void> result) { saved = std::move(result); });
    f.executor.run();
    REQUIRE(saved);
    CHECK_FALSE(*saved);
}
