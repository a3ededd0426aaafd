// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "temporary_directory.hpp"
#include <mohr/cli/output_file.hpp>

#include <sys/stat.h>

#include <fstream>
#include <sstream>

using namespace mohr;
using namespace mohr::cli;
namespace fs = std::filesystem;

namespace {
std::string content(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}
std::size_t entries(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}
void write(const fs::path& path, std::string_view text) {
    std::ofstream(path) << text;
}
} // namespace

TEST_CASE("an output takes its name only when it is committed", "[cli][files]") {
    const test::TemporaryDirectory directory;
    const fs::path path = directory.path() / "a.p7s";
    auto output = cli::OutputFile::create(path, Overwrite::no);
    REQUIRE(output);
    REQUIRE(write_all(output->fd(), as_bytes("signature")));
    CHECK_FALSE(fs::exists(path));
    REQUIRE(output->commit());
    CHECK(content(path) == "signature");
    CHECK(entries(directory.path()) == 1);
    CHECK((fs::status(path).permissions() & fs::perms::mask) == fs::perms(0600));
}

TEST_CASE("an output that is not committed leaves nothing behind, nor harms what was there", "[cli][files]") {
    const test::TemporaryDirectory directory;
    const fs::path path = directory.path() / "a.p7s";
    write(path, "old");
    {
        auto output = cli::OutputFile::create(path, Overwrite::yes);
        REQUIRE(output);
        REQUIRE(write_all(output->fd(), as_bytes("half")));
    }
    CHECK(content(path) == "old");
    CHECK(entries(directory.path()) == 1);
}

TEST_CASE("nothing is overwritten without being told to", "[cli][files]") {
    const test::TemporaryDirectory directory;
    const fs::path path = directory.path() / "a.p7s";
    SECTION("what is there before") {
        write(path, "old");
        const auto output = cli::OutputFile::create(path, Overwrite::no);
        REQUIRE_FALSE(output);
        CHECK(output.error().exit == Exit::exists);
    }
    SECTION("what comes meanwhile") {
        auto output = cli::OutputFile::create(path, Overwrite::no);
        REQUIRE(output);
        write(path, "came meanwhile");
        const auto committed = output->commit();
        REQUIRE_FALSE(committed);
        CHECK(committed.error().exit == Exit::exists);
        CHECK(content(path) == "came meanwhile");
    }
    SECTION("a dangling link counts as there") {
        fs::create_symlink(directory.path() / "nowhere", path);
        CHECK_FALSE(cli::OutputFile::create(path, Overwrite::no));
        CHECK_FALSE(cli::OutputFile::create(path, Overwrite::yes)); // not a regular file
    }
    SECTION("told to") {
        write(path, "old");
        auto output = cli::OutputFile::create(path, Overwrite::yes);
        REQUIRE(output);
        REQUIRE(write_all(output->fd(), as_bytes("new")));
        REQUIRE(output->commit());
        CHECK(content(path) == "new");
    }
}

TEST_CASE("an input is a regular file, and a pipe does not block", "[cli][files]") {
    const test::TemporaryDirectory directory;
    const fs::path pipe = directory.path() / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    REQUIRE_FALSE(cli::open_input(pipe));
    CHECK(cli::open_input(pipe).error().exit == Exit::unreadable);
    CHECK_FALSE(cli::open_input(directory.path()));
    const auto missing = cli::open_input(directory.path() / "missing");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().exit == Exit::not_found);
    write(directory.path() / "file", "12345");
    const auto file = cli::open_input(directory.path() / "file");
    REQUIRE(file);
    CHECK(file->size == 5);
    CHECK(cli::read_input(directory.path() / "file", 5).value() == to_bytes(as_bytes("12345")));
    const auto large = cli::read_input(directory.path() / "file", 4);
    REQUIRE_FALSE(large);
    CHECK(large.error().code == "limit_exceeded");
}
