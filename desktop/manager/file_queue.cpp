// SPDX-License-Identifier: Apache-2.0
#include "manager/file_queue.hpp"

#include <mohr/base/encoding.hpp>

#include <sys/stat.h>

#include <QFileInfo>
#include <QThreadPool>
#include <algorithm>
#include <fcntl.h>

namespace mohr::desktop {
namespace {

constexpr std::size_t max_shown_name_bytes = 240;

const char* method_of(FileAction action) {
    switch (action) {
    case FileAction::sign:
        return "file.sign";
    case FileAction::verify:
        return "file.verify";
    case FileAction::seal:
        return "file.encrypt";
    case FileAction::open:
        break;
    }
    return "file.decrypt";
}

nlohmann::json certificates_json(const std::vector<Certificate>& certificates) {
    nlohmann::json out = nlohmann::json::array();
    for (const Certificate& certificate : certificates) out.push_back(to_base64(certificate.der()));
    return out;
}

nlohmann::json params_of(const FileTask& task) {
    // The name that the person sees in the prompt.
    const std::string name = printable(QFileInfo(task.input).fileName().toStdString(), max_shown_name_bytes);
    switch (task.action) {
    case FileAction::sign:
        return {{"name", name}, {"detached", !task.attached}};
    case FileAction::verify:
        return task.anchors.empty() ? nlohmann::json::object()
                                    : nlohmann::json{{"trustAnchors", certificates_json(task.anchors)}};
    case FileAction::seal:
        return {{"name", name}, {"recipients", certificates_json(task.recipients)}};
    case FileAction::open:
        break;
    }
    return {{"name", name}};
}

Descriptor duplicate(int fd) {
    return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

Failure failure_of(const char* code, const QString& path) {
    return Failure(QString::fromLatin1(code), path);
}

} // namespace

FileQueue::FileQueue(ControlClient& client, QObject* parent) : QObject(parent), client_(client) {}

int FileQueue::add(FileTask task) {
    task.id = next_id_++;
    const int id = task.id;
    tasks_.push_back(std::move(task));
    Q_EMIT changed(id);
    start_next();
    return id;
}

FileTask* FileQueue::task(int id) {
    const auto found =
        std::find_if(tasks_.begin(), tasks_.end(), [id](const FileTask& task) { return task.id == id; });
    return found == tasks_.end() ? nullptr : &*found;
}

const FileTask* FileQueue::find(int id) const {
    return const_cast<FileQueue*>(this)->task(id);
}

void FileQueue::start_next() {
    if (running_ != 0) return;
    for (FileTask& task : tasks_)
        if (task.state == FileTask::State::waiting) return start(task);
}

void FileQueue::start(FileTask& task) {
    RequestOptions options;
    if (!open_files(task, options)) return start_next();
    running_ = task.id;
    task.state = FileTask::State::running;
    send(task, std::move(options));
    Q_EMIT changed(task.id);
}

/// False if the task is over, or waits for the person.
bool FileQueue::open_files(FileTask& task, RequestOptions& options) {
    auto input = open_input(task.input.toStdString());
    if (!input) {
        finish(task, FileTask::State::failed, failure_of("file_unreadable", task.input));
        return false;
    }
    task.total = input->size;
    options.descriptors.emplace_back("input", std::move(input->fd));
    if (task.action == FileAction::verify) {
        if (task.content.isEmpty() && task.look_beside) task.content = content_beside(task.input);
        if (task.content.isEmpty()) return true;
        auto content = open_input(task.content.toStdString());
        if (content) {
            options.descriptors.emplace_back("content", std::move(content->fd));
            return true;
        }
        finish(task, FileTask::State::failed, failure_of("file_unreadable", task.content));
        return false;
    }
    const bool secret = task.action == FileAction::open;
    const mode_t mode = secret ? 0600 : ((input->mode & 0666) | 0600);
    auto output =
        OutputFile::create(task.output.toStdString(), task.replace ? Overwrite::yes : Overwrite::no, mode);
    if (output) {
        options.descriptors.emplace_back("output", duplicate(output->fd()));
        output_.emplace(std::move(*output));
        return true;
    }
    if (output.error().code != boost::system::errc::file_exists) {
        finish(task, FileTask::State::failed, failure_of("file_unwritable", task.output));
        return false;
    }
    task.state = FileTask::State::asking;
    Q_EMIT changed(task.id);
    Q_EMIT exists(task.id);
    return false;
}

void FileQueue::send(FileTask& task, RequestOptions options) {
    const int id = task.id;
    options.limit = person_limit;
    options.progress = [this, id](quint64 done, quint64 total) {
        FileTask* running = this->task(id);
        if (running == nullptr) return;
        running->done = done;
        if (total > 0) running->total = total;
        Q_EMIT changed(id);
    };
    request_ = client_.request(
        this, method_of(task.action), params_of(task), [this, id](const Reply& reply) { ended(id, reply); },
        std::move(options));
}

void FileQueue::ended(int id, const Reply& reply) {
    request_ = 0;
    FileTask* over = task(id);
    if (over == nullptr) return;
    if (!reply && over->look_beside && !over->content.isEmpty() &&
        reply.error().code == QLatin1String("invalid_params")) {
        // An attached signature beside a file of that name: it has its own content.
        over->look_beside = false;
        running_ = 0;
        return again(id, {});
    }
    if (!reply) {
        const bool cancelled = reply.error().code == QLatin1String("cancelled");
        return finish(*over, cancelled ? FileTask::State::cancelled : FileTask::State::failed, reply.error());
    }
    over->result = *reply;
    if (!output_) return finish(*over, FileTask::State::done);
    commit(id);
}

/// Syncing a large file takes its time: not on this thread.
void FileQueue::commit(int id) {
    auto output = std::make_shared<OutputFile>(std::move(*output_));
    output_.reset();
    QThreadPool::globalInstance()->start([this, id, output] {
        const auto committed = output->commit();
        const bool taken = !committed && committed.error().code == boost::system::errc::file_exists;
        const bool whole = committed.has_value();
        QMetaObject::invokeMethod(
            this,
            [this, id, whole, taken] {
                FileTask* over = task(id);
                if (over == nullptr) return;
                if (whole) return finish(*over, FileTask::State::done);
                finish(*over, FileTask::State::failed,
                       failure_of(taken ? "file_taken" : "file_unwritable", over->output));
            },
            Qt::QueuedConnection);
    });
}

void FileQueue::finish(FileTask& task, FileTask::State state, std::optional<Failure> failure) {
    const int id = task.id;
    if (running_ == id) {
        running_ = 0;
        output_.reset(); // what is not committed is removed
    }
    task.state = state;
    task.failure = std::move(failure);
    Q_EMIT changed(id);
    start_next();
}

void FileQueue::cancel(int id) {
    FileTask* one = task(id);
    if (one == nullptr) return;
    if (one->state == FileTask::State::waiting || one->state == FileTask::State::asking)
        return finish(*one, FileTask::State::cancelled);
    if (running_ == id && request_ != 0) client_.cancel(request_);
}

void FileQueue::go_on(int id, const QString& output, bool replace) {
    FileTask* one = task(id);
    if (one == nullptr || one->state != FileTask::State::asking) return;
    one->output = output;
    one->replace = replace;
    one->state = FileTask::State::waiting;
    start_next();
}

void FileQueue::again(int id, const QString& content) {
    FileTask* one = task(id);
    if (one == nullptr || running_ == id) return;
    one->content = content;
    one->failure.reset();
    one->result = nullptr;
    one->done = 0;
    one->state = FileTask::State::waiting;
    Q_EMIT changed(id);
    start_next();
}

void FileQueue::clear_finished() {
    for (std::size_t i = tasks_.size(); i-- > 0;) {
        const FileTask::State state = tasks_.at(i).state;
        if (state == FileTask::State::waiting || state == FileTask::State::asking ||
            state == FileTask::State::running)
            continue;
        const int id = tasks_.at(i).id;
        tasks_.erase(tasks_.begin() + static_cast<std::ptrdiff_t>(i));
        Q_EMIT removed(id);
    }
}

} // namespace mohr::desktop
