# SPDX-License-Identifier: Apache-2.0
"""What the prompt window shows and offers, with the core's part played here."""
import subprocess
import time

import pytest

from display import wait_for
from prompt_look import FIELD, texts
from prompt_process import PromptProcess
from samples import sample


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
