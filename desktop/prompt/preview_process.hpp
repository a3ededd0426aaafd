// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/preview_messages.hpp"
#include <mohr/base/files.hpp>

#include <QByteArray>
#include <QImage>
#include <QObject>
#include <QProcess>
#include <QString>
#include <QTimer>
#include <optional>

namespace mohr::desktop {

/// A document in a sealed memfd, which it may share with others.
struct PreviewSource {
    int descriptor = -1; ///< lent
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// mohr-preview at work on one document. It may have been taken over by what it shows: nothing of what it says is taken
/// but bounded text, bounded pixels, and which of our own sentences to show.
class PreviewProcess : public QObject {
    Q_OBJECT
public:
    /// preview::Failure, and what the process cannot say itself.
    enum class Problem : std::uint8_t { unknown_kind, broken, encrypted, too_large, slow, ended };
    Q_ENUM(Problem)

    PreviewProcess(const PreviewSource& source, QString media_type, QObject* parent);
    ~PreviewProcess() override;

    void start();
    /// Only the last wish counts; a process that has died is started again for it, some times.
    void ask(std::uint32_t page, std::uint32_t width);

Q_SIGNALS:
    void opened(mohr::desktop::preview::Form form, quint32 pages, quint32 notices);
    void text_ready(quint32 page, const QString& text);
    void image_ready(quint32 page, const QImage& image);
    /// Before `opened` of the whole, else of the page that was asked for.
    void failed(mohr::desktop::PreviewProcess::Problem problem);

private:
    void read();
    /// False: not what was agreed.
    [[nodiscard]] bool take(const preview::Reply& reply, const QByteArray& payload);
    [[nodiscard]] bool take_opened(const preview::Reply& reply);
    [[nodiscard]] bool take_failure(const preview::Reply& reply);
    [[nodiscard]] static bool is_bounded(const preview::Reply& reply);
    void send_wish();
    void end(Problem problem);

    Descriptor document_;
    PreviewSource source_;
    QString media_type_;
    QProcess process_;
    QTimer patience_;
    QByteArray buffer_;
    bool is_open_ = false; ///< this run has said so
    bool was_open_ = false;
    int starts_ = 0;
    std::optional<preview::Request> asked_;
    std::optional<preview::Request> wish_;
};

} // namespace mohr::desktop
