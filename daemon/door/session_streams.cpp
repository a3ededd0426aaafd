// SPDX-License-Identifier: Apache-2.0
#include "session_streams.hpp"

#include "session.hpp"
#include <mohr/protocol/jsonrpc.hpp>

#include <boost/endian/conversion.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace mohr::door {

namespace jsonrpc = protocol::jsonrpc;
namespace web = protocol::web;
using nlohmann::json;
using protocol::Code;

namespace {

/// A download stops adding to the send queue here; the page's credit is the real bound.
constexpr std::size_t send_ahead_bytes = 512 * 1024;

Failure stream_error(const char* why) {
    return Failure(Code::stream_error, why);
}

} // namespace

Failure over_limit(const char* name, std::uint64_t max) {
    Failure failure(Code::limit_exceeded);
    failure.limit = name;
    failure.max = max;
    return failure;
}

struct SessionStreams::Download {
    StreamId id = 0;
    std::unique_ptr<Source> source;
    std::uint64_t credit = web::initial_download_credit;
};

SessionStreams::SessionStreams(const link::Limits& limits, SessionHost& host,
                               std::function<std::string()> correlation)
    : limits_(limits), host_(host), correlation_(std::move(correlation)) {}
SessionStreams::~SessionStreams() = default;

Outcome<SessionStreams::Opened> SessionStreams::open_upload(std::optional<std::uint64_t> announced) {
    if (size() >= limits_.streams_per_connection)
        return over_limit("streams", limits_.streams_per_connection);
    const StreamId stream = ++last_;
    auto upload =
        std::make_shared<Upload>(stream, announced, limits_.stream_bytes, static_cast<StreamHost&>(*this));
    const std::uint64_t credit = upload->first_credit();
    uploads_.emplace(stream, std::move(upload));
    return Opened{stream, credit};
}

Outcome<std::optional<std::uint64_t>> SessionStreams::close(StreamId stream) {
    if (const auto download = downloads_.find(stream); download != downloads_.end()) {
        download->second->source->abandoned();
        downloads_.erase(download);
        return std::optional<std::uint64_t>();
    }
    const auto found = uploads_.find(stream);
    if (found == uploads_.end()) return stream_error("unknown stream");
    const auto size = found->second->close();
    if (!size) return size.error();
    return std::optional(*size);
}

StreamId SessionStreams::add_download(std::unique_ptr<Source> source) {
    auto download = std::make_unique<Download>();
    download->id = ++last_;
    download->source = std::move(source);
    return downloads_.emplace(last_, std::move(download)).first->first;
}

bool SessionStreams::receive(ByteView piece, bool last) {
    if (!ignore_message_ && header_.size() < web::stream_header_bytes) {
        const std::size_t n = std::min(piece.size(), web::stream_header_bytes - header_.size());
        header_.insert(header_.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
        piece = piece.subspan(n);
    }
    if (!ignore_message_ && header_.size() == web::stream_header_bytes) {
        const StreamId id = boost::endian::load_big_u32(header_.data());
        const auto found = uploads_.find(id);
        if (found != uploads_.end()) {
            if (!piece.empty()) found->second->receive(piece);
        } else if (id == 0 || id > last_) {
            return false; // never opened: there is no call that could be told
        } else {
            ignore_message_ = true; // it was closed while this was under way
        }
    } else if (!ignore_message_ && last) {
        return false;
    }
    if (last) {
        header_.clear();
        ignore_message_ = false;
    }
    return true;
}

bool SessionStreams::credit(StreamId stream, std::uint64_t bytes) {
    const auto found = downloads_.find(stream);
    if (found == downloads_.end()) return false;
    std::uint64_t& credit = found->second->credit;
    credit = std::min(credit + std::min(bytes, limits_.stream_bytes), limits_.stream_bytes);
    return true;
}

void SessionStreams::resume() {
    for (const StreamId id : std::exchange(to_resume_, {}))
        if (const auto found = uploads_.find(id); found != uploads_.end()) found->second->resume();
}

void SessionStreams::pump() {
    for (auto at = downloads_.begin(); at != downloads_.end();) {
        if (pump(*at->second))
            ++at;
        else
            at = downloads_.erase(at);
    }
}

bool SessionStreams::pump(Download& download) {
    while (download.credit > 0 && host_.unsent_bytes() < send_ahead_bytes) {
        const auto max =
            static_cast<std::size_t>(std::min<std::uint64_t>(download.credit, web::download_piece_bytes));
        Bytes message(web::stream_header_bytes);
        message.reserve(web::stream_header_bytes + max);
        boost::endian::store_big_u32(message.data(), download.id);
        const auto state = download.source->pull(message, max);
        const std::size_t pulled = message.size() - web::stream_header_bytes;
        if (pulled > 0) {
            download.credit -= pulled;
            host_.send(std::move(message));
        }
        if (!state || *state == Source::State::end) {
            json params{{"stream", download.id}};
            if (!state) {
                const std::string correlation = correlation_();
                host_.failed("stream", correlation, state.error());
                params["error"] = jsonrpc::error_object(state.error(), correlation);
            }
            host_.send(jsonrpc::make_notification("stream.end", std::move(params)));
            return false;
        }
        if (*state == Source::State::waiting) break;
    }
    return true;
}

void SessionStreams::end_downloads() {
    downloads_.clear();
}

void SessionStreams::forget_finished() {
    std::erase_if(uploads_, [](const auto& one) { return one.second->finished(); });
}

Outcome<void> SessionStreams::check(const std::vector<StreamId>& wanted) const {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto found = uploads_.find(wanted[i]);
        if (found == uploads_.end() || found->second->used())
            return stream_error("unknown stream, or used already");
        if (std::find(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(i), wanted[i]) !=
            wanted.begin() + static_cast<std::ptrdiff_t>(i))
            return stream_error("one stream for two documents");
    }
    return {};
}

void SessionStreams::grant_credit(StreamId stream, std::uint64_t bytes) {
    host_.send(jsonrpc::make_notification("stream.credit", {{"stream", stream}, {"bytes", bytes}}));
}

void SessionStreams::open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) {
    host_.open_spool(expected_bytes, std::move(opened));
}

void SessionStreams::resume_soon(StreamId stream) {
    to_resume_.insert(stream);
    host_.step_soon();
}

} // namespace mohr::door
