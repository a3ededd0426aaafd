# SPDX-License-Identifier: Apache-2.0
"""The pages of mohr-desktop, read and driven through the accessibility tree and the keyboard."""
import csv
import json
import stat
import time

import pytest
from display import wait_for
from manager_process import Manager, visible

from core_harness import Control
from harness import Sandbox, document, run

CONTROLS = {"push button", "check box", "text", "combo box", "list", "table", "radio button", "spin button"}
PAGES = ["home", "token", "certificates", "files", "service", "sites", "activity", "settings", "permission", "about", "tour"]


@pytest.fixture(scope="module")
def sandbox(build):
    with Sandbox(build, consent="allow") as running:
        yield running


@pytest.fixture(scope="module")
def manager(build, display, sandbox):
    sandbox.mohr("site", "allow", "https://first.example")
    with Manager(build, display, sandbox.ready["control"]) as running:
        running.find("check box", "دستینه: روشن")
        yield running


def choose(sandbox, **interface):
    with Control(sandbox.ready["control"]) as control:
        return control.call("interface.set", interface)


@pytest.fixture
def persian(sandbox):
    choose(sandbox, language="fa", theme="light")
    yield
    choose(sandbox, language="fa", theme="light")


def site(sandbox, origin):
    found = [s for s in json.loads(sandbox.mohr("--json", "site", "list").stdout) if s["origin"] == origin]
    return found[0] if found else None


def focused(manager):
    """Where the keyboard is, as [role, name, place]."""
    nodes = [n for n in manager.tree() if "focused" in n["states"] and n["role"] in CONTROLS]
    return (nodes[-1]["role"], visible(nodes[-1]["name"]), tuple(nodes[-1]["box"])) if nodes else None


def walk(manager, display, key, most=80):
    """The controls that `key` reaches from here, until it comes round."""
    order = []
    for _ in range(most):
        display.key(key)
        here = focused(manager)
        if here is None:
            continue
        if order and here == order[0]:
            return order
        order.append(here)
    raise AssertionError(f"{key} does not come round: {order[-6:]}")


@pytest.mark.parametrize("page, language", [(page, "fa") for page in PAGES] + [(page, "en") for page in ("sites", "activity", "settings")])
def test_every_control_has_a_name_and_is_reached_by_tab(manager, display, sandbox, persian, page, language):
    """every control of a page has a name and a role, and Tab reaches each in both directions [R196]"""
    choose(sandbox, language=language)
    manager.open(page)
    time.sleep(1.5)
    shown = [n for n in manager.tree() if n["role"] in CONTROLS and {"showing", "focusable", "enabled"} <= set(n["states"])]
    for node in shown:
        assert visible(node["name"]).strip(), f"a {node['role']} without a name at {node['box']}"
    forward = walk(manager, display, "Tab")
    backward = walk(manager, display, "shift+Tab")
    assert {f[:2] for f in forward} == {b[:2] for b in backward}
    missed = [n for n in shown if (n["role"], visible(n["name"])) not in {f[:2] for f in forward}]
    assert not missed, [(n["role"], n["name"]) for n in missed]
    begin = backward.index(forward[0])
    assert [f[:2] for f in forward] == [b[:2] for b in [backward[begin - i] for i in range(len(backward))]]


def test_language_and_theme_change_at_run_time(manager, sandbox, persian):
    """the window takes another language and direction while it runs, whoever changed it [R169]"""
    manager.open("service")
    manager.find("check box", "دستینه: روشن")
    before = manager.find("list", "صفحه‌ها")["box"]
    choose(sandbox, language="en")
    manager.find("check box", "Dastineh: running")
    after = manager.find("list", "Pages")["box"]
    assert before[0] > after[0], "the side bar changes sides"
    manager.says("Secure connection")


def test_language_is_chosen_in_the_settings(manager, display, sandbox, persian):
    """the person chooses the language by keyboard, and the core keeps it [R169]"""
    manager.open("settings")
    choose_next(manager, display, "زبان")
    manager.find("label", "Language")
    with Control(sandbox.ready["control"]) as control:
        assert control.call("interface.get")["language"] == "en"


def test_sites_are_forgotten_with_undo(manager, display, sandbox, persian):
    """a site that is forgotten can be taken back for ten seconds, and is gone afterwards"""
    sandbox.mohr("site", "deny", "https://forget.example")
    manager.open("sites")
    pick(manager, display, "https://forget.example")
    manager.press("push button", "فراموش کردن این سامانه")
    manager.says("https://forget.example", 5)
    manager.press("push button", "بازگردانی")
    assert site(sandbox, "https://forget.example")["access"] == "deny"
    pick(manager, display, "https://forget.example")
    manager.press("push button", "فراموش کردن این سامانه")
    assert site(sandbox, "https://forget.example") is not None
    wait_for(lambda: site(sandbox, "https://forget.example") is None, 15, "the site to be forgotten")


def labelled(manager, name):
    """The box that stands beside that label: by Qt's convention on Linux its own name is its value, and the label a relation."""
    label = manager.find("label", name)
    middle = label["box"][1] + label["box"][3] // 2
    return next(n for n in manager.tree() if n["role"] == "combo box" and "showing" in n["states"] and n["box"][1] <= middle <= n["box"][1] + n["box"][3])


def choose_next(manager, display, name):
    """Opens the box beside that label and takes the entry below the current one."""
    display.click_node(labelled(manager, name))
    time.sleep(0.5)
    display.key("Down", "Return")


def pick(manager, display, text):
    """Clicks the table's cell with that text."""
    cell = wait_for(lambda: next((n for n in manager.tree() if n["role"] == "table cell" and text in visible(n["name"])
                                  and "showing" in n["states"]), None), 10, f"the row {text}")
    display.click_node(cell)
    return cell


def test_site_permissions_change(manager, display, sandbox, persian):
    """what a site may do is changed by keyboard; signing blindly needs a second yes"""
    sandbox.mohr("site", "allow", "https://change.example")
    manager.open("sites")
    pick(manager, display, "https://change.example")
    choose_next(manager, display, "دسترسی")
    wait_for(lambda: site(sandbox, "https://change.example")["access"] == "deny", 5, "the site to be denied")
    choose_next(manager, display, "امضای آن‌چه نشان‌دادنی نیست")
    manager.find("push button", "اجازه بده")
    display.key("Escape")
    manager.gone("push button", "اجازه بده")
    assert site(sandbox, "https://change.example")["blind"] == "ask"
    choose_next(manager, display, "امضای آن‌چه نشان‌دادنی نیست")
    manager.press("push button", "اجازه بده")
    wait_for(lambda: site(sandbox, "https://change.example")["blind"] == "allow", 5, "blind to be allowed")


HOSTILE = "<b>bold</b>\u202egpj.exe & <img src=x>"


def sign(sandbox, *names):
    async def visit():
        async with sandbox.page("https://hostile.example") as page:
            await page.grant()
            certificate = await page.certificate()
            for name in names:
                await page.call("sign.cms", document=document("text", name), certificate=certificate["handle"], detached=True)
    run(visit())


def test_hostile_names_are_drawn_harmlessly(manager, display, sandbox, persian):
    """markup and bidirectional controls in a document's name are shown as what they are [T17]"""
    sign(sandbox, HOSTILE)
    manager.open("activity")

    def shown():  # the newest entry is the first row; it may still be arriving while one clicks
        x, y, width, _ = manager.find("table")["box"]
        display.click(x + width // 2, y + 70)
        time.sleep(0.5)
        return "<b>bold</b>" in visible(manager.texts())
    wait_for(shown, 20, "the document's name")
    text = visible(manager.texts())
    assert "\\u{202e}" in text and "\u202e" not in manager.texts()


def test_log_is_searched_checked_and_exported(manager, display, sandbox, persian, tmp_path):
    """the log is searched, its wholeness is told, and it is written to a file that only its owner reads"""
    sign(sandbox, "needle.txt")
    sandbox.mohr("site", "deny", "https://straw.example")
    manager.open("activity")
    pick(manager, display, "https://straw.example")
    field = manager.find("text", "جست‌وجو")
    display.focus(manager.pid, field)
    display.type("needle")
    wait_for(lambda: "https://straw.example" not in visible(manager.texts()), 10, "the other entries to go")
    pick(manager, display, "https://hostile.example")
    display.focus(manager.pid, field)
    display.key("ctrl+a", "Delete")
    pick(manager, display, "https://straw.example")
    manager.press("push button", "بررسی دست‌نخوردگی")
    manager.says("گزارش دست‌نخورده است")
    for suffix in ("jsonl", "csv"):
        target = manager.home / f"log.{suffix}"
        # The dialog is not the button's own event: pressing must not wait for it.
        manager.press("push button", "برون‌ریزی…")
        name = manager.find("text", "", 10)
        time.sleep(0.5)
        display.key("ctrl+a")
        display.type(str(target))
        display.key("Return")
        wait_for(target.exists, 10, str(target))
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        manager.says(str(target)[-12:])
    lines = [json.loads(line) for line in (manager.home / "log.jsonl").read_text().splitlines()]
    kept = json.loads(sandbox.mohr("--json", "log", "show").stdout)
    assert [one["seq"] for one in lines] == [one["seq"] for one in kept if one["operation"] != "log.file"]
    with open(manager.home / "log.csv", newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(lines)
