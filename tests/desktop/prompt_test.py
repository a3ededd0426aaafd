# SPDX-License-Identifier: Apache-2.0
"""The prompt window as a person meets it: keys, clicks and the accessibility tree, with the core's part played here."""
import os
import pathlib
import statistics
import subprocess
import time

import pytest

from display import as_user, wait_for
from prompt_process import PromptProcess
from samples import KINDS, PIN, sample

FIELD = "password text"


@pytest.fixture
def prompt(build, display):
    with PromptProcess(build, display) as running:
        yield running


def until(prompt, seconds):
    left = prompt.shown_at + seconds - time.monotonic()
    if left > 0:
        time.sleep(left)


def button(display, prompt, name):
    return display.find(prompt.pid, "push button", name)


def accept_place(display, prompt):
    """Middle of the accept button in an English window, without asking the tree, which takes its time."""
    _, x, y, width, height = display.window_of(prompt.pid)
    return x + width - 16 - 56, y + height - 12 - 20


def texts(display, prompt):
    """Everything that the window says, with its invisible isolates and breaks taken out."""
    said = [node["name"] + " " + node["description"] for node in display.tree(prompt.pid) if "showing" in node["states"]]
    return "\n".join(said).translate({code: None for code in (0x200B, 0x200E, 0x200F, 0x2066, 0x2068, 0x2069)})


# Deciding

def test_a_typed_pin_signs(display, prompt):
    """the PIN typed into the armed window goes out in a frame of its own and Return accepts [R53] [T14]"""
    params = sample("sign")
    number = prompt.show(params)
    prompt.wait_armed()
    display.type("4830")
    display.key("Return")
    answer = prompt.answer()
    assert answer["id"] == number and answer["given"] == {"user_pin": "4830"}
    assert answer["result"] == {"decision": "allow", "certificate": "aa", "remember": False}
    prompt.settle(params)
    assert prompt.ended() == 0


@pytest.mark.parametrize("early", ["Return", "Escape", "click", "double click"])
def test_early_input_is_ignored(display, prompt, early):
    """keys and clicks at 0, 200 and 900 ms are ignored, and neither accept nor refuse; at 1,200 ms the typed PIN is accepted [T14]"""
    prompt.show(sample("sign", "en"))
    x, y = accept_place(display, prompt)
    tried = 0
    for moment in (0, 0.2, 0.9):
        until(prompt, moment)
        if time.monotonic() - prompt.shown_at > 0.97:
            continue  # a slow machine: too late for an early key
        tried += 1
        if early == "click":
            display.click(x, y)
        elif early == "double click":
            display.xdo("mousemove", x, y, "click", "--repeat", "2", "1")
        else:
            display.key("4", "8", "3", "0", early)
    assert tried > 0
    prompt.nothing_for(max(prompt.shown_at + 1.2 - time.monotonic(), 0.05))
    field = display.find(prompt.pid, FIELD)
    assert field["text"] == "", "an early key reached the field"
    display.type("4830")
    display.click(x, y) if "click" in early else display.key("Return")
    assert prompt.answer()["given"] == {"user_pin": "4830"}


def test_a_prompt_without_a_pin_waits_as_well(display, prompt):
    """Return on a prompt that wants no PIN does nothing at 0, 200 and 900 ms, and accepts at 1,200 ms [T14]"""
    prompt.show(sample("access", "en"))
    for moment in (0, 0.2, 0.9):
        until(prompt, moment)
        if time.monotonic() - prompt.shown_at < 0.97:
            display.key("Return")
    prompt.nothing_for(max(prompt.shown_at + 1.2 - time.monotonic(), 0.05))
    display.key("Return")
    assert prompt.answer()["result"]["decision"] == "allow"


def test_return_needs_a_long_enough_pin(display, prompt):
    """Return does nothing while the PIN is too short, and says so at the field [T14] [R43]"""
    prompt.show(sample("sign"))
    prompt.wait_armed()
    display.type("483")
    display.key("Return")
    prompt.nothing_for(0.3)
    assert "enabled" not in button(display, prompt, "امضا")["states"]
    display.type("0")
    assert "enabled" in button(display, prompt, "امضا")["states"]
    display.key("Return")
    assert prompt.answer()["given"] == {"user_pin": "4830"}


@pytest.mark.parametrize("how", ["Escape", "close", "button"])
def test_no_means_no(display, prompt, how):
    """Escape, closing the window and the refuse button say no [T14]"""
    params = sample("sign", "en")
    prompt.show(params)
    prompt.wait_armed()
    display.type("4830")
    if how == "Escape":
        display.key("Escape")
    elif how == "close":
        display.key("alt+F4")
    else:
        display.click_node(button(display, prompt, "Refuse"))
    answer = prompt.answer()
    assert answer["result"] == {"decision": "deny"} and answer["given"] == {}
    prompt.nothing_for(0.2)
    prompt.settle(params)
    assert prompt.ended() == 0


def test_focus_gain_disarms(build, display, prompt):
    """a window that gets the focus back is dead for another second [T14]"""
    prompt.show(sample("access", "en"))
    prompt.wait_armed()
    mine = display.window_of(prompt.pid)[0]
    with PromptProcess(build, display) as other:
        other.show(sample("listing", "en"))
        wait_for(lambda: display.output(["xdotool", "getactivewindow"]).strip() == str(display.window_of(other.pid)[0]), 5, "the other window")
        before = time.monotonic()  # the focus comes later than this
        display.xdo("windowactivate", "--sync", mine)
        display.key("Return")
        if time.monotonic() - before < 0.95:
            prompt.nothing_for(max(before + 0.95 - time.monotonic(), 0.01))
            time.sleep(1)
            display.key("Return")
        assert prompt.answer()["result"]["decision"] == "allow"


def test_a_wrong_pin_keeps_the_window(display, prompt):
    """the window says that the PIN is being checked, after a wrong one how many tries are left, its field is empty, and the right PIN goes out [R55] [R200]"""
    first = sample("sign")
    prompt.show(first)
    prompt.wait_armed()
    display.type("1111")
    display.key("Return")
    assert prompt.answer()["given"] == {"user_pin": "1111"}
    wait_for(lambda: "در حال بررسی رمز" in texts(display, prompt), 5, "the progress")
    again = {**sample("sign", pin={**PIN, "triesLeft": 4, "lastWrong": True}), "prompt": 2}
    number = prompt.show(again)
    said = wait_for(lambda: "۴ تلاش باقی مانده است" in texts(display, prompt) and texts(display, prompt), 5, "M18")
    assert "رمز نادرست است. ۴ تلاش باقی مانده است." in said
    assert display.find(prompt.pid, FIELD)["text"] == ""
    display.key("Return")
    prompt.nothing_for(0.2)
    display.type("4830")
    display.key("Return")
    answer = prompt.answer()
    assert answer["id"] == number and answer["given"] == {"user_pin": "4830"}


def test_a_blocked_pin_is_said(display, prompt):
    """with no tries left the window says that the PIN is locked and takes no other [R55]"""
    prompt.show(sample("sign", "en", pin={**PIN, "triesLeft": 0, "lastWrong": True}))
    assert "User PIN locked. Unlock it with the admin PIN." in texts(display, prompt)
    prompt.wait_armed()
    display.type("4830")
    display.key("Return")
    prompt.nothing_for(0.3)


def test_the_deadline_ends_it(display, prompt):
    """when the time is over nothing is accepted any more, and the core's word ends the process [R192]"""
    params = sample("access", "en", deadlineSeconds=2)
    prompt.show(params)
    assert "2 seconds left" in texts(display, prompt)
    until(prompt, 2.3)
    display.key("Return")
    prompt.nothing_for(0.3)
    prompt.close(params)
    assert prompt.ended() == 0


@pytest.mark.parametrize("how", ["end of file", "nonsense", "secret from the core"])
def test_it_ends_with_the_core(display, prompt, how):
    """the end of the socket, and whatever is no message, end the process without an answer"""
    prompt.show(sample("sign"))
    if how == "end of file":
        prompt.socket.close()
    else:
        prompt.socket.sendall(b"\xff\xff\xff\xff\x07" if how == "nonsense" else b"\0\0\0\x05\x011234")
    assert prompt.ended() == 0


def test_a_prompt_that_lacks_a_warning_is_refused(prompt):
    """a prompt without one of its compulsory members is refused by name and not shown [T18]"""
    params = sample("sign")
    del params["blind"]
    prompt.show(params, wait=False)
    refusal = prompt.receive()
    assert refusal["error"]["data"] == {"code": "invalid_params", "path": "blind"}


def test_without_the_core_it_says_so(build, display):
    """started by hand, mohr-prompt says in one line that mohrd starts it and ends with 2"""
    result = subprocess.run(as_user([str(build / "desktop/mohr-prompt")]), env=display.environment, cwd="/", capture_output=True, text=True, timeout=20)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.count("\n") == 1 and "mohrd" in result.stderr


# What it shows

def test_the_mark_is_drawn(build, display, pictures):
    """the person's phrase and picture stand at the head of the window, on a pattern that is theirs [T16]"""
    heads = {}
    for name, interface in {"none": {}, "mine": {"phrase": "Snow on Damavand"}, "other": {"phrase": "Snow on Alborz"}}.items():
        with PromptProcess(build, display) as prompt:
            params = sample("access", "en", mark=False)
            params["interface"] |= interface
            prompt.show(params)
            time.sleep(0.4)
            if interface:
                assert interface["phrase"] in texts(display, prompt)
            else:
                assert "Choose a phrase or a picture of your own" in texts(display, prompt)
            _, x, y, width, _ = display.window_of(prompt.pid)
            screen = display.screenshot(pictures / f"mark-{name}.png")
            heads[name] = subprocess.run(["convert", str(screen), "-crop", f"{width // 2}x40+{x + width // 2}+{y + 8}", "+repage", "rgb:-"],
                                         capture_output=True, check=True).stdout
    assert len(set(heads.values())) == 3, "the pattern does not follow the phrase"


def test_warnings_are_said(display, prompt):
    """a blind, weak request of an http site of the old protocol by an unknown program says all of that [T17] [T18]"""
    prompt.show(sample("sign-blind", "en"))
    said = texts(display, prompt)
    for part in ("cannot be shown: blind signature", "could also serve as a login", "SHA-1", "not encrypted (http)", "made for Dastine",
                 "not a known browser", "/usr/bin/curl", "http://old.portal.example", "Wrong PIN. 1 attempt left."):
        assert part in said, part


def test_foreign_controls_are_visible(display, prompt):
    """bidi controls in names and previews are written out, and a host of another script's letters is called a look-alike [T17]"""
    prompt.show(sample("sign-bidi", "en"))
    said = texts(display, prompt)
    assert "contract\\u{202e}fdp.exe" in said and "\u202e" not in said
    assert "may imitate another site" in said and "xn--80ak6aa92e.com" in said
    text = display.find(prompt.pid, "text")["text"]
    assert text == "pay \\u{202e}0001\\u{202c} to Sara\n\\u{2066}hidden\\u{2069}"


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_long_host_shows_its_end(display, prompt, pictures, language):
    """a host of 200 characters stands whole in the window, its registrable domain large [T17]"""
    params = sample("sign-long-host", language)
    assert len(params["origin"]) > 200
    prompt.show(params)
    time.sleep(0.3)
    _, x, _, width, _ = display.window_of(prompt.pid)
    nodes = [node for node in display.tree(prompt.pid) if "showing" in node["states"] and node["name"]]
    whole = [node for node in nodes if node["name"].replace("\u200b", "").strip("\u2066\u2069") == params["origin"]]
    assert whole, "the whole origin is not there"
    left, top, breadth, height = whole[0]["box"]
    assert x <= left and left + breadth <= x + width and height >= 3 * 16, "it does not wrap"
    assert any(node["name"] == "portal.example" for node in nodes)
    display.screenshot(pictures / f"long-host-{language}.png")


def test_a_batch_hides_nothing(display, prompt, pictures):
    """a batch of 320 shows count and total, every row can be reached, and the chosen one shows its digest [T20]"""
    params = sample("sign-batch", "en")
    started = time.monotonic()
    prompt.show(params)
    assert time.monotonic() - started < 3
    total = sum(document["size"] for document in params["documents"])
    assert f"320 documents, {total / 2**20:.1f} MiB in all" in texts(display, prompt)
    prompt.wait_armed()
    table = next(node for node in display.tree(prompt.pid) if node["role"] in ("tree table", "table", "tree", "list"))
    display.click_node(table)
    display.key("End")
    last = params["documents"][-1]
    grouped = " ".join(last["digest"][i:i + 4] for i in range(0, 64, 4))
    wait_for(lambda: grouped in texts(display, prompt), 5, "the digest of the last document")
    assert last["name"] in texts(display, prompt)
    display.screenshot(pictures / "batch-end.png")


# Certificates and offers

def test_certificates_are_chosen_by_keyboard(display, prompt):
    """usable certificates come first, the arrow keys choose among them, and an expired one says why it is grey [R193] [R196]"""
    prompt.show(sample("select", "en"))
    prompt.wait_armed()
    radios = [node for node in display.tree(prompt.pid) if node["role"] == "radio button"]
    assert ["enabled" in node["states"] for node in radios] == [True, True, False]
    assert "Expired" in radios[2]["name"] and "checked" in radios[0]["states"] and "Silver level" in radios[0]["name"]
    display.focus(prompt.pid, radios[0])
    display.key("Down")
    wait_for(lambda: "checked" in [n for n in display.tree(prompt.pid) if n["role"] == "radio button"][1]["states"], 5, "the second certificate")
    display.key("Down")  # the third cannot be chosen
    display.key("Return")
    chosen = prompt.answer()["result"]["certificate"]
    assert chosen in ("aa", "bb") and chosen != "cc"


def test_a_decrypt_window_is_offered(display, prompt):
    """the person may let a site decrypt some items within some minutes, and it is off unless they say so [T20]"""
    prompt.show(sample("decrypt", "en"))
    prompt.wait_armed()
    box = display.find(prompt.pid, "check box", "decrypt for a while")
    assert "checked" not in box["states"]
    display.press(prompt.pid, box)
    items = display.find(prompt.pid, "spin button", "Items")
    display.focus(prompt.pid, items)
    display.key("ctrl+a")
    display.type("20")
    display.focus(prompt.pid, display.find(prompt.pid, FIELD))
    display.type("4830")
    display.key("Return")
    assert prompt.answer()["result"]["window"] == {"items": 20, "minutes": 15}


def test_remembering_is_off_unless_chosen(display, prompt):
    """what is remembered stands in the words of the switch, which is off at first"""
    prompt.show(sample("access", "en"))
    prompt.wait_armed()
    box = display.find(prompt.pid, "check box", "this site may use Mohr")
    assert "checked" not in box["states"]
    display.focus(prompt.pid, box)
    display.key("space")
    display.key("Return")
    assert prompt.answer()["result"] == {"decision": "allow", "remember": True}


# New PINs

def fields(display, prompt):
    return [node for node in display.tree(prompt.pid) if node["role"] == FIELD]


def fill(display, prompt, index, text):
    """Types into one field; returns what the field then says."""
    display.focus(prompt.pid, fields(display, prompt)[index])
    display.key("ctrl+BackSpace")
    display.type(text)
    time.sleep(0.1)
    return fields(display, prompt)[index]["description"]


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
    import base64
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


# Accessibility and secrecy

@pytest.mark.parametrize("kind", KINDS)
def test_every_control_is_named_and_reached(display, prompt, kind):
    """every control has a role and a name, and Tab reaches all of them and comes back [R196]"""
    prompt.show(sample(kind))
    prompt.wait_armed()

    def stops():
        return [n for n in display.tree(prompt.pid) if {"focusable", "enabled", "showing"} <= set(n["states"])
                and n["role"] not in ("frame", "dialog", "filler", "table cell", "table column header", "tree item")]
    wanted = stops()
    for node in wanted:
        assert node["name"], f"a {node['role']} has no name"
        assert node["role"] not in ("unknown", "invalid", "redundant object"), node
    reached = set()
    for _ in range(len(wanted) + 3):
        focused = [tuple(n["path"]) for n in display.tree(prompt.pid) if "focused" in n["states"]]
        reached.update(focused)
        display.key("Tab")
    chosen = {tuple(n["path"]) for n in wanted if n["role"] == "radio button"}
    if chosen & reached:
        reached |= chosen  # the arrow keys go on from there
    missed = [(n["role"], n["name"]) for n in wanted if tuple(n["path"]) not in reached]
    assert not missed, f"Tab does not reach {missed}"


def test_the_tree_never_has_the_pin(display, prompt):
    """a PIN that is typed, and even shown on the screen, is never in the accessibility tree [R53] [R196]"""
    import json
    prompt.show(sample("sign", "en"))
    prompt.wait_armed()
    display.type("73519")
    display.press(prompt.pid, display.find(prompt.pid, name="Show PIN"))
    time.sleep(0.2)
    seen = json.dumps(display.tree(prompt.pid), ensure_ascii=False)
    assert "73519" not in seen and "•••••" in seen


def memory_holds(pid, *needles):
    """Which of these byte strings are in the readable memory of the process."""
    found = set()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or line.rstrip().endswith(("[vvar]", "[vsyscall]")):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except (OSError, ValueError):
                continue  # secret memory: the kernel reads it to nobody
            found.update(needle for needle in needles if needle in content)
    return found


def encodings(text):
    return [text.encode(code) for code in ("ascii", "utf-16-le", "utf-32-le")]


@pytest.mark.skipif(os.getuid() != 0, reason="only root reads the memory of a process that may not be dumped")
@pytest.mark.parametrize("shown", [False, True], ids=["hidden", "shown"])
def test_no_pin_is_left_in_memory(display, prompt, shown):
    """after the answer has gone out the process's memory holds no PIN, while a planted text is found there [R53] [R197]"""
    planted, pin = "91827364550", "73519842607"
    params = sample("sign", "en")
    params["documents"][0] = {**params["documents"][0], "name": f"planted-{planted}.txt"}
    prompt.show(params)
    prompt.wait_armed()
    if shown:
        display.press(prompt.pid, display.find(prompt.pid, name="Show PIN"))
        display.focus(prompt.pid, display.find(prompt.pid, FIELD))
    display.type(pin)
    time.sleep(0.2)
    display.key("Return")
    assert prompt.answer()["given"] == {"user_pin": pin}
    assert memory_holds(prompt.pid, *encodings(planted)), "the search finds nothing at all"
    assert not memory_holds(prompt.pid, *encodings(pin))


def test_the_process_is_closed_to_others(display, prompt):
    """mohr-prompt may not be dumped, leaves no core file and gains no privileges [R53]"""
    prompt.show(sample("access"))
    assert os.stat(f"/proc/{prompt.pid}/mem").st_uid == 0 or os.getuid() != 0
    status = pathlib.Path(f"/proc/{prompt.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    limits = pathlib.Path(f"/proc/{prompt.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4:6] == ["0", "0"]


def test_it_is_soon_on_the_screen(build, display):
    """a prompt is on the screen soon after its program was started, the median of 50"""
    times = []
    for _ in range(50):
        with PromptProcess(build, display) as prompt:
            params = sample("sign")
            prompt.show(params)
            times.append((prompt.shown_at - prompt.started) * 1000)
            prompt.close(params)
            prompt.ended()
    median = statistics.median(times)
    print(f"\nspawn to shown, ms: min {min(times):.0f}, median {median:.0f}, max {max(times):.0f}")
    assert median < 400  # 150 is the aim on a quiet machine; others may be building here
