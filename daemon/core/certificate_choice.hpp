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
    std::optional<token::KeyId> only; ///< the page named one
    std::string preselected;          ///< KeyId::text() of the last one used for this origin
};
/// The certificates as a prompt shows them, the usable ones first. Fails with certificate_not_found,
/// key_usage, certificate_unusable or unsupported_algorithm if none can be used.
[[nodiscard]] protocol::Outcome<std::vector<PromptCertificate>>
choose_from(const std::vector<token::TokenObject>& objects, const ChoiceRequest& wanted);

/// What the answer picked, if it was shown and usable; an empty answer means the preselected or the only one.
[[nodiscard]] std::optional<token::KeyId> picked(const std::vector<PromptCertificate>& shown,
                                                 const std::string& answer);

/// Opaque names of certificates, good for one origin on one connection only (R189). The origin counts too: a
/// door that gives a connection's number out twice must not carry a choice over.
class CertificateHandles {
public:
    [[nodiscard]] std::optional<token::KeyId> find(link::ConnectionId connection, const std::string& origin,
                                                   const std::string& handle) const;
    void drop(link::ConnectionId connection);
    [[nodiscard]] link::CertificateView view(link::ConnectionId connection, const std::string& origin,
                                             const token::TokenObject& object);

private:
    [[nodiscard]] std::string handle(link::ConnectionId connection, const std::string& origin,
                                     const token::KeyId& key);

    using Place = std::pair<link::ConnectionId, std::string>;
    std::map<Place, std::map<std::string, token::KeyId>> handles_;
};

} // namespace mohr::core
