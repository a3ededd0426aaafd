// SPDX-License-Identifier: Apache-2.0
#include "streams.hpp"

#include <algorithm>

namespace mohr::door {
namespace {

using protocol::Code;

/// Before anybody has asked for the bytes.
constexpr std::uint64_t unclaimed_window = 1024 * 1024;
/// How much of what waited is handed over in one turn of the loop.
constexpr std::size_t resume_bytes = 1024 * 1024;

} // namespace

Upload::Upload(StreamId id, std::optional<std::uint64_t> announced, std::uint64_t max_bytes, StreamHost& host)
    : id_(id), announced_(announced), max_bytes_(announced.value_or(max_bytes)), host_(host) {
    waiting_.on_change([this] { host_.resume_soon(id_); });
}

Upload::~Upload() {
    *alive_ = false;
}

void BytesFeed::attach(Consumer& consumer) {
    consumer_ = &consumer;
    resume();
}

void BytesFeed::resume() {
    if (consumer_ == nullptr || !consumer_->ready()) return;
    Consumer* const consumer = consumer_;
    if (!std::exchange(given_, true)) consumer->take(bytes_);
    if (consumer_ == nullptr || !consumer_->ready()) return;
    consumer_ = nullptr;
    consumer->end();
}

std::uint64_t Upload::first_credit() {
    credited_ = unclaimed_window;
    return credited_;
}

void Upload::receive(ByteView bytes) {
    if (discarded_ || failure_) return;
    received_ += bytes.size();
    if (closed_ || received_ > credited_ || received_ > max_bytes_)
        return fail(Failure(Code::stream_error, "more bytes than credited or announced"));
    if (consumer_ != nullptr && waiting_.unread() == 0 && consumer_->ready())
        deliver(bytes);
    else
        keep(bytes);
    give_credit();
}

Outcome<std::uint64_t> Upload::close() {
    if (closed_) return Failure(Code::stream_error, "closed twice");
    closed_ = true;
    if (failure_) return *failure_;
    if (announced_ && received_ != *announced_ && !discarded_) {
        Failure failure(Code::stream_error, "closed before all that was announced had come");
        fail(failure);
        return failure;
    }
    resume();
    return received_;
}

void Upload::attach(Consumer& consumer) {
    used_ = true;
    consumer_ = &consumer;
    if (failure_) {
        consumer_ = nullptr;
        consumer.failed(*failure_);
        return;
    }
    give_credit();
    resume();
}

void Upload::detach() {
    consumer_ = nullptr;
    discarded_ = true;
}

void Upload::resume() {
    if (resuming_) return; // a consumer may ask for it from inside take()
    if (waiting_.failure()) return fail(Failure(Code::internal_error, waiting_.failure()->describe()));
    resuming_ = true;
    const std::shared_ptr<bool> alive = alive_;
    std::size_t given = 0;
    while (consumer_ != nullptr && waiting_.unread() > 0 && consumer_->ready()) {
        if (given >= resume_bytes) {
            host_.resume_soon(id_);
            break;
        }
        auto piece = waiting_.read(Spool::record_bytes);
        if (!piece) {
            resuming_ = false;
            return fail(Failure(Code::internal_error, piece.error().describe()));
        }
        if (piece->empty()) break; // comes from the disk
        given += piece->size();
        waiting_.forget_read();
        deliver(*piece);
        if (!*alive) return;
    }
    resuming_ = false;
    if (consumer_ != nullptr && closed_ && waiting_.unread() == 0 && consumer_->ready() && !ended_) {
        ended_ = true;
        Consumer* const consumer = std::exchange(consumer_, nullptr);
        consumer->end();
        return;
    }
    give_credit();
}

void Upload::deliver(ByteView bytes) {
    taken_ += bytes.size();
    consumer_->take(bytes);
}

void Upload::keep(ByteView bytes) {
    if (const auto written = waiting_.write(bytes); !written)
        return fail(Failure(Code::internal_error, written.error().describe()));
    // A spool is for a call that has not come; a consumer that is only slow is waited for within its window.
    if (!spool_asked_ && consumer_ == nullptr && waiting_.wants_file()) {
        spool_asked_ = true;
        host_.open_spool(announced_.value_or(0), [this, alive = alive_](SpoolFile file) {
            if (*alive) spool_opened(std::move(file));
        });
    }
}

void Upload::spool_opened(SpoolFile file) {
    if (consumer_ != nullptr || discarded_) return; // claimed meanwhile: memory is enough
    if (!file) return fail(Failure(Code::internal_error, "no spool was granted"));
    if (const auto given = waiting_.give(std::move(file)); !given)
        return fail(Failure(Code::internal_error, given.error().describe()));
    give_credit();
}

void Upload::give_credit() {
    if (closed_ || discarded_ || failure_) return;
    // What lies in memory counts against the window; what has reached the spool does not.
    const bool spooled = waiting_.has_file();
    const std::uint64_t window = consumer_ != nullptr ? consumer_->window() : unclaimed_window;
    const std::uint64_t settled =
        received_ - (consumer_ == nullptr && spooled ? waiting_.behind() : waiting_.unread());
    const std::uint64_t allowed = std::min(settled + window, max_bytes_);
    if (allowed <= credited_) return;
    const std::uint64_t more = allowed - credited_;
    // In steps, so that it does not cost a message for each message.
    if (more < window / 4 && allowed != max_bytes_) return;
    credited_ = allowed;
    host_.grant_credit(id_, more);
}

void Upload::fail(Failure failure) {
    if (failure_ || discarded_) return;
    failure_ = failure;
    if (Consumer* const consumer = std::exchange(consumer_, nullptr)) {
        discarded_ = true;
        consumer->failed(failure);
    }
}

Outcome<Source::State> BytesSource::pull(Bytes& out, std::size_t max_bytes) {
    const std::size_t n = std::min(max_bytes, bytes_.size() - at_);
    out.insert(out.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_),
               bytes_.begin() + static_cast<std::ptrdiff_t>(at_ + n));
    at_ += n;
    return at_ == bytes_.size() ? State::end : State::more;
}

Outcome<Source::State> SpoolSource::pull(Bytes& out, std::size_t max_bytes) {
    while (max_bytes > 0 && spool_->unread() > 0) {
        const auto piece = spool_->read(max_bytes);
        if (!piece) return Failure(Code::internal_error, piece.error().describe());
        if (piece->empty()) return State::waiting;
        out.insert(out.end(), piece->begin(), piece->end());
        max_bytes -= piece->size();
    }
    return spool_->unread() == 0 ? State::end : State::more;
}

} // namespace mohr::door
