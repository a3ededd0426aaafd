// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "prompt.hpp"
#include <mohr/protocol/link.hpp>
#include <mohr/token/token.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Which certificates may be used for what, and how the two sides name them.
namespace mohr::core {

namespace link = protocol::link;

/// Why this object cannot be used for `purpose` (R193, R124, R74): "key_usage", "expired", "on_hold",
/// "revoked", "pending", "replaced", "algorithm"; empty if it can. The token checks the same again.
[[nodiscard]] std::string unusable_reason(const token::TokenObject& object, token::Purpose purpose,
                                          link::Scheme scheme);

/// The scheme of this key where the page leaves it to us.
[[nodiscard]] link::Scheme resolved(link::Scheme scheme, token::KeyAlgorithm algorithm) noexcept;

/// "RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384"
[[nodiscard]] std::optional<token::KeyAlgorithm> key_algorithm_from_name(std::string_view name) noexcept;

struct ChoiceRequest {
    token::Purpose purpose{};
    link::Scheme scheme = link::Scheme::automatic;
    bool any = false;                 ///< usable for decryption is enough too
    std::optional<token::KeyId> only; ///< the page named one
    std::string preselected;          ///< KeyId::text() of the last one used for this origin
};
/// The certificates as a prompt shows them, the usable ones first. Fails with certificate_not_found,
/// key_usage, certificate_unusable or unsupported_algorithm if none can be used.
[[nodiscard]] protocol::Outcome<std::vector<PromptCertificate>>
choose_from(const std::vector<token::TokenObject>& objects, const ChoiceRequest& wanted);

/// Certificates that are brought, as an import prompt lists them.
[[nodiscard]] std::vector<PromptDocument> shown_certificates(const std::vector<Certificate>& certificates);
/// One certificate that is to be removed: it can go whatever it is good for.
[[nodiscard]] PromptCertificate removable_certificate(const token::TokenObject& object);

/// What the answer picked, if it was shown and usable; an empty answer means the preselected or the only one.
[[nodiscard]] std::optional<token::KeyId> picked(const std::vector<PromptCertificate>& shown,
                                                 const std::string& answer);

/// Where a handle is good: on one connection, or (connection 0) for one session of the Dastine front.
struct HandleScope {
    link::ConnectionId connection = 0;
    std::string origin;
    std::string session;
    auto operator<=>(const HandleScope&) const = default;
};

/// Opaque names of certificates, good for one origin on one connection, or in one session, only (R189). The
/// origin counts too: a door that gives a connection's number out twice must not carry a choice over.
class CertificateHandles {
public:
    static constexpr std::size_t max_scopes = 4096;

    [[nodiscard]] std::optional<token::KeyId> find(const HandleScope& scope, const std::string& handle) const;
    void drop(link::ConnectionId connection);
    void drop(const HandleScope& scope);
    void drop_sessions(const std::string& origin);
    [[nodiscard]] link::CertificateView view(const HandleScope& scope, const token::TokenObject& object);

private:
    [[nodiscard]] std::string handle(const HandleScope& scope, const token::KeyId& key);

    std::map<HandleScope, std::map<std::string, token::KeyId>> handles_;
};

} // namespace mohr::core
