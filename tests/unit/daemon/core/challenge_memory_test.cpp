// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "challenge_memory.hpp"
#include "token_fixture.hpp"

#include <sys/stat.h>

using namespace mohr;
using namespace mohr::core;

namespace {

Bytes name(std::uint32_t number) {
    Bytes out(32, 0x55);
    for (int i = 0; i < 4; ++i)
        out[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (8 * i));
    return out;
}

} // namespace

TEST_CASE("used challenges are read again in their order, from a file for us alone [T19]", "[challenges]") {
    test::ScratchDirectory scratch;
    const auto path = scratch.path() / "challenges";
    {
        auto file = ChallengeFile::open(path).value();
        CHECK(file->take_known().empty());
        for (std::uint32_t i = 0; i < 3; ++i) REQUIRE(file->append(name(i)));
    }
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(ChallengeFile::open(path).value()->take_known() == std::vector<Bytes>{name(0), name(1), name(2)});
    ::chmod(path.c_str(), 0644);
    CHECK(ChallengeFile::open(path).error().code == BaseErrc::insecure_file);
}

TEST_CASE("a last entry that a crash cut short is dropped and shifts none of the next", "[challenges]") {
    test::ScratchDirectory scratch;
    const auto path = scratch.path() / "challenges";
    Bytes content = name(1);
    content.resize(50, 0x77);
    REQUIRE(write_private(path, content));
    {
        auto file = ChallengeFile::open(path).value();
        CHECK(file->take_known() == std::vector<Bytes>{name(1)});
        REQUIRE(file->append(name(2)));
    }
    CHECK(ChallengeFile::open(path).value()->take_known() == std::vector<Bytes>{name(1), name(2)});
}

TEST_CASE("the file of used challenges is bounded and keeps the newest [T09]", "[challenges]") {
    test::ScratchDirectory scratch;
    const auto path = scratch.path() / "challenges";
    constexpr std::uint32_t most = 2 * ChallengeMemory::max_challenges;
    Bytes content;
    for (std::uint32_t i = 0; i < most; ++i) {
        const Bytes one = name(i);
        content.insert(content.end(), one.begin(), one.end());
    }
    REQUIRE(write_private(path, content));
    auto file = ChallengeFile::open(path).value();
    REQUIRE(file->append(name(most)));
    REQUIRE(file->append(name(most + 1)));
    CHECK(std::filesystem::file_size(path) == (ChallengeMemory::max_challenges + 2) * 32);
    const auto known = ChallengeFile::open(path).value()->take_known();
    REQUIRE(known.size() == ChallengeMemory::max_challenges);
    CHECK(known.back() == name(most + 1));
    CHECK(known.front() == name(most + 2 - ChallengeMemory::max_challenges));
}
