// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "executor.hpp"
#include <mohr/base/result.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mohr::core {

using Variables = std::map<std::string, std::string>;

/// What a program that draws on the person's screen is given of `own`, or, where that knows no display, of `manager` before
/// `own`: names on a list of our own, which holds none that makes a program load code. "NAME=value", sorted; empty where
/// neither knows a display.
[[nodiscard]] std::vector<std::string> display_environment(const Variables& own, const Variables& manager);

/// The environment of this process. Call before there are threads that change it.
[[nodiscard]] Variables own_environment();
/// The environment block of the user's systemd manager, which desktop sessions fill in when they start. Blocks; call on the
/// pool. Fails with BaseErrc::io.
[[nodiscard]] Result<Variables> user_manager_environment();

/// Whether somebody listens where `variables` say that their display is. True for one on another machine (ssh): only Qt can
/// find that out. Does not wait.
[[nodiscard]] bool display_answers(const Variables& variables);

/// Knows the display of the person's session, also where the session began after the daemon, or another one followed the
/// one that the daemon was started in. I/O thread only.
class SessionDisplay {
public:
    using Look = std::function<Result<Variables>()>; ///< runs on the pool
    using Answers = std::function<bool(const Variables&)>;

    SessionDisplay(Executor& executor, Variables own, Look look, Answers answers);
    ~SessionDisplay();
    SessionDisplay(const SessionDisplay&) = delete;
    SessionDisplay& operator=(const SessionDisplay&) = delete;

    /// As of the last look; empty: no display.
    [[nodiscard]] const std::vector<std::string>& environment() const noexcept { return environment_; }
    [[nodiscard]] bool known() const noexcept { return !environment_.empty(); }
    /// Whether our own environment names one, alive or not.
    [[nodiscard]] bool has_own() const noexcept { return own_display_; }
    /// Whether a look may find one: false where there is no user manager to ask.
    [[nodiscard]] bool possible() const;
    /// Looks, unless the display of our own environment answers; then `done`. Called inside look() where nothing is to be
    /// waited for.
    void look(std::function<void()> done);
    void on_change(std::function<void()> told) { changed_ = std::move(told); }

private:
    void looked(const Variables& manager);
    void choose(const Variables& own, const Variables& manager);

    Executor& executor_;
    Variables own_;
    Look look_;
    Answers answers_;
    std::vector<std::string> environment_;
    bool own_display_ = false;
    std::vector<std::function<void()>> waiting_;
    std::function<void()> changed_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

} // namespace mohr::core
