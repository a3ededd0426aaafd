// SPDX-License-Identifier: Apache-2.0
#include "dastine_content.hpp"

namespace mohr::door {

DastineContent::DastineContent(DastineHost& host, OriginBudget& budget, std::string origin,
                               std::uint64_t max_bytes)
    : host_(host), budget_(budget), origin_(std::move(origin)),
      upload_(std::make_shared<Upload>(1, std::nullopt, max_bytes, *this)) {
    (void)upload_->first_credit();
}

DastineContent::~DastineContent() {
    *alive_ = false;
    budget_.give_back(origin_, bytes_);
}

void DastineContent::give_up() {
    if (std::exchange(over_, true)) return;
    upload_->detach();
    upload_ = std::make_shared<Upload>(1, std::nullopt, 0, *this);
    budget_.give_back(origin_, std::exchange(bytes_, 0));
    host_.step_soon();
}

void DastineContent::receive(ByteView bytes) {
    if (over_) return;
    if (!budget_.take(origin_, bytes.size())) return give_up();
    bytes_ += bytes.size();
    upload_->receive(bytes);
}

void DastineContent::close() {
    // A failure is kept by the feed and comes out of the work.
    (void)upload_->close();
}

void DastineContent::step() {
    if (std::exchange(step_wanted_, false)) upload_->resume();
}

void DastineContent::open_spool(std::uint64_t expected_bytes, std::function<void(SpoolFile)> opened) {
    host_.open_spool(expected_bytes, [this, alive = alive_, opened = std::move(opened)](SpoolFile file) {
        if (!*alive) return;
        opened(std::move(file));
        host_.step_soon();
    });
}

void DastineContent::resume_soon(StreamId) {
    step_wanted_ = true;
    host_.step_soon();
}

} // namespace mohr::door
