# SPDX-License-Identifier: Apache-2.0
"""What is rarely done with a token: a new name, and a reset when nobody knows its PINs any more."""
import time

import pytest
from manager_window import ARMED_AFTER, Desk

from core_harness import pam_environment
from harness import RpcError, private_directory

USER, NEW_USER = "48302", "59413"
ADMIN, NEW_ADMIN = "Adm1nPin", "Adm2nPin"
OWNERS = "owner's password"


def initialised(desk):
    with desk.profile.connect() as control:
        control.call("token.initialise", {"label": "First name"}, {"user_pin": USER, "admin_pin": ADMIN})


def block_admin(desk):
    with desk.profile.connect() as control:
        for _ in range(10):
            assert control.failure("token.verify", {"role": "admin"}, {"pin": "wrongWrong1"}) in ("pin_wrong", "pin_blocked")


def open_token_page(desk):
    desk.open("--page", "token")
    desk.dismiss_permission()


def test_rename(build, display):
    """the token is renamed on its page under the admin PIN, and the page shows the new name [R154]"""
    with Desk(build, display, "en") as desk:
        say = desk.say
        initialised(desk)
        open_token_page(desk)
        desk.shows("First name")
        desk.press(say("token.rename"))
        desk.enter(say("token.fact.label"), "x")
        display.key("ctrl+a")
        display.type("Second name")
        desk.press_in_question(say("token.rename.do"))
        desk.answer(ADMIN, accept=say("prompt.act.rename"))
        desk.shows(say("token.rename.done"))
        desk.shows("Second name")
        assert desk.call("token.info")["label"] == "Second name"


def test_reset_of_a_blocked_token(build, display):
    """with the admin PIN blocked the page offers the reset under the owner's password: a wrong one is said in the window, and the right one gives new PINs [R57] [R146]"""
    with private_directory() as other, Desk(build, display, "en", config='[token]\nowner_authentication_service = "mohr-test"\n',
                                            daemon_environment=pam_environment(other, OWNERS)) as desk:
        say = desk.say
        initialised(desk)
        block_admin(desk)
        open_token_page(desk)
        desk.press(say("token.resetBlocked"))
        desk.press(say("token.reset.understood"), role="check box")
        desk.press_in_question(say("token.reset.do"))
        new = (NEW_USER, NEW_USER, NEW_ADMIN, NEW_ADMIN)
        pid = desk.answer("not the password", *new, accept=say("common.confirm"), confirm=[say("prompt.reset.consent")])
        desk.prompt_says(pid, say("prompt.problem.ownerRefused"))
        assert desk.call("token.info")["admin"]["blocked"] is True
        time.sleep(ARMED_AFTER)
        desk.fill(pid, OWNERS, None, None, None, None, accept=say("common.confirm"))
        desk.prompt_over(pid)
        desk.shows(say("M17"))
        with desk.profile.connect() as control:
            assert control.call("token.verify", {"role": "user"}, {"pin": NEW_USER}) == {}
            assert control.call("token.verify", {"role": "admin"}, {"pin": NEW_ADMIN}) == {}
            with pytest.raises(RpcError):
                control.call("token.verify", {"role": "user"}, {"pin": USER})
        assert OWNERS not in desk.profile.log()
