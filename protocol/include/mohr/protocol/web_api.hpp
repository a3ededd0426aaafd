// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/jsonrpc.hpp>
#include <mohr/protocol/link.hpp>

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The calls of `/v1` (docs/protocol.md) as typed values. Pure: JSON in, values out, and back.
namespace mohr::protocol::web {

inline constexpr std::string_view subprotocol = "mohr.v1";
inline constexpr std::size_t max_recipients = 64;
inline constexpr std::size_t max_anchors = 64;
inline constexpr std::size_t max_name_characters = 255;
inline constexpr std::size_t min_challenge_bytes = 32;
inline constexpr std::size_t max_challenge_bytes = 512;
/// Of a binary message to a page, without its stream number.
inline constexpr std::size_t download_piece_bytes = 256 * 1024;
/// What a download may send before the page gives credit.
inline constexpr std::uint64_t initial_download_credit = 1024 * 1024;
inline constexpr std::size_t stream_header_bytes = 4;

using StreamId = std::uint32_t;

struct Digest {
    Bytes value;
};
struct Document {
    std::string name;
    std::string media_type;
    std::variant<Bytes, StreamId, Digest> content;
};
/// Inline bytes or a stream, without a name.
using Content = std::variant<Bytes, StreamId>;

struct Algorithm {
    link::Scheme scheme = link::Scheme::automatic;
    DigestAlgorithm digest = DigestAlgorithm::sha256;
};

struct ServiceInfo {};
struct RequestAccess {};
struct SelectCertificate {
    link::Purpose purpose = link::Purpose::sign;
};
struct ListCertificates {};
struct Authenticate {
    Bytes challenge;
    std::string certificate; ///< handle, or empty: the person picks
    Algorithm algorithm;
};
struct SignRaw {
    Document document;
    std::string certificate;
    Algorithm algorithm;
};
struct SignCms {
    Document document;
    std::string certificate;
    DigestAlgorithm digest = DigestAlgorithm::sha256;
    bool detached = true;
    bool signing_time = true;
    bool as_stream = false;
};
struct BatchItem {
    std::string id;
    Document document;
};
struct SignBatch {
    link::SignFormat format{};
    std::vector<BatchItem> items;
    std::string certificate;
    Algorithm algorithm; ///< cms: only the digest counts
    bool signing_time = true;
};
struct EncryptCms {
    Document document;
    std::vector<Bytes> recipients; ///< DER
    bool as_stream = false;
};
struct DecryptCms {
    Content cms;
    std::string name;
    bool as_stream = false;
};
struct GenerateKey {
    std::string algorithm = "RSA-2048";
    std::string subject;
    std::string label;
};
struct ImportCertificate {
    Bytes data; ///< DER, PEM or PKCS#7
};
struct Verify {
    Content cms;
    std::optional<Content> document;
    std::vector<Bytes> anchors; ///< DER
};
struct StreamOpen {
    std::optional<std::uint64_t> size;
};
struct StreamClose {
    StreamId stream = 0;
};

using Call = std::variant<ServiceInfo, RequestAccess, SelectCertificate, ListCertificates, Authenticate,
                          SignRaw, SignCms, SignBatch, EncryptCms, DecryptCms, GenerateKey, ImportCertificate,
                          Verify, StreamOpen, StreamClose>;

struct Cancel {
    jsonrpc::Id id;
};
struct StreamCredit {
    StreamId stream = 0;
    std::uint64_t bytes = 0;
};
using Notice = std::variant<Cancel, StreamCredit>;

/// One method of the closed list.
struct Method {
    std::string_view name;
    bool before_grant; ///< answers while the origin has no grant
};
inline constexpr std::array methods{
    Method{"service.info", true},
    Method{"service.requestAccess", true},
    Method{"certificates.select", false},
    Method{"certificates.list", false},
    Method{"auth.authenticate", false},
    Method{"sign.raw", false},
    Method{"sign.cms", false},
    Method{"sign.batch", false},
    Method{"encrypt.cms", false},
    Method{"decrypt.cms", false},
    Method{"keys.generate", false},
    Method{"certificates.import", false},
    Method{"verify", false},
    Method{"stream.open", false},
    Method{"stream.close", false},
};
static_assert(methods.size() == std::variant_size_v<Call>);
/// Null if there is no such method.
[[nodiscard]] const Method* find_method(std::string_view name) noexcept;

/// The parameters of `method`, which must be one of the list, in the order of Call. Takes what it keeps out
/// of `params`. Fails with invalid_params, malformed_data, unsupported_algorithm or limit_exceeded, with the
/// path of the member.
[[nodiscard]] Outcome<Call> decode_call(const Method& method, nlohmann::json& params,
                                        const link::Limits& limits);
/// Fails with method_not_found or invalid_params; nobody is answered.
[[nodiscard]] Outcome<Notice> decode_notice(std::string_view method, nlohmann::json& params);

/// "ECDSA-SHA-256"; empty for Scheme::automatic.
[[nodiscard]] std::string algorithm_name(link::Scheme scheme, DigestAlgorithm digest);
[[nodiscard]] std::string_view access_name(link::Access access) noexcept;
/// The Certificate object. Fails with BaseErrc::malformed if the core sent something else.
[[nodiscard]] Result<nlohmann::json> certificate_object(const link::CertificateView& view);

} // namespace mohr::protocol::web
