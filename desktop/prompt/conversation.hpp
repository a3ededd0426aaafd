// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt/channel.hpp"
#include "prompt/prompt_window.hpp"

#include <nlohmann/json_fwd.hpp>

#include <QObject>
#include <memory>
#include <string>

namespace mohr::desktop {

/// "mohr-prompt" of docs/control-api.md: one question at a time from the core, one answer to each.
class Conversation : public QObject {
    Q_OBJECT
public:
    explicit Conversation(Descriptor socket);
    ~Conversation() override;

private:
    void take(const std::string& text);
    void show(const nlohmann::json& message);
    void answer(Answer& answer);
    void refuse(const nlohmann::json& id, const std::string& path);
    void finish();

    Channel channel_;
    std::unique_ptr<PromptWindow> window_;
    std::string id_; ///< of the request that is open, as JSON; empty once it is answered
};

} // namespace mohr::desktop
