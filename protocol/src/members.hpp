// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/errors.hpp>
#include <mohr/protocol/jsonrpc.hpp>

#include <nlohmann/json.hpp>

#include <limits>
#include <string>
#include <vector>

namespace mohr::protocol {

/// Carries a decoder's failure to its edge, where it becomes an Outcome; never leaves the folder.
struct Refused {
    Failure failure;
};

/// Takes members out of one JSON object by name and type; each failure names the member's path. finish()
/// refuses what nobody asked for.
class Members {
public:
    Members(nlohmann::json& object, std::string path) : object_(object), path_(std::move(path)) {
        if (!object_.is_object()) refuse(path_);
    }

    [[nodiscard]] std::string path(const char* name) const {
        return path_.empty() ? name : path_ + "." + name;
    }
    [[nodiscard]] bool has(const char* name) const { return object_.contains(name); }

    [[nodiscard]] std::string text(const char* name, std::size_t max_bytes) {
        nlohmann::json& value = take(name);
        if (!value.is_string() || value.get_ref<const std::string&>().size() > max_bytes) refuse(path(name));
        return std::move(value.get_ref<std::string&>());
    }
    /// Empty where absent.
    [[nodiscard]] std::string optional_text(const char* name, std::size_t max_bytes) {
        return has(name) ? text(name, max_bytes) : std::string();
    }
    [[nodiscard]] bool boolean(const char* name, bool where_absent) {
        if (!has(name)) return where_absent;
        const nlohmann::json& value = take(name);
        if (!value.is_boolean()) refuse(path(name));
        return value.get<bool>();
    }
    template <class T>
    [[nodiscard]] T number(const char* name) {
        const nlohmann::json& value = take(name);
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::numeric_limits<T>::max())
            refuse(path(name));
        return value.get<T>();
    }
    [[nodiscard]] jsonrpc::Id id(const char* name) {
        const nlohmann::json& value = take(name);
        if (value.is_string()) return value.get<std::string>();
        if (!value.is_number_integer() ||
            (value.is_number_unsigned() &&
             value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)))
            refuse(path(name));
        return value.get<std::int64_t>();
    }
    [[nodiscard]] nlohmann::json& object(const char* name) {
        nlohmann::json& value = take(name);
        if (!value.is_object()) refuse(path(name));
        return value;
    }
    [[nodiscard]] nlohmann::json& array(const char* name) {
        nlohmann::json& value = take(name);
        if (!value.is_array()) refuse(path(name));
        return value;
    }
    /// Null where absent.
    [[nodiscard]] nlohmann::json* optional_array(const char* name, std::size_t max_count) {
        if (!has(name)) return nullptr;
        nlohmann::json& value = array(name);
        if (value.size() > max_count) refuse(path(name));
        return &value;
    }
    void finish() const {
        if (taken_.size() == object_.size()) return;
        for (const auto& member : object_.items()) {
            bool known = false;
            for (const char* name : taken_) known = known || member.key() == name;
            if (!known) refuse(path(member.key().c_str()));
        }
    }

private:
    nlohmann::json& take(const char* name) {
        const auto found = object_.find(name);
        if (found == object_.end()) refuse(path(name));
        taken_.push_back(name);
        return *found;
    }
    [[noreturn]] static void refuse(const std::string& path) {
        Failure failure(Code::invalid_params);
        failure.path = path.substr(0, 200);
        throw Refused{std::move(failure)};
    }

    nlohmann::json& object_;
    std::string path_;
    std::vector<const char*> taken_;
};

} // namespace mohr::protocol
