// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/x509.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace mohr;

namespace {
/// What the openssl command makes of a request for a silver certificate of the first test persona.
Bytes run_openssl(const std::string& arguments) {
    std::string pattern = (std::filesystem::temp_directory_path() / "mohr-x509-XXXXXX").string();
    const std::filesystem::path directory = ::mkdtemp(pattern.data());
    const std::string command = "cd " + directory.string() + " && openssl " + arguments + " >/dev/null 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
    std::ifstream file(directory / "out", std::ios::binary);
    Bytes content{std::istreambuf_iterator<char>(file), {}};
    std::filesystem::remove_all(directory);
    return content;
}
const std::string persona =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -days 30 -utf8 -set_serial "
    "0x4D6F6872 "
    "-addext keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment "
    "-subj '/C=IR/O=Unaffiliated/serialNumber=9990000018/GN=متقاضی/SN=نمونه/CN=Motaghazi Nemoone [Sign]' ";
} // namespace

TEST_CASE("a certificate tells its names, times, key and use", "[base]") {
    const auto certificate = Certificate::from_der(run_openssl(persona + "-outform DER -out out"));
    REQUIRE(certificate);
    CHECK(certificate->subject() ==
          "CN=Motaghazi Nemoone [Sign],SN=نمونه,GN=متقاضی,serialNumber=9990000018,O=Unaffiliated,C=IR");
    CHECK(certificate->common_name() == "Motaghazi Nemoone [Sign]");
    CHECK(certificate->serial_number() == "4D6F6872");
    CHECK(certificate->key_kind() == PublicKeyKind::ec_p256);
    CHECK(certificate->key_bits() == 256);
    CHECK(certificate->not_after() - certificate->not_before() == std::chrono::days(30));
    const KeyUsage usage = certificate->key_usage();
    CHECK((usage.present && usage.digital_signature && usage.non_repudiation && usage.key_encipherment &&
           !usage.key_agreement));
}

TEST_CASE("trailing bytes and cut DER are refused [T08]", "[base]") {
    Bytes der = run_openssl(persona + "-outform DER -out out");
    der.push_back(0);
    CHECK(Certificate::from_der(der).error().code == BaseErrc::malformed);
    der.resize(der.size() - 5);
    CHECK(Certificate::from_der(der).error().code == BaseErrc::malformed);
    CHECK_FALSE(Certificate::from_der({}));
}

TEST_CASE("certificates are read from DER, PEM and PKCS#7 [R50]", "[base]") {
    const std::string also_p7 = "&& openssl crl2pkcs7 -nocrl -certfile pem -certfile pem ";
    CHECK(read_certificates(run_openssl(persona + "-outform DER -out out")).value().size() == 1);
    CHECK(read_certificates(run_openssl(persona + "-out out")).value().size() == 1);
    CHECK(read_certificates(run_openssl(persona + "-out pem " + also_p7 + "-outform DER -out out"))
              .value()
              .size() == 2);
    CHECK(read_certificates(run_openssl(persona + "-out pem " + also_p7 + "-out out")).value().size() == 2);
    CHECK_FALSE(read_certificates(as_bytes("hello")));
    CHECK_FALSE(
        read_certificates(run_openssl(persona + "-outform DER -out x && openssl pkey -in key -out out")));
}
