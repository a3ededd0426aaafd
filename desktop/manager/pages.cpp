// SPDX-License-Identifier: Apache-2.0
#include "manager/pages.hpp"

#include "manager/about_page.hpp"
#include "manager/activity_page.hpp"
#include "manager/certificate_page.hpp"
#include "manager/file_page.hpp"
#include "manager/home_page.hpp"
#include "manager/permission_page.hpp"
#include "manager/service_page.hpp"
#include "manager/settings_page.hpp"
#include "manager/sites_page.hpp"
#include "manager/token_page.hpp"
#include "manager/tour_page.hpp"

#include <QtGlobal>

namespace mohr::desktop {
namespace {

template <class P>
PageEntry entry(const char* id, const char* title, const char* icon, bool listed = true) {
    return {QString::fromLatin1(id), title, QString::fromLatin1(icon), listed,
            [](Shell& shell) -> Page* { return new P(shell); }};
}

} // namespace

const std::vector<PageEntry>& page_entries() {
    static const std::vector<PageEntry> entries{
        entry<HomePage>("home", QT_TRID_NOOP("manager.page.home"), "page-home.svg"),
        entry<TokenPage>("token", QT_TRID_NOOP("main.mobileToken"), "page-token.svg"),
        entry<CertificatePage>("certificates", QT_TRID_NOOP("cert.management"), "page-certificates.svg"),
        entry<FilePage>("files", QT_TRID_NOOP("file.title"), "page-files.svg"),
        entry<ServicePage>("service", QT_TRID_NOOP("manager.page.service"), "page-service.svg"),
        entry<SitesPage>("sites", QT_TRID_NOOP("manager.page.sites"), "page-sites.svg"),
        entry<ActivityPage>("activity", QT_TRID_NOOP("manager.page.activity"), "page-activity.svg"),
        entry<SettingsPage>("settings", QT_TRID_NOOP("manager.page.settings"), "page-settings.svg"),
        entry<PermissionPage>("permission", QT_TRID_NOOP("manager.page.permission"), "page-permission.svg"),
        entry<AboutPage>("about", QT_TRID_NOOP("manager.page.about"), "page-about.svg"),
        entry<TourPage>("tour", QT_TRID_NOOP("manager.home.tour"), "page-tour.svg", false),
    };
    return entries;
}

} // namespace mohr::desktop
