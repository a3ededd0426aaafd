// SPDX-License-Identifier: Apache-2.0
#include "manager/certificate_entry.hpp"

#include "manager/values.hpp"
#include "shared/language.hpp"
#include <mohr/base/encoding.hpp>
#include <mohr/base/x509_details.hpp>

#include <array>

namespace mohr::desktop {
namespace {

std::optional<Certificate> read_certificate(const nlohmann::json& base64) {
    if (!base64.is_string()) return std::nullopt;
    const auto der = from_base64(base64.get_ref<const std::string&>());
    if (!der) return std::nullopt;
    auto certificate = Certificate::from_der(*der);
    if (!certificate) return std::nullopt;
    return std::move(*certificate);
}

CertificateState state_from(const QString& name, bool replaced) {
    if (name == QLatin1String("on_hold")) return CertificateState::on_hold;
    if (name == QLatin1String("expired")) return CertificateState::expired;
    if (name == QLatin1String("revoked")) return CertificateState::revoked;
    if (name == QLatin1String("active"))
        return replaced ? CertificateState::replaced : CertificateState::active;
    return CertificateState::pending;
}

/// A word for an object identifier or standard name; QT_TRID_NOOP marks the keys for the catalogues.
struct Word {
    const char* name;
    const char* key;
};

template <std::size_t N>
QString word_of(const std::array<Word, N>& words, const std::string& name) {
    for (const Word& word : words)
        if (name == word.name) return qtTrId(word.key);
    return {};
}

constexpr std::array levels{
    Word{"1.3.6.1.4.1.32473.1.1", QT_TRID_NOOP("certificate.level.bronze")},
    Word{"1.3.6.1.4.1.32473.1.2", QT_TRID_NOOP("certificate.level.silver")},
    Word{"1.3.6.1.4.1.32473.1.3", QT_TRID_NOOP("certificate.level.gold")},
    Word{"1.3.6.1.4.1.32473.1.4", QT_TRID_NOOP("certificate.level.platinum")},
};
constexpr std::array usages{
    Word{"digitalSignature", QT_TRID_NOOP("certificate.usage.digitalSignature")},
    Word{"nonRepudiation", QT_TRID_NOOP("certificate.usage.nonRepudiation")},
    Word{"keyEncipherment", QT_TRID_NOOP("certificate.usage.keyEncipherment")},
    Word{"dataEncipherment", QT_TRID_NOOP("certificate.usage.dataEncipherment")},
    Word{"keyAgreement", QT_TRID_NOOP("certificate.usage.keyAgreement")},
    Word{"keyCertSign", QT_TRID_NOOP("certificate.usage.keyCertSign")},
    Word{"cRLSign", QT_TRID_NOOP("certificate.usage.crlSign")},
    Word{"1.3.6.1.5.5.7.3.1", QT_TRID_NOOP("certificate.usage.serverAuth")},
    Word{"1.3.6.1.5.5.7.3.2", QT_TRID_NOOP("certificate.usage.clientAuth")},
    Word{"1.3.6.1.5.5.7.3.4", QT_TRID_NOOP("certificate.usage.emailProtection")},
    Word{"1.3.6.1.5.5.7.3.8", QT_TRID_NOOP("certificate.usage.timeStamping")},
    Word{"1.3.6.1.5.5.7.3.9", QT_TRID_NOOP("certificate.usage.ocspSigning")},
    Word{"1.3.6.1.5.5.7.3.36", QT_TRID_NOOP("certificate.usage.documentSigning")},
};
constexpr std::array attributes{
    Word{"CN", QT_TRID_NOOP("certificate.name.cn")},
    Word{"SN", QT_TRID_NOOP("certificate.name.surname")},
    Word{"GN", QT_TRID_NOOP("certificate.name.givenName")},
    Word{"O", QT_TRID_NOOP("certificate.name.organisation")},
    Word{"OU", QT_TRID_NOOP("certificate.name.unit")},
    Word{"C", QT_TRID_NOOP("certificate.name.country")},
    Word{"ST", QT_TRID_NOOP("certificate.name.province")},
    Word{"L", QT_TRID_NOOP("certificate.name.city")},
    Word{"title", QT_TRID_NOOP("certificate.name.title")},
    Word{"serialNumber", QT_TRID_NOOP("certificate.name.serialNumber")},
    Word{"emailAddress", QT_TRID_NOOP("certificate.name.email")},
};

} // namespace

std::vector<CertificateEntry> certificate_entries(const nlohmann::json& key_list) {
    std::vector<CertificateEntry> out;
    if (!key_list.is_array()) return out;
    for (const auto& object : key_list) {
        CertificateEntry entry;
        entry.id = text_of(object, "id");
        entry.label = text_of(object, "label");
        entry.algorithm = text_of(object, "algorithm");
        entry.state = state_from(text_of(object, "state"), flag_member(object, "replaced"));
        entry.created = QDateTime::fromString(text_of(object, "created"), Qt::ISODate);
        if (auto key = from_base64(text_member(object, "publicKeyInfo")))
            entry.public_key_info = std::move(*key);
        entry.certificate = read_certificate(member(object, "certificate"));
        const nlohmann::json& chain = member(object, "chain");
        if (chain.is_array())
            for (const auto& link : chain)
                if (auto issuer = read_certificate(link)) entry.chain.push_back(std::move(*issuer));
        if (!entry.id.isEmpty()) out.push_back(std::move(entry));
    }
    return out;
}

QString entry_name(const CertificateEntry& entry) {
    if (entry.certificate) return to_text(entry.certificate->common_name());
    return entry.label.isEmpty() ? qtTrId("certificate.unnamed") : entry.label;
}

QString entry_issuer(const CertificateEntry& entry) {
    if (!entry.certificate) return {};
    for (const NameAttribute& attribute : issuer_attributes(*entry.certificate))
        if (attribute.type == "CN") return to_text(attribute.value);
    return to_text(entry.certificate->issuer());
}

QString state_word(CertificateState state) {
    switch (state) {
    case CertificateState::active:
        return qtTrId("certificate.state.active");
    case CertificateState::pending:
        return qtTrId("certificate.state.pending");
    case CertificateState::on_hold:
        return qtTrId("certificate.state.onHold");
    case CertificateState::replaced:
        return qtTrId("certificate.state.replaced");
    case CertificateState::expired:
        return qtTrId("certificate.state.expired");
    case CertificateState::revoked:
        return qtTrId("certificate.state.revoked");
    }
    return {};
}

QString state_icon(CertificateState state) {
    switch (state) {
    case CertificateState::active:
        return QStringLiteral("certificate-active");
    case CertificateState::pending:
        return QStringLiteral("certificate-pending");
    case CertificateState::on_hold:
        return QStringLiteral("certificate-on-hold");
    case CertificateState::replaced:
        return QStringLiteral("certificate-replaced");
    case CertificateState::expired:
        return QStringLiteral("certificate-expired");
    case CertificateState::revoked:
        return QStringLiteral("certificate-revoked");
    }
    return {};
}

QString state_text(CertificateState state) {
    switch (state) {
    case CertificateState::active:
        return {};
    case CertificateState::pending:
        return qtTrId("certificate.about.pending");
    case CertificateState::on_hold:
        return qtTrId("certificate.about.onHold");
    case CertificateState::replaced:
        return qtTrId("certificate.about.replaced");
    case CertificateState::expired:
        return qtTrId("certificate.about.expired");
    case CertificateState::revoked:
        return qtTrId("certificate.about.revoked");
    }
    return {};
}

QString level_word(const Certificate& certificate) {
    for (const std::string& policy : certificate_policies(certificate))
        if (const QString word = word_of(levels, policy); !word.isEmpty()) return word;
    return {};
}

QString use_words(const Certificate& certificate) {
    const KeyUsage usage = certificate.key_usage();
    QStringList out;
    if (!usage.present || usage.digital_signature || usage.non_repudiation)
        out << qtTrId("certificate.use.sign");
    if (!usage.present || usage.digital_signature) out << qtTrId("certificate.use.login");
    if (!usage.present || usage.key_encipherment || usage.key_agreement)
        out << qtTrId("certificate.use.decrypt");
    return out.join(qtTrId("common.separator"));
}

QStringList usage_words(const Certificate& certificate) {
    QStringList out;
    std::vector<std::string> names = key_usage_names(certificate);
    for (std::string& name : extended_key_usages(certificate)) names.push_back(std::move(name));
    for (const std::string& name : names) {
        const QString word = word_of(usages, name);
        out << (word.isEmpty() ? to_text(name) : word);
    }
    return out;
}

QString key_words(const Certificate& certificate) {
    switch (certificate.key_kind()) {
    case PublicKeyKind::rsa:
        return qtTrId("certificate.key.rsa").arg(number_text(certificate.key_bits()));
    case PublicKeyKind::ec_p256:
        return qtTrId("certificate.key.ec").arg(QStringLiteral("P-256"));
    case PublicKeyKind::ec_p384:
        return qtTrId("certificate.key.ec").arg(QStringLiteral("P-384"));
    case PublicKeyKind::other:
        break;
    }
    return qtTrId("certificate.key.other").arg(number_text(certificate.key_bits()));
}

QString attribute_word(const std::string& type) {
    const QString word = word_of(attributes, type);
    return word.isEmpty() ? to_text(type) : word;
}

QString grouped_hex(const QString& hex) {
    QString out;
    for (qsizetype i = 0; i < hex.size(); ++i) {
        if (i > 0 && i % 4 == 0) out += QLatin1Char(' ');
        out += hex.at(i);
    }
    return out;
}

QString fingerprint_text(const Certificate& certificate) {
    return grouped_hex(to_text(to_hex(certificate.fingerprint())).toUpper());
}

QDateTime to_date_time(Instant instant) {
    return QDateTime::fromSecsSinceEpoch(
        std::chrono::duration_cast<std::chrono::seconds>(instant.time_since_epoch()).count(), Qt::UTC);
}

} // namespace mohr::desktop
