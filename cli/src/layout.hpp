// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// How results look to a person. All values go through printable().
namespace mohr::cli {

/// "name:  value" lines, the values in one column.
class Fields {
public:
    void add(std::string name, std::string_view value);
    [[nodiscard]] std::string text() const;

private:
    std::vector<std::pair<std::string, std::string>> rows_;
};

/// A table with a head line; columns as wide as their widest cell.
class Table {
public:
    explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}
    void add(const std::vector<std::string>& cells);
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool empty() const noexcept { return rows_.size() == 1; }

private:
    std::vector<std::vector<std::string>> rows_;
};

/// A scalar as text, "-" for null, JSON for the rest; printable.
[[nodiscard]] std::string shown(const nlohmann::json& value);
/// "1200 bytes", "1.2 GiB (1288490188 bytes)"
[[nodiscard]] std::string shown_size(std::uint64_t bytes);
/// Columns that a UTF-8 text takes, counting code points: combining marks and wide ones may be off by one.
[[nodiscard]] std::size_t columns(std::string_view text) noexcept;

/// PEM of base64 DER: RFC 7468, 64 columns.
[[nodiscard]] std::string pem(std::string_view label, std::string_view base64);

} // namespace mohr::cli
