// SPDX-License-Identifier: Apache-2.0
#include "manager/pages.hpp"

#include "manager/certificate_page.hpp"
#include "manager/file_page.hpp"
#include "manager/home_page.hpp"
#include "manager/token_page.hpp"

#include <QtGlobal>

namespace mohr::desktop {
namespace {

template <class P>
PageEntry entry(const char* id, const char* title, const char* icon) {
    return {QString::fromLatin1(id), title, QString::fromLatin1(icon),
            [](Shell& shell) -> Page* { return new P(shell); }};
}

} // namespace

const std::vector<PageEntry>& page_entries() {
    static const std::vector<PageEntry> entries{
        entry<HomePage>("home", QT_TRID_NOOP("manager.page.home"), "page-home.svg"),
        entry<TokenPage>("token", QT_TRID_NOOP("main.mobileToken"), "page-token.svg"),
        entry<CertificatePage>("certificates", QT_TRID_NOOP("cert.management"), "page-certificates.svg"),
        entry<FilePage>("files", QT_TRID_NOOP("file.title"), "page-files.svg"),
    };
    return entries;
}

} // namespace mohr::desktop
