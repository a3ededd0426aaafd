// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dastine_host.hpp"
#include "origin_budget.hpp"
#include "streams.hpp"

#include <map>
#include <memory>
#include <string>

namespace mohr::door {

/// The decoded bytes of one message, on their way to the command that it turns out to be.
class DastineContent final : public StreamHost {
public:
    DastineContent(DastineHost& host, OriginBudget& budget, std::string origin, std::uint64_t max_bytes);
    ~DastineContent() override;

    void receive(ByteView bytes);
    void close();
    /// Lets go of what has come; the command will be refused.
    void give_up();
    /// The budget was used up, or the page stopped in the middle: the bytes are gone.
    [[nodiscard]] bool is_over() const noexcept { return over_; }
    /// Nothing more may come for now; once it may, there is a step.
    [[nodiscard]] bool is_full() const noexcept { return upload_->waits_for_spool(); }
    [[nodiscard]] const std::shared_ptr<Upload>& feed() const noexcept { return upload_; }
    /// Goes on with a long replay, and takes note of what the disk has done; from the loop.
    void step();

private:
    void grant_credit(StreamId, std::uint64_t) override {}
    void open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) override;
    void resume_soon(StreamId stream) override;

    DastineHost& host_;
    OriginBudget& budget_;
    std::string origin_;
    std::shared_ptr<Upload> upload_;
    std::uint64_t bytes_ = 0;
    bool over_ = false;
    bool step_wanted_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace mohr::door
