// SPDX-License-Identifier: Apache-2.0
#include "manager/activity_export.hpp"

#include "manager/control_client.hpp"

#include <QPointer>
#include <QStringList>

namespace mohr::desktop {
namespace {

constexpr qint64 portion = 1'000;

QString cell(QString value) {
    if (!value.isEmpty() && QStringLiteral("=+-@\t\r").contains(value.front()))
        value.prepend(QLatin1Char('\''));
    return QLatin1Char('"') + value.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"');
}

QByteArray row(const QStringList& values) {
    QStringList cells;
    for (const QString& value : values) cells += cell(value);
    return cells.join(QLatin1Char(',')).toUtf8() + "\r\n";
}

struct Export {
    ControlClient& client;
    QPointer<QObject> context;
    QSaveFile file;
    ExportFormat format;
    std::function<void(const Outcome<qint64>&)> done;
    qint64 count = 0;

    Export(ControlClient& c, QObject* o, const QString& path, ExportFormat f,
           std::function<void(const Outcome<qint64>&)> d)
        : client(c), context(o), file(path), format(f), done(std::move(d)) {}

    bool write(const QByteArray& bytes) { return file.write(bytes) == bytes.size(); }
    void refuse() { done(Failure(QStringLiteral("storage_failed"), file.fileName())); }
};

void write_on(const std::shared_ptr<Export>& job, qint64 from, qint64 total) {
    if (from >= total) {
        if (!job->file.commit()) return job->refuse();
        return job->done(job->count);
    }
    read_activity(job->client, job->context, from, std::min(from + portion, total), {},
                  [job, from, total](const Outcome<ActivityPart>& part) {
                      if (!part) return job->done(part.error());
                      for (auto entry = part->entries.rbegin(); entry != part->entries.rend(); ++entry) {
                          const QByteArray line = job->format == ExportFormat::csv
                                                      ? csv_line(*entry)
                                                      : QByteArray::fromStdString(entry->line) + '\n';
                          if (!job->write(line)) return job->refuse();
                          ++job->count;
                      }
                      write_on(job, from + portion, total);
                  });
}

} // namespace

QByteArray csv_head() {
    return row({QStringLiteral("seq"), QStringLiteral("time"), QStringLiteral("origin"),
                QStringLiteral("program"), QStringLiteral("operation"), QStringLiteral("decision"),
                QStringLiteral("detail"), QStringLiteral("certificate"), QStringLiteral("digestAlgorithm"),
                QStringLiteral("documents")});
}

QByteArray csv_line(const ActivityEntry& entry) {
    QStringList documents;
    for (const ActivityDocument& document : entry.documents)
        documents += document.name + QLatin1Char(' ') + document.digest;
    return row({QString::number(entry.sequence), entry.time, entry.origin, entry.program, entry.operation,
                entry.decision, entry.detail, entry.certificate, entry.digest_algorithm,
                documents.join(QLatin1String("; "))});
}

void export_activity(ControlClient& client, QObject* context, const QString& path, ExportFormat format,
                     std::function<void(const Outcome<qint64>&)> done) {
    const auto job = std::make_shared<Export>(client, context, path, format, std::move(done));
    const bool open = job->file.open(QIODevice::WriteOnly) &&
                      job->file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner);
    if (!open || (format == ExportFormat::csv && !job->write(csv_head()))) return job->refuse();
    read_activity(client, context, 0, 1, {}, [job](const Outcome<ActivityPart>& part) {
        if (!part) return job->done(part.error());
        write_on(job, 0, part->total);
    });
}

} // namespace mohr::desktop
