// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/protocol/prompt.hpp>

namespace mohr::test {

/// A prompt as a portal's signature makes it: one document, one certificate, a PIN.
inline protocol::Prompt sample_prompt() {
    protocol::Prompt prompt;
    prompt.number = 7;
    prompt.kind = protocol::Prompt::Kind::sign;
    prompt.origin = "https://sign.portal.example:8443";
    prompt.registrable_domain = "portal.example";
    prompt.program = {"firefox-esr", "/usr/lib/firefox-esr/firefox-esr", 812, true};
    prompt.purpose = "sign";
    prompt.deadline = std::chrono::seconds(120);
    prompt.documents = {
        {"contract.txt", 1200, "text/plain", "SHA-256", "00ff00ff", "first line\nsecond line"}};
    prompt.certificates = {{"aa11", "Sara", "Test CA", "2027-03-01", true, "", false}};
    prompt.pin.needed = true;
    prompt.pin.tries_left = 5;
    return prompt;
}

} // namespace mohr::test
