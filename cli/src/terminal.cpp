// SPDX-License-Identifier: Apache-2.0
#include <mohr/cli/terminal.hpp>

#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace mohr::cli {
namespace {

Failure input_ended() {
    return {Exit::declined, "declined", "Declined; nothing was changed.", "the input ended"};
}

/// Waits for a byte of the person; fails on a signal, on the time limit and on the end of the input.
Outcome<void> wait_for_input(int fd, int signals, std::chrono::steady_clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return Failure(Exit::declined, "declined", "Nobody answered.", "time limit");
        std::array<pollfd, 2> entries{pollfd{fd, POLLIN, 0}, pollfd{signals, POLLIN, 0}};
        const int count = ::poll(entries.data(), entries.size(), static_cast<int>(left.count()));
        if (count < 0 && errno != EINTR) return failure_from(system_failure("poll"), "The input failed.");
        if (count <= 0) continue;
        if (entries[1].revents != 0) return interrupted();
        return {};
    }
}

bool is_answer_yes(ByteView line) {
    const std::string_view text = as_text(line);
    return text == "y" || text == "Y" || text == "yes" || text == "بله";
}

} // namespace

RawTerminal::RawTerminal(int fd) : fd_(fd) {
    ::tcgetattr(fd_, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(IXON);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(fd_, TCSAFLUSH, &raw);
}

RawTerminal::~RawTerminal() {
    ::tcsetattr(fd_, TCSAFLUSH, &before_);
}

void RawTerminal::flush() noexcept {
    ::tcflush(fd_, TCIFLUSH);
}

TerminalSize terminal_size(int fd) noexcept {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
    return {size.ws_row, size.ws_col};
}

Key take_key(ByteView& bytes) noexcept {
    const std::uint8_t first = bytes.front();
    bytes = bytes.subspan(1);
    switch (first) {
    case '\r':
    case '\n':
        return {KeyKind::enter, 0};
    case 0x08:
    case 0x7F:
        return {KeyKind::backspace, 0};
    case 0x03:
        return {KeyKind::interrupt, 0};
    case 0x04:
        return {KeyKind::end, 0};
    case 0x15:
        return {KeyKind::kill, 0};
    case 0x1B:
        break;
    default:
        if (first < 0x20) return {KeyKind::other, 0};
        return {KeyKind::character, static_cast<char>(first)};
    }
    if (bytes.empty()) return {KeyKind::escape, 0};
    // ECMA-48 sections 5.4 and 5.6: CSI parameters end with a byte from @ to ~; SS3 has one byte, Alt
    // another.
    const bool csi = bytes.front() == '[';
    const bool ss3 = bytes.front() == 'O';
    bytes = bytes.subspan(1);
    if (ss3 && !bytes.empty()) bytes = bytes.subspan(1);
    while (csi && !bytes.empty()) {
        const std::uint8_t c = bytes.front();
        bytes = bytes.subspan(1);
        if (c >= 0x40 && c <= 0x7E) break;
    }
    return {KeyKind::other, 0};
}

bool LineBuffer::apply(const Key& key) noexcept {
    const auto bytes = bytes_.reveal_mutable();
    switch (key.kind) {
    case KeyKind::character:
        if (size_ == bytes.size()) return false;
        bytes[size_++] = static_cast<std::uint8_t>(key.character);
        return true;
    case KeyKind::backspace:
        if (size_ == 0) return false;
        do // a whole UTF-8 sequence at once
            --size_;
        while (size_ > 0 && (bytes[size_] & 0xC0) == 0x80);
        return true;
    case KeyKind::kill:
        clear();
        return true;
    default:
        return false;
    }
}

Secret LineBuffer::take() {
    Secret line(view());
    clear();
    return line;
}

void LineBuffer::clear() noexcept {
    wipe(bytes_.reveal_mutable());
    size_ = 0;
}

Outcome<Secret> TerminalPerson::ask(std::string_view question, Echo echo) {
    RawTerminal raw(in_);
    raw.flush();                               // before the question: what is typed after seeing it counts
    (void)write_all(out_, as_bytes(question)); // a terminal that is gone ends the read below
    const auto deadline = std::chrono::steady_clock::now() + question_timeout;
    LineBuffer line;
    for (;;) {
        if (auto ready = wait_for_input(in_, interrupts_.fd(), deadline); !ready) {
            (void)write_all(out_, as_bytes("\n"));
            return ready.error();
        }
        std::array<std::uint8_t, 64> chunk;
        const ssize_t count = ::read(in_, chunk.data(), chunk.size());
        if (count <= 0) return input_ended();
        ByteView bytes = ByteView(chunk).first(static_cast<std::size_t>(count));
        std::optional<KeyKind> end;
        while (!bytes.empty() && !end) {
            const Key key = take_key(bytes);
            if (key.kind == KeyKind::enter || key.kind == KeyKind::escape || key.kind == KeyKind::end ||
                key.kind == KeyKind::interrupt)
                end = key.kind;
            else if (line.apply(key) && echo == Echo::on) {
                (void)write_all(out_, as_bytes("\r\033[K"));
                (void)write_all(out_, as_bytes(question));
                (void)write_all(out_, line.view());
            }
        }
        wipe(chunk);
        if (!end) continue;
        (void)write_all(out_, as_bytes("\n"));
        if (*end == KeyKind::interrupt) return interrupted();
        if (*end != KeyKind::enter)
            return Failure(Exit::declined, "declined", "Declined; nothing was changed.");
        return line.take();
    }
}

Outcome<Secret> TerminalPerson::secret(std::string_view question) {
    auto answer = ask(question, Echo::off);
    if (answer && answer->empty())
        return Failure(Exit::declined, "declined", "Declined; nothing was changed.");
    return answer;
}

Outcome<bool> TerminalPerson::confirm(std::string_view question) {
    auto answer = ask(std::string(question) + say(Text::yes_no, language_), Echo::on);
    if (!answer) return answer.error();
    return is_answer_yes(answer->reveal());
}

Outcome<Secret> PipedPerson::secret(std::string_view) {
    if (!secrets_allowed_)
        return Failure(Exit::usage, "pin_needs_terminal",
                       "A PIN is read from a terminal; to read it from standard input say --pin-stdin.");
    Secret line(max_line_bytes);
    std::size_t size = 0;
    for (;;) {
        std::uint8_t byte = 0;
        const ssize_t count = ::read(in_, &byte, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure_from(system_failure("standard input"), "The PIN could not be read.");
        if (count == 0 && size == 0)
            return Failure(Exit::usage, "pin_missing",
                           "Standard input has fewer lines than PINs are needed.");
        if (count == 0 || byte == '\n') break;
        if (size == line.size())
            return Failure(Exit::usage, "limit_exceeded", "A line of standard input is too long for a PIN.");
        line.reveal_mutable()[size++] = byte;
        wipe({&byte, 1});
    }
    if (size > 0 && line.reveal()[size - 1] == '\r') --size;
    line.shrink(size);
    return line;
}

Outcome<bool> PipedPerson::confirm(std::string_view) {
    return Failure(Exit::confirmation, "confirmation_needs_terminal",
                   "This must be confirmed in a terminal, or with --yes.");
}

} // namespace mohr::cli
