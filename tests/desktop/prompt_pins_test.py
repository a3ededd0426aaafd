# SPDX-License-Identifier: Apache-2.0
"""New PINs, passwords, files and the person's mark in the prompt window, with the core's part played here."""
import base64
import os
import time

from display import wait_for
from prompt_look import button, fields, fill, texts
from samples import sample


def test_initialising_takes_four_inputs(display, prompt, pictures):
    """the first set-up has exactly four inputs, confirms only when all are valid and both repeats match, and says at the field what is wrong [R41] [R42] [R43] [R44] [R45] [R47]"""
    prompt.show(sample("initialise", "en"))
    prompt.wait_armed()
    assert [node["name"] for node in fields(display, prompt)] == ["User PIN", "Repeat user PIN", "Admin PIN", "Repeat admin PIN"]
    switches = [node for node in display.tree(prompt.pid) if node["name"].startswith("Show PIN: ")]
    assert len(switches) == 4 and not any("checked" in node["states"] for node in switches)
    assert all("show PIN" in node["description"] for node in switches)

    def confirm():
        return "enabled" in button(display, prompt, "Confirm")["states"]
    assert "6 digits or more" in fill(display, prompt, 0, "4830")
    assert "English digits only" in fill(display, prompt, 0, "48a")
    assert fields(display, prompt)[0]["text"] == "••"
    fill(display, prompt, 0, "483")
    display.key("Tab")
    assert "4 to 24 digits" in fields(display, prompt)[0]["description"]
    fill(display, prompt, 0, "483065")
    assert "User PIN and its repetition differ." == fill(display, prompt, 1, "483066")
    assert not confirm()
    assert fill(display, prompt, 1, "483065") == ""
    assert "English letters and digits only" in fill(display, prompt, 2, "Ab-")
    fill(display, prompt, 2, "Ab1")
    display.key("Tab")
    assert "4 to 24 characters" in fields(display, prompt)[2]["description"]
    fill(display, prompt, 2, "Abcd1")
    assert "Admin PIN and its repetition differ." == fill(display, prompt, 3, "abcd1")
    display.screenshot(pictures / "initialise-differs.png")
    assert not confirm()
    display.key("Return")
    prompt.nothing_for(0.2)
    fill(display, prompt, 3, "Abcd1")
    assert confirm()
    display.key("Return")
    answer = prompt.answer()
    assert answer["given"] == {"new_user_pin": "483065", "new_admin_pin": "Abcd1"}
    assert "confirmed" not in answer["result"]


def test_persian_digits_are_refused(display, prompt):
    """Persian and Arabic digits are refused in the user PIN with the message of the requirements, not converted [R42] [R195]"""
    prompt.show(sample("initialise"))
    prompt.wait_armed()
    for digits in ("۱۲۳۴", "١٢٣٤"):
        assert fill(display, prompt, 0, digits) == "رمز کاربری فقط می‌تواند شامل اعداد انگلیسی باشد."
        assert fields(display, prompt)[0]["text"] == ""


def test_a_guessable_pin_is_confirmed(display, prompt, pictures):
    """a guessable PIN and equal PINs need a second confirmation that names the reasons, without typing all again [R43] [R59]"""
    first = sample("initialise", "en")
    prompt.show(first)
    prompt.wait_armed()
    for index in range(4):
        fill(display, prompt, index, "1234")
    display.key("Return")
    assert prompt.answer()["given"] == {"new_user_pin": "1234", "new_admin_pin": "1234"}
    again = sample("initialise", "en", pin={**first["pin"], "problem": "user:sequence,admin:sequence,equal", "confirm": True})
    prompt.show({**again, "prompt": 2})
    said = wait_for(lambda: "Continue?" in texts(display, prompt) and texts(display, prompt), 5, "M21")
    assert "User PIN and admin PIN are equal. Continue?" in said
    assert "The user PIN is easy to guess: its characters follow one another." in said
    display.screenshot(pictures / "initialise-guessable.png")
    assert "enabled" not in button(display, prompt, "Confirm")["states"]
    display.key("Return")
    prompt.nothing_for(0.2)
    display.press(prompt.pid, display.find(prompt.pid, "check box", "I know"))
    wait_for(lambda: "enabled" in button(display, prompt, "Confirm")["states"], 5, "the button")
    display.key("Return")
    answer = prompt.answer()
    assert answer["result"]["confirmed"] is True
    assert answer["given"] == {"new_user_pin": "1234", "new_admin_pin": "1234"}


def test_a_reset_names_what_is_lost(display, prompt):
    """a reset lists the certificates that are lost and needs that to be confirmed a second time [R51]"""
    params = sample("reset", "en")
    prompt.show(params)
    prompt.wait_armed()
    said = texts(display, prompt)
    assert "2 certificates will be lost for good" in said and all(name in said for name in params["losses"])
    for index, text in enumerate(["Abcd1", "483065", "483065", "Xyz99", "Xyz99"]):
        fill(display, prompt, index, text)
    display.key("Return")
    prompt.nothing_for(0.2)
    display.press(prompt.pid, display.find(prompt.pid, "check box", "no way back"))
    wait_for(lambda: "enabled" in button(display, prompt, "Confirm")["states"], 5, "the button")
    display.key("Return")
    answer = prompt.answer()
    assert answer["result"]["confirmLoss"] == 2
    assert answer["given"] == {"admin_pin": "Abcd1", "new_user_pin": "483065", "new_admin_pin": "Xyz99"}


def test_caps_lock_is_noticed(display, prompt):
    """a capital letter without Shift says that Caps Lock seems to be on [R46]"""
    prompt.show(sample("set_label", "en"))
    prompt.wait_armed()
    display.xdo("key", "Caps_Lock")  # not display.key, which lifts the lock for its keys
    try:
        display.xdo("key", "a", "b", "c", "d")
        wait_for(lambda: "Caps Lock" in texts(display, prompt), 5, "the hint")
    finally:
        display.xdo("key", "Caps_Lock")
    display.key("Return")
    assert prompt.answer()["given"] == {"admin_pin": "ABCD"}


def test_a_file_is_chosen(display, prompt):
    """a PKCS#12 file is chosen in our own dialog and goes out with its password"""
    content = os.urandom(3000)
    path = display.directory / "sara.p12"
    path.write_bytes(content)
    path.chmod(0o644)
    prompt.show(sample("import_file", "en"))
    prompt.wait_armed()
    display.press(prompt.pid, display.find(prompt.pid, "push button", "Choose a file"))
    wait_for(lambda: "Choose a file" in display.output(["xdotool", "getactivewindow", "getwindowname"]), 5, "the dialog")
    time.sleep(0.3)
    display.type(str(path))
    display.key("Return")
    wait_for(lambda: "sara.p12" in texts(display, prompt), 5, "the file's name")
    time.sleep(1.3)  # the window has the focus again, and is dead for a second
    for index, text in enumerate(["pass wort", "4830"]):
        fill(display, prompt, index, text)
    display.key("Return")
    answer = prompt.answer()
    assert base64.b64decode(answer["result"]["file"]) == content
    assert answer["given"] == {"password": "pass wort", "user_pin": "4830"}


def test_a_mark_is_set(display, prompt):
    """the person's phrase is typed here, stands at the head at once, and goes out with the picture [T16]"""
    params = sample("mark", "en")
    prompt.show(params)
    prompt.wait_armed()
    phrase = next(node for node in display.tree(prompt.pid) if node["role"] == "text" and node["name"] == "Your phrase")
    display.focus(prompt.pid, phrase)
    display.key("ctrl+a")
    display.type("Green garden")
    wait_for(lambda: any(n["name"] == "Green garden" for n in display.tree(prompt.pid)), 5, "the new head")
    display.key("Return")
    answer = prompt.answer()["result"]
    assert answer["phrase"] == "Green garden" and answer["picture"] == params["interface"]["picture"]
