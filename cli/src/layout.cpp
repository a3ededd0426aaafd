// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/protocol/members.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>

namespace mohr::cli {

void Fields::add(std::string name, std::string_view value) {
    rows_.emplace_back(std::move(name), printable(value, 1000));
}

std::string Fields::text() const {
    std::size_t widest = 0;
    for (const auto& [name, value] : rows_) widest = std::max(widest, columns(name));
    std::string out;
    for (const auto& [name, value] : rows_) {
        out += "  " + name + ":" + std::string(widest - columns(name) + 1, ' ');
        out += value + "\n";
    }
    return out;
}

void Table::add(const std::vector<std::string>& cells) {
    auto& row = rows_.emplace_back();
    for (const auto& cell : cells) row.push_back(printable(cell, 300));
}

std::string Table::text() const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
    std::string out;
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            out += row[i];
            if (i + 1 < row.size()) out.append(widths[i] - columns(row[i]) + 2, ' ');
        }
        out += '\n';
    }
    return out;
}

std::string shown(const nlohmann::json& value) {
    if (value.is_null()) return "-";
    if (value.is_string()) return printable(value.get<std::string>());
    return printable(to_line(value));
}

std::string shown_size(std::uint64_t bytes) {
    static constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
    const std::string exact = std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
    if (bytes < 1024) return exact;
    double value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    char rounded[32];
    std::snprintf(rounded, sizeof rounded, "%.1f %s (", value, units[unit]);
    return rounded + exact + ")";
}

std::size_t columns(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & '\xC0') != '\x80'; }));
}

std::string pem(std::string_view label, std::string_view base64) {
    std::string out = "-----BEGIN " + std::string(label) + "-----\n";
    for (std::size_t at = 0; at < base64.size(); at += 64) {
        out += base64.substr(at, 64);
        out += '\n';
    }
    return out + "-----END " + std::string(label) + "-----\n";
}

} // namespace mohr::cli
