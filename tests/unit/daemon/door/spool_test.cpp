// SPDX-License-Identifier: Apache-2.0
#include "held_disk.hpp"
#include <mohr/base/random.hpp>

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

#include <catch_compat.hpp>
#include <door/spool.hpp>

using namespace mohr;
using mohr::door::Spool;

namespace {

Bytes read_all(Spool& spool, std::size_t step) {
    Bytes all;
    for (;;) {
        const auto piece = spool.read(step);
        REQUIRE(piece);
        if (piece->empty()) return all;
        all.insert(all.end(), piece->begin(), piece->end());
    }
}

struct File {
    Descriptor mine{::memfd_create("spool", MFD_CLOEXEC)};
    [[nodiscard]] Descriptor copy() const { return Descriptor(::fcntl(mine.get(), F_DUPFD_CLOEXEC, 0)); }
    [[nodiscard]] Bytes content() const {
        struct stat status {};
        REQUIRE(::fstat(mine.get(), &status) == 0);
        Bytes bytes(static_cast<std::size_t>(status.st_size));
        REQUIRE(::pread(mine.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
        return bytes;
    }
};

} // namespace

TEST_CASE("what goes into a spool comes out, across memory and file", "[door][spool]") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, Spool::record_bytes, Spool::memory_bytes - 1, Spool::memory_bytes,
          Spool::memory_bytes + 1, std::size_t{1'000'003}}) {
        const Bytes content = random_bytes(size);
        const File file;
        Spool spool;
        for (std::size_t at = 0; at < size; at += 100'000) {
            REQUIRE(spool.write(ByteView(content).subspan(at, std::min<std::size_t>(100'000, size - at))));
            if (spool.wants_file()) REQUIRE(spool.give(file.copy()));
        }
        CHECK(spool.size() == size);
        CHECK(read_all(spool, 10'007) == content);
        spool.rewind();
        CHECK(read_all(spool, 1'000'000) == content);
    }
}

TEST_CASE("a reader follows the writer", "[door][spool]") {
    const File file;
    Spool spool;
    REQUIRE(spool.give(file.copy()));
    const Bytes content = random_bytes(500'000);
    Bytes out;
    for (std::size_t at = 0; at < content.size(); at += 50'000) {
        REQUIRE(spool.write(ByteView(content).subspan(at, 50'000)));
        const Bytes more = read_all(spool, 33'333);
        out.insert(out.end(), more.begin(), more.end());
    }
    CHECK(out == content);
}

TEST_CASE("what has been read can be forgotten while it is in memory", "[door][spool]") {
    Spool spool;
    const Bytes content = random_bytes(100'000);
    REQUIRE(spool.write(content));
    const auto first = spool.read(60'000);
    REQUIRE(first);
    spool.forget_read();
    REQUIRE(spool.write(content));
    Bytes rest = read_all(spool, 7'000);
    CHECK(rest.size() == 140'000);
    CHECK(std::equal(rest.begin(), rest.begin() + 40'000, content.begin() + 60'000));
    CHECK(std::equal(rest.begin() + 40'000, rest.end(), content.begin()));
}

TEST_CASE("a spool in memory that is never read to its end keeps no more than what is unread",
          "[door][spool]") {
    Spool spool;
    const Bytes content = random_bytes(100'000);
    REQUIRE(spool.write(content));
    REQUIRE(spool.write(content));
    for (int i = 0; i < 100; ++i) {
        REQUIRE(spool.write(content));
        CHECK(*spool.read(60'000) == Bytes(content.begin(), content.begin() + 60'000));
        CHECK(*spool.read(40'000) == Bytes(content.begin() + 60'000, content.end()));
        spool.forget_read();
        CHECK(spool.held_bytes() <= 2 * content.size() + Spool::memory_bytes);
    }
    CHECK(spool.unread() == 2 * content.size());
}

TEST_CASE("the file holds no plaintext, and no page of it can be changed or exchanged", "[door][spool]") {
    const File file;
    Spool spool;
    REQUIRE(spool.give(file.copy()));
    const std::string canary = "a sentence that must not be found on the disk";
    Bytes content;
    while (content.size() < 3 * Spool::record_bytes)
        content.insert(content.end(), canary.begin(), canary.end());
    REQUIRE(spool.write(content));
    const Bytes on_disk = file.content();
    REQUIRE(on_disk.size() >= 3 * Spool::record_bytes);
    const auto found = [&](const Bytes& in) {
        return std::search(in.begin(), in.end(), canary.begin(), canary.end()) != in.end();
    };
    CHECK(found(content)); // the search finds it where it is
    CHECK_FALSE(found(on_disk));

    const std::size_t record = Spool::record_bytes + 16;
    SECTION("one bit") {
        const std::uint8_t changed = on_disk[record + 5] ^ 1U;
        REQUIRE(::pwrite(file.mine.get(), &changed, 1, static_cast<off_t>(record + 5)) == 1);
    }
    SECTION("another record in its place") {
        REQUIRE(::pwrite(file.mine.get(), on_disk.data(), record, static_cast<off_t>(record)) ==
                static_cast<ssize_t>(record));
    }
    SECTION("cut") {
        REQUIRE(::ftruncate(file.mine.get(), static_cast<off_t>(record + 100)) == 0);
    }
    CHECK(spool.read(Spool::record_bytes));
    CHECK_FALSE(spool.read(Spool::record_bytes));
}

TEST_CASE("a full disk is an error and not a loss", "[door][spool]") {
    Spool spool;
    Descriptor full(::open("/dev/full", O_RDWR | O_CLOEXEC));
    REQUIRE(full);
    REQUIRE(spool.give(std::move(full)));
    CHECK_FALSE(spool.write(Bytes(Spool::record_bytes)));
}

TEST_CASE("a spool does not wait for its disk, and says how far the disk is behind", "[door][spool]") {
    const File file;
    test::HeldDisk disk;
    Spool spool;
    int changes = 0;
    spool.on_change([&] { ++changes; });
    REQUIRE(spool.give({file.copy(), &disk}));
    const Bytes content = random_bytes(2 * Spool::behind_bytes + 1000);
    REQUIRE(spool.write(ByteView(content).first(Spool::record_bytes)));
    CHECK(spool.behind() == Spool::record_bytes);
    CHECK_FALSE(spool.is_behind());
    REQUIRE(spool.write(ByteView(content).subspan(Spool::record_bytes)));
    CHECK(spool.is_behind());
    CHECK(file.content().empty());
    CHECK(spool.read(1000)->empty()); // not there yet, and not the end
    CHECK(spool.unread() == content.size());
    CHECK(changes == 0);
    disk.release();
    CHECK_FALSE(spool.is_behind());
    CHECK(changes > 0);

    Bytes out;
    while (out.size() < content.size()) {
        const auto piece = spool.read(10'007);
        REQUIRE(piece);
        if (piece->empty()) {
            const int before = changes;
            REQUIRE(disk.jobs() > 0);
            disk.release();
            REQUIRE(changes > before);
        }
        out.insert(out.end(), piece->begin(), piece->end());
    }
    CHECK(out == content);
    spool.rewind();
    CHECK(spool.read(1000)->empty());
    disk.release();
    CHECK(*spool.read(1000) == Bytes(content.begin(), content.begin() + 1000));
}

TEST_CASE("a disk that fails late is told, and nothing is written or read after it", "[door][spool]") {
    test::HeldDisk disk;
    Spool spool;
    int changes = 0;
    spool.on_change([&] { ++changes; });
    Descriptor full(::open("/dev/full", O_RDWR | O_CLOEXEC));
    REQUIRE(full);
    REQUIRE(spool.give({std::move(full), &disk}));
    REQUIRE(spool.write(Bytes(Spool::record_bytes)));
    CHECK_FALSE(spool.failure());
    disk.release();
    CHECK(changes == 1);
    REQUIRE(spool.failure());
    CHECK(spool.failure()->code == make_error_code(BaseErrc::io));
    CHECK_FALSE(spool.write(Bytes(Spool::record_bytes)));
    CHECK_FALSE(spool.read(1));
}

TEST_CASE("a spool may go while its disk hangs, and its file goes after it", "[door][spool]") {
    const File file;
    test::HeldDisk disk;
    int changes = 0;
    {
        Spool spool;
        spool.on_change([&] { ++changes; });
        REQUIRE(spool.give({file.copy(), &disk}));
        REQUIRE(spool.write(Bytes(3 * Spool::record_bytes)));
        CHECK(spool.read(1)->empty());
    }
    CHECK(disk.jobs() == 3);
    disk.release();
    CHECK(changes == 0);
    CHECK(file.content().size() == 3 * (Spool::record_bytes + 16));
}
