// SPDX-License-Identifier: Apache-2.0
// Every prompt of tests/data/prompts.json in both languages: nothing is cut off and nothing lies outside the window.
#include "catch_compat.hpp"
#include "prompt/prompt_window.hpp"
#include "prompt_application.hpp"
#include "shared/appearance.hpp"
#include "shared/language.hpp"

#include <nlohmann/json.hpp>

#include <QAbstractButton>
#include <QCoreApplication>
#include <QLabel>
#include <QScrollArea>
#include <fstream>

using namespace mohr::desktop;
using nlohmann::json;

namespace {

json samples() {
    std::ifstream file(MOHR_PROMPT_SAMPLES);
    json all = json::parse(file);
    json batch = all["sign"];
    const json document = batch["documents"][0];
    for (int i = 1; i < 500; ++i) {
        batch["documents"].push_back(document);
        batch["documents"].back()["name"] = std::string(static_cast<std::size_t>(i % 200 + 1), 'w') + ".txt";
    }
    all["sign-batch"] = std::move(batch);
    return all;
}

std::string described(const QWidget& widget) {
    return std::string(widget.metaObject()->className()) + " \"" +
           widget.property("text").toString().toStdString() + "\"";
}

void check_label(const QLabel& label) {
    if (label.text().isEmpty()) return;
    INFO(described(label) << " is " << label.width() << " by " << label.height());
    if (label.wordWrap())
        CHECK(label.heightForWidth(label.width()) <= label.height());
    else
        CHECK(label.sizeHint().width() <= label.width());
}

void check_inside(const QWidget& widget, const QWidget& window) {
    const QRect place(widget.mapTo(&window, QPoint()), widget.size());
    INFO(described(widget) << " from " << place.left() << " to " << place.right() << " in "
                           << window.width());
    CHECK(place.left() >= 0);
    CHECK(place.right() < window.width());
}

void check_window(PromptWindow& window) {
    for (int i = 0; i < 3; ++i) QCoreApplication::processEvents();
    for (const QWidget* widget : window.findChildren<QWidget*>()) {
        if (!widget->isVisibleTo(&window)) continue;
        check_inside(*widget, window);
        if (const auto* const label = qobject_cast<const QLabel*>(widget)) check_label(*label);
        if (const auto* const button = qobject_cast<const QAbstractButton*>(widget)) {
            INFO(described(*button));
            CHECK(button->minimumSizeHint().width() <= button->width());
            CHECK(button->minimumSizeHint().height() <= button->height());
        }
    }
    for (const char* name : {"accept", "refuse"}) {
        const auto* const button = window.findChild<QWidget*>(QLatin1String(name));
        REQUIRE(button != nullptr);
        CHECK(window.rect().contains(QRect(button->mapTo(&window, QPoint()), button->size())));
    }
}

} // namespace

TEST_CASE("nothing of any prompt is cut off or outside its window, in both languages [R169] [T20]",
          "[desktop][layout]") {
    start_prompt_application();
    apply_appearance(Shade::light);
    const json all = samples();
    CHECK(all.size() >= 25);
    for (const Language language : {Language::fa, Language::en}) {
        install_language(language, QStringLiteral("prompt"));
        for (const auto& [name, params] : all.items()) {
            INFO(name << " in " << language_name(language).toStdString());
            auto prompt = mohr::protocol::decode_prompt(params);
            REQUIRE(prompt);
            const bool long_phrase = name == "sign";
            PromptWindow window(std::move(*prompt), Previews(),
                                {long_phrase ? QString(64, QLatin1Char('W')) : QStringLiteral("Snow"), {}});
            window.appear();
            check_window(window);
            window.resize(480, 384); // what 200 % leaves of a small screen
            check_window(window);
        }
    }
}

TEST_CASE("every text that a prompt says is found in its catalogue [R168]", "[desktop][layout]") {
    start_prompt_application();
    const json all = samples();
    for (const Language language : {Language::fa, Language::en}) {
        install_language(language, QStringLiteral("prompt"));
        for (const auto& [name, params] : all.items()) {
            auto prompt = mohr::protocol::decode_prompt(params);
            REQUIRE(prompt);
            PromptWindow window(std::move(*prompt), Previews(), {});
            for (const QLabel* label : window.findChildren<QLabel*>()) {
                INFO(name << ": " << label->text().toStdString());
                CHECK_FALSE(label->text().contains(QLatin1String("prompt.")));
                CHECK_FALSE(label->text().contains(QLatin1String("%1")));
            }
        }
    }
}
