// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "manager/certificate_export.hpp"
#include "manager/certificate_import.hpp"
#include "manager/certificate_model.hpp"
#include "manager/key_request.hpp"
#include "manager/recipient_sheet.hpp"
#include "qt_application.hpp"
#include "run_openssl.hpp"
#include "temporary_directory.hpp"
#include <mohr/base/encoding.hpp>

#include <fstream>

using namespace mohr;
using namespace mohr::desktop;
using nlohmann::json;

namespace {

/// A certificate that the openssl command made, with these extensions.
Certificate issued(const std::string& name, const std::string& extensions) {
    return Certificate::from_der(
               test::run_openssl(
                   "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -days 30 -utf8 -subj '/O=Test/CN=" +
                   name + "' " + extensions + " -outform DER -out out"))
        .value();
}
const std::string silver = "-addext keyUsage=digitalSignature,nonRepudiation,keyEncipherment "
                           "-addext certificatePolicies=1.3.6.1.4.1.32473.1.2";
const std::string bronze =
    "-addext keyUsage=nonRepudiation -addext certificatePolicies=1.3.6.1.4.1.32473.1.1";

json object(const char* id, const char* state, const Certificate* certificate, bool replaced = false) {
    json out{{"id", id},       {"label", "key"},       {"algorithm", "P-256"},
             {"state", state}, {"replaced", replaced}, {"created", "2026-11-26T08:00:00Z"}};
    if (certificate != nullptr) {
        out["certificate"] = to_base64(certificate->der());
        out["publicKeyInfo"] = to_base64(certificate->public_key_info());
        out["chain"] = json::array({to_base64(certificate->der())});
    }
    return out;
}

} // namespace

TEST_CASE("every state of a certificate has its own word and picture [R134] [R143]",
          "[desktop][certificates]") {
    test::use_language(Language::fa);
    const Certificate certificate = issued("a", silver);
    const auto entries = certificate_entries(
        json::array({object("01", "active", &certificate), object("02", "on_hold", &certificate),
                     object("03", "expired", &certificate), object("04", "revoked", &certificate),
                     object("05", "active", &certificate, true), object("06", "pending", nullptr)}));
    REQUIRE(entries.size() == 6);
    QStringList words;
    QStringList icons;
    for (const CertificateEntry& entry : entries) {
        words << state_word(entry.state);
        icons << state_icon(entry.state);
        CHECK_FALSE(icon_named(state_icon(entry.state)).pixmap(20).toImage().allGray());
    }
    CHECK(words.removeDuplicates() == 0);
    CHECK(icons.removeDuplicates() == 0);
    CHECK(state_word(entries[1].state) == QStringLiteral("فعال نشده"));
    CHECK(entry_name(entries[5]) == QStringLiteral("key"));
}

TEST_CASE("level and use come from the certificate's policies and key usage [R74]",
          "[desktop][certificates]") {
    test::use_language(Language::en);
    CHECK(level_word(issued("a", silver)) == QStringLiteral("Silver"));
    CHECK(use_words(issued("a", silver)) == QStringLiteral("sign, log in, decrypt"));
    CHECK(level_word(issued("a", bronze)) == QStringLiteral("Bronze"));
    CHECK(use_words(issued("a", bronze)) == QStringLiteral("sign"));
    CHECK(level_word(issued("a", "")).isEmpty());
}

TEST_CASE("only a certificate that may encipher is offered as a recipient [R193]",
          "[desktop][certificates]") {
    test::use_language(Language::en);
    CHECK(recipient_problem(issued("a", silver)).isEmpty());
    CHECK_FALSE(recipient_problem(issued("a", bronze)).isEmpty());
}

TEST_CASE("malformed entries of the core's list are left out", "[desktop][certificates]") {
    CHECK(certificate_entries(json("no list")).empty());
    CHECK(certificate_entries(json::array({json::object(), 7, nullptr})).empty());
    const auto entries =
        certificate_entries(json::array({{{"id", "01"}, {"state", "active"}, {"certificate", "%%%"}}}));
    REQUIRE(entries.size() == 1);
    CHECK_FALSE(entries[0].certificate);
}

TEST_CASE("the search finds either form of a letter and any digits", "[desktop][certificates]") {
    test::use_language(Language::fa);
    const Certificate one = issued("كاظم يزدي 12", silver); // with Arabic kaf and yeh
    const Certificate other = issued("Portal", bronze);
    CertificateModel model;
    model.set_entries(
        certificate_entries(json::array({object("01", "active", &one), object("02", "expired", &other)})));
    CertificateSearch search;
    search.setSourceModel(&model);
    const auto found = [&search](const char* words) {
        search.look_for(QString::fromUtf8(words));
        return search.rowCount();
    };
    CHECK(found("") == 2);
    CHECK(found("کاظم یزدی") == 1);
    CHECK(found("۱۲ کاظم") == 1);
    CHECK(found("PORTAL منقضی") == 1);
    CHECK(found("portal کاظم") == 0);
    model.hide(QStringLiteral("02"));
    CHECK(found("") == 1);
    model.show_again(QStringLiteral("02"));
    CHECK(found("") == 2);
}

TEST_CASE("a hostile name neither turns a cell nor leaves the folder of an export [T17]",
          "[desktop][certificates]") {
    test::use_language(Language::fa);
    const Certificate hostile = issued("..\\/..\\/etc\\/passwd\u202egpj", silver);
    CertificateModel model;
    model.set_entries(certificate_entries(json::array({object("01", "active", &hostile)})));
    const QString cell = model.index(0, CertificateModel::name).data().toString();
    CHECK(cell.contains(QStringLiteral("\\u{202e}")));
    CHECK_FALSE(cell.contains(QChar(0x202E)));
    const QString name = export_name(model.at(0), ExportFormat::der);
    CHECK_FALSE(name.contains(QLatin1Char('/')));
    CHECK_FALSE(name.startsWith(QLatin1Char('.')));
    CHECK(name.endsWith(QStringLiteral(".cer")));
}

TEST_CASE("what is exported is the certificate, in every form [R143]", "[desktop][certificates]") {
    const Certificate certificate = issued("a", silver);
    const auto entries = certificate_entries(json::array({object("01", "active", &certificate)}));
    REQUIRE(entries.size() == 1);
    CHECK(exported(entries[0], ExportFormat::der).value() == certificate.der());
    for (const ExportFormat format :
         {ExportFormat::pem, ExportFormat::chain_pem, ExportFormat::chain_pkcs7}) {
        const auto back = read_certificates(exported(entries[0], format).value());
        REQUIRE(back);
        CHECK(back->front().der() == certificate.der());
    }
}

TEST_CASE("a subject is written as RFC 4514 wants it [R50]", "[desktop][certificates]") {
    using Subject = std::vector<std::pair<QString, QString>>;
    const auto text = [](const Subject& subject) { return subject_text(subject).toStdString(); };
    const QString c = QStringLiteral("C");
    const QString cn = QStringLiteral("CN");
    CHECK(text({{c, QStringLiteral("IR")}, {cn, QStringLiteral("a")}}) == "CN=a,C=IR");
    CHECK(text({{c, QString()}, {cn, QStringLiteral(" a ")}}) == "CN=a");
    CHECK(text({{cn, QStringLiteral("a,b+c\"d\\e<f>g;h")}}) == "CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h");
    CHECK(text({{cn, QStringLiteral("#a")}}) == "CN=\\#a");
    CHECK(text({{cn, QStringLiteral("متقاضی")}}) == "CN=متقاضی");
}

TEST_CASE("a request takes only names that a certificate may hold [R50]", "[desktop][certificates]") {
    const auto name = [](const char* type, const char* value) {
        return is_right_attribute(QString::fromLatin1(type), QString::fromUtf8(value));
    };
    CHECK(name("C", "IR"));
    CHECK(name("C", ""));
    CHECK_FALSE(name("C", "IRN"));
    CHECK_FALSE(name("C", "ای"));
    CHECK(name("CN", "می‌رود")); // with the half-space of Persian spelling
    CHECK_FALSE(name("CN", "a\x01"));
    CHECK_FALSE(name("CN", "a\u202eb"));
    CHECK_FALSE(name("CN", std::string(65, 'a').c_str()));
    const auto emails = [](const char* text) {
        return are_right_names(NameKind::email, QString::fromUtf8(text));
    };
    CHECK(emails("a@example.ir, b.c@example.ir"));
    CHECK(emails(""));
    CHECK_FALSE(emails("a@"));
    CHECK_FALSE(emails("example.ir"));
    CHECK_FALSE(emails("ا@example.ir"));
    const auto hosts = [](const char* text) {
        return are_right_names(NameKind::dns, QString::fromUtf8(text));
    };
    CHECK(hosts("portal.example *.portal.example"));
    CHECK_FALSE(hosts("-a.example"));
    CHECK_FALSE(hosts("a..example"));
    CHECK_FALSE(hosts("دامنه.ایران"));
}

TEST_CASE("a file is imported as what it is, and only where its key is here [R50]",
          "[desktop][certificates]") {
    const test::TemporaryDirectory directory;
    const auto file = [&directory](const char* name, const Bytes& content) {
        std::ofstream(directory.path() / name, std::ios::binary)
            .write(reinterpret_cast<const char*>(content.data()),
                   static_cast<std::streamsize>(content.size()));
        return QString::fromStdString((directory.path() / name).string());
    };
    const Certificate mine = issued("a", silver);
    const Certificate foreign = issued("b", silver);
    const auto entries = certificate_entries(json::array({object("01", "active", &mine)}));
    const auto as = [&entries](const QString& path) { return read_import_file(path, entries); };
    CHECK(std::string(as(file("a.cer", mine.der()))->method) == "certificate.import");
    CHECK(as(file("b.cer", foreign.der())).error() == ImportProblem::no_key);
    CHECK(as(file("c.txt", to_bytes(as_bytes("text")))).error() == ImportProblem::no_certificate);
    CHECK(as(file("d", {})).error() == ImportProblem::no_certificate);
    CHECK(as(QStringLiteral("/nowhere")).error() == ImportProblem::unreadable);
    CHECK(as(file("e.cer", Bytes(600 * 1024, 0x30))).error() == ImportProblem::too_large);
    const Bytes pkcs12 = test::run_openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=x -out cert && "
        "openssl pkcs12 -export -inkey key -in cert -passout pass:geheim -out out");
    CHECK(std::string(as(file("f.p12", pkcs12))->method) == "certificate.importPkcs12");
}
