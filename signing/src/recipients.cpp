// SPDX-License-Identifier: Apache-2.0
#include "recipients.hpp"

#include "key_agreement.hpp"
#include "signer_info.hpp"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/rsa.h>

namespace mohr::signing {
namespace {

constexpr unsigned min_rsa_bits = 2048;
constexpr unsigned wrap_bits = 256;

Error malformed(const char* what) {
    return {SigningErrc::malformed, what};
}

using OwnedInteger = Owned<ASN1_INTEGER, ASN1_INTEGER_free>;

Result<std::string> serial_text(ByteView der) {
    const unsigned char* cursor = der.data();
    const OwnedInteger serial(d2i_ASN1_INTEGER(nullptr, &cursor, static_cast<long>(der.size())));
    const OwnedBignum number(serial ? ASN1_INTEGER_to_BN(serial.get(), nullptr) : nullptr);
    const OwnedOpensslBuffer hex(number ? reinterpret_cast<unsigned char*>(BN_bn2hex(number.get()))
                                        : nullptr);
    ERR_clear_error();
    if (!hex) return malformed("serial number");
    return std::string(reinterpret_cast<const char*>(hex.get()));
}

Result<void> read_name(const der::Element& sequence, Recipient& out) {
    const auto id = read_issuer_and_serial(sequence);
    if (!id) return id.error();
    auto serial = serial_text(id->serial);
    if (!serial) return serial.error();
    out.issuer_der = to_bytes(id->issuer);
    out.serial_number = std::move(*serial);
    return {};
}

/// SubjectPublicKeyInfo of an OriginatorPublicKey, on a curve that we take by its name: parameters that spell
/// a curve out could choose a weak one. Where they are absent or NULL the recipient's curve is meant, which
/// the size of an uncompressed point tells.
std::optional<Bytes> originator_info(const AlgorithmIdentifier& algorithm, const der::Element& point) {
    if (algorithm.nid != NID_X9_62_id_ecPublicKey) return std::nullopt;
    int curve = NID_undef;
    if (!algorithm.without_parameters()) {
        if (algorithm.parameters->tag != der::oid_tag) return std::nullopt;
        curve = der::nid_of(*algorithm.parameters);
    } else if (point.content.size() == 1 + 65) { // one octet says how many bits of the last one are unused
        curve = NID_X9_62_prime256v1;
    } else if (point.content.size() == 1 + 97) {
        curve = NID_secp384r1;
    }
    if (curve != NID_X9_62_prime256v1 && curve != NID_secp384r1) return std::nullopt;
    const Bytes identifier = der::sequence({der::oid(NID_X9_62_id_ecPublicKey), der::oid(curve)});
    return der::sequence({identifier, point.whole});
}

/// One-pass ECDH; the curves that we take have cofactor 1, so that the cofactor schemes are the same.
std::optional<DigestAlgorithm> kdf_digest(int nid) {
    switch (nid) {
    case NID_dhSinglePass_stdDH_sha1kdf_scheme:
    case NID_dhSinglePass_cofactorDH_sha1kdf_scheme:
        return DigestAlgorithm::sha1;
    case NID_dhSinglePass_stdDH_sha256kdf_scheme:
    case NID_dhSinglePass_cofactorDH_sha256kdf_scheme:
        return DigestAlgorithm::sha256;
    case NID_dhSinglePass_stdDH_sha384kdf_scheme:
    case NID_dhSinglePass_cofactorDH_sha384kdf_scheme:
        return DigestAlgorithm::sha384;
    case NID_dhSinglePass_stdDH_sha512kdf_scheme:
    case NID_dhSinglePass_cofactorDH_sha512kdf_scheme:
        return DigestAlgorithm::sha512;
    default:
        return std::nullopt;
    }
}

unsigned wrap_bits_of(int nid) {
    switch (nid) {
    case NID_id_aes128_wrap:
        return 128;
    case NID_id_aes192_wrap:
        return 192;
    case NID_id_aes256_wrap:
        return 256;
    default:
        return 0;
    }
}

/// keyEncryptionAlgorithm of key agreement: which KDF, and as its parameters the key wrap. Nothing if of
/// another kind.
Result<std::optional<EcRecipient>> read_agreement(const der::Element& sequence,
                                                  std::optional<ByteView> user_keying_material) {
    const auto scheme = read_algorithm(sequence);
    if (!scheme) return scheme.error();
    const auto digest = kdf_digest(scheme->nid);
    if (!digest || !scheme->parameters) return std::optional<EcRecipient>{};
    const auto wrap = read_algorithm(*scheme->parameters);
    if (!wrap) return wrap.error();
    EcRecipient out;
    out.kdf_digest = *digest;
    out.wrap_bits = wrap_bits_of(wrap->nid);
    if (out.wrap_bits == 0) return std::optional<EcRecipient>{};
    out.shared_info = shared_info(wrap->whole, user_keying_material, out.wrap_bits);
    return std::optional<EcRecipient>(std::move(out));
}

/// OriginatorIdentifierOrKey: only the key itself ([1]) serves one-pass ECDH.
Result<std::optional<Bytes>> read_originator(const der::Element& wrapper) {
    der::Cursor choice(wrapper.content);
    const auto key = choice.next();
    if (!key) return key.error();
    if (key->tag != der::context_constructed(1)) return std::optional<Bytes>{};
    der::Cursor fields(key->content);
    const auto algorithm = fields.next(der::sequence_tag);
    if (!algorithm) return algorithm.error();
    const auto identifier = read_algorithm(*algorithm);
    if (!identifier) return identifier.error();
    const auto point = fields.next(der::bit_string_tag);
    if (!point) return point.error();
    return originator_info(*identifier, *point);
}

/// RecipientEncryptedKey ::= SEQUENCE { rid issuerAndSerialNumber or [0] { subjectKeyIdentifier, … },
/// encryptedKey }
Result<Recipient> read_encrypted_key(const der::Element& sequence, const EcRecipient& common) {
    Recipient out;
    der::Cursor fields(sequence.content);
    const auto id = fields.next();
    if (!id) return id.error();
    if (id->tag == der::sequence_tag) {
        MOHR_TRY(read_name(*id, out));
    } else if (id->tag == der::context_constructed(0)) {
        const auto identifier = der::Cursor(id->content).next(der::octet_string_tag);
        if (!identifier) return identifier.error();
        out.subject_key_identifier = to_bytes(identifier->content);
    } else {
        return malformed("recipient identifier");
    }
    const auto encrypted = fields.next(der::octet_string_tag);
    if (!encrypted) return encrypted.error();
    EcRecipient key = common;
    key.encrypted_key = to_bytes(encrypted->content);
    out.key = std::move(key);
    return out;
}

Result<Bytes> issuer_and_serial(const Certificate& certificate) {
    const auto serial = to_der(i2d_ASN1_INTEGER, X509_get0_serialNumber(certificate.get0()));
    if (!serial) return serial.error();
    return der::sequence({certificate.issuer_der(), *serial});
}

Result<Bytes> make_key_transport(const Certificate& certificate, const Secret& content_key) {
    const auto id = issuer_and_serial(certificate);
    if (!id) return id.error();
    const OwnedKeyContext context(
        EVP_PKEY_CTX_new_from_pkey(nullptr, certificate.get0_public_key(), nullptr));
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(certificate.get0_public_key()));
    Bytes encrypted(size);
    const bool done = context && EVP_PKEY_encrypt_init(context.get()) == 1 &&
                      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
                      EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) == 1 &&
                      EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) == 1 &&
                      EVP_PKEY_encrypt(context.get(), encrypted.data(), &size, content_key.reveal().data(),
                                       content_key.size()) == 1;
    MOHR_TRY(check(done, "OAEP"));
    encrypted.resize(size);
    return der::sequence({der::integer(0), *id, oaep_identifier(DigestAlgorithm::sha256),
                          der::tlv(der::octet_string_tag, {encrypted})});
}

struct OneTimeAgreement {
    Bytes point; ///< BIT STRING element
    Secret shared;
};

Result<OneTimeAgreement> agree_once(EVP_PKEY* peer) {
    const OwnedKeyContext generator(EVP_PKEY_CTX_new_from_pkey(nullptr, peer, nullptr));
    EVP_PKEY* raw = nullptr;
    MOHR_TRY(check(generator && EVP_PKEY_keygen_init(generator.get()) == 1 &&
                       EVP_PKEY_generate(generator.get(), &raw) == 1,
                   "EC key"));
    const OwnedKey own(raw);
    const OwnedKeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
    std::size_t size = 0;
    MOHR_TRY(check(context && EVP_PKEY_derive_init(context.get()) == 1 &&
                       EVP_PKEY_derive_set_peer(context.get(), peer) == 1 &&
                       EVP_PKEY_derive(context.get(), nullptr, &size) == 1,
                   "ECDH"));
    OneTimeAgreement out{{}, Secret(size)};
    MOHR_TRY(check(EVP_PKEY_derive(context.get(), out.shared.reveal_mutable().data(), &size) == 1, "ECDH"));
    out.shared.shrink(size);
    unsigned char* encoded = nullptr;
    const std::size_t encoded_size = EVP_PKEY_get1_encoded_public_key(own.get(), &encoded);
    const OwnedOpensslBuffer owner(encoded);
    MOHR_TRY(check(encoded_size > 0, "EC point"));
    const std::uint8_t no_unused_bits = 0;
    out.point =
        der::tlv(der::bit_string_tag, {ByteView(&no_unused_bits, 1), ByteView(encoded, encoded_size)});
    return out;
}

Result<Bytes> make_key_agreement(const Certificate& certificate, const Secret& content_key) {
    const auto id = issuer_and_serial(certificate);
    if (!id) return id.error();
    const auto agreement = agree_once(certificate.get0_public_key());
    if (!agreement) return agreement.error();
    const Bytes wrap = der::sequence({der::oid(NID_id_aes256_wrap)});
    EcRecipient how;
    how.kdf_digest = DigestAlgorithm::sha256;
    how.wrap_bits = wrap_bits;
    how.shared_info = shared_info(wrap, std::nullopt, wrap_bits);
    const auto wrapping = wrapping_key(how, agreement->shared);
    if (!wrapping) return wrapping.error();
    const auto encrypted = wrap_key(*wrapping, content_key);
    if (!encrypted) return encrypted.error();
    const Bytes originator = der::tlv(
        der::context_constructed(1), {der::sequence({der::oid(NID_X9_62_id_ecPublicKey)}), agreement->point});
    const Bytes keys = der::sequence({der::sequence({*id, der::tlv(der::octet_string_tag, {*encrypted})})});
    return der::tlv(der::context_constructed(1),
                    {der::integer(3), der::tlv(der::context_constructed(0), {originator}),
                     der::sequence({der::oid(NID_dhSinglePass_stdDH_sha256kdf_scheme), wrap}), keys});
}

} // namespace

bool Recipient::fits(const Certificate& certificate) const {
    const bool rsa = std::holds_alternative<RsaRecipient>(key);
    if (rsa != (certificate.key_kind() == PublicKeyKind::rsa)) return false;
    if (!subject_key_identifier.empty()) return has_key_identifier(certificate, subject_key_identifier);
    if (serial_number != certificate.serial_number()) return false;
    const unsigned char* cursor = issuer_der.data();
    const OwnedX509Name issuer(d2i_X509_NAME(nullptr, &cursor, static_cast<long>(issuer_der.size())));
    ERR_clear_error();
    return issuer && X509_NAME_cmp(issuer.get(), X509_get_issuer_name(certificate.get0())) == 0;
}

Result<std::vector<Recipient>> read_key_transport(ByteView ber) {
    const auto encoding = der::definite(ber);
    if (!encoding) return encoding.error();
    const auto outer = der::single(*encoding, der::sequence_tag);
    if (!outer) return outer.error();
    der::Cursor fields(outer->content);
    if (const auto version = fields.next(der::integer_tag); !version) return version.error();
    Recipient out;
    const auto id = fields.next();
    if (!id) return id.error();
    if (id->tag == der::sequence_tag) {
        MOHR_TRY(read_name(*id, out));
    } else if (id->tag == der::context(0)) {
        out.subject_key_identifier = to_bytes(id->content);
    } else {
        return malformed("recipient identifier");
    }
    const auto algorithm = fields.next(der::sequence_tag);
    if (!algorithm) return algorithm.error();
    const auto identifier = read_algorithm(*algorithm);
    if (!identifier) return identifier.error();
    const auto encrypted = fields.next(der::octet_string_tag);
    if (!encrypted) return encrypted.error();
    if (!fields.at_end()) return malformed("KeyTransRecipientInfo");

    RsaRecipient key;
    key.encrypted_key = to_bytes(encrypted->content);
    if (identifier->nid == NID_rsaesOaep) {
        const auto oaep = read_oaep(*identifier);
        if (!oaep) {
            if (oaep.error().code == SigningErrc::unsupported) return std::vector<Recipient>{};
            return oaep.error();
        }
        key.oaep = true;
        key.oaep_digest = oaep->digest;
        key.oaep_mgf1 = oaep->mgf1;
    } else if (identifier->nid != NID_rsaEncryption) {
        return std::vector<Recipient>{};
    }
    out.key = std::move(key);
    return std::vector<Recipient>{std::move(out)};
}

Result<std::vector<Recipient>> read_key_agreement(ByteView ber) {
    const auto encoding = der::definite(ber);
    if (!encoding) return encoding.error();
    const auto outer = der::single(*encoding, der::context_constructed(1));
    if (!outer) return outer.error();
    der::Cursor fields(outer->content);
    if (const auto version = fields.next(der::integer_tag); !version) return version.error();
    const auto originator = fields.next(der::context_constructed(0));
    if (!originator) return originator.error();
    auto public_key = read_originator(*originator);
    if (!public_key) return public_key.error();
    std::optional<ByteView> user_keying_material;
    const auto material = fields.next_if(der::context_constructed(1));
    if (!material) return material.error();
    if (*material) {
        const auto octets = der::single((*material)->content, der::octet_string_tag);
        if (!octets) return octets.error();
        user_keying_material = octets->content;
    }
    const auto algorithm = fields.next(der::sequence_tag);
    if (!algorithm) return algorithm.error();
    auto common = read_agreement(*algorithm, user_keying_material);
    if (!common) return common.error();
    const auto keys = fields.next(der::sequence_tag);
    if (!keys) return keys.error();
    if (!fields.at_end()) return malformed("KeyAgreeRecipientInfo");
    std::vector<Recipient> out;
    if (!*public_key || !*common) return out;
    (*common)->originator_public_key = std::move(**public_key);
    der::Cursor list(keys->content);
    while (!list.at_end()) {
        const auto sequence = list.next(der::sequence_tag);
        if (!sequence) return sequence.error();
        auto recipient = read_encrypted_key(*sequence, **common);
        if (!recipient) return recipient.error();
        if (out.size() == max_recipients) return Error(SigningErrc::limit, "number of recipients");
        out.push_back(std::move(*recipient));
    }
    return out;
}

Result<void> check_recipient(const Certificate& certificate) {
    const KeyUsage usage = certificate.key_usage();
    switch (certificate.key_kind()) {
    case PublicKeyKind::rsa:
        if (certificate.key_bits() < min_rsa_bits)
            return Error(SigningErrc::unsupported, "RSA key below 2048 bits");
        if (usage.present && !usage.key_encipherment) return Error(SigningErrc::key_usage);
        return {};
    case PublicKeyKind::ec_p256:
    case PublicKeyKind::ec_p384:
        if (usage.present && !usage.key_agreement && !usage.key_encipherment)
            return Error(SigningErrc::key_usage);
        return {};
    case PublicKeyKind::other:
        break;
    }
    return Error(SigningErrc::unsupported, "kind of the recipient's key");
}

Result<Bytes> make_recipient_info(const Certificate& certificate, const Secret& content_key) {
    return certificate.key_kind() == PublicKeyKind::rsa ? make_key_transport(certificate, content_key)
                                                        : make_key_agreement(certificate, content_key);
}

} // namespace mohr::signing
