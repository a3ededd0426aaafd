// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/link.hpp>

#include <type_traits>

/// The members of every message of the link, named once for both directions: an archive is called with name
/// and member, and writes or reads it.
namespace mohr::protocol::link {

template <class M, class T>
concept Is = std::is_same_v<std::remove_const_t<M>, T>;

template <class T>
inline constexpr const char* type_name = nullptr;

template <class E>
inline constexpr E last_of = E{};
template <>
inline constexpr Api last_of<Api> = Api::dastine;
template <>
inline constexpr Access last_of<Access> = Access::silenced;
template <>
inline constexpr Purpose last_of<Purpose> = Purpose::any;
template <>
inline constexpr Scheme last_of<Scheme> = Scheme::ecdsa;
template <>
inline constexpr SignFormat last_of<SignFormat> = SignFormat::cms;
template <>
inline constexpr PromptState last_of<PromptState> = PromptState::shown;
template <>
inline constexpr JobKind last_of<JobKind> = JobKind::decrypt;
template <>
inline constexpr Prehashed last_of<Prehashed> = Prehashed::automatic;
template <>
inline constexpr Attach last_of<Attach> = Attach::never;
template <>
inline constexpr TokenEvent last_of<TokenEvent> = TokenEvent::replaced;
template <>
inline constexpr NameKind last_of<NameKind> = NameKind::identifier;
template <>
inline constexpr DigestAlgorithm last_of<DigestAlgorithm> = DigestAlgorithm::sha512;

// The log's text of a failure stays on its own side.
template <class A, Is<Failure> M>
void describe(A& a, M& m) {
    a("code", m.code);
    a("tries_left", m.tries_left);
    a("retry_after", m.retry_after);
    a("path", m.path);
    a("limit", m.limit);
    a("max", m.max);
    a("reason", m.reason);
}

template <class A, Is<FourTuple> M>
void describe(A& a, M& m) {
    a("local_address", m.local_address);
    a("local_port", m.local_port);
    a("remote_address", m.remote_address);
    a("remote_port", m.remote_port);
}

template <class A, Is<Limits> M>
void describe(A& a, M& m) {
    a("connections", m.connections);
    a("connections_per_origin", m.connections_per_origin);
    a("silent_connections", m.silent_connections);
    a("message_bytes", m.message_bytes);
    a("binary_bytes", m.binary_bytes);
    a("inline_bytes", m.inline_bytes);
    a("json_depth", m.json_depth);
    a("requests_per_connection", m.requests_per_connection);
    a("streams_per_connection", m.streams_per_connection);
    a("batch_items", m.batch_items);
    a("header_bytes", m.header_bytes);
    a("header_fields", m.header_fields);
    a("stream_bytes", m.stream_bytes);
    a("credit_bytes", m.credit_bytes);
    a("silent", m.silent);
    a("tls_handshake", m.tls_handshake);
    a("headers", m.headers);
    a("first_message", m.first_message);
    a("ping", m.ping);
    a("pong", m.pong);
    a("idle", m.idle);
}

template <class A, Is<DastineLimits> M>
void describe(A& a, M& m) {
    a("connections", m.connections);
    a("connections_per_origin", m.connections_per_origin);
    a("message_bytes", m.message_bytes);
    a("buffered_bytes", m.buffered_bytes);
    a("requests_per_connection", m.requests_per_connection);
}

template <class A, Is<ListenSocket> M>
void describe(A& a, M& m) {
    a("tls", m.tls);
    a("port", m.port);
    a("ipv6", m.ipv6);
}

template <>
inline constexpr const char* type_name<Configure> = "configure";
template <class A, Is<Configure> M>
void describe(A& a, M& m) {
    a("protocol", m.protocol);
    a("product_version", m.product_version);
    a("limits", m.limits);
    a("dastine", m.dastine);
    a("dastine_version", m.dastine_version);
    a("developer_mode", m.developer_mode);
    a("plain_hosts", m.plain_hosts);
    a("tls_hosts", m.tls_hosts);
    a("sockets", m.sockets);
    a("tls_key", m.tls_key);
    a("tls_chain", m.tls_chain);
    a("accepting", m.accepting);
}

template <>
inline constexpr const char* type_name<NewTlsIdentity> = "new_tls_identity";
template <class A, Is<NewTlsIdentity> M>
void describe(A& a, M& m) {
    a("tls_hosts", m.tls_hosts);
    a("tls_key", m.tls_key);
    a("tls_chain", m.tls_chain);
}

template <>
inline constexpr const char* type_name<Ready> = "ready";
template <class A, Is<Ready> M>
void describe(A& a, M& m) {
    a("landlock_abi", m.landlock_abi);
    a("seccomp", m.seccomp);
}

template <>
inline constexpr const char* type_name<Listen> = "listen";
template <class A, Is<Listen> M>
void describe(A& a, M& m) {
    a("on", m.on);
    a("reason", m.reason);
}

template <>
inline constexpr const char* type_name<Stop> = "stop";
template <class A, Is<Stop> M>
void describe(A&, M&) {}

template <>
inline constexpr const char* type_name<Ping> = "ping";
template <>
inline constexpr const char* type_name<Pong> = "pong";
template <class A, class M>
requires Is<M, Ping> || Is<M, Pong>
void describe(A& a, M& m) {
    a("number", m.number);
}

template <>
inline constexpr const char* type_name<Counters> = "counters";
template <class A, Is<Counters> M>
void describe(A& a, M& m) {
    a("connections", m.connections);
    a("silent", m.silent);
    a("streams", m.streams);
}

template <>
inline constexpr const char* type_name<PeerCheck> = "peer_check";
template <class A, Is<PeerCheck> M>
void describe(A& a, M& m) {
    a("connection", m.connection);
    a("peer", m.peer);
}

template <>
inline constexpr const char* type_name<PeerVerdict> = "peer_verdict";
template <class A, Is<PeerVerdict> M>
void describe(A& a, M& m) {
    a("connection", m.connection);
    a("allowed", m.allowed);
}

template <>
inline constexpr const char* type_name<SiteOpen> = "site_open";
template <class A, Is<SiteOpen> M>
void describe(A& a, M& m) {
    a("connection", m.connection);
    a("peer", m.peer);
    a("origin", m.origin);
    a("api", m.api);
    a("tls", m.tls);
}

template <class A, Is<SiteQuirks> M>
void describe(A& a, M& m) {
    a("prehashed", m.prehashed);
    a("attach", m.attach);
    a("little_endian", m.little_endian);
    a("two_digit_codes", m.two_digit_codes);
    a("oaep", m.oaep);
    a("sha1", m.sha1);
}

template <>
inline constexpr const char* type_name<SiteState> = "site_state";
template <class A, Is<SiteState> M>
void describe(A& a, M& m) {
    a("connection", m.connection);
    a("allowed", m.allowed);
    a("access", m.access);
    a("token", m.token);
    a("token_label", m.token_label);
    a("quirks", m.quirks);
    a("silenced", m.silenced);
}

template <>
inline constexpr const char* type_name<ConnectionClosed> = "connection_closed";
template <class A, Is<ConnectionClosed> M>
void describe(A& a, M& m) {
    a("connection", m.connection);
}

template <>
inline constexpr const char* type_name<TokenChanged> = "token_changed";
template <class A, Is<TokenChanged> M>
void describe(A& a, M& m) {
    a("event", m.event);
}

template <>
inline constexpr const char* type_name<SessionReset> = "session_reset";
template <class A, Is<SessionReset> M>
void describe(A& a, M& m) {
    a("connection", m.connection);
    a("session", m.session);
}

template <class A, Is<Thumbprint> M>
void describe(A& a, M& m) {
    a("algorithm", m.algorithm);
    a("digest", m.digest);
}

template <class A, Is<CertificateFilter> M>
void describe(A& a, M& m) {
    a("issuer", m.issuer);
    a("subject", m.subject);
    a("key_usages", m.key_usages);
    a("thumbprint", m.thumbprint);
}

template <>
inline constexpr const char* type_name<RequestAccess> = "request_access";
template <class A, Is<RequestAccess> M>
void describe(A&, M&) {}

template <>
inline constexpr const char* type_name<SelectCertificate> = "select_certificate";
template <class A, Is<SelectCertificate> M>
void describe(A& a, M& m) {
    a("purpose", m.purpose);
    a("filter", m.filter);
}

template <>
inline constexpr const char* type_name<ListCertificates> = "list_certificates";
template <class A, Is<ListCertificates> M>
void describe(A& a, M& m) {
    a("filter", m.filter);
}

template <>
inline constexpr const char* type_name<Authenticate> = "authenticate";
template <class A, Is<Authenticate> M>
void describe(A& a, M& m) {
    a("challenge", m.challenge);
    a("certificate", m.certificate);
    a("scheme", m.scheme);
    a("digest_algorithm", m.digest_algorithm);
}

template <class A, Is<SignItem> M>
void describe(A& a, M& m) {
    a("name", m.name);
    a("media_type", m.media_type);
    a("size", m.size);
    a("digest", m.digest);
    a("blind", m.blind);
    a("preview", m.preview);
    a("preview_offset", m.preview_offset);
}

template <>
inline constexpr const char* type_name<Sign> = "sign";
template <class A, Is<Sign> M>
void describe(A& a, M& m) {
    a("format", m.format);
    a("digest_algorithm", m.digest_algorithm);
    a("scheme", m.scheme);
    a("certificate", m.certificate);
    a("signing_time", m.signing_time);
    a("items", m.items);
    a("attributes", m.attributes);
    a("previews", m.previews);
}

template <>
inline constexpr const char* type_name<RsaWrapped> = "rsa";
template <class A, Is<RsaWrapped> M>
void describe(A& a, M& m) {
    a("oaep", m.oaep);
    a("digest", m.digest);
    a("mgf1", m.mgf1);
    a("encrypted_key", m.encrypted_key);
}

template <>
inline constexpr const char* type_name<EcWrapped> = "ec";
template <class A, Is<EcWrapped> M>
void describe(A& a, M& m) {
    a("originator", m.originator);
    a("kdf_digest", m.kdf_digest);
    a("wrap_bits", m.wrap_bits);
    a("shared_info", m.shared_info);
    a("encrypted_key", m.encrypted_key);
}

template <class A, Is<Recipient> M>
void describe(A& a, M& m) {
    a("issuer_der", m.issuer_der);
    a("serial_number", m.serial_number);
    a("subject_key_identifier", m.subject_key_identifier);
    a("key", m.key);
}

template <>
inline constexpr const char* type_name<Decrypt> = "decrypt";
template <class A, Is<Decrypt> M>
void describe(A& a, M& m) {
    a("name", m.name);
    a("size", m.size);
    a("authenticated", m.authenticated);
    a("cipher", m.cipher);
    a("content_key_size", m.content_key_size);
    a("recipients", m.recipients);
}

template <class A, Is<AlternativeName> M>
void describe(A& a, M& m) {
    a("kind", m.kind);
    a("value", m.value);
}

template <>
inline constexpr const char* type_name<GenerateKey> = "generate_key";
template <class A, Is<GenerateKey> M>
void describe(A& a, M& m) {
    a("algorithm", m.algorithm);
    a("subject", m.subject);
    a("label", m.label);
    a("names", m.names);
}

template <>
inline constexpr const char* type_name<ImportCertificate> = "import_certificate";
template <class A, Is<ImportCertificate> M>
void describe(A& a, M& m) {
    a("data", m.data);
    a("certificate", m.certificate);
}

template <>
inline constexpr const char* type_name<DecryptBlock> = "decrypt_block";
template <class A, Is<DecryptBlock> M>
void describe(A& a, M& m) {
    a("certificate", m.certificate);
    a("oaep", m.oaep);
    a("digest", m.digest);
    a("mgf1", m.mgf1);
    a("block", m.block);
}

template <>
inline constexpr const char* type_name<RequestCertificate> = "request_certificate";
template <class A, Is<RequestCertificate> M>
void describe(A& a, M& m) {
    a("certificate", m.certificate);
}

template <>
inline constexpr const char* type_name<RemoveKey> = "remove_key";
template <class A, Is<RemoveKey> M>
void describe(A& a, M& m) {
    a("key_id", m.key_id);
}

template <>
inline constexpr const char* type_name<RemoveCertificate> = "remove_certificate";
template <class A, Is<RemoveCertificate> M>
void describe(A& a, M& m) {
    a("certificate", m.certificate);
}

template <>
inline constexpr const char* type_name<ChangePin> = "change_pin";
template <class A, Is<ChangePin> M>
void describe(A&, M&) {}

template <>
inline constexpr const char* type_name<UnblockPin> = "unblock_pin";
template <class A, Is<UnblockPin> M>
void describe(A&, M&) {}

template <>
inline constexpr const char* type_name<ImportFile> = "import_file";
template <class A, Is<ImportFile> M>
void describe(A& a, M& m) {
    a("filter", m.filter);
}

template <>
inline constexpr const char* type_name<Operation> = "operation";
template <class A, Is<Operation> M>
void describe(A& a, M& m) {
    a("id", m.id);
    a("connection", m.connection);
    a("job", m.job);
    a("request", m.request);
    a("session", m.session);
}

template <>
inline constexpr const char* type_name<OperationCancel> = "operation_cancel";
template <class A, Is<OperationCancel> M>
void describe(A& a, M& m) {
    a("id", m.id);
}

template <>
inline constexpr const char* type_name<OperationState> = "operation_state";
template <class A, Is<OperationState> M>
void describe(A& a, M& m) {
    a("id", m.id);
    a("state", m.state);
}

template <class A, Is<CertificateView> M>
void describe(A& a, M& m) {
    a("handle", m.handle);
    a("certificate", m.certificate);
    a("chain", m.chain);
    a("state", m.state);
}

template <class A, Is<SignedItem> M>
void describe(A& a, M& m) {
    a("signature", m.signature);
    a("signed_attributes", m.signed_attributes);
}

template <>
inline constexpr const char* type_name<AccessGranted> = "access_granted";
template <class A, Is<AccessGranted> M>
void describe(A&, M&) {}

template <>
inline constexpr const char* type_name<Selected> = "selected";
template <class A, Is<Selected> M>
void describe(A& a, M& m) {
    a("certificate", m.certificate);
}

template <>
inline constexpr const char* type_name<Listed> = "listed";
template <class A, Is<Listed> M>
void describe(A& a, M& m) {
    a("certificates", m.certificates);
}

template <>
inline constexpr const char* type_name<Authenticated> = "authenticated";
template <class A, Is<Authenticated> M>
void describe(A& a, M& m) {
    a("certificate", m.certificate);
    a("scheme", m.scheme);
    a("digest_algorithm", m.digest_algorithm);
    a("signature", m.signature);
    a("origin", m.origin);
}

template <>
inline constexpr const char* type_name<Signed> = "signed";
template <class A, Is<Signed> M>
void describe(A& a, M& m) {
    a("certificate", m.certificate);
    a("scheme", m.scheme);
    a("digest_algorithm", m.digest_algorithm);
    a("items", m.items);
}

template <>
inline constexpr const char* type_name<Decrypted> = "decrypted";
template <class A, Is<Decrypted> M>
void describe(A& a, M& m) {
    a("content_key", m.content_key);
}

template <>
inline constexpr const char* type_name<Generated> = "generated";
template <class A, Is<Generated> M>
void describe(A& a, M& m) {
    a("key_id", m.key_id);
    a("request", m.request);
}

template <>
inline constexpr const char* type_name<Imported> = "imported";
template <class A, Is<Imported> M>
void describe(A& a, M& m) {
    a("certificate", m.certificate);
}

template <>
inline constexpr const char* type_name<Completed> = "completed";
template <class A, Is<Completed> M>
void describe(A&, M&) {}

template <>
inline constexpr const char* type_name<OperationReply> = "operation_reply";
template <class A, Is<OperationReply> M>
void describe(A& a, M& m) {
    a("id", m.id);
    a("outcome", m.outcome);
}

template <>
inline constexpr const char* type_name<Spool> = "spool";
template <class A, Is<Spool> M>
void describe(A& a, M& m) {
    a("id", m.id);
    a("expected_bytes", m.expected_bytes);
}

template <>
inline constexpr const char* type_name<SpoolReply> = "spool_reply";
template <class A, Is<SpoolReply> M>
void describe(A& a, M& m) {
    a("id", m.id);
    a("granted", m.granted);
}

template <>
inline constexpr const char* type_name<FileJob> = "file_job";
template <class A, Is<FileJob> M>
void describe(A& a, M& m) {
    a("id", m.id);
    a("kind", m.kind);
    a("name", m.name);
    a("size", m.size);
    a("detached", m.detached);
    a("signing_time", m.signing_time);
    a("has_content", m.has_content);
    a("digest_algorithm", m.digest_algorithm);
    a("certificate", m.certificate);
    a("certificates", m.certificates);
}

template <>
inline constexpr const char* type_name<FileJobReply> = "file_job_reply";
template <class A, Is<FileJobReply> M>
void describe(A& a, M& m) {
    a("id", m.id);
    a("outcome", m.outcome);
}

template <>
inline constexpr const char* type_name<FileJobProgress> = "file_job_progress";
template <class A, Is<FileJobProgress> M>
void describe(A& a, M& m) {
    a("id", m.id);
    a("done", m.done);
    a("total", m.total);
}

template <>
inline constexpr const char* type_name<FileJobCancel> = "file_job_cancel";
template <class A, Is<FileJobCancel> M>
void describe(A& a, M& m) {
    a("id", m.id);
}

} // namespace mohr::protocol::link
