// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/errors.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The JSON-RPC 2.0 envelope, shared by /v1 and the control socket.
namespace mohr::protocol::jsonrpc {

inline constexpr std::size_t max_id_bytes = 64;
inline constexpr std::size_t max_method_bytes = 64;

/// null (only in replies to what could not be read), an integer, or text of at most 64 characters.
using Id = std::variant<std::monostate, std::int64_t, std::string>;

/// What travels beside a message of the control socket (docs/control-api.md): the names of the secret frames
/// and of the descriptors that come with it.
struct Attachments {
    std::vector<std::string> secrets;
    std::vector<std::string> descriptors;
};

enum class Kind : std::uint8_t { request, notification, result, error };

/// One well-formed message. `params` is an object (empty where absent); `result` is any value.
struct Message {
    Message();
    Message(Message&&) noexcept;
    Message& operator=(Message&&) noexcept;
    ~Message();

    Kind kind = Kind::request;
    Id id;
    std::string method;
    std::unique_ptr<nlohmann::json> params; ///< request, notification: never null, always an object
    std::unique_ptr<nlohmann::json> result; ///< result: never null
    Failure error;                          ///< error: as far as its data says
    Attachments attachments;
};

/// Why a text is no message; `id` is the request's, if it could still be read.
struct Rejected {
    Failure failure;
    Id id;
};
[[noreturn]] void throw_exception_from_error(const Rejected& rejected, const boost::source_location& where);

struct ParseOptions {
    std::size_t max_depth = 16;
    bool attachments = false; ///< take "secrets" and "descriptors"
    bool replies = false;     ///< take results and errors too
};

/// Strict: no duplicate or unknown members, no arrays of messages, params an object or absent. Fails with
/// parse_error or invalid_request.
[[nodiscard]] Result<Message, Rejected> parse(std::string_view text, const ParseOptions& options = {});

[[nodiscard]] std::string make_result(const Id& id, nlohmann::json result,
                                      const Attachments& attachments = {});
/// The same, with members that are JSON text already behind those of `result`: `"name":value`.
[[nodiscard]] std::string make_result_with(const Id& id, const nlohmann::json& result,
                                           std::string_view more_members);
/// `correlation` becomes data.id, which the log also has; left out where empty.
[[nodiscard]] std::string make_error(const Id& id, const Failure& failure, std::string_view correlation = {});
[[nodiscard]] std::string make_notification(std::string_view method, nlohmann::json params);
[[nodiscard]] std::string make_request(const Id& id, std::string_view method, nlohmann::json params,
                                       const Attachments& attachments = {});
/// The "error" object of `failure`, without the envelope.
[[nodiscard]] nlohmann::json error_object(const Failure& failure, std::string_view correlation = {});

} // namespace mohr::protocol::jsonrpc
