// SPDX-License-Identifier: Apache-2.0
// Holds docs/openrpc.json and the decoder to each other.
#include <mohr/protocol/web_api.hpp>

#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

#include <catch_compat.hpp>

using namespace mohr::protocol;
using nlohmann::json;

namespace {

const json& document() {
    static const json loaded = [] {
        std::ifstream file(MOHR_OPENRPC_FILE);
        return json::parse(file);
    }();
    return loaded;
}

json params_of(const json& example) {
    json params = json::object();
    for (const json& one : example["params"]) params[one["name"].get<std::string>()] = one["value"];
    return params;
}

Outcome<web::Call> decode(const json& method, json params) {
    const web::Method* const known = web::find_method(method["name"].get<std::string>());
    REQUIRE(known != nullptr);
    return web::decode_call(*known, params, {});
}

std::string path_of(const Outcome<web::Call>& outcome) {
    return outcome ? "taken" : outcome.error().path;
}

} // namespace

TEST_CASE("the published document lists exactly the methods that are served [T07]", "[protocol][openrpc]") {
    std::set<std::string> published;
    for (const json& method : document()["methods"]) published.insert(method["name"].get<std::string>());
    std::set<std::string> served;
    for (const web::Method& method : web::methods) served.emplace(method.name);
    CHECK(published == served);
}

TEST_CASE("the published errors are the table's, and every method names only those", "[protocol][openrpc]") {
    const json& errors = document()["components"]["errors"];
    std::set<std::string> published;
    for (const auto& [name, error] : errors.items()) {
        INFO(name);
        const auto code = code_from_name(name);
        REQUIRE(code);
        CHECK(error["code"] == row(*code).number);
        CHECK(error["message"] == row(*code).message);
        CHECK(error["data"]["code"] == name);
        published.insert(name);
    }
    std::set<std::string> table;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(Code::stream_error); ++i)
        table.emplace(row(static_cast<Code>(i)).name);
    CHECK(published == table);
    const std::string prefix = "#/components/errors/";
    for (const json& method : document()["methods"])
        for (const json& error : method["errors"]) {
            const auto target = error["$ref"].get<std::string>();
            REQUIRE(target.rfind(prefix, 0) == 0);
            CHECK(published.count(target.substr(prefix.size())) == 1);
        }
}

TEST_CASE("every example is taken, and together they use every parameter", "[protocol][openrpc]") {
    for (const json& method : document()["methods"]) {
        std::set<std::string> declared;
        for (const json& param : method["params"]) declared.insert(param["name"].get<std::string>());
        std::set<std::string> used;
        REQUIRE_FALSE(method["examples"].empty());
        for (const json& example : method["examples"]) {
            INFO(method["name"] << " " << example.dump());
            const json params = params_of(example);
            for (const auto& [name, value] : params.items()) used.insert(name);
            CHECK(path_of(decode(method, params)) == "taken");
        }
        INFO(method["name"]);
        CHECK(used == declared);
    }
}

TEST_CASE("a required parameter may not be missing, an unknown one not there, none of another type",
          "[protocol][openrpc]") {
    for (const json& method : document()["methods"])
        for (const json& example : method["examples"]) {
            const json params = params_of(example);
            INFO(method["name"] << " " << params.dump());
            json extra = params;
            extra["noSuchParameter"] = 1;
            CHECK(path_of(decode(method, extra)) == "noSuchParameter");
            for (const json& param : method["params"]) {
                const auto name = param["name"].get<std::string>();
                if (param["required"] == true) {
                    json less = params;
                    less.erase(name);
                    CHECK(path_of(decode(method, less)) == name);
                }
                if (!params.contains(name)) continue;
                json wrong = params;
                wrong[name] = 1.5;
                CHECK(path_of(decode(method, wrong)) == name);
                wrong[name] = nullptr;
                CHECK(path_of(decode(method, wrong)) == name);
            }
        }
}

TEST_CASE("every value of a published enumeration is taken", "[protocol][openrpc]") {
    for (const json& method : document()["methods"])
        for (const json& param : method["params"]) {
            json schema = param["schema"];
            if (schema.contains("$ref"))
                schema = document().at(json::json_pointer(schema["$ref"].get<std::string>().substr(1)));
            if (!schema.contains("enum")) continue;
            for (const json& value : schema["enum"]) {
                const auto name = param["name"].get<std::string>();
                bool taken = false;
                for (const json& example : method["examples"]) {
                    json params = params_of(example);
                    params[name] = value;
                    taken = taken || decode(method, params).has_value();
                }
                INFO(method["name"] << " " << name << " " << value);
                CHECK(taken);
            }
        }
}
