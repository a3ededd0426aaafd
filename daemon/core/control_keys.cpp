// SPDX-License-Identifier: Apache-2.0
// key.* and certificate.* of the control socket.
#include "control_api_state.hpp"
#include "control_json.hpp"
#include "token_failures.hpp"
#include <mohr/base/encoding.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mohr::core {

using nlohmann::json;
using protocol::Code;
using protocol::Failure;
using protocol::Outcome;
using token::KeyId;
using token::Role;

namespace {

using State = ControlApi::State;
using Request = State::Request;

constexpr std::size_t max_subject_bytes = 1024;
constexpr std::size_t max_label_bytes = 256;
constexpr std::size_t max_import_bytes = 512 * 1024;

KeyId id_from(ParamReader& params) {
    const auto id = KeyId::from_text(params.text("id", 64));
    if (!id) params.wrong("id");
    return id.value_or(KeyId{});
}

/// The user's proof, or why not.
template <class Work>
ControlOutcome as_user(token::Token& token, const Request& request, Work work) {
    auto proof = token.authorise(Role::user, request->secrets.at("user_pin"));
    if (!proof) return token_failure(proof.error());
    return work(*proof);
}

Outcome<token::TokenObject> find(const token::Token& token, const KeyId& id) {
    auto objects = token.objects();
    if (!objects) return token_failure(objects.error());
    for (auto& object : *objects)
        if (object.id == id) return std::move(object);
    return Failure(Code::not_found, "no such key");
}

void generate(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const std::string algorithm_text = params.optional_text("algorithm", 16, "RSA-2048");
    const auto algorithm = algorithm_from_name(algorithm_text);
    const std::string label = params.optional_text("label", max_label_bytes);
    const std::string subject = params.optional_text("subject", max_subject_bytes);
    const auto names = alternative_names(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    if (!algorithm) return reply(Failure(Code::unsupported_algorithm));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, algorithm = *algorithm, label, subject, names] {
            return as_user(token, request, [&](const token::Authorisation& user) -> ControlOutcome {
                const auto made = token.generate_key(user, algorithm, label);
                if (!made) return token_failure(made.error());
                const auto pkcs10 = token.certification_request(user, made->id, subject, names);
                if (!pkcs10) {
                    (void)token.remove(user, made->id); // a key that nobody was told of
                    return token_failure(pkcs10.error());
                }
                return json{{"id", made->id.text()}, {"request", to_base64(*pkcs10)}};
            });
        },
        std::move(reply));
}

void list(State& state, const Request& request, ControlReply reply) {
    if (auto failure = ParamReader(*request->params).finish()) return reply(std::move(*failure));
    state.on_pool(
        [&token = state.services.token]() -> ControlOutcome {
            const auto objects = token.objects();
            if (!objects) return token_failure(objects.error());
            json out = json::array();
            for (const auto& object : *objects) out.push_back(to_control_json(object));
            return out;
        },
        std::move(reply));
}

void certification_request(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const KeyId id = id_from(params);
    const std::string subject = params.optional_text("subject", max_subject_bytes);
    const auto names = alternative_names(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, id, subject, names]() -> ControlOutcome {
            if (const auto known = find(token, id); !known) return known.error();
            return as_user(token, request, [&](const token::Authorisation& user) -> ControlOutcome {
                const auto pkcs10 = token.certification_request(user, id, subject, names);
                if (!pkcs10) return token_failure(pkcs10.error());
                return json{{"request", to_base64(*pkcs10)}};
            });
        },
        std::move(reply));
}

ControlOutcome imported(const Result<token::TokenObject>& object) {
    if (!object) return token_failure(object.error());
    return to_control_json(*object);
}

void import_certificate(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    auto data = std::make_shared<const Bytes>(params.bytes("data", max_import_bytes));
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, data]() -> ControlOutcome {
            const auto certificates = read_certificates(*data);
            if (!certificates) return token_failure(certificates.error());
            return as_user(token, request, [&](const token::Authorisation& user) {
                return imported(
                    token.import_certificate(user, *certificates, token::CertificateState::active));
            });
        },
        std::move(reply));
}

void import_pkcs12(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    auto data = std::make_shared<const Bytes>(params.bytes("data", max_import_bytes));
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, data] {
            return as_user(token, request, [&](const token::Authorisation& user) {
                return imported(token.import_pkcs12(user, *data, std::move(request->secrets.at("password"))));
            });
        },
        std::move(reply));
}

void export_certificate(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const KeyId id = id_from(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool(
        [&token = state.services.token, id]() -> ControlOutcome {
            const auto object = find(token, id);
            if (!object) return object.error();
            if (!object->certificate) return Failure(Code::not_found, "no certificate yet");
            json chain = json::array();
            for (const Certificate& issuer : object->chain) chain.push_back(to_base64(issuer.der()));
            return json{{"certificate", to_base64(object->certificate->der())}, {"chain", std::move(chain)}};
        },
        std::move(reply));
}

void remove(State& state, const Request& request, ControlReply reply) {
    ParamReader params(*request->params);
    const KeyId id = id_from(params);
    if (auto failure = params.finish()) return reply(std::move(*failure));
    state.on_pool_logged(
        request,
        [&token = state.services.token, request, id]() -> ControlOutcome {
            if (const auto known = find(token, id); !known) return known.error();
            return as_user(token, request, [&](const token::Authorisation& user) -> ControlOutcome {
                if (const auto removed = token.remove(user, id); !removed)
                    return token_failure(removed.error());
                return json::object();
            });
        },
        std::move(reply));
}

} // namespace

std::vector<Method> key_methods() {
    return {{"key.generate", generate, {"user_pin"}, {}},
            {"key.list", list, {}, {}},
            {"key.remove", remove, {"user_pin"}, {}},
            {"key.request", certification_request, {"user_pin"}, {}},
            {"certificate.import", import_certificate, {"user_pin"}, {}},
            {"certificate.importPkcs12", import_pkcs12, {"user_pin", "password"}, {}},
            {"certificate.export", export_certificate, {}, {}},
            {"certificate.remove", remove, {"user_pin"}, {}}};
}

} // namespace mohr::core
