// SPDX-License-Identifier: Apache-2.0
#include "activity_log.hpp"

#include "log_writer.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fcntl.h>
#include <iterator>
#include <mutex>
#include <utility>

namespace mohr::core {

namespace {

constexpr std::size_t max_group = 512;
constexpr std::chrono::milliseconds linger{1};

bool contains_folded(std::string_view text, std::string_view wanted) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    const auto found = std::search(text.begin(), text.end(), wanted.begin(), wanted.end(),
                                   [&](char a, char b) { return lower(a) == lower(b); });
    return wanted.empty() || found != text.end();
}

} // namespace

struct ActivityLog::State : std::enable_shared_from_this<ActivityLog::State> {
    using Done = std::function<void(Result<void>)>;
    struct Waiting {
        log_chain::TimedEntry entry;
        Done done;
    };

    State(log_chain::Writer w, Executor& e, const Clock& c) : writer(std::move(w)), executor(e), clock(c) {}

    void append(LogEntry entry, Done done) {
        const std::lock_guard lock(queue_mutex);
        queue.push_back({{clock.now(), std::move(entry)}, std::move(done)});
        if (queue.size() >= expected) arrived.notify_one();
        if (std::exchange(flushing, true)) return;
        executor.post_to_pool([self = shared_from_this()] { self->flush(); });
    }

    /// Everything that waits goes out with one sync and one commit; what comes meanwhile is the next group.
    void flush() {
        for (;;) {
            auto group = next_group();
            if (group.empty()) return;
            const auto size = group.size();
            write(std::move(group));
            const std::lock_guard lock(queue_mutex);
            expected = std::min(size + queue.size(), max_group);
        }
    }

    /// Those whose entries went out together are back together a moment later: waiting for them costs less
    /// than another sync. Not again once they stay away.
    std::vector<Waiting> next_group() {
        std::unique_lock lock(queue_mutex);
        if (!queue.empty() && !arrived.wait_for(lock, linger, [&] { return queue.size() >= expected; }))
            expected = queue.size();
        std::vector<Waiting> group;
        const auto end = queue.begin() + static_cast<std::ptrdiff_t>(std::min(queue.size(), max_group));
        group.assign(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
        queue.erase(queue.begin(), end);
        if (group.empty()) flushing = false;
        return group;
    }

    void write(std::vector<Waiting> group) {
        std::vector<log_chain::TimedEntry> entries;
        auto told = std::make_shared<std::vector<Done>>();
        for (auto& waiting : group) {
            entries.push_back(std::move(waiting.entry));
            if (waiting.done) told->push_back(std::move(waiting.done));
        }
        Result<void> written;
        {
            const std::lock_guard lock(writer_mutex);
            // The edge of the pool task: whoever waits for an entry must be told.
            try {
                written = writer.write(entries);
            } catch (const std::exception& bug) {
                written = Error(BaseErrc::io, std::string("activity log: ") + bug.what());
            }
        }
        executor.post([self = shared_from_this(), told, written] {
            for (const auto& done : *told) done(written);
            if (written && self->listener) self->listener();
        });
    }

    log_chain::Writer writer;
    mutable std::mutex writer_mutex;
    Executor& executor;
    const Clock& clock;
    std::mutex queue_mutex;
    std::vector<Waiting> queue;
    std::condition_variable arrived;
    bool flushing = false;
    std::size_t expected = 1;
    std::function<void()> listener;
};

ActivityLog::ActivityLog(std::shared_ptr<State> state) : state_(std::move(state)) {}
ActivityLog::~ActivityLog() = default;

Result<std::unique_ptr<ActivityLog>> ActivityLog::open(Config config, Executor& executor, token::Token& token,
                                                       const Clock& clock) {
    auto writer = log_chain::Writer::open(std::move(config), token);
    if (!writer) return writer.error();
    const auto adopted = writer->adopted();
    auto state = std::make_shared<State>(std::move(*writer), executor, clock);
    if (adopted > 0) {
        LogEntry entry;
        entry.operation = "log.adopted";
        entry.decision = "recorded";
        entry.detail = std::to_string(adopted) + " entries were written but not committed before a crash";
        auto written = state->writer.write({{clock.now(), std::move(entry)}});
        if (!written) return written.error();
    }
    return std::unique_ptr<ActivityLog>(new ActivityLog(std::move(state)));
}

void ActivityLog::append(LogEntry entry, std::function<void(Result<void>)> done) {
    state_->append(std::move(entry), std::move(done));
}

void ActivityLog::on_added(std::function<void()> listener) {
    state_->listener = std::move(listener);
}

Result<LogPage> ActivityLog::read(std::uint64_t after, std::size_t limit, std::string_view query) const {
    Result<log_chain::Snapshot> snapshot = log_chain::Snapshot{};
    LogPage page;
    {
        const std::lock_guard lock(state_->writer_mutex);
        snapshot = state_->writer.snapshot();
        page.total = state_->writer.count();
    }
    if (!snapshot) return snapshot.error();
    for (const auto& file : snapshot->files) {
        auto content = log_chain::read_up_to(file.descriptor.get(), file.bytes);
        if (!content) return content.error();
        for (const auto line : log_chain::split_lines(*content).lines) {
            if (page.entries.size() >= limit) return page;
            const auto taken = log_chain::take_apart(line);
            if (!taken || taken->sequence <= after || !contains_folded(line, query)) continue;
            page.entries.emplace_back(line);
        }
    }
    return page;
}

Result<LogVerdict> ActivityLog::verify() const {
    Result<log_chain::Snapshot> snapshot = log_chain::Snapshot{};
    {
        const std::lock_guard lock(state_->writer_mutex);
        snapshot = state_->writer.snapshot();
    }
    if (!snapshot) return snapshot.error();
    return log_chain::verify(state_->writer.key(), *snapshot);
}

} // namespace mohr::core
