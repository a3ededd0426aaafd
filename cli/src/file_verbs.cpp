// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"
#include "token_object.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/cli/command_line.hpp>
#include <mohr/cli/output_file.hpp>
#include <mohr/protocol/members.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>
#include <unistd.h>

namespace mohr::cli {
namespace {

constexpr std::size_t max_certificate_file_bytes = 1024 * 1024;

struct FileOptions {
    std::string path;
    std::string out;
    bool force = false;
    bool attached = false;
    bool no_signing_time = false;
    std::string digest = "SHA-256";
    std::string certificate;
    std::string content;
    std::vector<std::string> certificates; ///< recipients or trust anchors: files
    std::vector<std::string> own;          ///< recipients: ids on the token
};

/// How far a file request is, on the person's terminal: what the service says, else how far the worker has
/// read in the descriptor that we share with it.
class Progress {
public:
    Progress(std::ostream& out, int input, std::uint64_t total, bool visible)
        : out_(out), input_(input), total_(total), visible_(visible) {}
    ~Progress() {
        if (written_) out_ << "\r\033[K" << std::flush;
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void told(std::uint64_t done, std::uint64_t total) {
        if (total > 0) total_ = total;
        move_to(done);
    }
    /// Whether work went on since the last look.
    bool look() {
        const off_t at = ::lseek(input_, 0, SEEK_CUR);
        return at > 0 && move_to(static_cast<std::uint64_t>(at));
    }

private:
    bool move_to(std::uint64_t done) {
        if (done <= done_) return false;
        done_ = done;
        if (visible_ && total_ > 0) {
            const std::uint64_t percent = std::min<std::uint64_t>(100, done_ * 100 / total_);
            out_ << "\r\033[K" << percent << "% of " << shown_size(total_) << std::flush;
            written_ = true;
        }
        return true;
    }
    std::ostream& out_;
    int input_;
    std::uint64_t total_;
    bool visible_;
    std::uint64_t done_ = 0;
    bool written_ = false;
};

Outcome<nlohmann::json> call_with_files(Session& session, std::string_view method,
                                        const nlohmann::json& params,
                                        const std::vector<NamedDescriptor>& descriptors,
                                        const InputFile& input) {
    auto client = session.client();
    if (!client) return client.error();
    Progress progress(session.aside(), input.fd.get(), input.size,
                      ::isatty(STDERR_FILENO) == 1 && !session.settings().json);
    Waiting waiting;
    waiting.limit = consent_reply_timeout;
    waiting.interrupts = &session.interrupts();
    waiting.on_tick = [&progress] { return progress.look(); };
    waiting.on_notification = [&progress](std::string_view name, const nlohmann::json& told) {
        if (name == "progress") progress.told(number_member(told, "done"), number_member(told, "total"));
    };
    return (*client)->call(method, params, {}, descriptors, waiting);
}

/// The name that the person will see in the prompt.
std::string document_name(const std::filesystem::path& path) {
    return printable(path.filename().string(), 240);
}

Overwrite overwrite(const FileOptions& options) {
    return options.force ? Overwrite::yes : Overwrite::no;
}

Outcome<nlohmann::json> read_certificate_files(const std::vector<std::string>& paths) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& path : paths) {
        const auto content = read_input(path, max_certificate_file_bytes);
        if (!content) return content.error();
        const auto certificates = read_certificates(*content);
        if (!certificates)
            return Failure(Exit::unreadable, "malformed_data", "There is no certificate in this file.", path);
        for (const auto& certificate : *certificates) list.push_back(to_base64(certificate.der()));
    }
    return list;
}

/// Sign, encrypt and decrypt alike: input and output are opened here, the service gets the descriptors, and
/// the output takes its name only when the service has said that it is whole.
Outcome<Exit> transform(Session& session, std::string_view method, nlohmann::json params,
                        const FileOptions& options, const std::filesystem::path& out, bool keep_mode) {
    const auto input = open_input(options.path);
    if (!input) return input.error();
    const mode_t mode = keep_mode ? ((input->mode & 0666) | 0600) : 0600;
    auto output = OutputFile::create(out, overwrite(options), mode);
    if (!output) return output.error();
    params["name"] = document_name(options.path);
    auto reply = call_with_files(session, method, params,
                                 {{"input", input->fd.get()}, {"output", output->fd()}}, *input);
    if (!reply) return reply.error();
    MOHR_TRY(output->commit());
    if (reply->is_object()) (*reply)["file"] = out.string();
    std::string text = printable(out.string(), 1000);
    if (member(*reply, "authenticated").is_boolean() && !flag_member(*reply, "authenticated"))
        session.aside() << session.say(Text::warn_unauthenticated) << '\n';
    session.result(*reply, text);
    return Exit::ok;
}

Outcome<Exit> sign(Session& session, const FileOptions& options) {
    nlohmann::json params{{"detached", !options.attached},
                          {"digestAlgorithm", options.digest},
                          {"signingTime", !options.no_signing_time}};
    if (!options.certificate.empty()) {
        const auto object = find_object(session, options.certificate);
        if (!object) return object.error();
        params["certificate"] = object->id;
    }
    const std::string out =
        options.out.empty() ? options.path + (options.attached ? ".p7m" : ".p7s") : options.out;
    auto outcome = transform(session, "file.sign", std::move(params), options, out, true);
    if (!outcome && outcome.error().code == "no_agent") {
        Failure failure = outcome.error();
        failure.detail = "run: mohr agent   (in another terminal)";
        return failure;
    }
    return outcome;
}

Outcome<Exit> encrypt(Session& session, const FileOptions& options) {
    auto recipients = read_certificate_files(options.certificates);
    if (!recipients) return recipients.error();
    for (const auto& id : options.own) {
        const auto object = find_object(session, id);
        if (!object) return object.error();
        if (!object->certificate)
            return Failure(Exit::not_found, "certificate_not_found", "This key has no certificate yet.", id);
        recipients->push_back(to_base64(object->certificate->der()));
    }
    if (recipients->empty())
        return Failure(Exit::usage, "usage", "For whom? Name certificates with --to FILE or --to-own ID.");
    const std::string out = options.out.empty() ? options.path + ".p7m" : options.out;
    return transform(session, "file.encrypt", {{"recipients", *recipients}, {"cipher", "AES-256-GCM"}},
                     options, out, true);
}

Outcome<Exit> decrypt(Session& session, const FileOptions& options) {
    std::string out = options.out;
    if (out.empty()) {
        const std::string_view path = options.path;
        constexpr std::string_view suffix = ".p7m";
        if (!path.ends_with(suffix) || path.size() == suffix.size())
            return Failure(Exit::usage, "usage",
                           "The name does not end in .p7m; say where to write: --out FILE");
        out = path.substr(0, path.size() - suffix.size());
    }
    auto outcome = transform(session, "file.decrypt", nlohmann::json::object(), options, out, false);
    if (!outcome && outcome.error().code == "no_agent") {
        Failure failure = outcome.error();
        failure.detail = "run: mohr agent   (in another terminal)";
        return failure;
    }
    return outcome;
}

/// Valid is said only where somebody vouches for every signer; anybody can make an intact signature under any name.
Text verdict_text(const nlohmann::json& reply) {
    if (!flag_member(reply, "valid")) return Text::signature_invalid;
    const auto signers = member(reply, "signers");
    const bool vouched =
        !signers.empty() && std::all_of(signers.begin(), signers.end(), [](const nlohmann::json& signer) {
            return flag_member(signer, "chainChecked");
        });
    return vouched ? Text::signature_valid : Text::signature_intact;
}

std::string verify_text(const nlohmann::json& reply, const std::string& content, Language language) {
    std::string text = say(verdict_text(reply), language) + "\n";
    Fields fields;
    if (!content.empty()) fields.add("content", content);
    for (const auto& signer : member(reply, "signers")) {
        fields.add("signer", text_member(signer, "subject", "unknown"));
        fields.add("verdict", text_member(signer, "verdict"));
        fields.add("digest", text_member(signer, "digestAlgorithm"));
        if (const std::string time = text_member(signer, "signingTime"); !time.empty())
            fields.add("signing time", time + " (as the signer says)");
        fields.add("chain", flag_member(signer, "chainChecked") ? "checked against the trust anchors"
                                                                : "NOT checked: no --trust was given");
        if (const std::string detail = text_member(signer, "detail"); !detail.empty())
            fields.add("detail", detail);
    }
    return text + fields.text();
}

/// Where detached content is looked for: beside contract.txt.p7s lies contract.txt.
std::string content_path(const FileOptions& options) {
    if (!options.content.empty()) return options.content;
    const std::filesystem::path path(options.path);
    if (path.extension() != ".p7s") return {};
    const std::filesystem::path stem = path.parent_path() / path.stem();
    std::error_code ignored;
    return std::filesystem::is_regular_file(stem, ignored) ? stem.string() : std::string();
}

Outcome<Exit> verify(Session& session, const FileOptions& options) {
    const auto input = open_input(options.path);
    if (!input) return input.error();
    std::vector<NamedDescriptor> descriptors{{"input", input->fd.get()}};
    const std::string content = content_path(options);
    InputFile content_file;
    if (!content.empty()) {
        auto opened = open_input(content);
        if (!opened) return opened.error();
        content_file = std::move(*opened);
        descriptors.emplace_back("content", content_file.fd.get());
    }
    nlohmann::json params = nlohmann::json::object();
    if (!options.certificates.empty()) {
        auto anchors = read_certificate_files(options.certificates);
        if (!anchors) return anchors.error();
        params["trustAnchors"] = std::move(*anchors);
    }
    const auto reply =
        call_with_files(session, "file.verify", params, descriptors, content.empty() ? *input : content_file);
    if (!reply) return reply.error();
    session.result(*reply, verify_text(*reply, content, session.language()));
    return flag_member(*reply, "valid") ? Exit::ok : Exit::invalid;
}

void add_output_options(CLI::App& verb, FileOptions& options, const std::string& fallback) {
    verb.add_option("-o,--out", options.out, "Write here (default: " + fallback + ")")->type_name("FILE");
    verb.add_flag("-f,--force", options.force, "Replace the output if it exists");
}

CLI::App& add_file_verb(CommandLine& line, const std::string& name, const std::string& what,
                        const std::shared_ptr<FileOptions>& options,
                        Outcome<Exit> (*run)(Session&, const FileOptions&)) {
    CLI::App& verb = line.add_verb(line.root(), name, what,
                                   [options, run](Session& session) { return run(session, *options); });
    verb.add_option("FILE", options->path, "The input")->required()->type_name("FILE");
    return verb;
}

} // namespace

void add_file_verbs(CommandLine& line) {
    const auto options = std::make_shared<FileOptions>();
    CLI::App& sign_verb =
        add_file_verb(line, "sign", "Sign a file (CMS); asks like any other request", options, sign);
    add_output_options(sign_verb, *options, "FILE.p7s, or FILE.p7m with --attached");
    sign_verb.add_flag("--attached", options->attached, "Put the content into the signature");
    sign_verb.add_option("--digest", options->digest, "Default: SHA-256")
        ->check(CLI::IsMember({"SHA-256", "SHA-384", "SHA-512"}));
    sign_verb.add_option("--cert", options->certificate,
                         "Certificate to sign with: id, its first digits, or name");
    sign_verb.add_flag("--no-signing-time", options->no_signing_time, "Leave the time out");

    CLI::App& verify_verb = add_file_verb(line, "verify", "Check a signature (CMS)", options, verify);
    verify_verb
        .add_option("--content", options->content, "What was signed (default: FILE without .p7s, if there)")
        ->type_name("FILE");
    verify_verb.add_option("--trust", options->certificates, "Trust anchors to check the chain against")
        ->type_name("FILE");

    CLI::App& encrypt_verb =
        add_file_verb(line, "encrypt", "Encrypt a file to recipients (CMS)", options, encrypt);
    encrypt_verb.add_option("--to", options->certificates, "Certificate of a recipient")->type_name("FILE");
    encrypt_verb.add_option("--to-own", options->own,
                            "A certificate of the token: id, its first digits, or name");
    add_output_options(encrypt_verb, *options, "FILE.p7m");

    CLI::App& decrypt_verb =
        add_file_verb(line, "decrypt", "Decrypt a file (CMS); asks like any other request", options, decrypt);
    add_output_options(decrypt_verb, *options, "FILE without .p7m");
}

} // namespace mohr::cli
