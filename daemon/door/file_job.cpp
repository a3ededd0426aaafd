// SPDX-License-Identifier: Apache-2.0
#include "file_job.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unistd.h>

namespace mohr::door {
namespace {

using protocol::Code;

constexpr std::size_t piece_bytes = 256 * 1024;
constexpr std::size_t turn_bytes = 4 * piece_bytes;
constexpr std::chrono::milliseconds progress_interval{100};

bool is_regular(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

std::optional<std::uint64_t> size_of(int fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
}

/// A file from its beginning, whatever its offset is.
class FileFeed final : public Feed, public std::enable_shared_from_this<FileFeed> {
public:
    FileFeed(Descriptor file, FileJobHost& host) : file_(std::move(file)), host_(host) {}

    [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_of(file_.get()); }
    void attach(Consumer& consumer) override {
        consumer_ = &consumer;
        resume();
    }
    void detach() override { consumer_ = nullptr; }
    void resume() override {
        if (consumer_ == nullptr || std::exchange(scheduled_, true)) return;
        if (at_ < piece_.size() || ended_) return host_.post([self = shared_from_this()] { self->go_on(); });
        host_.disk().run([self = shared_from_this()] { self->read(); },
                         [self = shared_from_this()] { self->go_on(); });
    }

private:
    /// On the disk's side; the loop looks at nothing of this before go_on().
    void read() {
        piece_.resize(turn_bytes);
        std::size_t size = 0;
        while (size < piece_.size() && !ended_ && !failure_) {
            const ssize_t n =
                ::pread(file_.get(), piece_.data() + size, piece_.size() - size, static_cast<off_t>(offset_));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) failure_ = failure_of(system_failure("input"));
            if (n == 0) ended_ = true;
            if (n <= 0) break;
            size += static_cast<std::size_t>(n);
            offset_ += static_cast<std::uint64_t>(n);
        }
        piece_.resize(size);
        at_ = 0;
    }
    void go_on() {
        // Still scheduled: a consumer may ask for more from inside take().
        while (consumer_ != nullptr && consumer_->ready() && at_ < piece_.size()) {
            const std::size_t n = std::min(piece_bytes, piece_.size() - at_);
            at_ += n;
            consumer_->take(ByteView(piece_).subspan(at_ - n, n));
        }
        scheduled_ = false;
        if (consumer_ == nullptr || !consumer_->ready()) return;
        if (failure_) return std::exchange(consumer_, nullptr)->failed(*failure_);
        if (ended_) return std::exchange(consumer_, nullptr)->end();
        resume();
    }

    Descriptor file_;
    FileJobHost& host_;
    Consumer* consumer_ = nullptr;
    Bytes piece_;
    std::size_t at_ = 0; ///< in piece_
    std::uint64_t offset_ = 0;
    std::optional<Failure> failure_;
    bool ended_ = false;
    bool scheduled_ = false;
};

} // namespace

class FileJob::State final : public WorkHost, public std::enable_shared_from_this<State> {
public:
    State(FileJobHost& host, const Clock& clock, link::FileJob job, Descriptors files)
        : host_(host), clock_(clock), job_(std::move(job)), files_(std::move(files)) {}

    void start() {
        if (!files_fit()) {
            Failure failure(Code::invalid_params, "descriptors do not fit the job");
            failure.path = "descriptors";
            return finish(std::move(failure));
        }
        const std::weak_ptr<State> weak = weak_from_this();
        WorkContext context{*this, clock_, [weak] {
                                if (const auto self = weak.lock()) self->pump_soon();
                            }};
        context.previews = {host_.preview_budget(), {}};
        context.hash_thread = host_.hash_thread();
        work_ = make_work(context);
        work_->start();
    }
    /// Also while the result is being written: a sealed file is one from the first byte on.
    void cancel() {
        if (done_) return;
        abandon();
        result_.emplace(Failure(Code::cancelled));
        pump_soon();
    }
    void abandon() {
        if (operation_ != 0) host_.cancel_operation(std::exchange(operation_, 0));
    }
    void on_answer(Outcome<link::Answer> answer) {
        operation_ = 0;
        if (work_ && !result_) work_->on_answer(std::move(answer));
    }

    // --- for the work ---

    void operate(link::Request request, Descriptors previews) override {
        operation_ = host_.start_operation(0, job_.id, std::move(request), std::move(previews));
    }
    void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) override {
        host_.open_spool(expected_bytes,
                         [weak = weak_from_this(), opened = std::move(opened)](SpoolFile file) {
                             if (weak.lock()) opened(std::move(file));
                         });
    }
    void progress(std::uint64_t done, std::optional<std::uint64_t> total) override {
        const SteadyInstant now = clock_.steady();
        if (last_progress_ && now - *last_progress_ < progress_interval) return;
        last_progress_ = now;
        host_.job_progress({job_.id, done, total.value_or(0)});
    }
    void finish(Outcome<WorkResult> result) override {
        if (result_) return;
        result_ = std::move(result);
        pump_soon(); // never from inside the work that is finishing
    }

private:
    [[nodiscard]] bool files_fit() const {
        const bool verify = job_.kind == link::JobKind::verify;
        const std::size_t wanted = verify && !job_.has_content ? 1 : 2;
        if (files_.size() != wanted) return false;
        for (const Descriptor& file : files_)
            if (!is_regular(file.get())) return false;
        return true;
    }

    std::unique_ptr<Work> make_work(const WorkContext& context) {
        auto input = std::make_shared<FileFeed>(std::move(files_[0]), host_);
        switch (job_.kind) {
        case link::JobKind::encrypt:
            return make_encrypt_work(context, {input, std::move(job_.certificates), true});
        case link::JobKind::decrypt:
            return make_decrypt_work(context, {input, job_.name});
        case link::JobKind::verify: {
            VerifyWork work{input, nullptr, std::move(job_.certificates)};
            if (job_.has_content) work.document = std::make_shared<FileFeed>(std::move(files_[1]), host_);
            return make_verify_work(context, std::move(work));
        }
        case link::JobKind::sign:
            break;
        }
        SignWork work;
        work.format = link::SignFormat::cms;
        work.digest = job_.digest_algorithm;
        work.certificate = job_.certificate;
        work.signing_time = job_.signing_time;
        work.attached = !job_.detached;
        work.documents.push_back({job_.name, "", "", input, std::nullopt});
        return make_sign_work(context, std::move(work));
    }

    void pump_soon() {
        if (std::exchange(pumping_, true)) return;
        host_.post([self = shared_from_this()] {
            self->pumping_ = false;
            self->pump();
        });
    }

    void pump() {
        if (!result_ || done_) return;
        if (!*result_) return report(result_->error());
        WorkResult& result = **result_;
        Bytes piece;
        while (result.content && piece.size() < turn_bytes) {
            const auto state = result.content->pull(piece, piece_bytes);
            if (!state) return report(state.error());
            if (*state == Source::State::waiting) break;
            if (*state == Source::State::end) result.content.reset();
        }
        if (!piece.empty()) return write(std::move(piece));
        if (result.content) return; // woken when it has more
        if (job_.kind != link::JobKind::verify) (*result.fields)["size"] = written_;
        if (result.certificate) (*result.fields)["certificate"] = nlohmann::json::parse(*result.certificate);
        report(result.fields->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }

    void write(Bytes piece) {
        pumping_ = true; // one at a time, and nothing is reported before it is written
        auto outcome = std::make_shared<std::optional<Failure>>();
        const std::size_t size = piece.size();
        host_.disk().run(
            [self = shared_from_this(), piece = std::move(piece), outcome] {
                const auto written = write_all(self->files_[1].get(), piece);
                if (!written) *outcome = failure_of(written.error());
            },
            [self = shared_from_this(), size, outcome] {
                self->pumping_ = false;
                if (self->done_) return;
                if (*outcome) return self->report(**outcome);
                self->written_ += size;
                self->progress(self->written_,
                               (*self->result_) ? (**self->result_).content_size : std::nullopt);
                self->pump();
            });
    }

    void report(Outcome<std::string> outcome) {
        done_ = true;
        abandon();
        host_.job_finished(job_.id, std::move(outcome));
    }

    FileJobHost& host_;
    const Clock& clock_;
    link::FileJob job_;
    Descriptors files_;
    std::unique_ptr<Work> work_;
    std::optional<Outcome<WorkResult>> result_;
    std::optional<SteadyInstant> last_progress_;
    link::OperationId operation_ = 0;
    std::uint64_t written_ = 0;
    bool pumping_ = false;
    bool done_ = false;
};

FileJob::FileJob(FileJobHost& host, const Clock& clock, link::FileJob job, Descriptors files)
    : state_(std::make_shared<State>(host, clock, std::move(job), std::move(files))) {}
FileJob::~FileJob() = default;
void FileJob::start() {
    state_->start();
}
void FileJob::cancel() {
    state_->cancel();
}
void FileJob::on_answer(Outcome<link::Answer> answer) {
    state_->on_answer(std::move(answer));
}

} // namespace mohr::door
