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
