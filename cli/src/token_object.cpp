// SPDX-License-Identifier: Apache-2.0
#include "token_object.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>

namespace mohr::cli {
namespace {
constexpr std::size_t shortest_prefix = 4;

Failure odd_entry(std::string detail) {
    return {Exit::no_answer, "protocol_error", "The service sent something that is not its protocol.",
            std::move(detail)};
}
} // namespace

Outcome<TokenObject> token_object(const nlohmann::json& entry) {
    TokenObject object;
    object.id = text_member(entry, "id");
    object.label = text_member(entry, "label");
    object.algorithm = text_member(entry, "algorithm");
    object.state = text_member(entry, "state");
    if (object.id.empty()) return odd_entry("a token object without id");
    const std::string base64 = text_member(entry, "certificate");
    if (!base64.empty()) {
        const auto der = from_base64(base64);
        if (!der) return odd_entry("certificate of " + object.id);
        auto certificate = Certificate::from_der(*der);
        if (!certificate) return odd_entry("certificate of " + object.id);
        object.certificate = std::move(*certificate);
    }
    return object;
}

Outcome<std::vector<TokenObject>> token_objects(const nlohmann::json& list) {
    if (!list.is_array()) return odd_entry("key.list is not a list");
    std::vector<TokenObject> objects;
    for (const auto& entry : list) {
        auto object = token_object(entry);
        if (!object) return object.error();
        objects.push_back(std::move(*object));
    }
    return objects;
}

Outcome<std::vector<TokenObject>> list_objects(Session& session) {
    const auto reply = session.call("key.list", nullptr);
    if (!reply) return reply.error();
    return token_objects(*reply);
}

Outcome<TokenObject> find_object(Session& session, const std::string& wanted) {
    auto objects = list_objects(session);
    if (!objects) return objects.error();
    std::vector<TokenObject> found;
    for (auto& object : *objects) {
        const bool by_id = wanted.size() >= shortest_prefix && object.id.starts_with(wanted);
        if (by_id || object.name() == wanted) found.push_back(std::move(object));
    }
    if (found.empty()) return Failure(Exit::not_found, "not_found", "No key or certificate fits.", wanted);
    if (found.size() > 1)
        return Failure(Exit::usage, "ambiguous", "More than one key fits; give more digits of its id.",
                       wanted);
    return std::move(found.front());
}

std::string day(Instant instant) {
    return to_rfc3339(instant).substr(0, 10);
}

} // namespace mohr::cli
