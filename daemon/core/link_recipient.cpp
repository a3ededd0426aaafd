// SPDX-License-Identifier: Apache-2.0
#include "link_recipient.hpp"

namespace mohr::core {

namespace link = protocol::link;

signing::Recipient to_signing(const link::Recipient& recipient) {
    signing::Recipient to;
    to.issuer_der = recipient.issuer_der;
    to.serial_number = recipient.serial_number;
    to.subject_key_identifier = recipient.subject_key_identifier;
    if (const auto* rsa = std::get_if<link::RsaWrapped>(&recipient.key)) {
        signing::RsaRecipient key;
        key.oaep = rsa->oaep;
        key.oaep_digest = rsa->digest;
        key.oaep_mgf1 = rsa->mgf1;
        key.encrypted_key = rsa->encrypted_key;
        to.key = std::move(key);
    } else if (const auto* ec = std::get_if<link::EcWrapped>(&recipient.key)) {
        signing::EcRecipient key;
        key.originator_public_key = ec->originator;
        key.kdf_digest = ec->kdf_digest;
        key.wrap_bits = ec->wrap_bits;
        key.shared_info = ec->shared_info;
        key.encrypted_key = ec->encrypted_key;
        to.key = std::move(key);
    }
    return to;
}

} // namespace mohr::core
