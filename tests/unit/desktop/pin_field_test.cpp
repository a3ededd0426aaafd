// SPDX-License-Identifier: Apache-2.0
#include "catch_compat.hpp"
#include "prompt/pin_field.hpp"
#include "prompt_application.hpp"

#include <QAccessible>
#include <QKeyEvent>
#include <string>

using namespace mohr::desktop;

namespace {

class Typist {
public:
    explicit Typist(SecretKind kind, unsigned most = 24) {
        start_prompt_application();
        field = std::make_unique<PinField>(kind, most, nullptr);
        QObject::connect(field.get(), &PinField::refused, [this](PinFault fault) { last = fault; });
    }
    /// What stands in the field after each of these characters was typed.
    std::string type(const char* utf8) {
        last = PinFault::none;
        for (const char32_t c : QString::fromUtf8(utf8).toUcs4()) {
            const QKeyEvent event(QEvent::KeyPress, 0, Qt::NoModifier, QString::fromUcs4(&c, 1));
            field->take_key(event);
        }
        return content();
    }
    std::string press(int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
        field->take_key(QKeyEvent(QEvent::KeyPress, key, modifiers));
        return content();
    }
    [[nodiscard]] std::string content() const {
        const mohr::Secret value = field->value();
        return {reinterpret_cast<const char*>(value.reveal().data()), value.size()};
    }

    std::unique_ptr<PinField> field;
    PinFault last = PinFault::none;
};

} // namespace

TEST_CASE(
    "the user PIN takes English digits and nothing else, Persian ones are refused and not converted [R42] [R195]",
    "[desktop][pin]") {
    Typist typist(SecretKind::user_pin);
    CHECK(typist.type("0000123") == "0000123");
    CHECK(typist.last == PinFault::none);
    for (const char* other : {"a", " ", "۱", "١", "-", "é", "𝟏"}) {
        INFO(other);
        CHECK(typist.type(other) == "0000123");
        CHECK(typist.last == PinFault::characters);
    }
    CHECK(std::string(message_of(SecretKind::user_pin, PinFault::characters)) == "M10");
}

TEST_CASE("the admin PIN takes English letters and digits in the case they were typed [R45] [R46]",
          "[desktop][pin]") {
    Typist typist(SecretKind::admin_pin);
    CHECK(typist.type("ABcd1234efGH5678ijKL9012") == "ABcd1234efGH5678ijKL9012");
    typist.field->clear();
    for (const char* other : {" ", "-", "ا", "۱", "ä", "_"}) {
        INFO(other);
        CHECK(typist.type(other).empty());
        CHECK(typist.last == PinFault::characters);
    }
    CHECK(std::string(message_of(SecretKind::admin_pin, PinFault::characters)) == "M15");
}

TEST_CASE("a PIN of more characters than allowed is not taken, fewer is said [R43] [R44]", "[desktop][pin]") {
    Typist typist(SecretKind::user_pin);
    CHECK(typist.type("123456789012345678901234") == "123456789012345678901234");
    CHECK(typist.type("5") == "123456789012345678901234");
    CHECK(typist.last == PinFault::too_long);
    CHECK(check_length(3, 4, 24) == PinFault::too_short);
    CHECK(check_length(4, 4, 24) == PinFault::none);
    CHECK(check_length(24, 4, 24) == PinFault::none);
    CHECK(check_length(25, 4, 24) == PinFault::too_long);
    CHECK(std::string(message_of(SecretKind::user_pin, PinFault::too_short)) == "M13");
    CHECK(std::string(message_of(SecretKind::admin_pin, PinFault::too_long)) == "M14");
}

TEST_CASE("a password keeps every character of any script, and backspace takes a whole one",
          "[desktop][pin]") {
    Typist typist(SecretKind::password, 8);
    CHECK(typist.type("رمز ä😀") == "رمز ä😀");
    CHECK(typist.field->length() == 6);
    CHECK(typist.press(Qt::Key_Backspace) == "رمز ä");
    CHECK(typist.press(Qt::Key_Backspace, Qt::ControlModifier).empty());
}

TEST_CASE("nothing is pasted into a PIN field, and a held key counts once [R53]", "[desktop][pin]") {
    Typist typist(SecretKind::user_pin);
    typist.type("12");
    const QKeyEvent paste(QEvent::KeyPress, Qt::Key_V, Qt::ControlModifier, QStringLiteral("\x16"));
    CHECK_FALSE(typist.field->take_key(paste));
    const QKeyEvent held(QEvent::KeyPress, Qt::Key_3, Qt::NoModifier, QStringLiteral("3"), true);
    CHECK(typist.field->take_key(held));
    CHECK(typist.content() == "12");
    CHECK(typist.press(Qt::Key_Delete).empty());
}

TEST_CASE(
    "assistive technology sees a protected field with a name and as many bullets as characters [R196] [R53]",
    "[desktop][pin]") {
    Typist typist(SecretKind::user_pin);
    typist.field->setAccessibleName(QStringLiteral("User PIN"));
    typist.type("4830");
    typist.field->set_revealed(true);
    QAccessibleInterface* const seen = QAccessible::queryAccessibleInterface(typist.field.get());
    REQUIRE(seen != nullptr);
    CHECK(seen->role() == QAccessible::EditableText);
    CHECK(seen->state().passwordEdit);
    CHECK(seen->text(QAccessible::Name).toStdString() == "User PIN");
    CHECK(seen->text(QAccessible::Value).toStdString() == "••••");
    REQUIRE(seen->textInterface() != nullptr);
    CHECK(seen->textInterface()->characterCount() == 4);
    CHECK(seen->textInterface()->text(0, 4).toStdString() == "••••");
    CHECK(seen->editableTextInterface() == nullptr);
}

TEST_CASE("two fields are compared as a whole [R41]", "[desktop][pin]") {
    Typist first(SecretKind::user_pin);
    Typist second(SecretKind::user_pin);
    CHECK(first.field->same_as(*second.field));
    first.type("1234");
    second.type("1235");
    CHECK_FALSE(first.field->same_as(*second.field));
    second.press(Qt::Key_Backspace);
    CHECK_FALSE(first.field->same_as(*second.field));
    second.type("4");
    CHECK(first.field->same_as(*second.field));
}
