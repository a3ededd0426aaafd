// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/secret.hpp>
#include <mohr/cli/failure.hpp>
#include <mohr/cli/interrupts.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <termios.h>

namespace mohr::cli {

/// Longest that a question of an ordinary verb stays open.
inline constexpr std::chrono::minutes question_timeout{5};
inline constexpr std::size_t max_line_bytes = 256;

/// Keys arrive one by one, unechoed, Ctrl-C as a byte; the terminal is as it was when this goes.
class RawTerminal {
public:
    explicit RawTerminal(int fd);
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal();
    /// Forgets what was typed so far, so that keys pressed before a question never answer it.
    void flush() noexcept;

private:
    int fd_;
    termios before_{};
};

struct TerminalSize {
    unsigned rows = 24;
    unsigned columns = 80;
};
[[nodiscard]] TerminalSize terminal_size(int fd) noexcept;

enum class KeyKind { character, enter, backspace, kill, escape, interrupt, end, other };
struct Key {
    KeyKind kind = KeyKind::other;
    char character = 0; ///< one byte; UTF-8 comes in several
};

/// Takes the first key off `bytes`, which came from one read(2): an escape that stands alone is the Escape
/// key, one that is followed by more begins a function key, which is swallowed whole.
[[nodiscard]] Key take_key(ByteView& bytes) noexcept;

enum class Echo { on, off };

/// What is being typed, kept in secret memory from the first byte: it may be a PIN.
class LineBuffer {
public:
    LineBuffer() : bytes_(max_line_bytes) {}
    /// Whether the key changed the line. More than max_line_bytes are ignored.
    bool apply(const Key& key) noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] ByteView view() const noexcept { return bytes_.reveal().first(size_); }
    /// The line as a secret; the buffer is empty afterwards.
    [[nodiscard]] Secret take();
    void clear() noexcept;

private:
    Secret bytes_;
    std::size_t size_ = 0;
};

/// Whoever answers the questions of a verb.
class Person {
public:
    virtual ~Person() = default;
    [[nodiscard]] virtual Outcome<Secret> secret(std::string_view question) = 0;
    /// Whether a secret can be asked a second time to find typing errors.
    [[nodiscard]] virtual bool can_repeat() const = 0;
    [[nodiscard]] virtual Outcome<bool> confirm(std::string_view question) = 0;
};

/// A person at a terminal: questions on `out`, keys from `in`.
class TerminalPerson final : public Person {
public:
    TerminalPerson(int in, int out, Language language, Interrupts& interrupts)
        : in_(in), out_(out), language_(language), interrupts_(interrupts) {}
    [[nodiscard]] Outcome<Secret> secret(std::string_view question) override;
    [[nodiscard]] bool can_repeat() const override { return true; }
    [[nodiscard]] Outcome<bool> confirm(std::string_view question) override;

private:
    [[nodiscard]] Outcome<Secret> ask(std::string_view question, Echo echo);
    int in_;
    int out_;
    Language language_;
    Interrupts& interrupts_;
};

/// No terminal: with --pin-stdin secrets are the lines of standard input, read byte by byte so that nothing
/// of them stays in a buffer; a question that needs a yes fails.
class PipedPerson final : public Person {
public:
    PipedPerson(int in, bool secrets_allowed) : in_(in), secrets_allowed_(secrets_allowed) {}
    [[nodiscard]] Outcome<Secret> secret(std::string_view question) override;
    [[nodiscard]] bool can_repeat() const override { return false; }
    [[nodiscard]] Outcome<bool> confirm(std::string_view question) override;

private:
    int in_;
    bool secrets_allowed_;
};

} // namespace mohr::cli
