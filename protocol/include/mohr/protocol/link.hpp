// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/bytes.hpp>
#include <mohr/base/digest.hpp>
#include <mohr/base/files.hpp>
#include <mohr/base/secret.hpp>
#include <mohr/protocol/errors.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// The language between door and core: docs/link.md.
namespace mohr::protocol::link {

inline constexpr unsigned version = 1;
inline constexpr std::size_t max_message_bytes = 2 * 1024 * 1024;
inline constexpr std::size_t max_secret_bytes = 16 * 1024;
inline constexpr std::size_t max_descriptors = 16;
inline constexpr std::size_t max_items = 500;
inline constexpr std::size_t max_name_bytes = 1024; ///< 255 characters of UTF-8
/// A document up to this size always has its preview, a bare signature over one must have it.
inline constexpr std::size_t max_small_preview_bytes = 64 * 1024;
inline constexpr std::uint64_t max_preview_bytes = 16 * 1024 * 1024;
/// Of those in one request that are larger than small.
inline constexpr std::uint64_t max_previews_bytes = 32 * 1024 * 1024;
inline constexpr std::size_t max_session_bytes = 64; ///< of the letters and digits of ASCII

using ConnectionId = std::uint64_t;
using OperationId = std::uint64_t;
using JobId = std::uint64_t;

/// An accepted TCP connection as the kernel names it; addresses in network order, 4 or 16 bytes.
struct FourTuple {
    Bytes local_address;
    std::uint16_t local_port = 0;
    Bytes remote_address;
    std::uint16_t remote_port = 0;
};

enum class Api : std::uint8_t { v1, dastine };
enum class Access : std::uint8_t { undecided, granted, denied, silenced };

// --- limits and timers; the defaults are what is shipped ---
struct Limits {
    std::uint32_t connections = 64;
    std::uint32_t connections_per_origin = 10;
    std::uint32_t silent_connections = 32;
    std::uint32_t message_bytes = 256 * 1024; ///< one JSON message
    std::uint32_t binary_bytes = 1024 * 1024; ///< one binary message
    std::uint32_t inline_bytes = 128 * 1024;  ///< data inside a JSON message, before base64
    std::uint32_t json_depth = 16;
    std::uint32_t requests_per_connection = 32;
    std::uint32_t streams_per_connection = 8;
    std::uint32_t batch_items = 500;
    std::uint32_t header_bytes = 8 * 1024;
    std::uint32_t header_fields = 64;
    std::uint64_t stream_bytes = std::uint64_t{4} << 30;
    std::uint32_t credit_bytes = 8 * 1024 * 1024;
    std::chrono::milliseconds silent{std::chrono::seconds(300)};
    std::chrono::milliseconds tls_handshake{std::chrono::seconds(10)};
    std::chrono::milliseconds headers{std::chrono::seconds(10)};
    std::chrono::milliseconds first_message{std::chrono::seconds(30)};
    std::chrono::milliseconds ping{std::chrono::seconds(25)};
    std::chrono::milliseconds pong{std::chrono::seconds(20)};
    std::chrono::milliseconds idle{std::chrono::minutes(15)};
    bool operator==(const Limits&) const = default;
};

/// Of /dastine, beside what Limits says of every connection (headers, TLS handshake, ping, pong). There is no
/// idle or first-message close.
struct DastineLimits {
    std::uint32_t connections = 512;
    std::uint32_t connections_per_origin = 64;
    std::uint32_t message_bytes = 64 * 1024 * 1024;          ///< one JSON message, either way
    std::uint64_t buffered_bytes = std::uint64_t{256} << 20; ///< of messages over 256 KiB, all connections
    std::uint32_t requests_per_connection = 64;
    bool operator==(const DastineLimits&) const = default;
};

// --- set-up ---
struct ListenSocket {
    bool tls = false;
    std::uint16_t port = 0;
    bool ipv6 = false;
};
/// Carries one descriptor per socket, in order.
struct Configure {
    unsigned protocol = version;
    std::string product_version;
    Limits limits;
    DastineLimits dastine;
    std::string dastine_version; ///< what GetVersion answers
    bool developer_mode = false;
    std::vector<std::string>
        plain_hosts; ///< allowed Host values of the plain port, such as "127.0.0.1:51356"
    std::vector<std::string> tls_hosts;
    std::vector<ListenSocket> sockets;
    Secret tls_key;               ///< PKCS#8 DER
    std::vector<Bytes> tls_chain; ///< DER, leaf first
    bool accepting = true;
};
/// Another leaf for connections to come: the names it covers, or its time, have changed.
struct NewTlsIdentity {
    std::vector<std::string> tls_hosts;
    Secret tls_key;               ///< PKCS#8 DER
    std::vector<Bytes> tls_chain; ///< DER, leaf first
};
struct Ready {
    int landlock_abi = 0; ///< 0: the kernel has none
    bool seccomp = false;
};
struct Listen {
    bool on = false;
    std::string reason; ///< "switched_off" or "stopping", for service.stopping
};
struct Stop {};
/// The door answers with the same number, between whatever else it does: so the core learns whether it still reacts.
struct Ping {
    std::uint64_t number = 0;
};
struct Pong {
    std::uint64_t number = 0;
};
struct Counters {
    std::uint32_t connections = 0;
    std::uint32_t silent = 0;
    std::uint32_t streams = 0;
};

// --- connections ---
struct PeerCheck {
    ConnectionId connection = 0;
    FourTuple peer;
};
struct PeerVerdict {
    ConnectionId connection = 0;
    bool allowed = false;
};
struct SiteOpen {
    ConnectionId connection = 0;
    FourTuple peer;
    std::string origin;
    Api api = Api::v1;
    bool tls = false;
};
/// How one portal of the Dastine front differs from what most expect: kept with the site's permissions.
enum class Prehashed : std::uint8_t { never, automatic }; ///< `Sign` with a hash name and data of its length
enum class Attach : std::uint8_t { as_asked, always, never };
struct SiteQuirks {
    Prehashed prehashed = Prehashed::never;
    Attach attach = Attach::as_asked;
    bool little_endian = false;   ///< byte order of `Sign`'s RSA signatures
    bool two_digit_codes = false; ///< fingerprint and national-id commands answer 19
    bool oaep = false;            ///< `Decrypt` unwraps OAEP with SHA-1, else PKCS#1 v1.5
    bool sha1 = true;             ///< false: SHA-1 signatures are refused
    bool operator==(const SiteQuirks&) const = default;
};
struct SiteState {
    ConnectionId connection = 0;
    bool allowed = false; ///< uid still right, and the origin is not over its rate
    Access access = Access::undecided;
    std::string token;         ///< "not_activated", "activated", "initialised"; shown to granted origins only
    std::string token_label{}; ///< empty until access is granted
    SiteQuirks quirks{};
    bool silenced = false; ///< its prompts are refused for now, also where access is granted
};
struct ConnectionClosed {
    ConnectionId connection = 0;
};
/// `locked`: by the person, the screen lock, suspend; `idle_locked`: nobody used it for a while; `replaced`:
/// initialised anew, every key is gone; `changed`: keys or certificates.
enum class TokenEvent : std::uint8_t { changed, unlocked, locked, idle_locked, replaced };
struct TokenChanged {
    TokenEvent event = TokenEvent::changed;
};
/// `Reset` of a Dastine page: what the session selected is forgotten, and the origin's decrypt window ends.
struct SessionReset {
    ConnectionId connection = 0;
    std::string session;
};

// --- operations ---
/// `any`: what can sign or decrypt; for selections of the Dastine front only.
enum class Purpose : std::uint8_t { sign, authenticate, decrypt, any };
enum class Scheme : std::uint8_t { automatic, rsa_pkcs1_v15, rsa_pss, ecdsa };

struct Thumbprint {
    DigestAlgorithm algorithm = DigestAlgorithm::sha1;
    Bytes digest;
};
/// Bits of KeyUsage (RFC 5280 section 4.2.1.3) as CertificateFilter names them.
inline constexpr std::uint32_t usage_digital_signature = 1U << 0;
inline constexpr std::uint32_t usage_non_repudiation = 1U << 1;
inline constexpr std::uint32_t usage_key_encipherment = 1U << 2;
inline constexpr std::uint32_t usage_key_agreement = 1U << 4;
/// Which certificates come into question; what is empty does not filter. Dastine front only.
struct CertificateFilter {
    std::string issuer;  ///< part of the issuer's RFC 4514 text, without regard to case
    std::string subject; ///< the whole subject, RFC 4514 text or OpenSSL's "/CN=…"; order of RDNs is free
    std::uint32_t key_usages = 0; ///< all of them must be allowed
    std::optional<Thumbprint> thumbprint;
};
struct RequestAccess {};
struct SelectCertificate {
    Purpose purpose = Purpose::sign;
    CertificateFilter filter{};
};
struct ListCertificates {
    CertificateFilter filter{};
};
struct Authenticate {
    Bytes challenge;         ///< 32 to 512 bytes; the core builds the statement
    std::string certificate; ///< handle or empty
    Scheme scheme = Scheme::automatic;
    DigestAlgorithm digest_algorithm = DigestAlgorithm::sha256;
};
struct SignItem {
    std::string name;
    std::string media_type;
    std::uint64_t size = 0; ///< of the document; 0 where only a digest was given
    Bytes digest;
    bool blind =
        false; ///< the page gave a digest, or bytes for Dastine's `Sign`: nobody can show what is signed
    /// -1: none. Where the message carries `previews`, 0 means those, else it is an index into the message's
    /// descriptors: a sealed memfd holds the previews of many items, so that a batch of 500 fits a message. This
    /// item's is the `size` bytes from `preview_offset` on.
    int preview = -1;
    std::uint64_t preview_offset = 0;
};
enum class SignFormat : std::uint8_t { raw, cms };
struct Sign {
    SignFormat format = SignFormat::raw;
    DigestAlgorithm digest_algorithm = DigestAlgorithm::sha256;
    Scheme scheme = Scheme::automatic;
    std::string certificate;
    bool signing_time = true; ///< cms only
    std::vector<SignItem> items;
    /// cms of the Dastine front: more signed attributes, a DER Attribute (RFC 5652 section 5.3) each.
    std::vector<Bytes> attributes{};
    std::optional<Bytes> previews{}; ///< all of them where they are small; then no descriptor travels
};
struct RsaWrapped {
    bool oaep = false;
    DigestAlgorithm digest{};
    DigestAlgorithm mgf1{};
    Bytes encrypted_key;
};
struct EcWrapped {
    Bytes originator;
    DigestAlgorithm kdf_digest{};
    std::uint32_t wrap_bits = 256;
    Bytes shared_info;
    Bytes encrypted_key;
};
struct Recipient {
    Bytes issuer_der;
    std::string serial_number;
    Bytes subject_key_identifier;
    std::variant<RsaWrapped, EcWrapped> key;
};
struct Decrypt {
    std::string name;
    std::optional<std::uint64_t> size; ///< of the envelope, if known
    bool authenticated = false;
    std::string cipher;
    std::uint32_t content_key_size = 0;
    std::vector<Recipient> recipients;
};
/// Kinds of subjectAltName that a request may carry. `identifier` is a registeredID (RFC 5280).
enum class NameKind : std::uint8_t { upn, email, dns, directory, uri, ip, identifier };
struct AlternativeName {
    NameKind kind{};
    std::string value; ///< text; RFC 4514 for directory, dotted for identifier
};
struct GenerateKey {
    std::string algorithm; ///< "RSA-2048", …
    std::string subject;
    std::string label;
    std::vector<AlternativeName> names{}; ///< Dastine front only
};
struct ImportCertificate {
    Bytes data; ///< DER certificates, one after the other: the door has taken PEM and PKCS#7 apart
    /// Dastine front: a handle whose key may be the one too, beside those generated in the session.
    std::string certificate{};
};

// --- operations of the Dastine front only ---
/// One RSA block, PKCS#1 v1.5 with implicit rejection or OAEP (T21).
struct DecryptBlock {
    std::string certificate;
    bool oaep = false;
    DigestAlgorithm digest = DigestAlgorithm::sha1;
    DigestAlgorithm mgf1 = DigestAlgorithm::sha1;
    Bytes block;
};
/// A PKCS#10 request with the subject and key of a certificate.
struct RequestCertificate {
    std::string certificate;
};
/// A key generated in this session, still without a certificate.
struct RemoveKey {
    std::string key_id;
};
struct RemoveCertificate {
    std::string certificate;
};
struct ChangePin {};
struct UnblockPin {};
/// The person chooses the file and types its password in our own prompt; its key comes onto the token.
struct ImportFile {
    CertificateFilter filter{};
};

using Request = std::variant<RequestAccess, SelectCertificate, ListCertificates, Authenticate, Sign, Decrypt,
                             GenerateKey, ImportCertificate, DecryptBlock, RequestCertificate, RemoveKey,
                             RemoveCertificate, ChangePin, UnblockPin, ImportFile>;

/// An operation belongs to a connection, or (connection 0) to a file job.
struct Operation {
    OperationId id = 0;
    ConnectionId connection = 0;
    JobId job = 0;
    Request request;
    /// Dastine's `info`: handles are good for every connection of this origin with the same text. Empty: for
    /// this connection only.
    std::string session{};
};
struct OperationCancel {
    OperationId id = 0;
};
enum class PromptState : std::uint8_t { queued, shown };
struct OperationState {
    OperationId id = 0;
    PromptState state{};
};

struct CertificateView {
    std::string handle; ///< opaque, for this connection (or Dastine session) only
    Bytes certificate;  ///< DER
    std::vector<Bytes> chain;
    std::string state; ///< "active", "expired"
};
struct SignedItem {
    Bytes signature;
    Bytes signed_attributes;
};
struct AccessGranted {};
struct Selected {
    CertificateView certificate;
};
struct Listed {
    std::vector<CertificateView> certificates;
};
struct Authenticated {
    CertificateView certificate;
    Scheme scheme{};
    DigestAlgorithm digest_algorithm{};
    Bytes signature;
    std::string origin;
};
struct Signed {
    CertificateView certificate;
    Scheme scheme{};
    DigestAlgorithm digest_algorithm{};
    std::vector<SignedItem> items;
};
struct Decrypted {
    Secret content_key;
};
struct Generated {
    std::string key_id;
    Bytes request;
};
struct Imported {
    CertificateView certificate;
};
/// Of RemoveKey, RemoveCertificate, ChangePin, UnblockPin.
struct Completed {};

using Answer = std::variant<AccessGranted, Selected, Listed, Authenticated, Signed, Decrypted, Generated,
                            Imported, Completed>;
struct OperationReply {
    OperationId id = 0;
    Outcome<Answer> outcome = Failure{};
};

// --- spools: the reply carries one descriptor, an unlinked 0600 file ---
struct Spool {
    std::uint64_t id = 0;
    std::uint64_t expected_bytes = 0;
};
struct SpoolReply {
    std::uint64_t id = 0;
    bool granted = false;
};

// --- files of the command line and the desktop; descriptors: input, then output or content ---
enum class JobKind : std::uint8_t { sign, verify, encrypt, decrypt };
struct FileJob {
    JobId id = 0;
    JobKind kind{};
    std::string name;
    std::uint64_t size = 0;
    bool detached = true;
    bool signing_time = true;
    bool has_content = false; ///< verify: the second descriptor is the detached content
    DigestAlgorithm digest_algorithm = DigestAlgorithm::sha256;
    std::string certificate;
    std::vector<Bytes> certificates; ///< recipients, or trust anchors
};
struct FileJobReply {
    JobId id = 0;
    Outcome<std::string> outcome = Failure{}; ///< result: JSON text for the control socket
};
struct FileJobProgress {
    JobId id = 0;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
};
struct FileJobCancel {
    JobId id = 0;
};

using FromCore =
    std::variant<Configure, NewTlsIdentity, Listen, Stop, Ping, PeerVerdict, SiteState, TokenChanged,
                 OperationState, OperationReply, SpoolReply, FileJob, FileJobCancel>;
using FromDoor = std::variant<Ready, Counters, Pong, PeerCheck, SiteOpen, ConnectionClosed, SessionReset,
                              Operation, OperationCancel, Spool, FileJobReply, FileJobProgress>;

/// One message as it goes over the socket: a CBOR map, and beside it the one secret of the message (TLS key,
/// content key) as raw bytes, which so never stand in ordinary memory.
struct Encoded {
    Bytes body;
    Secret secret;
};
[[nodiscard]] Encoded encode(const FromCore& message);
[[nodiscard]] Bytes encode(const FromDoor& message);
/// Strict: unknown, missing or duplicate members, wrong types, depth over 8, more items than allowed, a
/// secret where none belongs or none where one does are BaseErrc::malformed.
[[nodiscard]] Result<FromCore> decode_from_core(ByteView body, Secret secret);
[[nodiscard]] Result<FromDoor> decode_from_door(ByteView body);

} // namespace mohr::protocol::link
