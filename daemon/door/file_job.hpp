// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "work.hpp"

#include <functional>
#include <memory>

namespace mohr::door {

class FileJobHost {
public:
    virtual ~FileJobHost() = default;
    virtual link::OperationId start_operation(link::ConnectionId connection, link::JobId job,
                                              link::Request request, Descriptors previews) = 0;
    virtual void cancel_operation(link::OperationId id) = 0;
    virtual void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) = 0;
    /// What all copies of documents for prompts may take together; null: no common bound.
    [[nodiscard]] virtual OriginBudget* preview_budget() { return nullptr; }
    /// Where documents are hashed; null: in the loop.
    [[nodiscard]] virtual HashThread* hash_thread() { return nullptr; }
    /// Where input and output are read and written.
    virtual Disk& disk() = 0;
    /// Runs `work` from the loop, so that a long file leaves turns to others.
    virtual void post(std::function<void()> work) = 0;
    virtual void job_progress(const link::FileJobProgress& progress) = 0;
    /// Exactly once for each job, from the loop; the job may be destroyed by it.
    virtual void job_finished(link::JobId job, Outcome<std::string> outcome) = 0;
};

/// Sign, verify, encrypt or decrypt over descriptors that the core has passed on: the same work as for pages, in
/// slices. Input and output are regular files, read and written beside the loop.
class FileJob {
public:
    FileJob(FileJobHost& host, const Clock& clock, link::FileJob job, Descriptors files);
    ~FileJob();
    FileJob(const FileJob&) = delete;
    FileJob& operator=(const FileJob&) = delete;

    void start();
    void cancel();
    void on_answer(Outcome<link::Answer> answer);

private:
    class State;
    std::shared_ptr<State> state_;
};

} // namespace mohr::door
