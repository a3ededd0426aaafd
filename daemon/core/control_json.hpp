// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "permissions.hpp"
#include <mohr/protocol/errors.hpp>
#include <mohr/token/token.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

/// The values of docs/control-api.md, to and from JSON.
namespace mohr::core {

[[nodiscard]] nlohmann::json to_control_json(const token::TokenInfo& info);
[[nodiscard]] nlohmann::json to_control_json(const token::TokenObject& object);
[[nodiscard]] nlohmann::json to_control_json(const SiteRecord& site);
/// "RSA-2048", …, "P-384"
[[nodiscard]] std::string_view algorithm_name(token::KeyAlgorithm algorithm) noexcept;
[[nodiscard]] std::optional<token::KeyAlgorithm> algorithm_from_name(std::string_view name) noexcept;
[[nodiscard]] std::string_view state_name(token::TokenState state) noexcept;

/// Reads the params of a request: each member once, of its type; finish() refuses what was not asked for. The
/// first problem sticks.
class ParamReader {
public:
    explicit ParamReader(const nlohmann::json& params) : params_(params) {}

    [[nodiscard]] std::string text(const char* name, std::size_t max_bytes);
    [[nodiscard]] std::string optional_text(const char* name, std::size_t max_bytes,
                                            std::string fallback = {});
    [[nodiscard]] bool flag(const char* name, bool fallback);
    [[nodiscard]] std::uint64_t number(const char* name, std::uint64_t fallback, std::uint64_t max);
    [[nodiscard]] std::uint64_t required_number(const char* name, std::uint64_t max);
    /// Base64, decoded.
    [[nodiscard]] Bytes bytes(const char* name, std::size_t max_bytes);
    [[nodiscard]] std::vector<Bytes> list_of_bytes(const char* name, std::size_t max_items,
                                                   std::size_t max_bytes);
    void wrong(const std::string& name);
    /// The member as it is, or null; it then counts as known.
    [[nodiscard]] const nlohmann::json* take(const char* name);
    /// The first problem, or an unknown member.
    [[nodiscard]] std::optional<protocol::Failure> finish();

private:
    const nlohmann::json& params_;
    std::vector<std::string> taken_;
    std::optional<protocol::Failure> problem_;
};

/// `names` of a certification request: at most 16 of `{kind: "email" | "dns" | "uri" | "ip", value}`.
[[nodiscard]] std::vector<token::AlternativeName> alternative_names(ParamReader& params);
/// "dns: portal.example", as a prompt shows it.
[[nodiscard]] std::string shown_name(const token::AlternativeName& name);

} // namespace mohr::core
