// SPDX-License-Identifier: Apache-2.0
#include "dastine_members.hpp"

#include <algorithm>
#include <charconv>

namespace mohr::protocol::dastine {
namespace {

using Decoded = Result<Command, ResultCode>;
using Decode = Decoded (*)(const Members&);
using enum ResultCode;

constexpr std::uint32_t default_key_bits = 2048;

Filter filter_of(const Members& m) {
    Filter filter;
    if (!m.at(Slot::issuer).cut) filter.issuer = m.text(Slot::issuer);
    if (!m.at(Slot::key_usages).cut) filter.usages = parse_usages(m.text(Slot::key_usages));
    return filter;
}

/// Nothing if the bytes are good.
std::optional<ResultCode> content_problem(const Members& m, Slot slot) {
    if (m.content_slot != slot || m.content == Content::absent || m.content == Content::empty)
        return invalid_data;
    if (m.content == Content::not_base64) return data_not_base64;
    return std::nullopt;
}

template <ResultCode Code>
Decoded constant(const Members&) {
    return Command(Constant{Code});
}
Decoded fingerprint(const Members&) {
    return Command(Constant{fingerprint_device_not_supported, true});
}
template <class T>
Decoded plain(const Members&) {
    return Command(T{});
}

Decoded set_config(const Members& m) {
    return Command(SetConfig{scan_config(m.text(Slot::config))});
}

template <Store From>
Decoded select_by_ui(const Members& m) {
    return Command(SelectByUi{From, filter_of(m)});
}
template <Store From>
Decoded select_by_subject(const Members& m) {
    if (m.text(Slot::subject_dn).empty() || m.at(Slot::subject_dn).cut) return wrong_subject_dn;
    return Command(SelectBySubject{From, std::string(m.text(Slot::subject_dn)), filter_of(m)});
}
Decoded select_by_thumbprint(const Members& m) {
    const std::string_view name = m.text(Slot::hash_alg);
    const auto algorithm = name.empty() ? DigestAlgorithm::sha1 : parse_hash(name);
    if (!algorithm) return hash_not_supported;
    auto thumbprint = parse_thumbprint(m.text(Slot::thumbprint), *algorithm);
    if (!thumbprint) return certificate_not_found;
    return Command(SelectByThumbprint{*algorithm, std::move(*thumbprint)});
}
Decoded find_certificates(const Members& m) {
    return Command(FindCertificates{filter_of(m)});
}

Decoded sign(const Members& m) {
    Sign command;
    if (const std::string_view name = m.text(Slot::hash); !name.empty()) {
        command.hash = parse_hash(name);
        if (!command.hash) return hash_not_supported;
    }
    if (const auto problem = content_problem(m, Slot::data)) return *problem;
    return Command(command);
}
Decoded cms_sign(const Members& m) {
    CmsSign command;
    if (const std::string_view name = m.text(Slot::hash); !name.empty()) {
        const auto hash = parse_hash(name);
        if (!hash) return hash_not_supported;
        command.hash = *hash;
    }
    if (const auto problem = content_problem(m, Slot::data)) return *problem;
    const std::string_view attach = m.text(Slot::attach);
    command.attached = attach == "true" || attach == "1";
    return Command(command);
}
Decoded cms_sign_with_attributes(const Members& m) {
    if (m.at(Slot::authenticated).cut || m.at(Slot::unauthenticated).cut) return cms_sign_invalid_attribute;
    if (m.at(Slot::authenticated).kind == Value::Kind::other ||
        m.at(Slot::unauthenticated).kind == Value::Kind::other)
        return cms_sign_invalid_attribute;
    auto authenticated = parse_attributes(m.text(Slot::authenticated));
    auto unauthenticated = parse_attributes(m.text(Slot::unauthenticated));
    if (!authenticated || !unauthenticated) return cms_sign_invalid_attribute;
    if (const auto problem = content_problem(m, Slot::data)) return *problem;
    return Command(CmsSignWithAttributes{std::move(*authenticated), std::move(*unauthenticated)});
}
template <class T>
Decoded with_cipher(const Members& m) {
    if (const auto problem = content_problem(m, Slot::cipher)) return *problem;
    return Command(T{});
}

Decoded generate(const Members& m, CsrTarget target) {
    GenerateKeyPair command;
    command.target = target;
    command.subject = m.text(Slot::subject_dn);
    if (command.subject.empty() || m.at(Slot::subject_dn).cut) return wrong_subject_dn;
    command.token = m.text(Slot::token);
    command.key_bits = default_key_bits;
    if (const std::string_view bits = m.text(Slot::key_len); !bits.empty()) {
        const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), command.key_bits);
        const bool known = command.key_bits == 2048 || command.key_bits == 3072 || command.key_bits == 4096;
        if (error != std::errc() || end != bits.data() + bits.size() || !known)
            return csr_generate_key_pair_error;
    }
    return Command(std::move(command));
}
template <CsrTarget Target>
Decoded generate(const Members& m) {
    return generate(m, Target);
}
Decoded generate_with_names(const Members& m) {
    auto decoded = generate(m, CsrTarget::named_token);
    if (!decoded) return decoded;
    for (const Slot slot :
         {Slot::upn, Slot::rfc822, Slot::dns, Slot::directory, Slot::uri, Slot::ip, Slot::id})
        if (m.at(slot).cut || m.at(slot).kind == Value::Kind::other) return invalid_data;
    const auto text = [&](Slot slot) { return std::string(m.text(slot)); };
    std::get<GenerateKeyPair>(*decoded).names = {text(Slot::upn),       text(Slot::rfc822), text(Slot::dns),
                                                 text(Slot::directory), text(Slot::uri),    text(Slot::ip),
                                                 text(Slot::id)};
    return decoded;
}
template <CsrTarget Target>
Decoded import_certificate(const Members& m) {
    if (m.text(Slot::certificate).empty() || m.at(Slot::certificate).cut) return import_not_base64;
    return Command(ImportCertificate{Target, std::string(m.text(Slot::certificate))});
}
template <class T>
Decoded for_token(const Members& m) {
    return Command(T{std::string(m.text(Slot::token))});
}
template <class T, TokenEvent Event>
Decoded event(const Members&) {
    return Command(T{Event});
}

struct Entry {
    CommandRow row;
    Decode decode;
    std::optional<Slot> content;
};
constexpr Entry entry(std::string_view name, unsigned generation, Decode decode,
                      std::optional<Slot> content = std::nullopt) {
    return Entry{{name, generation}, decode, content};
}

constexpr std::array entries{
    entry("CheckUpdate", 0, constant<up_to_date>),
    entry("InstallUpdate", 0, constant<not_supported>),
    entry("GetVersion", 0, plain<GetVersion>),
    entry("SetConfig", 0, set_config),
    entry("Reset", 0, plain<Reset>),
    entry("DastineIsAlive", 0, plain<IsAlive>),
    entry("SelectCertificateFromWindowsByUI", 0, select_by_ui<Store::any>),
    entry("SelectCertificateFromWindowsBySubject", 0, select_by_subject<Store::any>),
    entry("SelectCertificateFromTokenByUI", 0, select_by_ui<Store::token>),
    entry("SelectCertificateFromTokenBySubject", 0, select_by_subject<Store::token>),
    entry("SelectCertificateFromFileByUI", 0, select_by_ui<Store::file>),
    entry("SelectCertificateFromFileBySubject", 0, select_by_subject<Store::file>),
    entry("FindCertificateFromToken", 0, find_certificates),
    entry("GetSelectedCertificate", 0, plain<GetSelectedCertificate>),
    entry("ListTokens", 0, plain<ListTokens>),
    entry("GenerateKeyPairAndCertificateRequest", 0, generate<CsrTarget::named_token>),
    entry("GenerateKeyPairAndCertificateRequestOnSelectedCertificate", 0,
          generate<CsrTarget::selected_certificate>),
    entry("GenerateCertificateRequestBySelectedCertificate", 0, plain<RequestBySelectedCertificate>),
    entry("ImportIssuedCertificate", 0, import_certificate<CsrTarget::named_token>),
    entry("ImportIssuedCertificateOnSelectedCertificate", 0,
          import_certificate<CsrTarget::selected_certificate>),
    entry("ImportCertificateFromFileToToken", 0, for_token<ImportFile>),
    entry("RemoveSelectedCertificate", 0, plain<RemoveSelectedCertificate>),
    entry("RemoveGeneratedKeyPair", 0, plain<RemoveKeyPair>),
    entry("Sign", 0, sign, Slot::data),
    entry("CmsSign", 0, cms_sign, Slot::data),
    entry("CmsSignWithAttributes", 0, cms_sign_with_attributes, Slot::data),
    entry("CmsDecrypt", 0, with_cipher<CmsDecrypt>, Slot::cipher),
    entry("SetTokenRemoveEvent", 0, event<WatchToken, TokenEvent::remove>),
    entry("SetTokenInsertEvent", 0, event<WatchToken, TokenEvent::insert>),
    entry("TokenRemoveHandler", 0, event<PollToken, TokenEvent::remove>),
    entry("TokenInsertHandler", 0, event<PollToken, TokenEvent::insert>),
    entry("SetAdminKey", 0, constant<not_supported>),
    entry("ChangePIN", 0, for_token<ChangePin>),
    entry("SetPIN", 0, constant<set_pin_not_allowed>),
    entry("UnblockPIN", 0, for_token<UnblockPin>),
    entry("ReadSignatureImage", 0, constant<signature_image_not_found>),
    entry("ReadFingerprintImage", 0, constant<fingerprint_image_not_found>),
    entry("ReadFaceImage", 0, constant<face_image_not_found>),
    entry("ReadValidationData", 0, constant<not_supported>),
    entry("ReadPrintedData", 0, constant<not_supported>),
    entry("ReadExtendedPrintedData", 0, constant<not_supported>),
    entry("ReadCustomField", 0, constant<custom_field_not_found>),
    entry("ReadSerialNumber", 0, constant<not_supported>),
    entry("ReadIDinCardsSerialNumber", 0, constant<not_supported>),
    entry("SetIDinCard", 0, constant<not_supported>),
    entry("SetIDinCardIndexForIssuance", 0, constant<not_supported>),
    entry("GetFingerPrintScannerSupportedDevices", 0, fingerprint),
    entry("OpenFingerPrintScanner", 0, fingerprint),
    entry("CaptureFingerPrintScanner", 0, fingerprint),
    entry("CloseFingerPrintScanner", 0, fingerprint),
    entry("GetFingerPrintScannerDLLVersion", 0, fingerprint),
    entry("GetFingerPrintScannerSupportedImageFormat", 0, fingerprint),
    entry("GetProviderName", 1, plain<GetProviderName>),
    entry("SelectCertificateByThumbprint", 1, select_by_thumbprint),
    entry("GenerateKeyPairAndCertificateRequestWithSANS", 1, generate_with_names),
    entry("Decrypt", 1, with_cipher<Decrypt>, Slot::cipher),
    entry("CaptureFingerPrint", 1, fingerprint),
    entry("NIDGetFingerIndex", 1, constant<nid_not_supported>),
    entry("NIDAuthenticateByPIN", 1, constant<nid_not_supported>),
    entry("NIDAuthenticateByFingerUI", 1, constant<nid_not_supported>),
    entry("NIDAuthenticateByFinger", 1, constant<nid_not_supported>),
    entry("NIDSign", 1, constant<nid_not_supported>),
    entry("NIDChangePIN", 1, constant<nid_not_supported>),
    entry("NIDUnblockPIN", 1, constant<nid_not_supported>),
    entry("NIDSetDSAuthToken", 2, constant<nid_not_supported>),
    entry("SetPINGuide", 2, plain<SetPinGuide>),
};
static_assert(entries.size() == 66);

constexpr auto rows = [] {
    std::array<CommandRow, entries.size()> out{};
    for (std::size_t i = 0; i < entries.size(); ++i) out[i] = entries[i].row;
    return out;
}();

const Entry* find(std::string_view name) noexcept {
    const auto found =
        std::find_if(entries.begin(), entries.end(), [&](const Entry& one) { return one.row.name == name; });
    return found == entries.end() ? nullptr : &*found;
}

} // namespace

std::span<const CommandRow> command_rows() noexcept {
    return rows;
}

bool takes_content(std::string_view command, Slot slot) noexcept {
    const Entry* const found = find(command);
    return found != nullptr && found->content == slot;
}

Decoded decode_command(std::string_view name, const Members& members) {
    const Entry* const found = find(name);
    return found == nullptr ? Decoded(function_not_found) : found->decode(members);
}

} // namespace mohr::protocol::dastine
