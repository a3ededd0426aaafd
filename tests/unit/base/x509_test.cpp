// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "run_openssl.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/x509.hpp>
#include <mohr/base/x509_details.hpp>

using namespace mohr;
using mohr::test::run_openssl;

namespace {
/// A request for a silver certificate of the first test persona.
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

TEST_CASE("the details of a certificate are those that openssl put into it [R143]", "[base]") {
    const auto certificate =
        Certificate::from_der(
            run_openssl(persona +
                        "-addext subjectAltName=email:a@example.ir,DNS:portal.example,IP:127.0.0.1,IP:::1,"
                        "URI:https://example.ir/x,RID:1.2.3 "
                        "-addext extendedKeyUsage=clientAuth,1.3.6.1.5.5.7.3.36 "
                        "-addext certificatePolicies=1.3.6.1.4.1.32473.1.2,1.2.3.4 "
                        "-outform DER -out out"))
            .value();
    const auto subject = subject_attributes(certificate);
    REQUIRE(subject.size() == 6);
    CHECK(subject[0].type == "C");
    CHECK(subject[3].type == "GN");
    CHECK(subject[3].value == "متقاضی");
    CHECK(issuer_attributes(certificate).size() == 6);
    std::string names;
    for (const auto& name : subject_names(certificate))
        names += std::to_string(static_cast<int>(name.kind)) + ":" + name.value + " ";
    CHECK(names ==
          "0:a@example.ir 1:portal.example 3:127.0.0.1 3:0:0:0:0:0:0:0:1 2:https://example.ir/x 5: ");
    CHECK(key_usage_names(certificate) ==
          std::vector<std::string>{"digitalSignature", "nonRepudiation", "keyEncipherment"});
    CHECK(extended_key_usages(certificate) ==
          std::vector<std::string>{"1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.36"});
    CHECK(certificate_policies(certificate) == std::vector<std::string>{"1.3.6.1.4.1.32473.1.2", "1.2.3.4"});
    CHECK(signature_algorithm(certificate) == "ecdsa-with-SHA256");
}

TEST_CASE("a certificate without extensions has no details rather than wrong ones", "[base]") {
    const auto certificate =
        Certificate::from_der(
            run_openssl(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=x "
                "-config /dev/null -outform DER -out out"))
            .value();
    CHECK(subject_names(certificate).empty());
    CHECK(key_usage_names(certificate).empty());
    CHECK(extended_key_usages(certificate).empty());
    CHECK(certificate_policies(certificate).empty());
}

TEST_CASE("the openssl command reads the PKCS#7 that is exported [R143]", "[base]") {
    const auto one = Certificate::from_der(run_openssl(persona + "-outform DER -out out")).value();
    const auto other = Certificate::from_der(run_openssl(persona + "-outform DER -out out")).value();
    const Bytes p7 = to_pkcs7({one, other}).value();
    const auto back = read_certificates(p7).value();
    REQUIRE(back.size() == 2);
    const std::string pem = to_base64(p7);
    const auto by_openssl = read_certificates(run_openssl(
        "version; echo " + pem + " | base64 -d | openssl pkcs7 -inform DER -print_certs -out out"));
    REQUIRE(by_openssl);
    CHECK(by_openssl->size() == 2);
    CHECK(by_openssl->at(0).der() == one.der());
}
