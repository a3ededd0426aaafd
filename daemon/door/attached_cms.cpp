// SPDX-License-Identifier: Apache-2.0
#include "attached_cms.hpp"

#include "work.hpp"

#include <algorithm>
#include <utility>

namespace mohr::door {
namespace {

/// The kept document through the writer of attached SignedData.
class AttachedSource final : public Source {
public:
    AttachedSource(signing::SignerPart signer, std::unique_ptr<Spool> content, std::function<void()> wake)
        : content_(std::move(content)), sink_(*this),
          writer_(one(std::move(signer)), content_->size(), sink_) {
        content_->rewind();
        content_->on_change(std::move(wake));
    }

    [[nodiscard]] Outcome<State> pull(Bytes& out, std::size_t max_bytes) override {
        bool waiting = false;
        while (ready_.size() - at_ < max_bytes && !finished_) {
            const bool all_read = content_->unread() == 0;
            auto piece = content_->read(Spool::record_bytes);
            if (!piece) return failure_of(piece.error());
            waiting = piece->empty() && !all_read;
            if (waiting) break;
            finished_ = all_read;
            const auto written = finished_ ? writer_.finish() : writer_.write(*piece);
            if (!written) return failure_of(written.error());
        }
        const std::size_t n = std::min(max_bytes, ready_.size() - at_);
        const auto from = ready_.begin() + static_cast<std::ptrdiff_t>(at_);
        out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(n));
        at_ += n;
        if (at_ == ready_.size()) {
            ready_.clear();
            at_ = 0;
        } else if (at_ > 4 * Spool::record_bytes) {
            ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(at_));
            at_ = 0;
        }
        if (waiting && ready_.empty()) return State::waiting;
        return finished_ && ready_.empty() ? State::end : State::more;
    }

private:
    struct Collect final : signing::Sink {
        explicit Collect(AttachedSource& o) : owner(o) {}
        Result<void> write(ByteView bytes) override {
            owner.ready_.insert(owner.ready_.end(), bytes.begin(), bytes.end());
            return {};
        }
        AttachedSource& owner;
    };
    static std::vector<signing::SignerPart> one(signing::SignerPart signer) {
        std::vector<signing::SignerPart> all;
        all.push_back(std::move(signer));
        return all;
    }

    std::unique_ptr<Spool> content_;
    Bytes ready_;
    std::size_t at_ = 0;
    Collect sink_;
    signing::AttachedSignedDataWriter writer_;
    bool finished_ = false;
};

struct CountSink final : signing::Sink {
    Result<void> write(ByteView bytes) override {
        total += bytes.size();
        return {};
    }
    std::uint64_t total = 0;
};

/// How long the attached message will be: what stands before the content depends on its size, what stands
/// behind it does not, so both come from writers that are given no content.
Result<std::uint64_t> attached_size(const signing::SignerPart& signer, std::uint64_t content_size) {
    CountSink head;
    CountSink empty_head;
    CountSink empty;
    signing::AttachedSignedDataWriter with_size({signer}, content_size, head);
    signing::AttachedSignedDataWriter begun({signer}, 0, empty_head);
    signing::AttachedSignedDataWriter whole({signer}, 0, empty);
    MOHR_TRY(with_size.write({}));
    MOHR_TRY(begun.write({}));
    MOHR_TRY(whole.finish());
    return head.total + content_size + (empty.total - empty_head.total);
}

} // namespace

Result<AttachedCms> attached_cms(signing::SignerPart signer, std::unique_ptr<Spool> document,
                                 std::function<void()> wake) {
    const auto size = attached_size(signer, document->size());
    if (!size) return size.error();
    return AttachedCms{
        std::make_unique<AttachedSource>(std::move(signer), std::move(document), std::move(wake)), *size};
}

} // namespace mohr::door
