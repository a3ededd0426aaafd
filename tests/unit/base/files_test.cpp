// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/base/files.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

using namespace mohr;

namespace {
struct TemporaryDirectory {
    std::filesystem::path path;
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "mohr-files-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};
} // namespace

TEST_CASE("private files are replaced whole and refuse foreign access [T31]", "[base]") {
    const TemporaryDirectory directory;
    const auto file = directory.path / "vault";
    REQUIRE(write_private(file, as_bytes("one")));
    REQUIRE(write_private(file, as_bytes("two")));
    CHECK(as_text(read_private(file, 10).value()) == "two");
    CHECK(read_private(file, 2).error().code == BaseErrc::malformed);
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(std::distance(std::filesystem::directory_iterator(directory.path), {}) ==
          1); // nothing left beside it

    SECTION("a file that others may read is refused") {
        REQUIRE(::chmod(file.c_str(), 0640) == 0);
        CHECK(read_private(file, 10).error().code == BaseErrc::insecure_file);
    }
    SECTION("a symbolic link is refused, as the file and as a directory on the way") {
        const auto link = directory.path / "link";
        REQUIRE(::symlink(file.c_str(), link.c_str()) == 0);
        CHECK(read_private(link, 10).error().code == BaseErrc::insecure_file);
        const auto other = directory.path / "dir";
        REQUIRE(ensure_private_directory(directory.path / "real"));
        REQUIRE(::symlink((directory.path / "real").c_str(), other.c_str()) == 0);
        CHECK(ensure_private_directory(other).error().code == BaseErrc::insecure_file);
    }
    SECTION("a directory of wider mode is refused") {
        const auto wide = directory.path / "wide";
        REQUIRE(::mkdir(wide.c_str(), 0700) == 0);
        REQUIRE(::chmod(wide.c_str(), 0755) == 0);
        CHECK(ensure_private_directory(wide).error().code == BaseErrc::insecure_file);
    }
}
