// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/digest.hpp>
#include <mohr/protocol/dastine_codes.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The wire of the existing portals (docs/dastine.md) as typed values. Pure: bytes in, values out.
namespace mohr::protocol::dastine {

inline constexpr std::size_t max_message_bytes = 64 * 1024 * 1024;
inline constexpr std::size_t max_depth = 16;
inline constexpr std::size_t max_command_bytes = 256; ///< a name is repeated in the reply
inline constexpr std::size_t max_info_bytes = 64;
inline constexpr std::size_t max_text_bytes = 4 * 1024; ///< of most members
inline constexpr std::size_t max_certificate_text_bytes = 256 * 1024;
inline constexpr std::size_t max_attributes_text_bytes = 128 * 1024;
inline constexpr std::size_t max_config_bytes = 256 * 1024; ///< what is behind is not looked at
inline constexpr std::size_t max_attributes = 16;
inline constexpr std::size_t max_attribute_bytes = 4 * 1024;

// --- what SetConfig may hint at; nothing in it relaxes anything ---
struct ConfigHints {
    std::optional<std::uint32_t> pin_window_seconds;
    bool never_cache_pin = false;
    std::optional<bool> english;
    bool operator==(const ConfigHints&) const = default;
};
/// Looks for three tags. No XML parser: the text has several roots, and entities are never expanded.
[[nodiscard]] ConfigHints scan_config(std::string_view config);

// --- arguments ---
enum class Usage : std::uint8_t {
    digital_signature,
    non_repudiation,
    key_encipherment,
    data_encipherment,
    key_agreement
};
/// Empty members do not filter.
struct Filter {
    std::string issuer; ///< a part of the issuer's name, to be compared without case
    std::vector<Usage> usages;
    bool operator==(const Filter&) const = default;
};
/// What is not understood does not filter.
[[nodiscard]] std::vector<Usage> parse_usages(std::string_view text);
/// "SHA1", "sha-256", "SHA_512": without case, '-' and '_'.
[[nodiscard]] std::optional<DigestAlgorithm> parse_hash(std::string_view name);
/// Hexadecimal in any case, also with blanks, colons or dashes between, or base64.
[[nodiscard]] std::optional<Bytes> parse_thumbprint(std::string_view text, DigestAlgorithm algorithm);

struct Attribute {
    std::string type; ///< dotted
    Bytes value;      ///< DER of the one value
    bool operator==(const Attribute&) const = default;
};
/// "OID=base64 of the value's DER|OID=…|": at most 16 of at most 4 KiB, no type twice.
[[nodiscard]] std::optional<std::vector<Attribute>> parse_attributes(std::string_view text);

enum class Store : std::uint8_t { any, token, file };
enum class CsrTarget : std::uint8_t { named_token, selected_certificate };

struct SubjectAltNames {
    std::string upn, rfc822, dns, directory, uri, ip, id;
    bool operator==(const SubjectAltNames&) const = default;
};

// --- commands; what a page sends beside these members is not kept ---
struct IsAlive {};
/// Always the same code, whatever the arguments were.
struct Constant {
    ResultCode result{};
    bool fingerprint = false; ///< the site may want 19 instead of 101
};
struct GetVersion {};
struct SetConfig {
    ConfigHints hints;
};
struct Reset {};
struct SetPinGuide {};
struct SelectByUi {
    Store store{};
    Filter filter;
};
struct SelectBySubject {
    Store store{};
    std::string subject;
    Filter filter;
};
struct SelectByThumbprint {
    DigestAlgorithm algorithm = DigestAlgorithm::sha1;
    Bytes thumbprint;
};
struct FindCertificates {
    Filter filter;
};
struct GetSelectedCertificate {};
struct GetProviderName {};
struct ListTokens {};
struct RemoveSelectedCertificate {};
/// Its bytes have gone to the sink, as those of the other commands below that work on data.
struct Sign {
    std::optional<DigestAlgorithm> hash; ///< empty: the page named none
};
struct CmsSign {
    DigestAlgorithm hash = DigestAlgorithm::sha1;
    bool attached = false;
};
struct CmsSignWithAttributes {
    std::vector<Attribute> authenticated;
    std::vector<Attribute> unauthenticated;
};
struct CmsDecrypt {};
struct Decrypt {};
struct GenerateKeyPair {
    CsrTarget target{};
    std::string subject;
    std::uint32_t key_bits = 0;
    std::string token; ///< a name of ListTokens; empty: the page named none
    SubjectAltNames names;
};
struct RequestBySelectedCertificate {};
struct ImportCertificate {
    CsrTarget target{};
    std::string certificate; ///< base64 of DER or PKCS#7, or PEM
};
struct ImportFile {
    std::string token;
};
struct RemoveKeyPair {};
struct ChangePin {
    std::string token;
};
struct UnblockPin {
    std::string token;
};
enum class TokenEvent : std::uint8_t { remove, insert };
struct WatchToken {
    TokenEvent event{};
};
struct PollToken {
    TokenEvent event{};
};

using Command =
    std::variant<IsAlive, Constant, GetVersion, SetConfig, Reset, SetPinGuide, SelectByUi, SelectBySubject,
                 SelectByThumbprint, FindCertificates, GetSelectedCertificate, GetProviderName, ListTokens,
                 RemoveSelectedCertificate, Sign, CmsSign, CmsSignWithAttributes, CmsDecrypt, Decrypt,
                 GenerateKeyPair, RequestBySelectedCertificate, ImportCertificate, ImportFile, RemoveKeyPair,
                 ChangePin, UnblockPin, WatchToken, PollToken>;

/// Every name that any generation of the client sends: 66.
struct CommandRow {
    std::string_view name;
    unsigned generation; ///< the first that has it: 0, 1 or 2
};
[[nodiscard]] std::span<const CommandRow> command_rows() noexcept;

/// One message of a page.
struct Request {
    std::string name; ///< as it came: the reply repeats it
    std::string info; ///< empty: this socket only
    /// Or the code that answers at once: wrong arguments, no such command.
    Result<Command, ResultCode> command = ResultCode::function_not_found;
};

/// Reads one message in pieces, as the frames bring them, so that a document of tens of MiB is never in
/// memory: the value of `data` or `cipher` is decoded from base64 on the way and handed to `on_content`.
/// Everything else is bounded. PINs, passwords and PKCS#12 are skipped without being kept.
class MessageReader {
public:
    using OnContent = std::function<void(ByteView)>;
    explicit MessageReader(OnContent on_content);
    ~MessageReader();
    MessageReader(const MessageReader&) = delete;
    MessageReader& operator=(const MessageReader&) = delete;

    void feed(std::string_view piece);
    /// The message is over; the reader is ready for the next. Nothing if it was none that can be answered: not
    /// JSON, not an object, no `command`, nested too deeply, a known member twice.
    [[nodiscard]] std::optional<Request> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
    OnContent on_content_;
};

/// {"command":…,"Result":"…"}: any text, escaped as JSON demands.
[[nodiscard]] std::string make_reply(std::string_view command, std::string_view result);
/// What stands before and behind a payload of base64 that is sent in pieces.
[[nodiscard]] std::string reply_head(std::string_view command);
inline constexpr std::string_view reply_tail = "\"}";
/// UTF-16LE, as the script decodes what FindCertificateFromToken answers; empty if it is not UTF-8.
[[nodiscard]] Bytes to_utf16le(std::string_view utf8);

} // namespace mohr::protocol::dastine
