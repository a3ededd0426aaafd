// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/base/x509.hpp>
#include <mohr/cli/session.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// mohr doctor: looks at everything that a working Mohr needs, also while the daemon is down, and says what mends it.
namespace mohr::cli {

enum class Severity : std::uint8_t { hint, warning, error };
[[nodiscard]] std::string_view severity_name(Severity severity) noexcept;

/// What a kind of finding is and what mends it, in both languages; {placeholders} are values of the finding.
struct FindingKind {
    std::string_view id; ///< stable: docs/operations.md lists them
    Severity severity;
    std::string_view what_en, remedy_en;
    std::string_view what_fa, remedy_fa;
    std::string_view command; ///< what a shell would do about it; may be empty
};
[[nodiscard]] std::span<const FindingKind> finding_kinds() noexcept;

struct Finding {
    const FindingKind* kind = nullptr;
    std::vector<std::pair<std::string, std::string>> values;
    std::function<Outcome<void>()>
        fix; ///< only where it is safe: it takes nothing away that somebody may want
    bool fixed = false;
};

/// What the checks look at and where they put what they find.
class Examination {
public:
    explicit Examination(Session& session);

    void found(std::string_view id, std::vector<std::pair<std::string, std::string>> values = {},
               std::function<Outcome<void>()> fix = {});

    /// Its files lie elsewhere, and it looks after them itself.
    [[nodiscard]] bool is_sandbox() const;

    Session& session;
    const Environment& environment;
    std::optional<nlohmann::json> status; ///< of the service; empty if it does not answer
    std::string service_problem;          ///< then the code why
    std::vector<std::uint16_t> plain_ports, tls_ports;
    std::optional<Certificate> root; ///< of the local TLS identity
    std::vector<Finding> findings;
};

void check_configuration(Examination& at); ///< first: it finds the ports
void check_service(Examination& at);
void check_ports(Examination& at);
void check_files(Examination& at);
void check_clock(Examination& at);
void check_trust(Examination& at);
void check_hosts(Examination& at);
void check_policies(Examination& at);
void check_token_and_sites(Examination& at);

} // namespace mohr::cli
