// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include "pins.hpp"
#include "result_file.hpp"
#include "token_object.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/cli/certificate_file.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <ostream>

namespace mohr::cli {
namespace {

/// As much as the service takes; base64 and the envelope around it fit one message.
constexpr std::size_t max_import_bytes = 512 * 1024;

struct ImportOptions {
    std::string path;
    bool pkcs12 = false;
};
struct ExportOptions {
    std::string id;
    bool chain = false;
    bool der = false;
    ResultFile file;
};

Outcome<Exit> list(Session& session) {
    const auto reply = session.call("key.list", nullptr);
    if (!reply) return reply.error();
    const auto objects = token_objects(*reply);
    if (!objects) return objects.error();
    nlohmann::json with_certificate = nlohmann::json::array();
    Table table({"ID", "NAME", "ISSUER", "UNTIL", "STATE", "KEY"});
    for (std::size_t i = 0; i < objects->size(); ++i) {
        const TokenObject& object = (*objects)[i];
        if (!object.certificate) continue;
        with_certificate.push_back((*reply)[i]);
        table.add({object.id, object.name(), object.certificate->issuer(),
                   day(object.certificate->not_after()), object.state, object.algorithm});
    }
    session.result(with_certificate, table.empty() ? "" : table.text());
    return Exit::ok;
}

Outcome<Exit> import(Session& session, const ImportOptions& options) {
    const auto content = read_input(options.path, max_import_bytes);
    if (!content) return content.error();
    const bool pkcs12 = options.pkcs12 || looks_like_pkcs12(*content);
    std::vector<NamedSecret> secrets;
    auto pin = ask_user_pin(session);
    if (!pin) return pin.error();
    secrets.emplace_back("user_pin", std::move(*pin));
    if (pkcs12) {
        auto password = session.person().secret(session.say(Text::ask_file_password));
        if (!password) return password.error();
        secrets.emplace_back("password", std::move(*password));
    }
    const auto reply = for_role(session.call(pkcs12 ? "certificate.importPkcs12" : "certificate.import",
                                             {{"data", to_base64(*content)}}, std::move(secrets)),
                                PinRole::user);
    if (!reply) return reply.error();
    const auto object = token_object(*reply);
    if (!object) return object.error();
    session.result(*reply, printable(object->name()) + "  " + printable(object->id));
    return Exit::ok;
}

Outcome<Exit> export_certificate(Session& session, const ExportOptions& options) {
    const auto object = find_object(session, options.id);
    if (!object) return object.error();
    const auto reply = session.call("certificate.export", {{"id", object->id}});
    if (!reply) return reply.error();
    const std::string own = text_member(*reply, "certificate");
    if (options.der) {
        if (options.file.path.empty())
            return Failure(Exit::usage, "usage", "Binary output needs a file: --out FILE");
        const auto der = from_base64(own);
        if (!der)
            return Failure(Exit::no_answer, "protocol_error",
                           "The service sent something that is not its protocol.");
        return deliver(session, *reply, as_text(*der), options.file);
    }
    std::string text = pem("CERTIFICATE", own);
    if (options.chain)
        for (const auto& issuer : member(*reply, "chain"))
            if (issuer.is_string()) text += pem("CERTIFICATE", issuer.get<std::string>());
    return deliver(session, *reply, text, options.file);
}

Outcome<Exit> remove(Session& session, const std::string& id) {
    const auto object = find_object(session, id);
    if (!object) return object.error();
    // Named before anything else is asked: nobody should type a PIN for the wrong one.
    Fields fields;
    fields.add("name", object->name());
    if (object->certificate) {
        fields.add("issuer", object->certificate->issuer());
        fields.add("valid until", day(object->certificate->not_after()));
        fields.add("serial number", object->certificate->serial_number());
    }
    fields.add("key", object->algorithm + " " + object->id);
    session.aside() << session.say(Text::remove_loses) << '\n'
                    << fields.text() << session.say(Text::remove_key_goes) << '\n';
    MOHR_TRY(session.confirm(session.say(Text::remove_sure)));
    auto pin = ask_user_pin(session);
    if (!pin) return pin.error();
    std::vector<NamedSecret> secrets;
    secrets.emplace_back("user_pin", std::move(*pin));
    const auto reply =
        for_role(session.call("certificate.remove", {{"id", object->id}}, std::move(secrets)), PinRole::user);
    if (!reply) return reply.error();
    session.result(*reply, session.say(Text::done));
    return Exit::ok;
}

} // namespace

bool looks_like_pkcs12(ByteView bytes) noexcept {
    // RFC 7292 section 4: PFX ::= SEQUENCE { version INTEGER {v3(3)}, … }; no certificate and no PKCS#7
    // begins with an INTEGER.
    if (bytes.size() < 6 || bytes[0] != 0x30) return false;
    const std::size_t length_bytes = bytes[1] < 0x80 ? 0 : bytes[1] & 0x7FU;
    const std::size_t at = 2 + length_bytes;
    return bytes.size() >= at + 3 && bytes[at] == 0x02 && bytes[at + 1] == 0x01 && bytes[at + 2] == 0x03;
}

void add_certificate_verbs(CommandLine& line) {
    CLI::App& cert = line.add_group("cert", "Certificates on the token");
    line.add_verb(cert, "list", "Show the certificates", list);

    const auto import_options = std::make_shared<ImportOptions>();
    CLI::App& import_verb =
        line.add_verb(cert, "import", "Put a certificate on the token (DER, PEM, PKCS#7), or a PKCS#12 file",
                      [import_options](Session& session) { return import(session, *import_options); });
    import_verb.add_option("FILE", import_options->path, "What to import")->required()->type_name("FILE");
    import_verb.add_flag("--pkcs12", import_options->pkcs12, "The file is PKCS#12 (else found out from it)");

    const auto export_options = std::make_shared<ExportOptions>();
    CLI::App& export_verb = line.add_verb(
        cert, "export", "Write a certificate as PEM or DER",
        [export_options](Session& session) { return export_certificate(session, *export_options); });
    export_verb.add_option("ID", export_options->id, "Id, its first digits, or the name")->required();
    export_verb.add_flag("--chain", export_options->chain, "Its issuers too (PEM only)");
    export_verb.add_flag("--der", export_options->der, "DER instead of PEM");
    add_result_options(export_verb, export_options->file);

    const auto id = std::make_shared<std::string>();
    CLI::App& remove_verb = line.add_verb(cert, "remove", "Delete a certificate and its key for good",
                                          [id](Session& session) { return remove(session, *id); });
    remove_verb.add_option("ID", *id, "Id, its first digits, or the name")->required();
}

} // namespace mohr::cli
