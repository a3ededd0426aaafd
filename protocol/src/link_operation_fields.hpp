// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "link_fields.hpp"

/// The members of what is asked of the core and of what it answers.
namespace mohr::protocol::link {

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

} // namespace mohr::protocol::link
