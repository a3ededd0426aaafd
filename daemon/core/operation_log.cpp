// SPDX-License-Identifier: Apache-2.0
#include "operation_log.hpp"

#include <mohr/base/digest.hpp>
#include <mohr/base/encoding.hpp>

#include <utility>

namespace mohr::core {

namespace {
constexpr std::size_t max_program_bytes = 512;
}

std::string program_text(const Program& program) {
    return printable(program.path.empty() ? program.name : program.path, max_program_bytes);
}

LogEntry make_log_entry(const Requester& who, const PromptRequest& shown, std::string decision,
                        const Bytes& certificate_fingerprint, std::string_view detail) {
    LogEntry entry;
    entry.origin = who.origin;
    entry.program = program_text(who.program);
    entry.operation = prompt_kind_name(shown.kind);
    entry.decision = std::move(decision);
    entry.detail = detail;
    entry.certificate = certificate_fingerprint;
    entry.blind = shown.blind;
    for (const auto& document : shown.documents) entry.documents.push_back({document.name, document.digest});
    if (!shown.documents.empty() && !shown.documents.front().digest.empty())
        entry.digest_algorithm = digest_name(shown.documents.front().digest_algorithm);
    return entry;
}

} // namespace mohr::core
