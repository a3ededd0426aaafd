// SPDX-License-Identifier: Apache-2.0
#include <mohr/base/x509.hpp>

#include <cstdlib>

using namespace mohr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto certificates = read_certificates({data, size});
    if (!certificates) return 0;
    for (const Certificate& certificate : *certificates) {
        static_cast<void>(certificate.subject() + certificate.issuer() + certificate.common_name() +
                          certificate.serial_number());
        static_cast<void>(certificate.key_usage());
        static_cast<void>(certificate.key_kind());
        static_cast<void>(certificate.key_bits());
        static_cast<void>(certificate.is_authority());
        static_cast<void>(certificate.issuer_der());
        static_cast<void>(certificate.public_key_info());
        static_cast<void>(to_pem(certificate));
        if (!Certificate::from_der(certificate.der())) std::abort();
    }
    return 0;
}
