// SPDX-License-Identifier: Apache-2.0
#include "strict_json.hpp"

#include <vector>

namespace mohr::protocol {
namespace {

using nlohmann::json;

/// Builds the tree itself, since the library's own builder takes any depth and silently keeps the last of two
/// members of one name.
class Builder final : public nlohmann::json_sax<json> {
public:
    Builder(json& root, std::size_t max_depth) : root_(root), max_depth_(max_depth) {}

    bool null() override { return put(json(nullptr)) != nullptr; }
    bool boolean(bool value) override { return put(json(value)) != nullptr; }
    bool number_integer(number_integer_t value) override { return put(json(value)) != nullptr; }
    bool number_unsigned(number_unsigned_t value) override { return put(json(value)) != nullptr; }
    bool number_float(number_float_t value, const string_t&) override { return put(json(value)) != nullptr; }
    bool string(string_t& value) override { return put(json(std::move(value))) != nullptr; }
    bool binary(binary_t& value) override { return put(json(std::move(value))) != nullptr; }
    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        auto [place, fresh] = stack_.back()->get_ref<json::object_t&>().try_emplace(std::move(name));
        if (!fresh) return refuse("duplicate member");
        member_ = &place->second;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
        if (problem_.empty()) problem_ = "malformed at byte " + std::to_string(position);
        return false;
    }
    [[nodiscard]] const std::string& problem() const { return problem_; }

private:
    json* put(json value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return &root_;
        }
        json& parent = *stack_.back();
        if (parent.is_array()) {
            auto& array = parent.get_ref<json::array_t&>();
            array.push_back(std::move(value));
            return &array.back();
        }
        *member_ = std::move(value);
        return member_;
    }
    bool open(json container) {
        if (stack_.size() >= max_depth_) return refuse("nested too deeply");
        stack_.push_back(put(std::move(container)));
        return true;
    }
    bool close() {
        stack_.pop_back();
        return true;
    }
    bool refuse(const char* why) {
        problem_ = why;
        return false;
    }

    json& root_;
    std::size_t max_depth_;
    std::vector<json*> stack_;
    json* member_ = nullptr;
    std::string problem_;
};

} // namespace

Result<json> parse_json(std::string_view text, std::size_t max_depth) {
    json root;
    Builder builder(root, max_depth);
    if (!json::sax_parse(text.begin(), text.end(), &builder, json::input_format_t::json))
        return Error(BaseErrc::malformed, builder.problem());
    return root;
}

} // namespace mohr::protocol
