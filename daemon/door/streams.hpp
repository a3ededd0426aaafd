// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "spool.hpp"
#include <mohr/base/bytes.hpp>
#include <mohr/protocol/errors.hpp>
#include <mohr/protocol/web_api.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>

/// The two directions of bulk data of one connection. Pure: no sockets, no clock.
namespace mohr::door {

using protocol::Failure;
using protocol::Outcome;
using protocol::web::StreamId;

/// Who takes a document's bytes, in order, whether they come inline, by stream or from a file.
class Consumer {
public:
    virtual ~Consumer() = default;
    /// False while it cannot take more; it calls Feed::resume() when it can.
    [[nodiscard]] virtual bool ready() const = 0;
    /// How far the sender may run ahead: small where bytes may have to wait here.
    [[nodiscard]] virtual std::uint64_t window() const = 0;
    virtual void take(ByteView bytes) = 0;
    virtual void end() = 0;
    /// The page closed too early, sent too much, or the disk is full. The last call.
    virtual void failed(const Failure& failure) = 0;
};

/// A document's bytes, wherever they come from. attach() may already give all of them.
class Feed {
public:
    virtual ~Feed() = default;
    /// Where it is known before the end.
    [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
    /// `consumer` outlives the feed's end, or detaches.
    virtual void attach(Consumer& consumer) = 0;
    virtual void detach() = 0;
    /// The consumer can take more.
    virtual void resume() = 0;
};

/// Bytes that came inside the message.
class BytesFeed final : public Feed {
public:
    explicit BytesFeed(Bytes bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return bytes_.size(); }
    void attach(Consumer& consumer) override;
    void detach() override { consumer_ = nullptr; }
    void resume() override;

private:
    Bytes bytes_;
    Consumer* consumer_ = nullptr;
    bool given_ = false;
};

/// What a stream needs from its surroundings.
class StreamHost {
public:
    virtual ~StreamHost() = default;
    virtual void grant_credit(StreamId stream, std::uint64_t bytes) = 0;
    /// Answers later, or never if the stream is gone; an empty descriptor: refused.
    virtual void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) = 0;
    /// Calls Upload::resume() from the loop: a long replay must not keep the thread.
    virtual void resume_soon(StreamId stream) = 0;
};

/// One upload. Bytes that come before anyone wants them are kept, at first in memory, then in a spool.
class Upload final : public Feed {
public:
    Upload(StreamId id, std::optional<std::uint64_t> announced, std::uint64_t max_bytes, StreamHost& host);
    ~Upload() override;

    [[nodiscard]] StreamId id() const noexcept { return id_; }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return announced_; }
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
    [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
    [[nodiscard]] bool closed() const noexcept { return closed_; }
    [[nodiscard]] bool used() const noexcept { return used_; }
    /// Nothing more to do: closed by the page, and used up or given up.
    [[nodiscard]] bool finished() const noexcept { return closed_ && (discarded_ || ended_ || failure_); }
    /// Its memory is full: the spool is asked for but not there, or the disk is behind.
    [[nodiscard]] bool waits_for_spool() const noexcept {
        if (failure_ || discarded_) return false;
        return waiting_.has_file() ? waiting_.is_behind() : spool_asked_;
    }
    /// What the page may send at first.
    [[nodiscard]] std::uint64_t first_credit();

    void receive(ByteView bytes);
    /// The page says that all was sent. Fails with stream_error if that is not what was announced.
    [[nodiscard]] Outcome<std::uint64_t> close();

    /// The one call that uses this stream. `consumer` outlives it, or detaches.
    void attach(Consumer& consumer) override;
    /// The consumer is gone; whatever still comes is dropped.
    void detach() override;
    /// Gives the consumer what waits, a bounded amount at a time.
    void resume() override;

private:
    void deliver(ByteView bytes);
    void keep(ByteView bytes);
    void give_credit();
    void fail(Failure failure);
    void spool_opened(SpoolFile file);

    StreamId id_;
    std::optional<std::uint64_t> announced_;
    std::uint64_t max_bytes_;
    StreamHost& host_;
    Consumer* consumer_ = nullptr;
    std::uint64_t received_ = 0;
    std::uint64_t credited_ = 0;
    std::uint64_t taken_ = 0; ///< by the consumer, or safely in the spool
    Spool waiting_;
    bool spool_asked_ = false;
    bool closed_ = false;
    bool used_ = false;
    bool ended_ = false;
    bool discarded_ = false;
    bool resuming_ = false;
    std::optional<Failure> failure_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Where a download's bytes come from.
class Source {
public:
    enum class State { more, waiting, end };
    virtual ~Source() = default;
    /// Appends at most `max_bytes` to `out`. waiting: call again when woken.
    [[nodiscard]] virtual Outcome<State> pull(Bytes& out, std::size_t max_bytes) = 0;
    /// The page does not want the rest.
    virtual void abandoned() {}
};

class BytesSource final : public Source {
public:
    explicit BytesSource(Bytes bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] Outcome<State> pull(Bytes& out, std::size_t max_bytes) override;

private:
    Bytes bytes_;
    std::size_t at_ = 0;
};

class SpoolSource final : public Source {
public:
    /// `wake` is called when pull() has more to say.
    SpoolSource(std::unique_ptr<Spool> spool, std::function<void()> wake) : spool_(std::move(spool)) {
        spool_->on_change(std::move(wake));
    }
    [[nodiscard]] Outcome<State> pull(Bytes& out, std::size_t max_bytes) override;

private:
    std::unique_ptr<Spool> spool_;
};

} // namespace mohr::door
