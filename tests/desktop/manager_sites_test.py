# SPDX-License-Identifier: Apache-2.0
"""The page of the sites with what a daemon has noticed of them: silenced ones, and those that want special treatment."""
import json

import pytest
from display import wait_for
from manager_pages_test import choose_next, pick
from manager_process import Manager, visible

from harness import RpcError, Sandbox, run

SITE = "https://pushy.example"


@pytest.fixture
def sandbox(build):
    """Where the person refuses everything."""
    with Sandbox(build, script=[{"decision": "deny"}]) as running:
        yield running


@pytest.fixture
def manager(build, display, sandbox):
    with Manager(build, display, sandbox.ready["control"]) as running:
        running.find("check box", "دستینه: روشن")
        yield running


def listed(sandbox, origin=SITE):
    return next((s for s in json.loads(sandbox.mohr("--json", "site", "list").stdout) if s["origin"] == origin), None)


def silenced_until(sandbox):
    return (listed(sandbox) or {}).get("silencedUntil")


async def ask(sandbox, times):
    """Asks for access that often; the codes of the refusals."""
    codes = []
    async with sandbox.page(SITE) as page:
        for _ in range(times):
            with pytest.raises(RpcError) as refused:
                await page.call("service.requestAccess")
            codes.append(refused.value.code)
    return codes


def test_silence_is_lifted(manager, display, sandbox):
    """the page says that a site is silenced, and its button lets it ask again, with what was decided about it left as it was [T15]"""
    assert run(ask(sandbox, 3)) == ["user_cancelled", "user_cancelled", "origin_denied"]
    assert silenced_until(sandbox) and listed(sandbox)["access"] == "ask"
    manager.open("sites")
    pick(manager, display, SITE)
    manager.says("بیش از اندازه پرسید")
    manager.press("push button", "برداشتن")
    wait_for(lambda: not silenced_until(sandbox), 10, "the end of the silence")
    wait_for(lambda: "بیش از اندازه پرسید" not in visible(manager.texts()), 10, "the page to notice")
    assert listed(sandbox) is None, "nothing was decided about it"
    assert run(ask(sandbox, 1)) == ["user_cancelled"], "the person is asked again"


def test_quirk_is_changed(manager, display, sandbox):
    """a site's special treatment is opened and changed by keyboard, and the core keeps it"""
    sandbox.mohr("site", "allow", SITE)
    assert listed(sandbox)["dastine"]["sign.prehashed"] == "never"
    manager.open("sites")
    pick(manager, display, SITE)
    manager.press("check box", "رفتار ویژه برای صفحه‌های قدیمی")
    choose_next(manager, display, "دادهٔ Sign")
    wait_for(lambda: listed(sandbox)["dastine"]["sign.prehashed"] == "auto", 10, "the quirk to change")
    assert {key: value for key, value in listed(sandbox)["dastine"].items() if key != "sign.prehashed"} == {
        "sign.byte_order": "big", "cms.attach": "page", "decrypt.padding": "pkcs1", "codes": "original", "sha1": "allow"}
    manager.says("درهم‌سازی اگر چنین می‌نماید")
