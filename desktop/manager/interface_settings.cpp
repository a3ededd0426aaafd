// SPDX-License-Identifier: Apache-2.0
#include "manager/interface_settings.hpp"

#include "manager/control_client.hpp"
#include "manager/values.hpp"

namespace mohr::desktop {
namespace {

const QStringList& catalogues() {
    static const QStringList names{QStringLiteral("manager"), QStringLiteral("token")};
    return names;
}

} // namespace

InterfaceSettings::InterfaceSettings(ControlClient& client, QObject* parent)
    : QObject(parent), client_(client) {
    connect(&client, &ControlClient::connected_changed, this, [this](bool connected) {
        if (connected) read();
    });
    connect(&client, &ControlClient::notified, this, [this](const QString& method) {
        if (method == QLatin1String("interface.changed")) read();
    });
    apply();
}

void InterfaceSettings::read() {
    client_.request(this, "interface.get", [this](const Reply& reply) {
        if (reply) take(*reply); // an older core keeps none: what is shown stays
    });
}

void InterfaceSettings::take(const nlohmann::json& value) {
    adopt(language_from_name(text_of(value, "language")), theme_from_name(text_of(value, "theme")),
          flag_member(value, "desktopDark"));
    if (std::exchange(has_mark_, flag_member(value, "mark")) != has_mark_) Q_EMIT mark_changed();
}

void InterfaceSettings::adopt(Language language, Theme theme, bool desktop_dark) {
    if (language == language_ && theme == theme_ && desktop_dark == desktop_dark_) return;
    language_ = language;
    theme_ = theme;
    desktop_dark_ = desktop_dark;
    apply();
}

void InterfaceSettings::apply() {
    if (current_language() != language_ || !applied_) install_language(language_, catalogues());
    applied_ = true;
    apply_appearance(shade());
    Q_EMIT changed();
}

Shade InterfaceSettings::shade() const {
    const bool dark = theme_ == Theme::system ? desktop_dark_ : theme_ == Theme::dark;
    return dark ? Shade::dark : Shade::light;
}

void InterfaceSettings::set_language(Language language) {
    adopt(language, theme_, desktop_dark_);
    store();
}

void InterfaceSettings::set_theme(Theme theme) {
    adopt(language_, theme, desktop_dark_);
    store();
}

void InterfaceSettings::store() {
    const nlohmann::json params{{"language", language_name(language_).toStdString()},
                                {"theme", theme_name(theme_).toStdString()}};
    client_.request(this, "interface.set", params, [this](const Reply& reply) {
        if (!reply) Q_EMIT failed(reply.error());
    });
}

Theme theme_from_name(const QString& name) {
    if (name == QLatin1String("light")) return Theme::light;
    if (name == QLatin1String("dark")) return Theme::dark;
    return Theme::system;
}

QString theme_name(Theme theme) {
    switch (theme) {
    case Theme::light:
        return QStringLiteral("light");
    case Theme::dark:
        return QStringLiteral("dark");
    case Theme::system:
        break;
    }
    return QStringLiteral("system");
}

} // namespace mohr::desktop
