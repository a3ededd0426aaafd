// SPDX-License-Identifier: Apache-2.0
#include "operation_checks.hpp"

#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>

#include <algorithm>

namespace mohr::core::operation_checks {

using protocol::Code;
using protocol::Failure;
using protocol::Outcome;

namespace {

constexpr std::size_t min_challenge_bytes = 32;
constexpr std::size_t max_challenge_bytes = 512;
constexpr std::size_t max_recipients = 256;
constexpr std::size_t max_wrapped_key_bytes = 1024;
constexpr std::size_t max_subject_bytes = 1024;
constexpr std::size_t max_label_characters = 64;
constexpr std::size_t max_media_type_bytes = 127; // RFC 6838 section 4.2: "type", at most 127
constexpr std::size_t max_certificates = 64;
constexpr std::size_t max_import_bytes = 1024 * 1024;

Failure over(std::string limit, std::uint64_t max) {
    Failure failure(Code::limit_exceeded, limit);
    failure.limit = std::move(limit);
    failure.max = max;
    return failure;
}

std::string item_path(std::size_t index) {
    return "items[" + std::to_string(index) + "]";
}

bool is_text_of(std::string_view text, std::size_t max_characters) noexcept {
    if (text.size() > 4 * max_characters || !is_utf8(text)) return false;
    std::size_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<std::uint8_t>(text[i]);
        if (byte < 0x20 || byte == 0x7F) return false;
        if (byte == 0xC2 && static_cast<std::uint8_t>(text[i + 1]) < 0xA0) return false; // C1 controls
        if ((byte & 0xC0U) != 0x80U) ++characters;
    }
    return characters <= max_characters;
}

bool is_media_type(std::string_view text) noexcept {
    return text.size() <= max_media_type_bytes &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

Outcome<void> check_digest_algorithm(DigestAlgorithm algorithm) {
    if (algorithm == DigestAlgorithm::sha1) return Failure(Code::unsupported_algorithm, "SHA-1");
    return {};
}

Outcome<void> check_item(const link::Sign& sign, std::size_t index, std::size_t previews, link::Api api) {
    const auto& item = sign.items[index];
    if (!is_document_name(item.name)) return invalid(item_path(index) + ".name", "not a document name");
    if (!is_media_type(item.media_type)) return invalid(item_path(index) + ".mediaType", "not a media type");
    if (item.digest.size() != digest_size(sign.digest_algorithm))
        return invalid(item_path(index) + ".digest", "the digest does not have its algorithm's length");
    if (item.blind && sign.format != link::SignFormat::raw)
        return invalid(item_path(index) + ".digest", "only raw signatures are made over a bare digest");
    if (item.preview >= 0) {
        // The bytes for Dastine's `Sign` are blind, whoever sees them; the core looks at their beginning.
        const bool may = !item.blind || api == link::Api::dastine;
        const bool fits = may && static_cast<std::size_t>(item.preview) < previews;
        if (!fits) return invalid(item_path(index), "a preview that is not there, or is not for this item");
    } else if (sign.format == link::SignFormat::raw && !item.blind &&
               item.size <= link::max_small_preview_bytes) {
        return invalid(item_path(index), "a small document without its preview");
    }
    return {};
}

Outcome<void> check_one(const link::Sign& sign, std::size_t descriptors, link::Api api) {
    const std::size_t previews = sign.previews ? 1 : descriptors;
    if (sign.items.empty()) return invalid("items", "empty");
    if (sign.items.size() > link::max_items) return over("batch", link::max_items);
    // SHA-1 is for portals that know nothing else, behind a prompt that says so.
    if (api != link::Api::dastine)
        if (auto ok = check_digest_algorithm(sign.digest_algorithm); !ok) return ok;
    for (std::size_t i = 0; i < sign.items.size(); ++i)
        if (auto ok = check_item(sign, i, previews, api); !ok) return ok;
    return {};
}

Outcome<void> check_one(const link::Authenticate& login, std::size_t, link::Api) {
    if (login.challenge.size() < min_challenge_bytes || login.challenge.size() > max_challenge_bytes)
        return invalid("challenge", "32 to 512 bytes");
    return check_digest_algorithm(login.digest_algorithm);
}

Outcome<void> check_one(const link::Decrypt& decrypt, std::size_t, link::Api) {
    if (!decrypt.name.empty() && !is_document_name(decrypt.name))
        return invalid("name", "not a document name");
    if (decrypt.recipients.size() > max_recipients) return over("recipients", max_recipients);
    const auto size = decrypt.content_key_size;
    if (size != 16 && size != 24 && size != 32)
        return Failure(Code::unsupported_algorithm, "content key size");
    for (const auto& recipient : decrypt.recipients) {
        if (recipient.issuer_der.empty() && recipient.subject_key_identifier.empty())
            return invalid("cms", "a recipient without a name");
        const auto wrapped =
            std::visit([](const auto& key) { return key.encrypted_key.size(); }, recipient.key);
        if (wrapped > max_wrapped_key_bytes) return over("encryptedKey", max_wrapped_key_bytes);
    }
    return {};
}

Outcome<void> check_one(const link::GenerateKey& generate, std::size_t, link::Api) {
    if (generate.subject.size() > max_subject_bytes) return over("subject", max_subject_bytes);
    if (!is_text_of(generate.subject, max_subject_bytes)) return invalid("subject", "not printable UTF-8");
    if (!is_text_of(generate.label, max_label_characters))
        return invalid("label", "not printable UTF-8, or too long");
    return {};
}

Outcome<void> check_one(const link::ImportCertificate& import, std::size_t, link::Api) {
    if (import.data.size() > max_import_bytes) return over("certificate", max_import_bytes);
    return {};
}

template <class T>
Outcome<void> check_one(const T&, std::size_t, link::Api) {
    return {};
}

} // namespace

Failure invalid(std::string path, std::string why) {
    Failure failure(Code::invalid_params, std::move(why));
    failure.path = std::move(path);
    return failure;
}

bool is_document_name(std::string_view name) noexcept {
    return !name.empty() && is_text_of(name, max_name_characters);
}

Outcome<void> check(const link::Request& request, std::size_t previews, link::Api api) {
    return std::visit([&](const auto& one) { return check_one(one, previews, api); }, request);
}

Outcome<std::vector<Certificate>> read_certificate_sequence(ByteView data) {
    std::vector<Certificate> certificates;
    const auto malformed = [](std::string why) {
        Failure failure(Code::malformed_data, std::move(why));
        failure.path = "certificate";
        return failure;
    };
    while (!data.empty()) {
        if (certificates.size() >= max_certificates) return over("certificates", max_certificates);
        // SEQUENCE with a definite length in its shortest form (X.690 section 10.1), at most two octets.
        if (data.size() < 4 || data[0] != 0x30 || data[1] != 0x82) return malformed("not a certificate");
        const std::size_t size = 4 + (std::size_t{data[2]} << 8U) + data[3];
        if (size > data.size()) return malformed("a certificate is cut short");
        auto certificate = Certificate::from_der(data.first(size));
        if (!certificate) return malformed(certificate.error().detail);
        certificates.push_back(std::move(*certificate));
        data = data.subspan(size);
    }
    if (certificates.empty()) return malformed("no certificate");
    return certificates;
}

} // namespace mohr::core::operation_checks
