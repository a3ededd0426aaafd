// SPDX-License-Identifier: Apache-2.0
#include "token_fixture.hpp"

#include <mohr/base/encoding.hpp>
#include <mohr/base/random.hpp>

#include <sodium.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace mohr::test {
namespace {

void must(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(openssl_error(what).describe());
}

void set_time(ASN1_TIME* field, Instant instant) {
    must(ASN1_TIME_set(
             field, std::chrono::duration_cast<std::chrono::seconds>(instant.time_since_epoch()).count()) !=
             nullptr,
         "time");
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    must(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

} // namespace

ScratchDirectory::ScratchDirectory() {
    const std::filesystem::path base =
        std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string pattern = (base / "mohr-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
}

ScratchDirectory::~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

token::PinKdf& in_process_kdf() {
    class InProcess final : public token::PinKdf {
    public:
        Result<Secret> derive(const token::Argon2Parameters& parameters, ByteView salt,
                              const Secret& pin) override {
            Secret key(32);
            const bool done = sodium_init() >= 0 && salt.size() == crypto_pwhash_SALTBYTES &&
                              crypto_pwhash(key.reveal_mutable().data(), key.size(),
                                            reinterpret_cast<const char*>(pin.reveal().data()), pin.size(),
                                            salt.data(), parameters.passes, parameters.memory_kib * 1024,
                                            crypto_pwhash_ALG_ARGON2ID13) == 0;
            if (!done) return Error(token::TokenErrc::storage, "Argon2id in a test");
            return key;
        }
    };
    static InProcess kdf;
    return kdf;
}

token::SoftTokenOptions TokenFixture::options() {
    return {.data_directory = scratch.path() / "data",
            .state_directory = scratch.path() / "state",
            .device_secret = device,
            .clock = clock,
            .kdf_program = {},
            .argon2 = token::Argon2Parameters{8, 1},
            .activation_required = false,
            .kernel_keyring = false,
            .test_kdf = &in_process_kdf()};
}

void TokenFixture::open() {
    open(options());
}

void TokenFixture::open(token::SoftTokenOptions with) {
    token.reset();
    token = token::SoftToken::open(std::move(with)).value();
}

void TokenFixture::initialise(std::string_view user, std::string_view admin) {
    if (!token) open();
    token->initialise(pin(user), pin(admin), "Test token", {true, true}).value();
}

token::Authorisation TokenFixture::user(std::string_view with) {
    return token->authorise(token::Role::user, pin(with)).value();
}
token::Authorisation TokenFixture::admin(std::string_view with) {
    return token->authorise(token::Role::admin, pin(with)).value();
}

Certificate make_certificate(ByteView public_key_info, EVP_PKEY* issuer_key, const Certificate* issuer,
                             const CertificateRequestOptions& options) {
    const OwnedX509 x509(X509_new());
    const unsigned char* cursor = public_key_info.data();
    const OwnedKey key(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(public_key_info.size())));
    must(x509 && key && X509_set_version(x509.get(), 2) == 1 && X509_set_pubkey(x509.get(), key.get()) == 1,
         "certificate");
    const Bytes serial = random_bytes(8);
    const OwnedBignum number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509.get())) != nullptr, "serial");
    set_time(X509_getm_notBefore(x509.get()), options.not_before);
    set_time(X509_getm_notAfter(x509.get()), options.not_after);
    X509_NAME* name = X509_get_subject_name(x509.get());
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(options.common_name.data()),
                                    static_cast<int>(options.common_name.size()), -1, 0) == 1,
         "name");
    X509* const signer = issuer != nullptr ? issuer->get0() : x509.get();
    must(X509_set_issuer_name(x509.get(), X509_get_subject_name(signer)) == 1, "issuer");
    if (options.authority) {
        add_extension(x509.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(x509.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    if (options.key_usage != nullptr) add_extension(x509.get(), signer, NID_key_usage, options.key_usage);
    must(X509_sign(x509.get(), issuer_key, EVP_sha256()) > 0, "signature");
    return Certificate::from_der(to_der(i2d_X509, static_cast<const X509*>(x509.get())).value()).value();
}

TestAuthority::TestAuthority(const Clock& clock, std::string name)
    : clock_(clock), key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")) {
    must(key_ != nullptr, "CA key");
    const Bytes info = to_der(i2d_PUBKEY, key_.get()).value();
    certificate_ = make_certificate(info, key_.get(), nullptr,
                                    {std::move(name), nullptr, clock.now() - std::chrono::hours(1),
                                     clock.now() + std::chrono::hours(24 * 3650), true});
}

Certificate TestAuthority::issue(ByteView public_key_info, const char* key_usage,
                                 std::chrono::hours lifetime) const {
    return make_certificate(
        public_key_info, key_.get(), &*certificate_,
        {"Test Person", key_usage, clock_.now() - std::chrono::hours(1), clock_.now() + lifetime, false});
}

CommandResult run(const std::string& command, const std::filesystem::path& directory) {
    CommandResult result;
    const std::string line = "cd '" + directory.string() + "' && { " + command + "; } 2>&1";
    FILE* pipe = ::popen(line.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("popen");
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        result.output.append(buffer.data(), n);
    const int status = ::pclose(pipe);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return result;
}

void write_file(const std::filesystem::path& path, ByteView content) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace mohr::test
