# SPDX-License-Identifier: Apache-2.0
"""Who can reach the prompt window's controls, and who cannot reach its PIN."""
import json
import os
import pathlib
import time

import pytest

from prompt_look import FIELD
from samples import KINDS, sample


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
