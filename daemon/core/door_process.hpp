// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/files.hpp>
#include <mohr/base/result.hpp>

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace mohr::core {

/// One running child of ours. It dies with us (PR_SET_PDEATHSIG).
class ChildProcess {
public:
    /// `status` as waitid(2) gives it: the exit code, or minus the signal's number.
    using OnExit = std::function<void(int status)>;

    /// Starts `program` with exactly `environment` ("NAME=value"), /dev/null as standard input and output, our
    /// standard error, `link` as descriptor 3 and nothing else open. Call on the thread that lives as long as the
    /// process: the parent's death is that thread's. Fails with BaseErrc::io.
    [[nodiscard]] static Result<std::unique_ptr<ChildProcess>>
    start(boost::asio::io_context& context, const std::filesystem::path& program,
          const std::vector<std::string>& arguments, Descriptor link, OnExit on_exit,
          const std::vector<std::string>& environment = {});
    /// Kills it if it still runs, and waits; `on_exit` is not called.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const noexcept;
    void kill() noexcept;

private:
    struct State;
    explicit ChildProcess(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

/// Where a program of ours is: in the libexec directory of the installation that this process runs from, or
/// where the build put it, beside us. Fails with BaseErrc::io if it is in neither.
[[nodiscard]] Result<std::filesystem::path> find_program(const std::string& name);

} // namespace mohr::core
