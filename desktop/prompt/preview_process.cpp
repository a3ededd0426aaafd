// SPDX-License-Identifier: Apache-2.0
#include "prompt/preview_process.hpp"

#include <linux/close_range.h>
#include <sys/syscall.h>

#include <QCoreApplication>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace mohr::desktop {
namespace {

using preview::Kind;
using preview::Reply;
using preview::Request;

constexpr int patience_milliseconds = 10'000; ///< to open the document, and for each page
constexpr int max_starts = 20;

/// Between fork and exec: calls of the kernel only.
void hand_over(int document) {
    if (document == preview::document_descriptor)
        ::fcntl(document, F_SETFD, 0);
    else
        ::dup2(document, preview::document_descriptor);
    ::syscall(SYS_close_range, preview::document_descriptor + 1, ~0U, CLOSE_RANGE_CLOEXEC);
}

PreviewProcess::Problem problem_of(preview::Failure failure) {
    switch (failure) {
    case preview::Failure::unknown_kind:
        return PreviewProcess::Problem::unknown_kind;
    case preview::Failure::broken:
        return PreviewProcess::Problem::broken;
    case preview::Failure::encrypted:
        return PreviewProcess::Problem::encrypted;
    case preview::Failure::too_large:
        return PreviewProcess::Problem::too_large;
    case preview::Failure::internal:
        break;
    }
    return PreviewProcess::Problem::ended;
}

} // namespace

PreviewProcess::PreviewProcess(const PreviewSource& source, QString media_type, QObject* parent)
    : QObject(parent), document_(::fcntl(source.descriptor, F_DUPFD_CLOEXEC, 10)), source_(source),
      media_type_(std::move(media_type)) {
    process_.setProgram(QCoreApplication::applicationDirPath() + QStringLiteral("/mohr-preview"));
    QProcessEnvironment environment;
    environment.insert(QStringLiteral("LANG"), QStringLiteral("C.UTF-8"));
    process_.setProcessEnvironment(environment);
    process_.setWorkingDirectory(QStringLiteral("/"));
    process_.setStandardErrorFile(QProcess::nullDevice());
    process_.setArguments({QStringLiteral("--offset"), QString::number(source.offset),
                           QStringLiteral("--size"), QString::number(source.size), QStringLiteral("--type"),
                           media_type_});
    process_.setChildProcessModifier([document = document_.get()] { hand_over(document); });
    patience_.setSingleShot(true);
    patience_.setInterval(patience_milliseconds);
    connect(&patience_, &QTimer::timeout, this, [this] { end(Problem::slow); });
    connect(&process_, &QProcess::readyReadStandardOutput, this, &PreviewProcess::read);
    connect(&process_, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart) end(Problem::ended);
    });
    connect(&process_, &QProcess::finished, this, [this] {
        read(); // what it said last
        if (patience_.isActive()) end(Problem::ended);
    });
}

PreviewProcess::~PreviewProcess() {
    disconnect(&process_, nullptr, this, nullptr);
    process_.kill();
    process_.waitForFinished(1000);
}

void PreviewProcess::start() {
    ++starts_;
    is_open_ = false;
    asked_.reset();
    buffer_.clear();
    patience_.start();
    process_.start();
}

void PreviewProcess::ask(std::uint32_t page, std::uint32_t width) {
    wish_ = Request{page, width};
    if (process_.state() != QProcess::NotRunning) return send_wish();
    if (starts_ < max_starts) return start();
    end(Problem::ended);
}

void PreviewProcess::send_wish() {
    if (!is_open_ || asked_ || !wish_) return;
    asked_ = std::exchange(wish_, std::nullopt);
    patience_.start();
    process_.write(reinterpret_cast<const char*>(&*asked_), sizeof *asked_);
}

/// Emits last: whoever is told may destroy this.
void PreviewProcess::end(Problem problem) {
    patience_.stop();
    asked_.reset();
    wish_.reset();
    buffer_.clear();
    is_open_ = false;
    if (process_.state() != QProcess::NotRunning) {
        process_.kill();
        process_.waitForFinished(1000);
    }
    Q_EMIT failed(problem);
}

void PreviewProcess::read() {
    buffer_ += process_.readAllStandardOutput();
    while (buffer_.size() >= qsizetype{sizeof(Reply)}) {
        Reply reply;
        std::memcpy(&reply, buffer_.constData(), sizeof reply);
        if (!patience_.isActive() || !is_bounded(reply)) return end(Problem::ended);
        const qsizetype whole = qsizetype{sizeof reply} + reply.length;
        if (buffer_.size() < whole) return;
        const QByteArray payload = buffer_.sliced(sizeof reply, reply.length);
        buffer_.remove(0, whole);
        patience_.stop();
        if (!take(reply, payload)) return end(Problem::ended);
    }
}

bool PreviewProcess::is_bounded(const Reply& reply) {
    switch (reply.kind) {
    case Kind::opened:
    case Kind::failed:
        return reply.length == 0;
    case Kind::text:
        return reply.length <= preview::max_page_text_bytes;
    case Kind::pixels:
        return reply.b > 0 && reply.c > 0 && reply.b <= preview::max_page_side &&
               reply.c <= preview::max_page_side && reply.b * reply.c <= preview::max_page_pixels &&
               reply.length == 4 * reply.b * reply.c;
    }
    return false;
}

bool PreviewProcess::take(const Reply& reply, const QByteArray& payload) {
    if (reply.kind == Kind::opened) return take_opened(reply);
    if (reply.kind == Kind::failed) return take_failure(reply);
    if (!asked_ || reply.a != asked_->page) return false;
    const Request answered = *std::exchange(asked_, std::nullopt);
    send_wish();
    if (reply.kind == Kind::text) {
        Q_EMIT text_ready(answered.page, QString::fromUtf8(payload));
        return true;
    }
    const QImage shared(reinterpret_cast<const uchar*>(payload.constData()), static_cast<int>(reply.b),
                        static_cast<int>(reply.c), static_cast<int>(4 * reply.b), QImage::Format_RGB32);
    Q_EMIT image_ready(answered.page, shared.copy());
    return true;
}

bool PreviewProcess::take_opened(const Reply& reply) {
    const auto form = static_cast<preview::Form>(reply.a);
    const bool known = form >= preview::Form::text && form <= preview::Form::image;
    if (is_open_ || !known || reply.b == 0 || reply.b > preview::max_pages) return false;
    is_open_ = true;
    if (!std::exchange(was_open_, true)) Q_EMIT opened(form, reply.b, reply.c & preview::notice_all);
    send_wish();
    return true;
}

bool PreviewProcess::take_failure(const Reply& reply) {
    if (is_open_ && !asked_) return false;
    asked_.reset();
    send_wish();
    Q_EMIT failed(problem_of(static_cast<preview::Failure>(reply.a)));
    return true;
}

} // namespace mohr::desktop
