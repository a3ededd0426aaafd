// SPDX-License-Identifier: Apache-2.0
#include "result_file.hpp"

#include <mohr/base/encoding.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mohr::cli {

void add_result_options(CLI::App& verb, ResultFile& file) {
    verb.add_option("-o,--out", file.path, "Write to this file")->type_name("FILE");
    verb.add_flag("-f,--force", file.force, "Replace the output if it exists");
}

Outcome<void> check_free(const ResultFile& file) {
    if (file.path.empty()) return {};
    const auto output = OutputFile::create(file.path, file.force ? Overwrite::yes : Overwrite::no);
    if (!output) return output.error();
    return {};
}

Outcome<Exit> deliver(Session& session, const nlohmann::json& document, std::string_view content,
                      const ResultFile& file) {
    if (file.path.empty()) {
        session.result(document, content);
        return Exit::ok;
    }
    auto output = OutputFile::create(file.path, file.force ? Overwrite::yes : Overwrite::no, 0644);
    if (!output) return output.error();
    if (const auto written = write_all(output->fd(), as_bytes(content)); !written)
        return failure_from(written.error(), "The output could not be written.");
    MOHR_TRY(output->commit());
    nlohmann::json with_file = document;
    with_file["file"] = file.path;
    session.result(with_file, printable(file.path, 1000));
    return Exit::ok;
}

} // namespace mohr::cli
