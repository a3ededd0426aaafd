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


def pkcs12(desk, password, *dates):
    """A key and certificate of the test authority that come in a file."""
    desk.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "carried.key", "-out", "carried.csr", "-subj", "/O=Test/CN=Carried Along")
    issue(desk, "carried.csr", "carried.pem", *dates)
    desk.openssl("pkcs12", "-export", "-inkey", "carried.key", "-in", "carried.pem", "-certfile", "ca.pem", "-passout", f"pass:{password}",
                 "-out", "carried.p12")
    return desk.base / "carried.p12"


def initialised(desk):
    with desk.profile.connect() as control:
        control.call("token.initialise", {}, {"user_pin": USER, "admin_pin": ADMIN})


def import_file(desk, path, *secrets):
    desk.press(desk.say("certificate.import"))
    desk.choose_file(path)
    if secrets:
        desk.answer(*secrets, accept=desk.say("prompt.act.import"))


def test_files_for_oneself(build, display):
    """a carried PKCS#12 key seals and opens files, nothing is overwritten unasked, and it goes for good only after its ten seconds [R50] [R150]"""
    with Desk(build, display, "en") as desk:
        say = desk.say
        authority(desk)
        initialised(desk)
        desk.open("--page", "certificates")
        desk.dismiss_permission()
        desk.shows(say("certificate.none"))
        import_file(desk, pkcs12(desk, "geheim"), "geheim", USER)
        desk.select_row("Carried Along")

        document = desk.write("letter.txt", "a letter\n")
        desk.hand_over("seal", document)
        desk.find("list item", say("file.seal.own"))
        desk.display.key("space")  # the list has the focus, and the first row is chosen
        desk.press_in_question(say("file.action.seal"))
        sealed = desk.base / "letter.txt.p7m"
        wait_for(sealed.exists, 20, "the sealed file")
        desk.openssl("cms", "-decrypt", "-inform", "DER", "-in", sealed, "-inkey", "carried.key", "-recip", "carried.pem", "-out", "opened")
        assert (desk.base / "opened").read_bytes() == b"a letter\n"

        desk.hand_over("open", sealed)
        desk.press_in_question(say("file.exists.other"))
        desk.answer(USER, accept=say("prompt.act.decrypt"))
        other = desk.base / "letter (2).txt"
        wait_for(other.exists, 20, "the opened file")
        assert other.read_bytes() == b"a letter\n" and document.read_bytes() == b"a letter\n"

        desk.hand_over("sign", document)
        desk.prompt()
        desk.press(say("file.cancel", "letter.txt"))
        desk.shows(say("file.state.cancelled"))
        desk.press(say("file.clear"))
        desk.hides(say("file.state.cancelled"))
        assert not [path.name for path in desk.base.iterdir() if path.name.startswith("letter.txt.p7s") or path.name.endswith(".part")]

        large = desk.write("large.bin", "")
        with open(large, "r+b") as file:
            file.truncate(2 << 30)
        desk.hand_over("seal", large)
        desk.find("list item", say("file.seal.own"))
        desk.display.key("space")
        desk.press_in_question(say("file.action.seal"))
        desk.find("progress bar", "large.bin")
        desk.press(say("file.cancel", "large.bin"))
        desk.shows(say("file.state.cancelled"))
        wait_for(lambda: not [path for path in desk.base.iterdir() if path.name.endswith(".part")], 10, "the end of what was half written")
        assert not (desk.base / "large.bin.p7m").exists()

        desk.select_page("cert.management")
        desk.select_row("Carried Along")
        desk.press(say("certificate.details"))
        desk.press(say("certificate.remove"))
        desk.press_in_question(say("certificate.remove"))
        asked = time.monotonic()
        desk.answer(USER, accept=say("prompt.act.remove"))
        assert time.monotonic() - asked > 9
        desk.shows(say("certificate.remove.done"))
        assert desk.call("key.list") == []


def test_states_of_certificates(build, display):
    """an expired certificate is shown as such and is no recipient, and a file without a key here is not taken [R143]"""
    with Desk(build, display, "en") as desk:
        say = desk.say
        authority(desk)
        initialised(desk)
        desk.open("--page", "certificates")
        desk.dismiss_permission()
        import_file(desk, pkcs12(desk, "geheim", "-days", "-1"), "geheim", USER)
        desk.shows(say("certificate.state.expired"))
        desk.hand_over("seal", desk.write("letter.txt", "a letter\n"))
        desk.shows(say("file.seal.about"))
        assert not [node for node in desk.nodes() if node["role"] == "list item" and say("file.seal.own") in node["name"]]
        desk.display.key("Escape")
        desk.select_page("cert.management")
        import_file(desk, desk.base / "ca.pem")
        desk.shows(say("certificate.import.noKey").split("%1")[0].strip())
