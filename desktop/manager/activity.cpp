// SPDX-License-Identifier: Apache-2.0
#include "manager/activity.hpp"

#include "manager/control_client.hpp"
#include "manager/values.hpp"
#include "shared/foreign_text.hpp"

#include <QPointer>
#include <algorithm>
#include <memory>

namespace mohr::desktop {
namespace {

using nlohmann::json;

constexpr int entries_a_message = 200;
constexpr std::size_t most_matches = 5'000; ///< of a search; more than a person reads

ActivityEntry entry_of(const json& value) {
    ActivityEntry entry;
    entry.sequence = number_of(value, "seq");
    entry.time = text_of(value, "time");
    entry.origin = text_of(value, "origin");
    entry.program = text_of(value, "program");
    entry.operation = text_of(value, "operation");
    entry.decision = text_of(value, "decision");
    entry.detail = text_of(value, "detail");
    entry.certificate = text_of(value, "certificate");
    entry.digest_algorithm = text_of(value, "digestAlgorithm");
    entry.blind = flag_member(value, "blind");
    for (const json& document : member(value, "documents"))
        entry.documents.push_back({text_of(document, "name"), text_of(document, "digest")});
    entry.line = to_line(value);
    if (const QString damaged = text_of(value, "damaged"); !damaged.isEmpty()) {
        entry.operation = QStringLiteral("damaged");
        entry.detail = damaged;
    }
    return entry;
}

/// One reading, which takes several messages where the entries are large.
struct Reading {
    ControlClient& client;
    QPointer<QObject> context;
    qint64 after, to;
    QString query;
    std::function<void(const Outcome<ActivityPart>&)> handler;
    ActivityPart part;

    void finish() {
        std::reverse(part.entries.begin(), part.entries.end());
        handler(part);
    }
};

void read_on(const std::shared_ptr<Reading>& reading);

void take_page(const std::shared_ptr<Reading>& reading, const json& page) {
    reading->part.total = number_of(page, "total");
    qint64 last = 0;
    for (const json& value : member(page, "entries")) {
        ActivityEntry entry = entry_of(value);
        last = std::max(last, entry.sequence);
        if (entry.sequence > reading->to) continue;
        if (entry.operation != QLatin1String("log.file")) reading->part.entries.push_back(std::move(entry));
    }
    const bool advanced = last > reading->after;
    reading->after = last;
    if (!advanced || last >= reading->to || reading->part.entries.size() >= most_matches)
        return reading->finish();
    read_on(reading);
}

void read_on(const std::shared_ptr<Reading>& reading) {
    if (!reading->context) return;
    const json params{{"after", reading->after},
                      {"limit", std::clamp<qint64>(reading->to - reading->after, 1, entries_a_message)},
                      {"query", reading->query.toStdString()}};
    reading->client.request(reading->context, "log.read", params, [reading](const Reply& reply) {
        if (!reply) return reading->handler(reply.error());
        take_page(reading, *reply);
    });
}

struct Named {
    const char* name;
    const char* text;
};

QString named(const QString& name, std::initializer_list<Named> names) {
    for (const Named& one : names)
        if (name == QLatin1String(one.name)) return qtTrId(one.text);
    return isolated_ltr(name);
}

} // namespace

void read_activity(ControlClient& client, QObject* context, qint64 from, qint64 to, const QString& query,
                   std::function<void(const Outcome<ActivityPart>&)> handler) {
    read_on(std::make_shared<Reading>(Reading{client, context, from, to, query, std::move(handler), {}}));
}

void read_newest(ControlClient& client, QObject* context, int count,
                 std::function<void(const Outcome<std::vector<ActivityEntry>>&)> handler) {
    // The first message only tells how many there are.
    client.request(
        context, "log.read", {{"after", 0}, {"limit", 1}, {"query", ""}},
        [&client, context = QPointer(context), count, handler = std::move(handler)](const Reply& reply) {
            if (!reply) return handler(reply.error());
            const qint64 total = number_of(*reply, "total");
            read_activity(client, context, std::max<qint64>(total - count - 1, 0), total, {},
                          [count, handler](const Outcome<ActivityPart>& part) {
                              if (!part) return handler(part.error());
                              std::vector<ActivityEntry> entries = part->entries;
                              if (entries.size() > static_cast<std::size_t>(count))
                                  entries.resize(static_cast<std::size_t>(count));
                              handler(entries);
                          });
        });
}

QString ActivityEntry::who() const {
    // What a program of this computer decided about a site is about that site.
    if (operation.startsWith(QLatin1String("site.")) && !detail.isEmpty()) return isolated_ltr(detail);
    if (!origin.startsWith(QLatin1String("this computer"))) return isolated_ltr(origin);
    const QString name = program.section(QLatin1Char('/'), -1);
    return name.isEmpty() ? qtTrId("manager.thisComputer")
                          : qtTrId("manager.thisComputerProgram").arg(isolated_ltr(name));
}

QString ActivityEntry::summary() const {
    return qtTrId("manager.activity.summary").arg(operation_text(operation), who(), decision_text(decision));
}

QString operation_text(const QString& operation) {
    return named(operation, {{"access", QT_TRID_NOOP("manager.op.access")},
                             {"listing", QT_TRID_NOOP("manager.op.listing")},
                             {"select", QT_TRID_NOOP("manager.op.select")},
                             {"sign", QT_TRID_NOOP("manager.op.sign")},
                             {"authenticate", QT_TRID_NOOP("manager.op.authenticate")},
                             {"decrypt", QT_TRID_NOOP("manager.op.decrypt")},
                             {"generate", QT_TRID_NOOP("manager.op.generate")},
                             {"key.generate", QT_TRID_NOOP("manager.op.generate")},
                             {"request", QT_TRID_NOOP("manager.op.request")},
                             {"key.request", QT_TRID_NOOP("manager.op.request")},
                             {"import", QT_TRID_NOOP("manager.op.import")},
                             {"import_file", QT_TRID_NOOP("manager.op.import")},
                             {"certificate.import", QT_TRID_NOOP("manager.op.import")},
                             {"certificate.importPkcs12", QT_TRID_NOOP("manager.op.import")},
                             {"remove_key", QT_TRID_NOOP("manager.op.remove")},
                             {"remove_certificate", QT_TRID_NOOP("manager.op.remove")},
                             {"certificate.remove", QT_TRID_NOOP("manager.op.remove")},
                             {"key.remove", QT_TRID_NOOP("manager.op.remove")},
                             {"initialise", QT_TRID_NOOP("manager.op.initialise")},
                             {"token.initialise", QT_TRID_NOOP("manager.op.initialise")},
                             {"reset", QT_TRID_NOOP("manager.op.reset")},
                             {"reset_blocked", QT_TRID_NOOP("manager.op.reset")},
                             {"token.reset", QT_TRID_NOOP("manager.op.reset")},
                             {"token.resetBlocked", QT_TRID_NOOP("manager.op.reset")},
                             {"change_pin", QT_TRID_NOOP("manager.op.changePin")},
                             {"change_admin_pin", QT_TRID_NOOP("manager.op.changePin")},
                             {"token.changePin", QT_TRID_NOOP("manager.op.changePin")},
                             {"unblock_pin", QT_TRID_NOOP("manager.op.unblock")},
                             {"token.unblock", QT_TRID_NOOP("manager.op.unblock")},
                             {"token.verify", QT_TRID_NOOP("manager.op.verifyPin")},
                             {"set_label", QT_TRID_NOOP("manager.op.setLabel")},
                             {"token.setLabel", QT_TRID_NOOP("manager.op.setLabel")},
                             {"mark", QT_TRID_NOOP("manager.op.mark")},
                             {"interface.setMark", QT_TRID_NOOP("manager.op.mark")},
                             {"site.set", QT_TRID_NOOP("manager.op.site")},
                             {"site.setQuirk", QT_TRID_NOOP("manager.op.site")},
                             {"site.forget", QT_TRID_NOOP("manager.op.site")},
                             {"site.endWindow", QT_TRID_NOOP("manager.op.window")},
                             {"agent.register", QT_TRID_NOOP("manager.op.agent")},
                             {"agent.unregister", QT_TRID_NOOP("manager.op.agent")},
                             {"tls.issue", QT_TRID_NOOP("manager.op.tls")},
                             {"log.adopted", QT_TRID_NOOP("manager.op.logAdopted")},
                             {"damaged", QT_TRID_NOOP("manager.op.damaged")}});
}

namespace {

/// "access: deny", as a decision about a site is kept.
QString site_decision_text(const QString& decision) {
    QStringList parts;
    for (const QString& part : decision.split(QStringLiteral(", "))) {
        const QString value = part.section(QStringLiteral(": "), 1);
        const QString name =
            named(part.section(QStringLiteral(": "), 0, 0), {{"access", QT_TRID_NOOP("manager.op.access")},
                                                             {"listing", QT_TRID_NOOP("manager.op.listing")},
                                                             {"blind", QT_TRID_NOOP("manager.site.blind")}});
        parts += qtTrId("manager.activity.setting")
                     .arg(name, named(value, {{"allow", QT_TRID_NOOP("manager.site.allow")},
                                              {"deny", QT_TRID_NOOP("manager.site.deny")},
                                              {"ask", QT_TRID_NOOP("manager.site.ask")}}));
    }
    return parts.join(qtTrId("common.separator"));
}

} // namespace

QString decision_text(const QString& decision) {
    if (decision.contains(QLatin1String(": "))) return site_decision_text(decision);
    return named(decision, {{"allowed", QT_TRID_NOOP("manager.decision.allowed")},
                            {"denied", QT_TRID_NOOP("manager.decision.denied")},
                            {"expired", QT_TRID_NOOP("manager.decision.expired")},
                            {"abandoned", QT_TRID_NOOP("manager.decision.abandoned")},
                            {"cancelled", QT_TRID_NOOP("manager.decision.cancelled")},
                            {"failed", QT_TRID_NOOP("manager.decision.failed")},
                            {"pin_wrong", QT_TRID_NOOP("manager.decision.pinWrong")},
                            {"window", QT_TRID_NOOP("manager.decision.window")},
                            {"ended", QT_TRID_NOOP("manager.decision.ended")},
                            {"forgotten", QT_TRID_NOOP("manager.decision.forgotten")},
                            {"recorded", QT_TRID_NOOP("manager.decision.recorded")},
                            {"done", QT_TRID_NOOP("manager.decision.done")}});
}

} // namespace mohr::desktop
