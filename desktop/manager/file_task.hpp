// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "manager/failure.hpp"
#include <mohr/base/x509.hpp>

#include <nlohmann/json.hpp>

#include <QString>
#include <optional>
#include <vector>

/// One file that the person wants signed, checked, sealed or opened.
namespace mohr::desktop {

enum class FileAction : std::uint8_t { sign, verify, seal, open };
/// "sign", "verify", "seal", "open", as on the command line.
[[nodiscard]] std::optional<FileAction> file_action(const QString& verb);
/// What a file is most likely dropped for, by its name.
[[nodiscard]] FileAction likely_action(const QString& path);

struct FileTask {
    enum class State : std::uint8_t { waiting, asking, running, done, failed, cancelled };

    FileAction action{};
    QString input;
    QString output;                      ///< empty for verify
    QString content;                     ///< verify: what was signed, where it is a file of its own
    bool look_beside = true;             ///< verify: take the file beside a .p7s as its content
    bool attached = false;               ///< sign: the content goes into the signature
    bool replace = false;                ///< the person said that the output may be replaced
    std::vector<Certificate> recipients; ///< seal
    std::vector<Certificate> anchors;    ///< verify

    int id = 0;
    State state = State::waiting;
    quint64 done = 0;  ///< bytes
    quint64 total = 0; ///< 0 while unknown
    std::optional<Failure> failure;
    nlohmann::json result;
};

/// Whether a check failed for want of what was signed: the person has to name it.
[[nodiscard]] bool lacks_content(const FileTask& task);

/// Where the result goes if nothing else is said: beside the input.
[[nodiscard]] QString default_output(FileAction action, const QString& input, bool attached);
/// "name (2).ext", the first that is free.
[[nodiscard]] QString free_name(const QString& path);
/// What a detached signature `x.p7s` was made over: the file beside it, or nothing.
[[nodiscard]] QString content_beside(const QString& signature);

} // namespace mohr::desktop
