// SPDX-License-Identifier: Apache-2.0
#include "algorithms.hpp"

#include <mohr/signing/errors.hpp>

#include <openssl/objects.h>

namespace mohr::signing {
namespace {

Error unsupported(const char* what) {
    return {SigningErrc::unsupported, what};
}

const Bytes& null_parameters() {
    static const Bytes null{0x05, 0x00};
    return null;
}

Bytes mgf1_identifier(DigestAlgorithm algorithm) {
    return der::sequence({der::oid(NID_mgf1), digest_identifier(algorithm)});
}

Result<DigestAlgorithm> read_digest(ByteView encoding) {
    const auto sequence = der::single(encoding, der::sequence_tag);
    if (!sequence) return sequence.error();
    const auto identifier = read_algorithm(*sequence);
    if (!identifier) return identifier.error();
    const auto digest = digest_algorithm(*identifier);
    if (!digest) return unsupported("digest");
    return *digest;
}

/// The [0] digest and [1] mask generation function, both SHA-1 by default.
Result<MaskedDigests> read_masked(der::Cursor& fields) {
    MaskedDigests out;
    const auto digest = fields.next_if(der::context_constructed(0));
    if (!digest) return digest.error();
    if (*digest) {
        const auto algorithm = read_digest((*digest)->content);
        if (!algorithm) return algorithm.error();
        out.digest = *algorithm;
    }
    const auto mask = fields.next_if(der::context_constructed(1));
    if (!mask) return mask.error();
    if (*mask) {
        const auto sequence = der::single((*mask)->content, der::sequence_tag);
        if (!sequence) return sequence.error();
        const auto identifier = read_algorithm(*sequence);
        if (!identifier) return identifier.error();
        if (identifier->nid != NID_mgf1 || !identifier->parameters)
            return unsupported("mask generation function");
        const auto algorithm = read_digest(identifier->parameters->whole);
        if (!algorithm) return algorithm.error();
        out.mgf1 = *algorithm;
    }
    return out;
}

Result<int> read_small_integer(ByteView encoding) {
    const auto value = der::single(encoding, der::integer_tag);
    if (!value) return value.error();
    if (value->content.empty() || value->content.size() > 2 || value->content[0] >= 0x80)
        return unsupported("parameter value");
    int out = 0;
    for (const std::uint8_t byte : value->content) out = out * 256 + byte;
    return out;
}

/// The parameters' SEQUENCE; absent ones stand for all defaults.
Result<der::Cursor> parameter_fields(const AlgorithmIdentifier& identifier) {
    if (!identifier.parameters) return der::Cursor(ByteView{});
    const auto sequence = der::single(identifier.parameters->whole, der::sequence_tag);
    if (!sequence) return sequence.error();
    return der::Cursor(sequence->content);
}

} // namespace

bool AlgorithmIdentifier::without_parameters() const noexcept {
    return !parameters || (parameters->tag == 0x05 && parameters->content.empty());
}

Result<AlgorithmIdentifier> read_algorithm(const der::Element& sequence) {
    AlgorithmIdentifier out;
    out.whole = sequence.whole;
    if (sequence.tag != der::sequence_tag) return Error(SigningErrc::malformed, "AlgorithmIdentifier");
    der::Cursor fields(sequence.content);
    const auto oid = fields.next(der::oid_tag);
    if (!oid) return oid.error();
    out.nid = der::nid_of(*oid);
    if (!fields.at_end()) {
        const auto parameters = fields.next();
        if (!parameters) return parameters.error();
        out.parameters = *parameters;
    }
    if (!fields.at_end()) return Error(SigningErrc::malformed, "AlgorithmIdentifier");
    return out;
}

int nid_of(DigestAlgorithm algorithm) noexcept {
    return EVP_MD_get_type(digest_method(algorithm));
}

std::optional<DigestAlgorithm> digest_algorithm(const AlgorithmIdentifier& identifier) noexcept {
    if (!identifier.without_parameters()) return std::nullopt;
    for (const auto algorithm :
         {DigestAlgorithm::sha1, DigestAlgorithm::sha256, DigestAlgorithm::sha384, DigestAlgorithm::sha512})
        if (identifier.nid == nid_of(algorithm)) return algorithm;
    return std::nullopt;
}

Bytes digest_identifier(DigestAlgorithm algorithm) {
    return der::sequence({der::oid(nid_of(algorithm))});
}

Result<MaskedDigests> read_pss(const AlgorithmIdentifier& identifier) {
    auto fields = parameter_fields(identifier);
    if (!fields) return fields.error();
    auto out = read_masked(*fields);
    if (!out) return out.error();
    const auto salt = fields->next_if(der::context_constructed(2));
    if (!salt) return salt.error();
    if (*salt) {
        const auto length = read_small_integer((*salt)->content);
        if (!length) return length.error();
        out->salt_length = *length;
    }
    const auto trailer = fields->next_if(der::context_constructed(3));
    if (!trailer) return trailer.error();
    if (*trailer) {
        const auto value = read_small_integer((*trailer)->content);
        if (!value || *value != 1) return unsupported("PSS trailer");
    }
    if (!fields->at_end()) return Error(SigningErrc::malformed, "PSS parameters");
    return out;
}

Result<MaskedDigests> read_oaep(const AlgorithmIdentifier& identifier) {
    auto fields = parameter_fields(identifier);
    if (!fields) return fields.error();
    auto out = read_masked(*fields);
    if (!out) return out.error();
    const auto label = fields->next_if(der::context_constructed(2));
    if (!label) return label.error();
    if (*label) {
        const auto sequence = der::single((*label)->content, der::sequence_tag);
        if (!sequence) return sequence.error();
        const auto source = read_algorithm(*sequence);
        if (!source) return source.error();
        const bool empty = source->nid == NID_pSpecified && source->parameters &&
                           source->parameters->tag == der::octet_string_tag &&
                           source->parameters->content.empty();
        if (!empty) return unsupported("OAEP label");
    }
    if (!fields->at_end()) return Error(SigningErrc::malformed, "OAEP parameters");
    return out;
}

Bytes oaep_identifier(DigestAlgorithm algorithm) {
    const Bytes digest = der::tlv(der::context_constructed(0), {digest_identifier(algorithm)});
    const Bytes mask = der::tlv(der::context_constructed(1), {mgf1_identifier(algorithm)});
    return der::sequence({der::oid(NID_rsaesOaep), der::sequence({digest, mask})});
}

Bytes signature_identifier(SignatureAlgorithm algorithm, DigestAlgorithm digest) {
    switch (algorithm) {
    case SignatureAlgorithm::rsa_pkcs1_v15:
        return der::sequence({der::oid(NID_rsaEncryption), null_parameters()});
    case SignatureAlgorithm::ecdsa: {
        int nid = NID_undef;
        OBJ_find_sigid_by_algs(&nid, nid_of(digest), NID_X9_62_id_ecPublicKey);
        return der::sequence({der::oid(nid)});
    }
    case SignatureAlgorithm::rsa_pss:
        break;
    }
    const Bytes hash = der::tlv(der::context_constructed(0), {digest_identifier(digest)});
    const Bytes mask = der::tlv(der::context_constructed(1), {mgf1_identifier(digest)});
    const Bytes salt =
        der::tlv(der::context_constructed(2), {der::integer(static_cast<std::uint8_t>(digest_size(digest)))});
    return der::sequence({der::oid(NID_rsassaPss), der::sequence({hash, mask, salt})});
}

Result<SignatureMethod> read_signature_method(const AlgorithmIdentifier& identifier) {
    SignatureMethod out;
    if (identifier.nid == NID_rsassaPss) {
        const auto pss = read_pss(identifier);
        if (!pss) return pss.error();
        out.algorithm = SignatureAlgorithm::rsa_pss;
        out.digest = pss->digest;
        out.pss = *pss;
        return out;
    }
    if (!identifier.without_parameters()) return unsupported("signature parameters");
    int key_nid = identifier.nid;
    int digest_nid = NID_undef;
    // False for the plain key identifiers (rsaEncryption, id-ecPublicKey), which name no digest.
    if (OBJ_find_sigid_algs(identifier.nid, &digest_nid, &key_nid) == 1 && digest_nid != NID_undef) {
        AlgorithmIdentifier digest;
        digest.nid = digest_nid;
        out.digest = digest_algorithm(digest);
        if (!out.digest) return unsupported("signature digest");
    }
    if (key_nid == NID_rsaEncryption) {
        out.algorithm = SignatureAlgorithm::rsa_pkcs1_v15;
    } else if (key_nid == NID_X9_62_id_ecPublicKey) {
        out.algorithm = SignatureAlgorithm::ecdsa;
    } else {
        return unsupported("signature algorithm");
    }
    return out;
}

} // namespace mohr::signing
