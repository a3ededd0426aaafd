// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mohr/cli/output_file.hpp>
#include <mohr/cli/session.hpp>

namespace CLI {
class App;
}

/// Small results (requests, certificates, log lines): to standard output, or to --out FILE.
namespace mohr::cli {

struct ResultFile {
    std::string path;
    bool force = false;
};

void add_result_options(CLI::App& verb, ResultFile& file);
/// Before anything is asked or made: whether the place is free.
[[nodiscard]] Outcome<void> check_free(const ResultFile& file);
/// Without --out: the document with --json, else the content. With it: the content to the file, and the
/// document (with "file") or the file's name to standard output.
[[nodiscard]] Outcome<Exit> deliver(Session& session, const nlohmann::json& document,
                                    std::string_view content, const ResultFile& file);

} // namespace mohr::cli
