// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "spool.hpp"
#include "temporary_directory.hpp"

#include <sys/stat.h>
#include <sys/statfs.h>

#include <cstdint>
#include <filesystem>
#include <unistd.h>

using namespace mohr;
using namespace mohr::core;

namespace {

struct statfs facts_of(const std::filesystem::path& path) {
    struct statfs facts {};
    REQUIRE(::statfs(path.c_str(), &facts) == 0);
    return facts;
}

} // namespace

TEST_CASE("a spool is a file for us alone that nobody can find", "[spool]") {
    const test::TemporaryDirectory directory;
    const auto spools = SpoolDirectory::choose(directory.path());
    const auto file = spools.open(1024);
    REQUIRE(file);
    struct stat facts {};
    REQUIRE(::fstat(file->get(), &facts) == 0);
    CHECK(facts.st_nlink == 0);
    CHECK((facts.st_mode & 07777) == 0600);
    CHECK(std::filesystem::is_empty(directory.path()));
    const std::string again = "/proc/self/fd/" + std::to_string(file->get());
    CHECK(::link(again.c_str(), (directory.path() / "found").c_str()) != 0);
}

TEST_CASE("a spool is refused where it would not fit, with a reserve left", "[spool]") {
    const test::TemporaryDirectory directory;
    const auto spools = SpoolDirectory::choose(directory.path());
    const auto facts = facts_of(spools.path());
    const auto free_bytes =
        static_cast<std::uint64_t>(facts.f_bavail) * static_cast<std::uint64_t>(facts.f_bsize);
    REQUIRE(free_bytes > 4 * SpoolDirectory::reserve_bytes);
    CHECK(spools.open(free_bytes / 2));
    // Others write to the same disk meanwhile, so nothing is asked at the very edge.
    const auto refused = spools.open(free_bytes - SpoolDirectory::reserve_bytes / 2);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().describe().find("bytes are free") != std::string::npos);
    CHECK_FALSE(spools.open(UINT64_MAX));
}

TEST_CASE("spools do not wait in memory where there is a disk", "[spool]") {
    const test::TemporaryDirectory directory;
    constexpr auto tmpfs = 0x01021994;
    if (facts_of("/dev/shm").f_type != tmpfs || facts_of("/var/tmp").f_type == tmpfs) return;
    CHECK(SpoolDirectory::choose("/dev/shm").path() == "/var/tmp");
    CHECK_FALSE(SpoolDirectory::choose("/dev/shm").in_memory());
    CHECK(SpoolDirectory::choose("/var/tmp").path() == "/var/tmp");
}
