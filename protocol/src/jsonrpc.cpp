// SPDX-License-Identifier: Apache-2.0
#include "strict_json.hpp"
#include <mohr/protocol/jsonrpc.hpp>

#include <stdexcept>

namespace mohr::protocol::jsonrpc {
namespace {

using nlohmann::json;

/// Foreign text may reach an error's path; dump() would throw on what is not UTF-8.
std::string dump(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json id_to_json(const Id& id) {
    if (const auto* number = std::get_if<std::int64_t>(&id)) return *number;
    if (const auto* text = std::get_if<std::string>(&id)) return *text;
    return nullptr;
}

std::size_t characters(std::string_view utf8) noexcept {
    std::size_t count = 0;
    for (const char c : utf8)
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++count;
    return count;
}

std::optional<Id> id_from_json(const json& value) {
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
        return Id(static_cast<std::int64_t>(number));
    }
    if (value.is_number_integer()) return Id(value.get<std::int64_t>());
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (characters(text) > max_id_bytes) return std::nullopt;
        return Id(text);
    }
    return std::nullopt;
}

bool names_from_json(const json& value, std::vector<std::string>& names) {
    if (!value.is_array() || value.size() > 16) return false;
    for (const json& name : value) {
        if (!name.is_string() || name.get_ref<const std::string&>().size() > max_method_bytes) return false;
        names.push_back(name.get<std::string>());
    }
    return true;
}

void add_attachments(json& message, const Attachments& attachments) {
    if (!attachments.secrets.empty()) message["secrets"] = attachments.secrets;
    if (!attachments.descriptors.empty()) message["descriptors"] = attachments.descriptors;
}

Failure failure_from_json(const json& error) {
    Failure failure;
    if (!error.is_object()) return failure;
    const auto data = error.find("data");
    if (data == error.end() || !data->is_object()) return failure;
    if (const auto code = data->find("code"); code != data->end() && code->is_string())
        failure.code = code_from_name(code->get_ref<const std::string&>()).value_or(Code::internal_error);
    if (const auto tries = data->find("triesLeft"); tries != data->end() && tries->is_number_unsigned())
        failure.tries_left = tries->get<unsigned>();
    if (const auto after = data->find("retryAfter"); after != data->end() && after->is_number_unsigned())
        failure.retry_after = after->get<std::uint64_t>();
    if (const auto max = data->find("max"); max != data->end() && max->is_number_unsigned())
        failure.max = max->get<std::uint64_t>();
    const auto text = [&](const char* name, std::string& into) {
        if (const auto value = data->find(name); value != data->end() && value->is_string())
            into = value->get<std::string>();
    };
    text("path", failure.path);
    text("limit", failure.limit);
    text("reason", failure.reason);
    return failure;
}

/// Takes the members one by one; false names the first that does not belong there.
class Envelope {
public:
    Envelope(Message& message, const ParseOptions& options) : message_(message), options_(options) {}

    bool take(const std::string& name, json& value) {
        if (name == "jsonrpc") return version_ = value.is_string() && value == "2.0";
        if (name == "id") {
            auto id = id_from_json(value);
            if (!id) return false;
            message_.id = std::move(*id);
            return has_id_ = true;
        }
        if (name == "method") {
            if (!value.is_string() || value.get_ref<const std::string&>().size() > max_method_bytes)
                return false;
            message_.method = value.get<std::string>();
            return has_method_ = true;
        }
        if (name == "params") {
            if (!value.is_object()) return false;
            message_.params = std::make_unique<json>(std::move(value));
            return true;
        }
        if (options_.replies && name == "result") {
            message_.result = std::make_unique<json>(std::move(value));
            return true;
        }
        if (options_.replies && name == "error") {
            message_.error = failure_from_json(value);
            return has_error_ = true;
        }
        if (options_.attachments && name == "secrets")
            return names_from_json(value, message_.attachments.secrets);
        if (options_.attachments && name == "descriptors")
            return names_from_json(value, message_.attachments.descriptors);
        return false;
    }
    /// Whether the members together are one of the four kinds.
    bool complete() {
        const bool reply = message_.result != nullptr || has_error_;
        if (!version_ || reply == has_method_) return false;
        if (reply) {
            if (!has_id_ || message_.params != nullptr || (message_.result != nullptr && has_error_))
                return false;
            message_.kind = has_error_ ? Kind::error : Kind::result;
            return true;
        }
        message_.kind = has_id_ ? Kind::request : Kind::notification;
        if (message_.params == nullptr) message_.params = std::make_unique<json>(json::object());
        return true;
    }

private:
    Message& message_;
    const ParseOptions& options_;
    bool version_ = false;
    bool has_id_ = false;
    bool has_method_ = false;
    bool has_error_ = false;
};

} // namespace

Message::Message() = default;
Message::Message(Message&&) noexcept = default;
Message& Message::operator=(Message&&) noexcept = default;
Message::~Message() = default;

void throw_exception_from_error(const Rejected& rejected, const boost::source_location&) {
    throw std::runtime_error("rejected message: " + rejected.failure.detail);
}

Result<Message, Rejected> parse(std::string_view text, const ParseOptions& options) {
    auto tree = parse_json(text, options.max_depth);
    if (!tree) return Rejected{Failure(Code::parse_error, tree.error().detail), {}};
    if (!tree->is_object()) return Rejected{Failure(Code::invalid_request, "not an object"), {}};

    Message message;
    Envelope envelope(message, options);
    std::string wrong;
    for (auto& [name, value] : tree->items())
        if (!envelope.take(name, value) && wrong.empty()) wrong = name;
    if (wrong.empty() && envelope.complete()) return message;
    return Rejected{Failure(Code::invalid_request, wrong.empty() ? "incomplete envelope" : "member " + wrong),
                    std::move(message.id)};
}

std::string make_result(const Id& id, json result, const Attachments& attachments) {
    json message = json::object();
    message["jsonrpc"] = "2.0";
    message["id"] = id_to_json(id);
    message["result"] = std::move(result);
    add_attachments(message, attachments);
    return dump(message);
}

std::string make_result_with(const Id& id, const json& result, std::string_view more_members) {
    std::string text = R"({"jsonrpc":"2.0","id":)" + dump(id_to_json(id)) + R"(,"result":)" + dump(result);
    text.pop_back(); // the closing brace comes back behind them
    if (!result.empty()) text += ',';
    text += more_members;
    text += "}}";
    return text;
}

json error_object(const Failure& failure, std::string_view correlation) {
    const CodeRow& known = row(failure.code);
    json data = json::object();
    data["code"] = known.name;
    if (!correlation.empty()) data["id"] = correlation;
    if (failure.tries_left) data["triesLeft"] = *failure.tries_left;
    if (failure.retry_after) data["retryAfter"] = *failure.retry_after;
    if (!failure.path.empty()) data["path"] = failure.path;
    if (!failure.limit.empty()) data["limit"] = failure.limit;
    if (failure.max) data["max"] = *failure.max;
    if (!failure.reason.empty()) data["reason"] = failure.reason;
    json error = json::object();
    error["code"] = known.number;
    error["message"] = known.message;
    error["data"] = std::move(data);
    return error;
}

std::string make_error(const Id& id, const Failure& failure, std::string_view correlation) {
    json message = json::object();
    message["jsonrpc"] = "2.0";
    message["id"] = id_to_json(id);
    message["error"] = error_object(failure, correlation);
    return dump(message);
}

std::string make_notification(std::string_view method, json params) {
    json message = json::object();
    message["jsonrpc"] = "2.0";
    message["method"] = method;
    message["params"] = std::move(params);
    return dump(message);
}

std::string make_request(const Id& id, std::string_view method, json params, const Attachments& attachments) {
    json message = json::object();
    message["jsonrpc"] = "2.0";
    message["id"] = id_to_json(id);
    message["method"] = method;
    message["params"] = std::move(params);
    add_attachments(message, attachments);
    return dump(message);
}

} // namespace mohr::protocol::jsonrpc
