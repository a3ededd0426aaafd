// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "shared/appearance.hpp"
#include "shared/language.hpp"
#include <mohr/base/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <QObject>
#include <cstdint>

namespace mohr::desktop {

class ControlClient;
struct Failure;

enum class Theme : std::uint8_t { system, light, dark };
[[nodiscard]] Theme theme_from_name(const QString& name);
[[nodiscard]] QString theme_name(Theme theme);

/// Language and theme, which the core keeps for all windows; applied to this program as they change.
class InterfaceSettings : public QObject {
    Q_OBJECT
public:
    explicit InterfaceSettings(ControlClient& client, QObject* parent = nullptr);

    [[nodiscard]] Language language() const { return language_; }
    [[nodiscard]] Theme theme() const { return theme_; }
    /// Whether the person has a phrase or picture by which to know real prompts; it is told to those alone.
    [[nodiscard]] bool has_mark() const { return has_mark_; }
    void set_language(Language language);
    void set_theme(Theme theme);

Q_SIGNALS:
    void mark_changed();
    void changed(); ///< language or look; widgets get LanguageChange and PaletteChange of their own
    void failed(const Failure& failure);

private:
    void apply();
    void read();
    void take(const nlohmann::json& value);
    void adopt(Language language, Theme theme, bool desktop_dark);
    [[nodiscard]] Shade shade() const;
    void store();

    ControlClient& client_;
    Language language_ = Language::fa;
    Theme theme_ = Theme::system;
    bool desktop_dark_ = false; ///< what the desktop prefers, as the core knows it
    bool applied_ = false;
    bool has_mark_ = false;
};

} // namespace mohr::desktop
