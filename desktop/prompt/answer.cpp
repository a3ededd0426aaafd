// SPDX-License-Identifier: Apache-2.0
#include "prompt/answer.hpp"

#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

namespace mohr::desktop {

std::string to_json(const Answer& answer, const std::string& id) {
    nlohmann::json result{{"decision", answer.allow ? "allow" : "deny"}};
    nlohmann::json reply{{"jsonrpc", "2.0"}, {"id", nlohmann::json::parse(id)}};
    if (answer.allow) {
        if (!answer.certificate.empty()) result["certificate"] = answer.certificate;
        result["remember"] = answer.remember;
        if (answer.confirmed) result["confirmed"] = true;
        if (answer.window)
            result["window"] = {{"items", answer.window->items}, {"minutes", answer.window->minutes}};
        if (answer.confirm_loss) result["confirmLoss"] = *answer.confirm_loss;
        if (answer.file) result["file"] = to_base64(*answer.file);
        if (answer.phrase) result["phrase"] = *answer.phrase;
        if (answer.picture) result["picture"] = to_base64(*answer.picture);
        for (const auto& [name, secret] : answer.secrets) reply["secrets"].push_back(name);
    }
    reply["result"] = std::move(result);
    return reply.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace mohr::desktop
