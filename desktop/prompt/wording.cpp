// SPDX-License-Identifier: Apache-2.0
#include "prompt/wording.hpp"

#include "shared/dates.hpp"
#include "shared/foreign_text.hpp"
#include "shared/language.hpp"

#include <QStringList>
#include <array>
#include <utility>

namespace mohr::desktop {
namespace {

using protocol::Prompt;
constexpr qsizetype title_columns = 48;

struct KindTexts {
    Prompt::Kind kind;
    const char* title;
    const char* act;
    const char* local = nullptr; ///< title where a program of this computer asks
};
constexpr std::array<KindTexts, 21> kind_texts{{
    {Prompt::Kind::access, "prompt.title.access", "prompt.act.access"},
    {Prompt::Kind::listing, "prompt.title.listing", "prompt.act.listing"},
    {Prompt::Kind::select, "prompt.title.select", "prompt.act.select"},
    {Prompt::Kind::sign, "M48", "prompt.act.sign", "prompt.local.sign"},
    {Prompt::Kind::authenticate, "prompt.title.authenticate", "prompt.act.authenticate"},
    {Prompt::Kind::decrypt, "prompt.title.decrypt", "prompt.act.decrypt", "prompt.local.decrypt"},
    {Prompt::Kind::generate, "prompt.title.generate", "prompt.act.generate", "prompt.local.generate"},
    {Prompt::Kind::import, "prompt.title.import", "prompt.act.import", "prompt.local.import"},
    {Prompt::Kind::request, "prompt.title.request", "prompt.act.request", "prompt.local.request"},
    {Prompt::Kind::remove_key, "prompt.title.removeKey", "prompt.act.remove", "prompt.local.removeKey"},
    {Prompt::Kind::remove_certificate, "prompt.title.removeCertificate", "prompt.act.remove",
     "prompt.local.removeCertificate"},
    {Prompt::Kind::change_pin, "prompt.title.changePin", "prompt.act.changePin"},
    {Prompt::Kind::unblock_pin, "prompt.title.unblockPin", "prompt.act.unblockPin"},
    {Prompt::Kind::import_file, "prompt.title.importFile", "prompt.act.import"},
    {Prompt::Kind::initialise, "prompt.title.initialise", "common.confirm"},
    {Prompt::Kind::reset, "prompt.title.reset", "common.confirm"},
    {Prompt::Kind::reset_blocked, "prompt.title.resetBlocked", "common.confirm"},
    {Prompt::Kind::change_admin_pin, "prompt.title.changeAdminPin", "prompt.act.changePin"},
    {Prompt::Kind::set_label, "prompt.title.setLabel", "prompt.act.rename"},
    {Prompt::Kind::verify_pin, "prompt.title.verifyPin", "common.continue"},
    {Prompt::Kind::mark, "prompt.title.mark", "prompt.act.save"},
}};

const KindTexts& texts_of(Prompt::Kind kind) {
    return kind_texts.at(static_cast<std::size_t>(kind));
}
constexpr bool in_order() {
    for (std::size_t i = 0; i < kind_texts.size(); ++i)
        if (static_cast<std::size_t>(kind_texts[i].kind) != i) return false;
    return static_cast<std::size_t>(Prompt::Kind::mark) + 1 == kind_texts.size();
}
static_assert(in_order());

constexpr std::array<std::pair<const char*, const char*>, 5> guessable_texts{{
    {"repeated_digit", "prompt.guess.repeatedDigit"},
    {"sequence", "prompt.guess.sequence"},
    {"repeated_pattern", "prompt.guess.repeatedPattern"},
    {"date", "prompt.guess.date"},
    {"common", "prompt.guess.common"},
}};
constexpr std::array<std::pair<const char*, const char*>, 6> other_problems{{
    {"characters", "prompt.problem.characters"},
    {"length", "prompt.problem.length"},
    {"guessable_refused", "prompt.problem.guessableRefused"},
    {"wrong_password", "prompt.problem.wrongPassword"},
    {"owner_refused", "prompt.problem.ownerRefused"},
    {"malformed", "prompt.problem.malformed"},
}};

template <class Table>
const char* find(const Table& table, const QString& name) {
    for (const auto& [key, text] : table)
        if (name == QLatin1String(key)) return text;
    return nullptr;
}

QString guess_text(const QString& role, const char* reason) {
    const char* const sentence = role == QLatin1String("admin") ? "prompt.guess.admin" : "prompt.guess.user";
    return qtTrId(sentence).arg(qtTrId(reason));
}

/// The message for "user:length" and the like, where the requirements have one.
const char* rule_message(const QString& role, const QString& name) {
    const bool admin = role == QLatin1String("admin");
    if (name == QLatin1String("characters")) return admin ? "M15" : "M10";
    if (name == QLatin1String("length")) return admin ? "M14" : "M13";
    return nullptr;
}

struct Part {
    QString role;
    QString name;
};
std::vector<Part> parts_of(const std::string& problem) {
    std::vector<Part> parts;
    const QString whole = from_utf8(problem);
    for (const QString& part : whole.split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        const qsizetype colon = part.indexOf(QLatin1Char(':'));
        parts.push_back({part.left(std::max<qsizetype>(colon, 0)), part.mid(colon + 1).trimmed()});
    }
    return parts;
}

/// The whole name stands below; a title shows its beginning and its end.
QString cut_middle(const QString& text, qsizetype columns) {
    if (text.size() <= columns) return text;
    return text.left(columns / 2) + QChar(0x2026) + text.right(columns / 2 - 1);
}

/// Both places in one go: what is put in may look like a place itself. Some texts have one only.
QString filled(const char* key, const QString& first, const QString& second) {
    const QString text = qtTrId(key);
    return text.contains(QLatin1String("%2"))   ? text.arg(first, second)
           : text.contains(QLatin1String("%1")) ? text.arg(first)
                                                : text;
}

} // namespace

QString from_utf8(const std::string& text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString title_text(const Prompt& prompt) {
    const QString who = isolated_ltr(
        from_utf8(prompt.registrable_domain.empty() ? prompt.origin : prompt.registrable_domain));
    QString what;
    if (prompt.documents.size() == 1)
        what = isolated(cut_middle(visible_text(from_utf8(prompt.documents.front().name)), title_columns));
    else if (!prompt.documents.empty())
        what = documents_text(prompt);
    const KindTexts& texts = texts_of(prompt.kind);
    if (prompt.local && texts.local != nullptr) return filled(texts.local, what, QString());
    return filled(texts.title, who, what);
}

QString act_text(const Prompt& prompt) {
    return qtTrId(texts_of(prompt.kind).act);
}

QString progress_text(const Prompt& prompt) {
    if (prompt.pin.needed) return qtTrId("prompt.progress.pin");
    return qtTrId("prompt.progress.working");
}

QString documents_text(const Prompt& prompt) {
    std::uint64_t size = 0;
    for (const auto& document : prompt.documents) size += document.size.value_or(0);
    return qtTrId("prompt.documents", static_cast<int>(prompt.documents.size())).arg(size_text(size));
}

QString tries_text(unsigned left) {
    return qtTrId("prompt.pin.triesLeft", static_cast<int>(left));
}

QString wrong_pin_text(unsigned left) {
    return qtTrId("M18", static_cast<int>(left));
}

QString remember_text(const Prompt& prompt) {
    QStringList covered;
    for (const std::string& what : prompt.remember) {
        if (what == "access") covered += qtTrId("prompt.remember.access");
        if (what == "blind") covered += qtTrId("prompt.remember.blind");
        if (what == "listing") covered += qtTrId("prompt.remember.listing");
        if (what == "certificate") covered += qtTrId("prompt.remember.certificate");
    }
    return qtTrId("prompt.remember").arg(covered.join(qtTrId("common.separator")));
}

QString certificate_text(const Prompt::Certificate& certificate) {
    QStringList parts;
    if (certificate.level == "bronze") parts += qtTrId("prompt.level.bronze");
    if (certificate.level == "silver") parts += qtTrId("prompt.level.silver");
    if (certificate.level == "gold") parts += qtTrId("prompt.level.gold");
    QStringList uses;
    for (const std::string& use : certificate.uses) {
        if (use == "sign") uses += qtTrId("prompt.use.sign");
        if (use == "authenticate") uses += qtTrId("prompt.use.authenticate");
        if (use == "decrypt") uses += qtTrId("prompt.use.decrypt");
    }
    if (!uses.isEmpty()) parts += qtTrId("prompt.use").arg(uses.join(qtTrId("common.separator")));
    if (!certificate.issuer.empty())
        parts += qtTrId("prompt.certificate.issuer").arg(isolated(from_utf8(certificate.issuer)));
    if (!certificate.not_after.empty())
        parts += qtTrId("prompt.certificate.until").arg(date_text(from_utf8(certificate.not_after)));
    return parts.join(QStringLiteral(" · "));
}

QString grouped(const QString& hexadecimal) {
    QString out;
    for (qsizetype i = 0; i < hexadecimal.size(); ++i) {
        if (i > 0 && i % 4 == 0) out += QLatin1Char(' ');
        out += hexadecimal.at(i);
    }
    return out;
}

QString time_left_text(int seconds) {
    if (seconds < 60) return qtTrId("prompt.time.seconds", seconds);
    if (seconds % 60 == 0) return qtTrId("prompt.time.minutes", seconds / 60);
    return qtTrId("prompt.time.both")
        .arg(qtTrId("prompt.time.minutes", seconds / 60), qtTrId("prompt.time.seconds", seconds % 60));
}

std::vector<Warning> warnings(const Prompt& prompt) {
    std::vector<Warning> all;
    if (prompt.blind) all.push_back({qtTrId("prompt.warn.blind"), true});
    if (prompt.kind == Prompt::Kind::remove_key || prompt.kind == Prompt::Kind::remove_certificate)
        all.push_back({qtTrId("prompt.warn.remove"), true});
    if (prompt.unauthenticated) all.push_back({qtTrId("prompt.warn.unauthenticated"), false});
    if (prompt.weak) all.push_back({qtTrId("prompt.warn.weak"), false});
    if (prompt.asks_blind) all.push_back({qtTrId("prompt.warn.asksBlind"), false});
    if (prompt.asks_access && prompt.kind != Prompt::Kind::access)
        all.push_back({qtTrId("prompt.warn.asksAccess"), false});
    return all;
}

std::vector<PinProblem> pin_problems(const std::string& problem) {
    std::vector<PinProblem> all;
    for (const auto& [role, name] : parts_of(problem)) {
        if (name == QLatin1String("equal")) {
            all.push_back({"new_admin_pin", qtTrId("M21")});
            continue;
        }
        const std::string secret = name == QLatin1String("wrong_password") ? "password"
                                   : name == QLatin1String("owner_refused")
                                       ? "owner_password"
                                       : (role == QLatin1String("admin") ? "new_admin_pin" : "new_user_pin");
        const char* text = rule_message(role, name);
        if (text == nullptr) text = find(other_problems, name);
        if (const char* const guess = find(guessable_texts, name))
            all.push_back({secret, guess_text(role, guess)});
        else
            all.push_back({secret, text != nullptr ? qtTrId(text)
                                                   : qtTrId("prompt.problem.other").arg(isolated_ltr(name))});
    }
    return all;
}

QString confirmation_text(const std::string& problem) {
    QStringList reasons;
    for (const auto& [role, name] : parts_of(problem)) {
        if (name == QLatin1String("equal"))
            reasons += qtTrId("M21");
        else if (const char* const guess = find(guessable_texts, name))
            reasons += guess_text(role, guess);
    }
    return reasons.join(QLatin1Char('\n'));
}

} // namespace mohr::desktop
