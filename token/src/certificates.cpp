// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"

#include <openssl/err.h>

#include <algorithm>

namespace mohr::token {
namespace {

bool issued(const Certificate& issuer, const Certificate& subject) {
    const bool fits = X509_check_issued(issuer.get0(), subject.get0()) == X509_V_OK &&
                      X509_verify(subject.get0(), issuer.get0_public_key()) == 1;
    ERR_clear_error();
    return fits;
}

} // namespace

std::vector<Certificate> arrange_chain(const Certificate& leaf, const std::vector<Certificate>& others) {
    std::vector<Certificate> chain;
    Certificate last = leaf;
    while (chain.size() < max_chain) {
        const auto next = std::find_if(others.begin(), others.end(), [&](const Certificate& candidate) {
            const auto known = [&](const Certificate& c) { return c.der() == candidate.der(); };
            return candidate.der() != leaf.der() && std::none_of(chain.begin(), chain.end(), known) &&
                   issued(candidate, last);
        });
        if (next == others.end()) break;
        chain.push_back(*next);
        last = *next;
    }
    return chain;
}

} // namespace mohr::token
