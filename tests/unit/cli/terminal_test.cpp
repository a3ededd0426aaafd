// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/cli/terminal.hpp>

#include <unistd.h>

using namespace mohr;
using namespace mohr::cli;

namespace {
std::vector<KeyKind> kinds(std::string_view typed) {
    std::vector<KeyKind> out;
    ByteView bytes = as_bytes(typed);
    while (!bytes.empty()) out.push_back(take_key(bytes).kind);
    return out;
}
LineBuffer typed(std::string_view text) {
    LineBuffer line;
    for (const char c : text) line.apply({KeyKind::character, c});
    return line;
}
/// A pipe that holds `text` and then ends.
int pipe_with(std::string_view text) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(write_all(ends[1], as_bytes(text)));
    ::close(ends[1]);
    return ends[0];
}
} // namespace

TEST_CASE("a lone escape is the Escape key, one that begins a function key is none", "[cli][terminal]") {
    using enum KeyKind;
    CHECK(kinds("\033") == std::vector{escape});
    CHECK(kinds("\033[A") == std::vector{other});
    CHECK(kinds("\033[1;5Cy") == std::vector{other, character});
    CHECK(kinds("\033OPy") == std::vector{other, character});
    CHECK(kinds("\033y") == std::vector{other}); // Alt-y is not y
    CHECK(kinds("\033[") == std::vector{other});
    CHECK(kinds("\033O") == std::vector{other});
    CHECK(kinds("y\n\r\x7f\b\x03\x04\x15\x01") ==
          std::vector{character, enter, enter, backspace, backspace, interrupt, end, kill, other});
}

TEST_CASE("a line is edited by whole characters and bounded", "[cli][terminal]") {
    auto line = typed("aش");
    line.apply({KeyKind::backspace, 0});
    CHECK(as_text(line.view()) == "a");
    line.apply({KeyKind::backspace, 0});
    CHECK_FALSE(line.apply({KeyKind::backspace, 0}));
    CHECK(line.size() == 0);
    auto full = typed(std::string(max_line_bytes + 50, 'x'));
    CHECK(full.size() == max_line_bytes);
    auto killed = typed("123");
    killed.apply({KeyKind::kill, 0});
    CHECK(killed.size() == 0);
}

TEST_CASE("a taken line leaves nothing in its buffer [R53]", "[cli][terminal]") {
    auto line = typed("847261");
    const std::uint8_t* const place = line.view().data();
    const Secret taken = line.take();
    CHECK(taken.same_as(as_bytes("847261")));
    CHECK(line.size() == 0);
    for (int i = 0; i < 6; ++i) CHECK(place[i] == 0);
}

TEST_CASE("PINs come from a pipe only where that was said, one a line", "[cli][terminal]") {
    const Descriptor in(pipe_with("1234\r\nAb12\nlast"));
    PipedPerson refused(in.get(), false);
    const auto none = refused.secret("PIN: ");
    REQUIRE_FALSE(none);
    CHECK(none.error().code == "pin_needs_terminal");
    CHECK(none.error().exit == Exit::usage);

    PipedPerson person(in.get(), true);
    CHECK(person.secret("").value().same_as(as_bytes("1234")));
    CHECK(person.secret("").value().same_as(as_bytes("Ab12")));
    CHECK(person.secret("").value().same_as(as_bytes("last")));
    const auto missing = person.secret("");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == "pin_missing");
    CHECK_FALSE(person.can_repeat());
}

TEST_CASE("a line that is too long for a PIN is refused", "[cli][terminal]") {
    const Descriptor in(pipe_with(std::string(max_line_bytes + 1, '1') + "\n"));
    PipedPerson person(in.get(), true);
    const auto secret = person.secret("");
    REQUIRE_FALSE(secret);
    CHECK(secret.error().code == "limit_exceeded");
}

TEST_CASE("nobody at a pipe can confirm anything", "[cli][terminal]") {
    const Descriptor in(pipe_with("y\ny\n"));
    PipedPerson person(in.get(), true);
    const auto answer = person.confirm("Remove it?");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().exit == Exit::confirmation);
}
