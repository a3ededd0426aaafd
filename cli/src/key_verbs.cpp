// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include "pins.hpp"
#include "result_file.hpp"
#include "token_object.hpp"
#include <mohr/cli/command_line.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mohr::cli {
namespace {

struct RequestOptions {
    std::string id;
    std::string algorithm = "RSA-2048";
    std::string label;
    std::string subject;
    ResultFile file;
};

Outcome<Exit> list(Session& session) {
    const auto reply = session.call("key.list", nullptr);
    if (!reply) return reply.error();
    const auto objects = token_objects(*reply);
    if (!objects) return objects.error();
    Table table({"ID", "ALGORITHM", "STATE", "LABEL", "CERTIFICATE"});
    for (const auto& object : *objects)
        table.add({object.id, object.algorithm, object.state, object.label,
                   object.certificate ? object.certificate->common_name() : "-"});
    session.result(*reply, table.empty() ? "" : table.text());
    return Exit::ok;
}

/// The PKCS#10 request of a reply, as PEM, to its file or to standard output.
Outcome<Exit> deliver_request(Session& session, const nlohmann::json& reply, const ResultFile& file) {
    const std::string text = pem("CERTIFICATE REQUEST", text_member(reply, "request"));
    return deliver(session, reply, text, file);
}

Outcome<Exit> ask(Session& session, std::string_view method, const nlohmann::json& params,
                  const ResultFile& file) {
    MOHR_TRY(check_free(file));
    auto pin = ask_user_pin(session);
    if (!pin) return pin.error();
    std::vector<NamedSecret> secrets;
    secrets.emplace_back("user_pin", std::move(*pin));
    const auto reply = for_role(session.call(method, params, std::move(secrets)), PinRole::user);
    if (!reply) return reply.error();
    return deliver_request(session, *reply, file);
}

Outcome<Exit> generate(Session& session, const RequestOptions& options) {
    return ask(session, "key.generate",
               {{"algorithm", options.algorithm}, {"label", options.label}, {"subject", options.subject}},
               options.file);
}

Outcome<Exit> request(Session& session, const RequestOptions& options) {
    const auto object = find_object(session, options.id);
    if (!object) return object.error();
    return ask(session, "key.request", {{"id", object->id}, {"subject", options.subject}}, options.file);
}

} // namespace

void add_key_verbs(CommandLine& line) {
    CLI::App& key = line.add_group("key", "Key pairs and requests for certificates");
    line.add_verb(key, "list", "Show every key and its certificate", list);

    const auto options = std::make_shared<RequestOptions>();
    CLI::App& make = line.add_verb(key, "generate", "Make a key pair on the token, and its request (PKCS#10)",
                                   [options](Session& session) { return generate(session, *options); });
    make.add_option("--algorithm", options->algorithm, "Default: RSA-2048")
        ->check(CLI::IsMember({"RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384"}));
    make.add_option("--label", options->label, "Name of the key");

    CLI::App& again = line.add_verb(key, "request", "Make the request (PKCS#10) of a key once more",
                                    [options](Session& session) { return request(session, *options); });
    again.add_option("ID", options->id, "Id of the key, or its first digits")->required();
    for (CLI::App* verb : {&make, &again}) {
        verb->add_option("--subject", options->subject, "Name in the request (RFC 4514), such as \"CN=...\"");
        add_result_options(*verb, options->file);
    }
}

} // namespace mohr::cli
