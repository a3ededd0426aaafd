// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "catch_compat.hpp"
#include "operation_fixture.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/openssl.hpp>

#include <openssl/rsa.h>

#include <algorithm>
#include <string>

/// A site on the Dastine front, and what it asks.
namespace mohr::test {

struct PortalFixture : OperationFixture {
    PortalFixture() {
        front = link::Api::dastine;
        session = "k3JdA0000000001";
        rsa = add_key(token::KeyAlgorithm::rsa_2048, "digitalSignature,nonRepudiation,keyEncipherment");
        service->connection_opened(1, portal, front);
        service->connection_opened(2, portal, front);
        service->connection_opened(3, other, front);
    }
    /// Selects with the given key and returns the handle.
    std::string select(const token::KeyId& key, bool remember = false, const std::string& origin = portal,
                       link::ConnectionId connection = 1) {
        auto& call = ask(link::SelectCertificate{link::Purpose::any, {}}, origin, connection);
        surface.allow({}, key.text(), remember);
        executor.run();
        return call.as<link::Selected>().certificate.handle;
    }
    Call& sign_with(const std::string& handle, const std::string& origin = portal,
                    link::ConnectionId connection = 1) {
        auto request = cms({"text"});
        request.certificate = handle;
        return ask(request, origin, connection);
    }
    token::KeyId rsa;
};

inline link::Sign blind(DigestAlgorithm algorithm, std::string_view data) {
    link::Sign sign;
    sign.digest_algorithm = algorithm;
    auto item = OperationFixture::item(data);
    item.digest = digest(algorithm, as_bytes(data));
    item.blind = true;
    sign.items.push_back(std::move(item));
    return sign;
}

/// An RSA block of PKCS#1 v1.5 or OAEP around these bytes.
inline Bytes rsa_block(const Certificate& to, std::string_view message, int padding) {
    const OwnedKeyContext context(EVP_PKEY_CTX_new(to.get0_public_key(), nullptr));
    REQUIRE(EVP_PKEY_encrypt_init(context.get()) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) == 1);
    Bytes out(512);
    std::size_t length = out.size();
    const auto bytes = as_bytes(message);
    REQUIRE(EVP_PKEY_encrypt(context.get(), out.data(), &length, bytes.data(), bytes.size()) == 1);
    out.resize(length);
    return out;
}

/// A CMS envelope to one certificate, as the door takes it apart.
inline link::Decrypt envelope(const Certificate& to) {
    link::Decrypt decrypt;
    decrypt.name = "envelope";
    decrypt.content_key_size = 16;
    link::Recipient recipient;
    recipient.issuer_der = to.issuer_der();
    recipient.serial_number = to.serial_number();
    link::RsaWrapped wrapped;
    wrapped.digest = wrapped.mgf1 = DigestAlgorithm::sha1;
    wrapped.encrypted_key = rsa_block(to, "0123456789abcdef", RSA_PKCS1_PADDING);
    recipient.key = wrapped;
    decrypt.recipients.push_back(std::move(recipient));
    return decrypt;
}

inline core::PromptAnswer with_window(unsigned items, unsigned minutes) {
    auto answer = RecordingSurface::allowing(user_pin);
    answer.window = core::WindowTerms{items, minutes};
    return answer;
}

inline bool has_log(const OperationFixture& f, std::string_view text) {
    const auto lines = f.log_lines();
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

} // namespace mohr::test
