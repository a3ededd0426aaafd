// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "streams.hpp"
#include <mohr/protocol/link.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace mohr::door {

class SessionHost;

/// limit_exceeded, with the limit's name and value.
[[nodiscard]] Failure over_limit(const char* name, std::uint64_t max);

/// The streams of one session: numbers that serve once, uploads with their credit, downloads within the page's.
class SessionStreams final : private StreamHost {
public:
    /// `correlation`: the id under which a failure is told and logged.
    SessionStreams(const protocol::link::Limits& limits, SessionHost& host,
                   std::function<std::string()> correlation);
    ~SessionStreams();
    SessionStreams(const SessionStreams&) = delete;
    SessionStreams& operator=(const SessionStreams&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return uploads_.size() + downloads_.size(); }

    struct Opened {
        StreamId stream = 0;
        std::uint64_t credit = 0;
    };
    [[nodiscard]] Outcome<Opened> open_upload(std::optional<std::uint64_t> size);
    /// Everything was sent: its size. Of a download, which ends early: nothing.
    [[nodiscard]] Outcome<std::optional<std::uint64_t>> close(StreamId stream);
    [[nodiscard]] StreamId add_download(std::unique_ptr<Source> source);

    /// A piece of a binary message; false where it is none of ours: the connection has to be closed.
    [[nodiscard]] bool receive(ByteView piece, bool last);
    /// More credit for a download; false if it has ended meanwhile.
    bool credit(StreamId stream, std::uint64_t bytes);
    /// Uploads that asked for it take in what they held back.
    void resume();
    /// Sends of the downloads what credit and queue allow.
    void pump();
    void forget_finished();
    /// Before the uploads go: sources detach from theirs.
    void end_downloads();

    /// Whether all of these are there to be used, each for one document.
    [[nodiscard]] Outcome<void> check(const std::vector<StreamId>& wanted) const;
    [[nodiscard]] std::shared_ptr<Feed> upload(StreamId stream) const { return uploads_.at(stream); }

private:
    struct Download;

    void grant_credit(StreamId stream, std::uint64_t bytes) override;
    void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) override;
    void resume_soon(StreamId stream) override;
    bool pump(Download& download);

    const protocol::link::Limits& limits_;
    SessionHost& host_;
    std::function<std::string()> correlation_;
    std::map<StreamId, std::shared_ptr<Upload>> uploads_;
    std::map<StreamId, std::unique_ptr<Download>> downloads_;
    StreamId last_ = 0;
    std::set<StreamId> to_resume_;

    // the binary message that is arriving
    Bytes header_;
    bool ignore_message_ = false;
};

} // namespace mohr::door
