// SPDX-License-Identifier: Apache-2.0
#include "members.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/protocol/web_api.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mohr::protocol::web {
namespace {

using nlohmann::json;

constexpr std::size_t max_handle_bytes = 128;
constexpr std::size_t max_item_id_bytes = 256;
constexpr std::size_t max_label_bytes = 255;
constexpr std::size_t max_subject_bytes = 1024;

[[noreturn]] void fail(Code code, std::string path, std::string detail = {}) {
    Failure failure(code, std::move(detail));
    failure.path = std::move(path);
    throw Refused{std::move(failure)};
}

DigestAlgorithm digest_algorithm(std::string_view name, const std::string& path) {
    const auto algorithm = digest_from_name(name);
    if (!algorithm || *algorithm == DigestAlgorithm::sha1) fail(Code::unsupported_algorithm, path);
    return *algorithm;
}

Algorithm algorithm_from(std::string_view name, const std::string& path) {
    using link::Scheme;
    constexpr std::array<std::pair<std::string_view, Scheme>, 3> schemes{
        {{"RSASSA-PKCS1-v1_5", Scheme::rsa_pkcs1_v15},
         {"RSA-PSS", Scheme::rsa_pss},
         {"ECDSA", Scheme::ecdsa}}};
    for (const auto& [prefix, scheme] : schemes) {
        if (!name.starts_with(prefix)) continue;
        const std::string_view rest = name.substr(prefix.size());
        if (rest.empty()) return {scheme, DigestAlgorithm::sha256};
        if (rest.front() == '-') return {scheme, digest_algorithm(rest.substr(1), path)};
    }
    fail(Code::unsupported_algorithm, path);
}

/// What the decoders of the calls share: base64 within limits, documents, algorithms.
class Decoder {
public:
    Decoder(Members& members, const link::Limits& limits) : members_(members), limits_(limits) {}

    Bytes base64(Members& from, const char* name) {
        return base64_value(from.text(name, base64_limit()), from.path(name));
    }
    std::vector<Bytes> base64_list(const char* name, std::size_t max_count) {
        std::vector<Bytes> all;
        json* const list = members_.optional_array(name, max_count);
        if (list == nullptr) return all;
        for (std::size_t i = 0; i < list->size(); ++i) {
            const std::string path = members_.path(name) + "[" + std::to_string(i) + "]";
            json& element = (*list)[i];
            if (!element.is_string() || element.get_ref<const std::string&>().size() > base64_limit())
                fail(Code::invalid_params, path);
            all.push_back(base64_value(element.get_ref<const std::string&>(), path));
        }
        return all;
    }
    enum class Digests { refused, taken };
    Document document(Members& from, const char* name, Digests digests) {
        Members inner(from.object(name), from.path(name));
        Document document;
        document.name = document_name(inner, "name");
        document.media_type = inner.optional_text("mediaType", max_label_bytes);
        if (inner.has("digest")) {
            if (digests == Digests::refused) fail(Code::invalid_params, inner.path("digest"));
            document.content = Digest{base64(inner, "digest")};
        } else if (inner.has("stream")) {
            document.content = inner.number<StreamId>("stream");
        } else {
            document.content = base64(inner, "data");
        }
        inner.finish();
        return document;
    }
    /// The CMS itself, at the call's own level: "cms" or "stream".
    Content cms() {
        if (members_.has("stream")) return members_.number<StreamId>("stream");
        return base64(members_, "cms");
    }
    Algorithm algorithm() {
        const auto name = members_.optional_text("algorithm", max_handle_bytes);
        return members_.has("algorithm") ? algorithm_from(name, members_.path("algorithm")) : Algorithm{};
    }
    DigestAlgorithm digest() {
        const auto name = members_.optional_text("digestAlgorithm", max_handle_bytes);
        return members_.has("digestAlgorithm") ? digest_algorithm(name, members_.path("digestAlgorithm"))
                                               : DigestAlgorithm::sha256;
    }
    std::string certificate() { return members_.optional_text("certificate", max_handle_bytes); }
    bool as_stream() {
        const auto output = members_.optional_text("output", 16);
        if (!members_.has("output")) return false;
        if (output != "stream" && output != "inline") fail(Code::invalid_params, members_.path("output"));
        return output == "stream";
    }
    /// What a person will read: no control characters.
    static std::string document_name(Members& from, const char* name) {
        std::string text = from.text(name, link::max_name_bytes);
        std::size_t characters = 0;
        bool plain = true;
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            if ((byte & 0xC0U) != 0x80U) ++characters;
            plain = plain && byte >= 0x20 && byte != 0x7F;
        }
        if (!plain || characters == 0 || characters > max_name_characters)
            fail(Code::invalid_params, from.path(name));
        return text;
    }

private:
    [[nodiscard]] std::size_t base64_limit() const { return (std::size_t{limits_.inline_bytes} + 2) / 3 * 4; }
    [[nodiscard]] Bytes base64_value(const std::string& text, const std::string& path) const {
        auto bytes = from_base64(text);
        if (!bytes) fail(Code::malformed_data, path);
        return std::move(*bytes);
    }

    Members& members_;
    const link::Limits& limits_;
};

using Digests = Decoder::Digests;

// One per method, in the order of `methods`.

Call service_info(Members&, Decoder&, const link::Limits&) {
    return ServiceInfo{};
}
Call request_access(Members&, Decoder&, const link::Limits&) {
    return RequestAccess{};
}
Call select_certificate(Members& members, Decoder&, const link::Limits&) {
    const std::string purpose = members.text("purpose", 16);
    if (purpose == "sign") return SelectCertificate{link::Purpose::sign};
    if (purpose == "authenticate") return SelectCertificate{link::Purpose::authenticate};
    if (purpose == "decrypt") return SelectCertificate{link::Purpose::decrypt};
    fail(Code::invalid_params, members.path("purpose"));
}
Call list_certificates(Members&, Decoder&, const link::Limits&) {
    return ListCertificates{};
}
Call authenticate(Members& members, Decoder& decoder, const link::Limits&) {
    Authenticate call;
    call.challenge = decoder.base64(members, "challenge");
    if (call.challenge.size() < min_challenge_bytes || call.challenge.size() > max_challenge_bytes)
        fail(Code::invalid_params, "challenge");
    call.certificate = decoder.certificate();
    call.algorithm = decoder.algorithm();
    return call;
}
Call sign_raw(Members& members, Decoder& decoder, const link::Limits&) {
    SignRaw call;
    call.document = decoder.document(members, "document", Digests::taken);
    call.certificate = decoder.certificate();
    call.algorithm = decoder.algorithm();
    return call;
}
Call sign_cms(Members& members, Decoder& decoder, const link::Limits&) {
    SignCms call;
    call.document = decoder.document(members, "document", Digests::refused);
    call.certificate = decoder.certificate();
    call.digest = decoder.digest();
    call.detached = members.boolean("detached", true);
    call.signing_time = members.boolean("signingTime", true);
    call.as_stream = decoder.as_stream();
    return call;
}
Call sign_batch(Members& members, Decoder& decoder, const link::Limits& limits) {
    SignBatch call;
    const std::string format = members.text("format", 8);
    if (format != "raw" && format != "cms") fail(Code::invalid_params, "format");
    call.format = format == "raw" ? link::SignFormat::raw : link::SignFormat::cms;
    json& items = members.array("items");
    if (items.empty()) fail(Code::invalid_params, "items");
    if (items.size() > limits.batch_items) {
        Failure failure(Code::limit_exceeded);
        failure.limit = "batch";
        failure.max = limits.batch_items;
        throw Refused{std::move(failure)};
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        Members item(items[i], "items[" + std::to_string(i) + "]");
        BatchItem one;
        one.id = item.text("id", max_item_id_bytes);
        one.document = decoder.document(
            item, "document", call.format == link::SignFormat::raw ? Digests::taken : Digests::refused);
        item.finish();
        call.items.push_back(std::move(one));
    }
    call.certificate = decoder.certificate();
    if (call.format == link::SignFormat::raw) {
        call.algorithm = decoder.algorithm();
    } else {
        call.algorithm.digest = decoder.digest();
        call.signing_time = members.boolean("signingTime", true);
    }
    return call;
}
Call encrypt_cms(Members& members, Decoder& decoder, const link::Limits&) {
    EncryptCms call;
    call.document = decoder.document(members, "document", Digests::refused);
    call.recipients = decoder.base64_list("recipients", max_recipients);
    if (call.recipients.empty()) fail(Code::invalid_params, "recipients");
    const std::string cipher = members.optional_text("cipher", 32);
    if (members.has("cipher") && cipher != "AES-256-GCM") fail(Code::unsupported_algorithm, "cipher");
    call.as_stream = decoder.as_stream();
    return call;
}
Call decrypt_cms(Members& members, Decoder& decoder, const link::Limits&) {
    DecryptCms call;
    call.cms = decoder.cms();
    if (members.has("name")) call.name = Decoder::document_name(members, "name");
    call.as_stream = decoder.as_stream();
    return call;
}
Call generate_key(Members& members, Decoder&, const link::Limits&) {
    constexpr std::array<std::string_view, 5> known{"RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384"};
    GenerateKey call;
    if (members.has("algorithm")) call.algorithm = members.text("algorithm", 32);
    if (std::find(known.begin(), known.end(), call.algorithm) == known.end())
        fail(Code::unsupported_algorithm, "algorithm");
    call.subject = members.optional_text("subject", max_subject_bytes);
    call.label = members.optional_text("label", max_label_bytes);
    return call;
}
Call import_certificate(Members& members, Decoder& decoder, const link::Limits& limits) {
    ImportCertificate call;
    const std::string text = members.text("certificate", std::size_t{limits.inline_bytes} / 3 * 4);
    // PEM is text of its own; anything else is base64 of DER or PKCS#7.
    if (text.find("-----BEGIN") != std::string::npos) {
        call.data = to_bytes(as_bytes(text));
    } else {
        auto bytes = from_base64(text);
        if (!bytes) fail(Code::malformed_data, "certificate");
        call.data = std::move(*bytes);
    }
    (void)decoder;
    return call;
}
Call verify(Members& members, Decoder& decoder, const link::Limits&) {
    Verify call;
    call.cms = decoder.cms();
    if (members.has("document")) {
        Document document = decoder.document(members, "document", Digests::refused);
        if (auto* bytes = std::get_if<Bytes>(&document.content))
            call.document = std::move(*bytes);
        else
            call.document = std::get<StreamId>(document.content);
    }
    call.anchors = decoder.base64_list("trustAnchors", max_anchors);
    return call;
}
Call stream_open(Members& members, Decoder&, const link::Limits& limits) {
    StreamOpen call;
    if (members.text("direction", 16) != "upload") fail(Code::invalid_params, "direction");
    if (members.has("size")) {
        call.size = members.number<std::uint64_t>("size");
        if (*call.size > limits.stream_bytes) {
            Failure failure(Code::limit_exceeded);
            failure.limit = "stream";
            failure.max = limits.stream_bytes;
            throw Refused{std::move(failure)};
        }
    }
    return call;
}
Call stream_close(Members& members, Decoder&, const link::Limits&) {
    return StreamClose{members.number<StreamId>("stream")};
}

using DecodeOne = Call (*)(Members&, Decoder&, const link::Limits&);
constexpr std::array<DecodeOne, methods.size()> decoders{
    service_info, request_access, select_certificate, list_certificates, authenticate, sign_raw,
    sign_cms,     sign_batch,     encrypt_cms,        decrypt_cms,       generate_key, import_certificate,
    verify,       stream_open,    stream_close,
};

} // namespace

const Method* find_method(std::string_view name) noexcept {
    const auto found =
        std::find_if(methods.begin(), methods.end(), [&](const Method& m) { return m.name == name; });
    return found == methods.end() ? nullptr : &*found;
}

Outcome<Call> decode_call(const Method& method, json& params, const link::Limits& limits) {
    const auto index = static_cast<std::size_t>(
        std::find_if(methods.begin(), methods.end(), [&](const Method& m) { return m.name == method.name; }) -
        methods.begin());
    try {
        Members members(params, "");
        Decoder decoder(members, limits);
        Call call = decoders.at(index)(members, decoder, limits);
        members.finish();
        return call;
    } catch (Refused& refused) {
        return std::move(refused.failure);
    }
}

Outcome<Notice> decode_notice(std::string_view method, json& params) {
    try {
        Members members(params, "");
        if (method == "$/cancel") {
            Cancel cancel;
            cancel.id = members.id("id");
            members.finish();
            return Notice(std::move(cancel));
        }
        if (method == "stream.credit") {
            StreamCredit credit;
            credit.stream = members.number<StreamId>("stream");
            credit.bytes = members.number<std::uint64_t>("bytes");
            members.finish();
            return Notice(credit);
        }
        return Failure(Code::method_not_found);
    } catch (Refused& refused) {
        return std::move(refused.failure);
    }
}

std::string algorithm_name(link::Scheme scheme, DigestAlgorithm digest) {
    constexpr std::array<std::string_view, 4> names{"", "RSASSA-PKCS1-v1_5", "RSA-PSS", "ECDSA"};
    const std::string_view name = names.at(static_cast<std::size_t>(scheme));
    return name.empty() ? "" : std::string(name) + "-" + std::string(digest_name(digest));
}

std::string_view access_name(link::Access access) noexcept {
    constexpr std::array<std::string_view, 4> names{"undecided", "granted", "denied", "silenced"};
    return names[static_cast<std::size_t>(access)];
}

Result<json> certificate_object(const link::CertificateView& view) {
    const auto certificate = Certificate::from_der(view.certificate);
    if (!certificate) return certificate.error();
    json usage = json::array();
    const KeyUsage bits = certificate->key_usage();
    if (bits.digital_signature) usage.push_back("digitalSignature");
    if (bits.non_repudiation) usage.push_back("nonRepudiation");
    if (bits.key_encipherment) usage.push_back("keyEncipherment");
    if (bits.key_agreement) usage.push_back("keyAgreement");
    std::string algorithm = "P-" + std::to_string(certificate->key_bits());
    if (certificate->key_kind() == PublicKeyKind::rsa)
        algorithm = "RSA-" + std::to_string(certificate->key_bits());
    json chain = json::array();
    for (const Bytes& issuer : view.chain) chain.push_back(to_base64(issuer));
    json object = json::object();
    object["handle"] = view.handle;
    object["certificate"] = to_base64(view.certificate);
    object["chain"] = std::move(chain);
    object["subject"] = certificate->subject();
    object["issuer"] = certificate->issuer();
    object["serialNumber"] = certificate->serial_number();
    object["notBefore"] = to_rfc3339(certificate->not_before());
    object["notAfter"] = to_rfc3339(certificate->not_after());
    object["keyAlgorithm"] = std::move(algorithm);
    object["keyUsage"] = std::move(usage);
    object["state"] = view.state;
    return object;
}

} // namespace mohr::protocol::web
