// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "door/previews.hpp"
#include <mohr/base/bytes.hpp>
#include <mohr/protocol/link.hpp>

#include <sys/stat.h>

using namespace mohr;
using namespace mohr::door;

namespace {

const Bytes mib(1024 * 1024, 'm');

std::uint64_t size_of(const Descriptor& file) {
    struct stat status {};
    REQUIRE(::fstat(file.get(), &status) == 0);
    return static_cast<std::uint64_t>(status.st_size);
}

} // namespace

TEST_CASE("copies that arrive one after the other share a file, others have one each", "[door][previews]") {
    Previews previews({});
    auto first = previews.begin().value();
    auto second = previews.begin().value();
    REQUIRE(previews.append(first, mib));
    REQUIRE(previews.append(second, mib));
    REQUIRE(previews.append(first, mib));
    previews.end(first);
    auto third = previews.begin().value();
    REQUIRE(previews.append(third, as_bytes("third")));
    previews.end(third);
    previews.end(second);
    const auto small = previews.keep(as_bytes("small"));
    REQUIRE(small);
    CHECK(first.file == 0);
    CHECK(second.file == 1);
    CHECK(third.file == 0);
    CHECK(third.offset == 2 * mib.size());
    CHECK(small->offset == third.offset + 5);
    const auto files = previews.seal();
    REQUIRE(files);
    REQUIRE(files->size() == 2);
    CHECK(size_of((*files)[0]) == 2 * mib.size() + 10);
    CHECK(size_of((*files)[1]) == mib.size());
}

TEST_CASE("a copy over 16 MiB, or over 32 MiB of its request, is gone, and its memory with it [T09]",
          "[door][previews]") {
    Previews previews({});
    const auto fill = [&](std::size_t count) {
        auto copy = previews.begin().value();
        for (std::size_t i = 0; i < count; ++i)
            if (!previews.append(copy, mib)) return false;
        previews.end(copy);
        return true;
    };
    CHECK_FALSE(fill(17));
    CHECK(fill(16));
    CHECK(fill(15));
    CHECK_FALSE(fill(2));
    CHECK(fill(1));
    CHECK_FALSE(fill(1));
    REQUIRE(previews.keep(as_bytes("small"))); // has its own limit
    const auto files = previews.seal();
    REQUIRE(files);
    REQUIRE(files->size() == 1);
    CHECK(size_of(files->front()) == 32 * mib.size() + 5);
}

TEST_CASE("more copies at a time than descriptors travel with a message have none", "[door][previews]") {
    Previews previews({});
    for (std::size_t i = 0; i + 1 < protocol::link::max_descriptors; ++i) REQUIRE(previews.begin());
    CHECK_FALSE(previews.begin());
    REQUIRE(previews.keep(as_bytes("small")));
    CHECK(previews.seal().value().size() == protocol::link::max_descriptors);
}

TEST_CASE("one site cannot use up what all copies may take, and what ends gives it back [T09]",
          "[door][previews]") {
    OriginBudget budget(4 * mib.size());
    {
        Previews greedy({&budget, "https://a.example"});
        auto copy = greedy.begin().value();
        CHECK(greedy.append(copy, mib));
        CHECK(greedy.append(copy, mib));
        CHECK_FALSE(greedy.append(copy, mib));
        CHECK(budget.taken() == 0);
        copy = greedy.begin().value();
        CHECK(greedy.append(copy, mib));
        CHECK(greedy.append(copy, mib));
        Previews other({&budget, "https://b.example"});
        auto theirs = other.begin().value();
        CHECK(other.append(theirs, mib));
        CHECK(budget.taken() == 3 * mib.size());
    }
    CHECK(budget.taken() == 0);
}
