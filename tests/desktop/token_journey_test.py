# SPDX-License-Identifier: Apache-2.0
"""From an empty profile to a verified signature and back, with the real daemon and prompts, by the accessibility tree alone."""
import time

import pytest
from display import wait_for
from manager_window import Desk

USER, OTHER, THIRD = "48302", "59413", "60524"
ADMIN, NEW_ADMIN = "Adm1nPin", "Adm2nPin"
NAME = "Sara Mohammadi [Sign]"


@pytest.fixture
def desk(build, display):
    with Desk(build, display) as running:
        yield running


def authority(desk):
    """A test authority of the openssl command."""
    desk.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj",
                 "/O=Test/CN=Journey CA", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    desk.write("silver.ext", "keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment\n"
               "certificatePolicies=1.3.6.1.4.1.32473.1.2\nbasicConstraints=critical,CA:FALSE\n")


def issue(desk, request, out, *dates):
    desk.openssl("x509", "-req", "-in", request, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "silver.ext",
                 "-out", out, *(dates or ("-days", "20")))
    desk.write(f"{out}.chain", (desk.base / out).read_bytes() + (desk.base / "ca.pem").read_bytes())
    return desk.base / f"{out}.chain"


def initialise(desk):
    say = desk.say
    desk.press(say("token.initialise.do"))
    pid = desk.answer(USER, USER, ADMIN, ADMIN, accept=say("common.confirm"))
    desk.prompt_over(pid)


def make_key(desk):
    """In the form that is open; returns the path of the saved request."""
    say = desk.say
    desk.enter(say("certificate.name.cn"), NAME)
    desk.press(say("certificate.new.do"))
    desk.shows(say("token.waiting"))
    desk.answer(USER, accept=say("prompt.act.generate"))
    desk.shows(say("certificate.request.next"))
    desk.press(say("certificate.request.save"))
    path = desk.base / "sara.csr"
    desk.choose_file(path)
    wait_for(path.exists, 15, "the saved request")
    desk.openssl("req", "-in", path, "-verify", "-noout")
    return path


def import_issued(desk, path):
    say = desk.say
    desk.press(say("certificate.importIssued"))
    desk.choose_file(path)
    desk.answer(USER, accept=say("prompt.act.import"))
    desk.shows(say("certificate.imported").split("%1")[1].strip())


def test_the_whole_journey(desk):
    """the whole way, from a blank token to a verified signature and a reset, needs no terminal [R38] [R39] [R40] [R48] [R49] [R50]"""
    say = desk.say
    authority(desk)
    desk.open()
    desk.dismiss_permission()
    desk.press(say("manager.tour.skip"))
    desk.shows(say("M08"))
    initialise(desk)
    desk.shows(say("M17"))
    assert desk.call("token.info")["state"] == "initialised"
    desk.press(say("common.yes"))
    chain = issue(desk, make_key(desk), "sara.pem")
    desk.select_row(NAME)
    desk.press(say("certificate.details"))
    desk.shows(say("certificate.about.pending"))
    import_issued(desk, chain)
    desk.shows(say("certificate.state.active"))

    document = desk.write("contract.txt", "the contract\n")
    desk.hand_over("sign", document)
    desk.answer(USER, accept=say("prompt.act.sign"))
    signature = desk.base / "contract.txt.p7s"
    wait_for(signature.exists, 20, "the signature")
    desk.openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-content", document, "-CAfile", "ca.pem", "-out", "seen")
    assert (desk.base / "seen").read_bytes() == document.read_bytes()

    desk.hand_over("verify", signature)
    desk.shows(say("verify.good"))
    desk.shows(NAME)
    desk.write("contract.txt", "another contract\n")
    desk.hand_over("verify", signature)
    desk.shows(say("verify.invalid"))
    desk.shows(say("verify.signer.digestMismatch"))

    change_block_unblock(desk)
    remove_and_reset(desk)


def change_block_unblock(desk):
    say = desk.say
    desk.select_page("main.mobileToken")
    desk.press(say("token.changeUserPin"))
    desk.answer(USER, OTHER, OTHER, accept=say("prompt.act.changePin"))
    desk.shows(say("token.change.done"))
    desk.press(say("token.changeUserPin"))
    pid = desk.prompt()
    for left in (4, 3, 2, 1):
        desk.fill(pid, USER, THIRD, THIRD, accept=say("prompt.act.changePin"))
        desk.prompt_says(pid, desk.tries(left))
        time.sleep(1.2)
    desk.fill(pid, USER, THIRD, THIRD, accept=say("prompt.act.changePin"))
    desk.prompt_over(pid)
    desk.shows(say("M19"))
    desk.shows(say("token.state.userBlocked"))
    assert desk.call("token.info")["user"] == {"set": True, "blocked": True, "triesLeft": 0, "triesAtMost": 5}
    desk.press(say("token.unblock"))
    desk.answer(ADMIN, THIRD, THIRD, accept=say("prompt.act.unblockPin"))
    desk.shows(say("token.unblock.done"))
    desk.press(say("token.changeAdminPin"))
    desk.answer(ADMIN, NEW_ADMIN, NEW_ADMIN, accept=say("prompt.act.changePin"))
    desk.shows(say("token.change.done"))


def remove_and_reset(desk):
    say = desk.say
    desk.select_page("cert.management")
    desk.shows(NAME)
    desk.select_row(NAME)
    desk.press(say("certificate.details"))
    desk.press(say("certificate.remove"))
    desk.press_in_question(say("certificate.remove"))
    desk.shows(say("certificate.none"))
    desk.press(say("manager.undo"))
    desk.shows(NAME)
    assert len(desk.call("key.list")) == 1

    desk.select_page("main.mobileToken")
    desk.press(say("token.reset"))
    desk.shows(NAME)
    desk.press(say("token.reset.understood"), role="check box")
    desk.press_in_question(say("token.reset.do"))
    desk.answer(NEW_ADMIN, USER, USER, ADMIN, ADMIN, accept=say("common.confirm"), confirm=[say("prompt.reset.consent")])
    desk.shows(say("M17"))
    desk.press(say("common.no"))
    assert desk.call("key.list") == []
