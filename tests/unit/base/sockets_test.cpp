// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/base/files.hpp>
#include <mohr/base/sockets.hpp>

#include <sys/socket.h>
#include <sys/stat.h>

#include <unistd.h>

using namespace mohr;

TEST_CASE("a line of /proc/net/tcp gives its addresses, state, owner and inode", "[base][sockets]") {
    const auto row =
        parse_tcp_row("   1: 0100007F:C89C 0200007F:D2A4 0A 00000000:00000000 00:00000000 00000000"
                      "  1000        0 81734 1 0000000000000000 100 0 0 10 0");
    REQUIRE(row);
    CHECK(row->local == "0100007F:C89C");
    CHECK(row->remote == "0200007F:D2A4");
    CHECK(row->state == 10);
    CHECK(row->uid == 1000);
    CHECK(row->inode == 81734);
}

TEST_CASE("the heading, half a line and numbers that are none give no row", "[base][sockets]") {
    const char* const line = GENERATE(
        "",
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        "   1: 0100007F:C89C 0200007F:D2A4 0A 00000000:00000000 00:00000000 00000000  1000        0",
        "   1: 0100007F:C89C 0200007F:D2A4 XX 00000000:00000000 00:00000000 00000000  1000  0 81734",
        "   1: 0100007F:C89C 0200007F:D2A4 0A 00000000:00000000 00:00000000 00000000  -1  0 81734",
        "   1: 0100007F:C89C 0200007F:D2A4 0A 00000000:00000000 00:00000000 00000000  1000  0 8173x");
    CHECK_FALSE(parse_tcp_row(line));
}

TEST_CASE("the process that holds a socket is found, and another user's is not taken for it",
          "[base][sockets]") {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(socket);
    struct stat status {};
    REQUIRE(::fstat(socket.get(), &status) == 0);
    CHECK(process_with_socket(status.st_ino, std::nullopt) == ::getpid());
    CHECK(process_with_socket(status.st_ino, ::geteuid()) == ::getpid());
    CHECK_FALSE(process_with_socket(status.st_ino, ::geteuid() + 1));
    CHECK_FALSE(process_with_socket(0, std::nullopt));
}

TEST_CASE("a user is told by name and number, and one without a name by number", "[base][sockets]") {
    CHECK(user_text(0) == "root (uid 0)");
    CHECK(user_text(3'999'999'999U) == "uid 3999999999");
}
