// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/control_client.hpp"
#include "manager/file_task.hpp"
#include <mohr/base/user_files.hpp>

#include <QObject>
#include <deque>

namespace mohr::desktop {

/// Carries out file tasks one after another. Files are opened here and passed to the core as descriptors; a result
/// takes its name only when it is whole and on disk, and nothing is left of one that is not.
class FileQueue final : public QObject {
    Q_OBJECT
public:
    explicit FileQueue(ControlClient& client, QObject* parent = nullptr);

    int add(FileTask task);
    /// A waiting one is dropped; the core is asked to end a running one.
    void cancel(int id);
    /// The answer to `exists`: where the result goes now.
    void go_on(int id, const QString& output, bool replace);
    /// The same task again: with another content, or after a failure.
    void again(int id, const QString& content);
    /// Forgets what is over.
    void clear_finished();
    [[nodiscard]] const FileTask* find(int id) const;
    [[nodiscard]] const std::deque<FileTask>& tasks() const { return tasks_; }

Q_SIGNALS:
    void changed(int id);
    void removed(int id);
    void exists(int id); ///< the output is there already: the task waits for go_on() or cancel()

private:
    [[nodiscard]] FileTask* task(int id);
    void start_next();
    void start(FileTask& task);
    [[nodiscard]] bool open_files(FileTask& task, RequestOptions& options);
    void send(FileTask& task, RequestOptions options);
    void ended(int id, const Reply& reply);
    void commit(int id);
    void finish(FileTask& task, FileTask::State state, std::optional<Failure> failure = {});

    ControlClient& client_;
    std::deque<FileTask> tasks_;
    int next_id_ = 1;
    int running_ = 0; ///< id of the running task
    ControlClient::RequestId request_ = 0;
    std::optional<OutputFile> output_; ///< of the running task
};

} // namespace mohr::desktop
