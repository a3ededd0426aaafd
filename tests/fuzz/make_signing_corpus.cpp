// SPDX-License-Identifier: Apache-2.0
// Writes small messages of every kind that the signing readers take: our own and OpenSSL's.
#include "pki.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

using namespace mohr;
using namespace mohr::signing;
using test::KeyType;

namespace {

std::filesystem::path directory;

void put(const std::string& folder, const std::string& name, ByteView bytes) {
    std::filesystem::create_directories(directory / folder);
    std::ofstream file(directory / folder / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

const Bytes& content() {
    static const Bytes bytes = to_bytes(as_bytes("content"));
    return bytes;
}

Bytes encode(CMS_ContentInfo* cms, unsigned flags) {
    const OwnedBio in = bio_over(content());
    const OwnedBio out(BIO_new(BIO_s_mem()));
    const bool done = (flags & CMS_STREAM) != 0
                          ? i2d_CMS_bio_stream(out.get(), cms, in.get(), static_cast<int>(flags)) == 1
                          : CMS_final(cms, in.get(), nullptr, flags) == 1 && i2d_CMS_bio(out.get(), cms) == 1;
    if (!done) throw std::runtime_error(openssl_error("CMS").describe());
    return bio_content(out.get());
}

Bytes openssl_signed(KeyType key, unsigned flags) {
    const OwnedBio in = bio_over(content());
    const OwnedCms cms(CMS_sign(nullptr, nullptr, nullptr, in.get(), flags | CMS_BINARY | CMS_PARTIAL));
    CMS_add1_signer(cms.get(), test::identity(key).certificate.get0(), test::identity(key).key.get(),
                    EVP_sha256(), flags);
    return encode(cms.get(), flags | CMS_BINARY);
}

Bytes openssl_sealed(KeyType key, const EVP_CIPHER* cipher, unsigned flags) {
    const bool authenticated = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
    const OwnedCms cms(authenticated ? CMS_AuthEnvelopedData_create(cipher)
                                     : CMS_EnvelopedData_create(cipher));
    CMS_set_detached(cms.get(), 0);
    CMS_add1_recipient_cert(cms.get(), test::identity(key).certificate.get0(), flags);
    return encode(cms.get(), flags | CMS_BINARY);
}

void put_signed() {
    const auto part = [](KeyType key, SignatureAlgorithm algorithm, DigestAlgorithm digest_algorithm) {
        return test::signer_part(test::identity(key), algorithm, digest_algorithm,
                                 digest(digest_algorithm, content()), test::now());
    };
    const SignerPart ecdsa = part(KeyType::p256, SignatureAlgorithm::ecdsa, DigestAlgorithm::sha256);
    const SignerPart pss = part(KeyType::rsa_2048, SignatureAlgorithm::rsa_pss, DigestAlgorithm::sha512);
    const SignerPart rsa =
        part(KeyType::rsa_2048, SignatureAlgorithm::rsa_pkcs1_v15, DigestAlgorithm::sha384);
    put("signed_data", "detached-ecdsa.p7s", detached_signed_data({ecdsa}).value());
    put("signed_data", "detached-pss.p7s", detached_signed_data({pss}).value());
    put("signed_data", "detached-three.p7s", detached_signed_data({ecdsa, pss, rsa}).value());
    BufferSink sink(100'000);
    AttachedSignedDataWriter writer({ecdsa}, content().size(), sink);
    if (!writer.write(content()) || !writer.finish()) throw std::runtime_error("attached");
    put("signed_data", "attached-ecdsa.p7m", sink.take());
    put("signed_data", "openssl-streamed.p7m", openssl_signed(KeyType::p256, CMS_STREAM));
    put("signed_data", "openssl-cades-keyid.p7m", openssl_signed(KeyType::p384, CMS_CADES | CMS_USE_KEYID));
    put("signed_data", "openssl-noattr-nocerts.p7m",
        openssl_signed(KeyType::p256, CMS_NOATTR | CMS_NOCERTS | CMS_STREAM));
}

void put_sealed() {
    for (const auto cipher : {ContentCipher::aes_256_gcm, ContentCipher::aes_256_cbc}) {
        BufferSink sink(100'000);
        EnvelopeWriter writer(
            {test::identity(KeyType::p256).certificate, test::identity(KeyType::rsa_2048).certificate},
            cipher, sink);
        if (!writer.start() || !writer.write(content()) || !writer.finish())
            throw std::runtime_error("envelope");
        put("envelope", cipher == ContentCipher::aes_256_gcm ? "gcm.p7m" : "cbc.p7m", sink.take());
    }
    put("envelope", "openssl-ec-gcm.p7m", openssl_sealed(KeyType::p384, EVP_aes_128_gcm(), 0));
    put("envelope", "openssl-ec-keyid.p7m",
        openssl_sealed(KeyType::p256, EVP_aes_256_gcm(), CMS_USE_KEYID | CMS_STREAM));
    put("envelope", "openssl-rsa-cbc.p7m", openssl_sealed(KeyType::rsa_2048, EVP_aes_192_cbc(), CMS_STREAM));
    put("envelope", "openssl-rsa-3des.p7m", openssl_sealed(KeyType::rsa_2048, EVP_des_ede3_cbc(), 0));
}

void put_certificates() {
    put("certificates", "p256.der", test::identity(KeyType::p256).certificate.der());
    put("certificates", "rsa.der", test::identity(KeyType::rsa_2048).certificate.der());
    put("certificates", "two.pem",
        as_bytes(to_pem(test::root().certificate) + to_pem(test::identity(KeyType::p384).certificate)));
    const OwnedX509Stack stack(sk_X509_new_null());
    X509_add_cert(stack.get(), test::root().certificate.get0(), X509_ADD_FLAG_UP_REF);
    X509_add_cert(stack.get(), test::identity(KeyType::p256).certificate.get0(), X509_ADD_FLAG_UP_REF);
    const OwnedCms bundle(CMS_sign(nullptr, nullptr, stack.get(), nullptr, CMS_PARTIAL));
    const OwnedBio out(BIO_new(BIO_s_mem()));
    if (!bundle || i2d_CMS_bio(out.get(), bundle.get()) != 1) throw std::runtime_error("bundle");
    put("certificates", "bundle.p7b", bio_content(out.get()));
}

} // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::cerr << "usage: make_signing_corpus DIRECTORY\n";
        return 2;
    }
    directory = arguments[1];
    put_signed();
    put_sealed();
    put_certificates();
    return 0;
}
