// SPDX-License-Identifier: Apache-2.0
#include "prompt_budget.hpp"

#include "permissions.hpp"

#include <algorithm>

namespace mohr::core {

namespace {

constexpr std::size_t max_origins = 4096;

std::uint64_t seconds_up(std::chrono::nanoseconds span) {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(span).count()));
}

protocol::Failure silenced(std::string why, std::optional<std::uint64_t> retry_after) {
    protocol::Failure failure(protocol::Code::origin_denied, std::move(why));
    failure.retry_after = retry_after;
    return failure;
}

} // namespace

PromptBudget::PromptBudget(SitePermissions& sites, const Clock& clock, const PolicyConfig& config)
    : sites_(sites), clock_(clock), config_(config) {}

std::optional<protocol::Failure> PromptBudget::refusal(const std::string& origin) const {
    if (const auto* site = sites_.find(origin)) {
        if (site->blocked) return silenced("blocked until lifted", std::nullopt);
        const auto now = clock_.now();
        if (site->silenced_until && *site->silenced_until > now)
            return silenced("silenced", seconds_up(*site->silenced_until - now));
    }
    const auto found = spent_.find(origin);
    if (found == spent_.end()) return std::nullopt;
    const auto since = clock_.steady() - config_.budget_window;
    const auto& times = found->second;
    const auto counted = std::count_if(times.begin(), times.end(), [&](auto at) { return at > since; });
    if (counted < static_cast<std::ptrdiff_t>(config_.budget)) return std::nullopt;
    const auto frees = times[times.size() - config_.budget];
    return silenced("too many prompts in a minute", seconds_up(frees - since));
}

void PromptBudget::refused(const std::string& origin) {
    spend(origin);
    auto& site = sites_.touch(origin);
    const auto now = clock_.now();
    site.refusals.push_back(now);
    const auto recent = std::count_if(site.refusals.begin(), site.refusals.end(),
                                      [&](Instant at) { return at > now - config_.refusal_window; });
    if (recent >= static_cast<std::ptrdiff_t>(config_.silence_after))
        site.silenced_until = now + config_.silence;
    if (site.refusals.size() >= config_.block_after) {
        site.blocked = true;
        site.refusals.clear();
    }
    sites_.save();
}

void PromptBudget::abandoned(const std::string& origin) {
    spend(origin);
}

void PromptBudget::allowed(const std::string& origin) {
    const auto* site = sites_.find(origin);
    if (!site || site->refusals.empty()) return;
    sites_.touch(origin).refusals.clear();
    sites_.save();
}

void PromptBudget::forget(const std::string& origin) {
    spent_.erase(origin);
}

void PromptBudget::spend(const std::string& origin) {
    const auto since = clock_.steady() - config_.budget_window;
    if (spent_.size() >= max_origins)
        std::erase_if(spent_, [&](const auto& entry) { return entry.second.back() <= since; });
    auto& times = spent_[origin];
    while (!times.empty() && times.front() <= since) times.pop_front();
    times.push_back(clock_.steady());
}

} // namespace mohr::core
