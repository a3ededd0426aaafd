// SPDX-License-Identifier: Apache-2.0
// 500 processes killed with SIGKILL in the middle of what they do to a token. An oracle outside of them knows
// what each acknowledged before it died.
#include "catch_compat.hpp"
#include "life.hpp"

#include <algorithm>
#include <cstdio>

using namespace mohr;
using namespace mohr::test;

namespace {

constexpr unsigned kills_wanted = 500;

const std::vector<std::string>& points() {
    static const std::vector<std::string> names = {"vault.header",
                                                   "vault.counters",
                                                   "vault.log_head",
                                                   "vault.key_row",
                                                   "vault.key_chain",
                                                   "vault.delete_key",
                                                   "vault.delete_all_keys",
                                                   "vault.before_commit",
                                                   "vault.after_commit",
                                                   "epoch.file_begun",
                                                   "epoch.file_settled",
                                                   "epoch.keyring",
                                                   "pin.taken",
                                                   "pin.checked",
                                                   "pin.answer",
                                                   "lock.dropped",
                                                   "write",
                                                   "sync",
                                                   "truncate",
                                                   "file.write",
                                                   "file.sync",
                                                   "file.rename",
                                                   "file.sync_directory"};
    return names;
}

void print(const std::map<std::string, unsigned>& hits, const char* title) {
    unsigned all = 0;
    std::printf("%s\n", title);
    for (const auto& [point, count] : hits) {
        std::printf("  %-24s %u\n", point.c_str(), count);
        all += count;
    }
    std::printf("  %-24s %u\n", "all", all);
}

} // namespace

TEST_CASE(
    "500 kills at instrumented points lose nothing acknowledged and give nobody a try [R52] [R55] [T29]",
    "[fault][kill]") {
    Lives lives(20261122);
    std::mt19937 random(7);
    std::map<std::string, unsigned> hits;
    for (const std::string& point : points()) hits[point] = 0;
    unsigned kills = 0;
    for (unsigned life = 0; kills < kills_wanted && life < 3 * kills_wanted; ++life) {
        // The point that was hit least so far, so that rare ones get their share.
        const auto least = std::min_element(hits.begin(), hits.end(),
                                            [](const auto& a, const auto& b) { return a.second < b.second; });
        Fate fate;
        fate.point = least->first;
        fate.skip = std::uniform_int_distribution<unsigned>(0, 12)(random);
        const std::string killed_at = lives.run(fate);
        if (killed_at.empty()) continue;
        ++hits[killed_at];
        ++kills;
    }
    (void)lives.run(Fate{.point = {}, .operations = 20}); // what the last kill left is looked at too
    print(hits, "kills by point:");
    CHECK(kills == kills_wanted);
    for (const auto& [point, count] : hits) {
        CAPTURE(point);
        CHECK(count > 0);
    }
    for (const std::string& violation : lives.oracle().violations()) FAIL_CHECK(violation);
}

TEST_CASE("a kill at any step of the first start and the first reset leaves a token that can be initialised "
          "or is [R52]",
          "[fault][kill]") {
    // Every single write, sync and rename from an empty directory to an initialised token, one after another.
    std::map<std::string, unsigned> hits;
    unsigned event = 1;
    for (;; ++event) {
        Lives lives(event);
        Fate fate;
        fate.disk_event = event;
        fate.operations = 0;
        const std::string killed_at = lives.run(fate);
        if (killed_at.empty()) break;
        ++hits[killed_at];
        (void)lives.run(Fate{.point = {}, .operations = 20});
        for (const std::string& violation : lives.oracle().violations())
            FAIL_CHECK("event " << event << " (" << killed_at << "): " << violation);
        CHECK(lives.oracle().initialised());
    }
    print(hits, "kills on the way to an initialised token:");
    CHECK(event > 20);
}
