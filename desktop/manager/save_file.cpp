// SPDX-License-Identifier: Apache-2.0
#include "manager/save_file.hpp"

#include "manager/parts.hpp"
#include "shared/foreign_text.hpp"
#include <mohr/base/user_files.hpp>

#include <QFileInfo>

namespace mohr::desktop {
namespace {

constexpr mode_t public_mode = 0644; ///< certificates and requests are public

bool write(const QString& path, const QByteArray& content) {
    auto file = OutputFile::create(path.toStdString(), Overwrite::yes, public_mode);
    if (!file) return false;
    const ByteView bytes(reinterpret_cast<const std::uint8_t*>(content.data()),
                         static_cast<std::size_t>(content.size()));
    return write_all(file->fd(), bytes) && file->commit();
}

} // namespace

void save_file(QWidget* parent, const QString& title, const QString& suggested, const QString& filter,
               const QByteArray& content, std::function<void(const SaveOutcome&)> on_end) {
    ask_where_to_save(parent, title, suggested, filter,
                      [content, on_end = std::move(on_end)](const QString& path) {
                          const QString name = isolated(QFileInfo(path).fileName());
                          const bool saved = write(path, content);
                          on_end({saved, saved ? qtTrId("file.saved").arg(name)
                                               : qtTrId("file.problem.unwritable").arg(name)});
                      });
}

} // namespace mohr::desktop
