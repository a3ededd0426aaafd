# SPDX-License-Identifier: Apache-2.0
"""The document in the prompt window, as a person and assistive technology meet it, and a mohr-preview that was taken over."""
import os
import pathlib
import shutil
import struct
import tempfile
import time
import zlib

import pytest
from display import runner_ids, wait_for
from preview_process import FORM_PAGES, FORM_TEXT, OPENED, PIXELS, TEXT, memory_file, one_page, pdf, png, stream
from prompt_process import PromptProcess
from samples import document, sample

FONT = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
UNKNOWN = "There is no preview for this kind of file."
ENDED = "This document cannot be shown: drawing it failed."
SLOW = "This takes too long to be drawn and is not shown."


def three_pages():
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents %d 0 R/Resources<<" + FONT + b">>>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R 4 0 R 5 0 R]/Count 3>>", page % 6, page % 7, page % 8] +
               [stream(b"BT /F 24 Tf 20 100 Td (Page %d) Tj ET" % n) for n in (1, 2, 3)])


def bomb():
    """A picture that takes longer to unpack than a page is given."""
    data = zlib.compress(b"\0" * (1 << 30), 9)
    data = b"<</Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (
        len(data), data)
    return one_page(b"300 0 0 200 0 0 cm /I Do", resources=b"/XObject<</I 5 0 R>>", more=[data])


def params_of(*contents, language="en", names=(), offsets=None):
    params = sample("sign")
    params["interface"] = {**params["interface"], "language": language}
    params["documents"] = [document(names[i] if names else f"document {i}", len(content), mediaType=media, preview="the beginning",
                                    previewDescriptor=f"preview{i}", previewOffset=0) for i, (content, media) in enumerate(contents)]
    return params


class Shown:
    """`with Shown(build, display, (content, media type), …) as shown`: a prompt with these documents, on the screen."""

    def __init__(self, build, display, *contents, **options):
        self.display, self.contents = display, contents
        self.params = params_of(*contents, **options)
        self.process = PromptProcess(build, display)

    def __enter__(self):
        self.prompt = self.process.__enter__()
        files = {f"preview{i}": memory_file(content) for i, (content, _) in enumerate(self.contents)}
        began = time.monotonic()
        self.prompt.show(self.params, files)
        self.took = time.monotonic() - began
        for file in files.values():
            os.close(file)
        return self

    def __exit__(self, *arguments):
        self.process.__exit__(*arguments)

    def find(self, role=None, name=None, seconds=10):
        return self.display.find(self.prompt.pid, role, name, seconds)

    def text(self, part):
        """The text of the preview, once it holds this."""
        return wait_for(lambda: next((node["text"] for node in self.display.tree(self.prompt.pid)
                                      if node["name"] == "Preview of the document" and node["text"] and part in node["text"]), None), 10, part)

    def children(self):
        """Processes that the window has started: command line and number."""
        found = {}
        for proc in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if int(proc.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1]) == self.prompt.pid:
                    found[int(proc.name)] = proc.joinpath("cmdline").read_bytes().split(b"\0")
            except OSError:
                pass
        return found


def test_text(build, display):
    """a text is there for assistive technology, page by page, and what turns it around is made visible [T17] [T18]"""
    text = "قرارداد\nname\u202egnp.exe\n" + "line\n" * 600 + "the end"
    with Shown(build, display, (text.encode(), "text/plain")) as shown:
        first = shown.text("قرارداد")
        assert "name\\u{202e}gnp.exe" in first and "the end" not in first
        shown.find("label", "Page 1 of 2")
        shown.prompt.wait_armed()
        display.key("ctrl+Next")
        assert "the end" in shown.text("the end")
        shown.find("label", "Page 2 of 2")


def test_pages(build, display, pictures):
    """pages of a PDF are turned by button and by key, and every one is named [T18]"""
    with Shown(build, display, (three_pages(), "application/pdf"), names=["contract.pdf"]) as shown:
        shown.find("label", "contract.pdf")
        shown.find("label", "Page 1 of 3")
        shown.prompt.wait_armed()
        display.press(shown.prompt.pid, shown.find(name="Next page"))
        shown.find("label", "Page 2 of 3")
        display.key("ctrl+Next")
        shown.find("label", "Page 3 of 3")
        assert "enabled" not in shown.find(name="Next page")["states"]
        display.key("ctrl+Prior", "ctrl+plus")
        shown.find("label", "Page 2 of 3")
        time.sleep(0.5)
        display.screenshot(pictures / "preview-pages.png")


@pytest.mark.parametrize("content, media_type, text", [
    (b"PK\x03\x04\xff", "application/zip", UNKNOWN), (b"%PDF-1.4", "application/pdf", "The document is damaged"),
    (png(100_000, 100_000, b"\0"), "image/png", "too large"),
], ids=["zip", "broken", "large"])
def test_problems(build, display, content, media_type, text):
    """a document that cannot be shown is said to be so, with the reason [T18]"""
    with Shown(build, display, (content, media_type)) as shown:
        shown.find("label", text)


def test_notices(build, display):
    """what a PDF holds beside its pages is told above them [T18]"""
    content = one_page(catalogue=b"/AcroForm<</Fields[]>>/OpenAction<</S/JavaScript/JS(1)>>")
    with Shown(build, display, (content, "application/pdf")) as shown:
        shown.find("label", "active or hidden content (JavaScript and form fields)")


def test_batch(build, display):
    """in a batch the chosen document is the one that is drawn, and no process stays behind for the others [T18] [T20]"""
    with Shown(build, display, (b"first text", "text/plain"), (b"second text", "text/plain")) as shown:
        shown.text("first text")
        shown.prompt.wait_armed()
        display.click_node(shown.find("table cell", "document 1"))
        shown.text("second text")
        assert len(shown.children()) == 1


def test_surroundings(build, display):
    """mohr-preview gets the document and two pipes: no display, no bus, nothing of the prompt's [T08] [T30]"""
    with Shown(build, display, (b"text", "text/plain")) as shown:
        shown.text("text")
        (pid, command), = shown.children().items()
        assert command[0] == str(build / "desktop/mohr-preview").encode()
        proc = pathlib.Path(f"/proc/{pid}")
        assert proc.joinpath("environ").read_bytes().strip(b"\0") == b"LANG=C.UTF-8"
        held = {int(one.name): os.readlink(one) for one in proc.joinpath("fd").iterdir()}
        assert held[0].startswith("pipe:") and held[1].startswith("pipe:") and held[2] == "/dev/null" and "memfd:document" in held[3]
        assert all("/fonts/" in name for number, name in held.items() if number > 3), held
        shown.prompt.kill()
        wait_for(lambda: not proc.exists(), 5, "its end with the window")


def test_slow_page(build, display):
    """a page that is not drawn in ten seconds is given up, and the window was there at once and still answers [T09] [T18]"""
    with Shown(build, display, (bomb(), "application/pdf")) as shown:
        assert shown.took < 2
        shown.find("label", "The preview is being drawn")
        shown.find("label", SLOW, 20)
        assert not shown.children()
        display.type("4830")
        display.key("Return")
        assert shown.prompt.answer()["given"] == {"user_pin": "4830"}


def test_large_document(build, display):
    """the window does not wait for its document: sixteen MiB in one line change nothing [T09]"""
    with Shown(build, display, (b"x", "text/plain")) as small, Shown(build, display, (b"x" * (16 << 20), "text/plain")) as large:
        assert large.took < small.took + 1
        large.text("xxx")


# --- a mohr-preview that was taken over ---

def reply(kind, a=0, b=0, c=0, payload=b"", length=None):
    return struct.pack("<5I", kind, a, b, c, len(payload) if length is None else length) + payload


GOOD = reply(OPENED, FORM_TEXT, 1)
HOSTILE = {
    "nothing": b"",
    "garbage": b"\xff" * 4096,
    "unknown form": reply(OPENED, 9, 1),
    "no page": reply(OPENED, FORM_TEXT, 0),
    "too many pages": reply(OPENED, FORM_TEXT, 0xFFFFFFFF),
    "a payload where there is none": reply(OPENED, FORM_TEXT, 1, 0, b"x"),
    "text before it is open": reply(TEXT, 0, payload=b"early"),
    "opened twice": GOOD + GOOD,
    "another page": GOOD + reply(TEXT, 5, payload=b"other"),
    "text without end": GOOD + reply(TEXT, 0, length=0xFFFFFFFF),
    "text that was not asked for": GOOD + reply(TEXT, 0, payload=b"one") + reply(TEXT, 0, payload=b"two"),
    "pixels beyond their payload": reply(OPENED, FORM_PAGES, 1) + reply(PIXELS, 0, 100, 100, b"\0" * 400),
    "pixels that overflow": reply(OPENED, FORM_PAGES, 1) + reply(PIXELS, 0, 0x10001, 0x10000, length=0x40000),
    "no pixels": reply(OPENED, FORM_PAGES, 1) + reply(PIXELS, 0, 0, 0),
}


@pytest.fixture
def taken_over(build):
    """A folder with our mohr-prompt and, beside it, a mohr-preview that says what it is given."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        folder = pathlib.Path(directory) / "desktop"
        folder.mkdir()
        shutil.copy(build / "desktop/mohr-prompt", folder)

        def says(answer, then="exec sleep 60"):
            (folder / "answer").write_bytes(answer)
            (folder / "mohr-preview").write_text(f"#!/bin/sh\n/bin/cat {folder}/answer\n{then}\n")
            (folder / "mohr-preview").chmod(0o755)
            return folder.parent
        for path in (pathlib.Path(directory), folder):
            path.chmod(0o755)
            os.chown(path, *runner_ids()) if os.getuid() == 0 else None
        yield says


@pytest.mark.parametrize("what", [name for name in HOSTILE if name != "nothing"])
def test_taken_over(taken_over, display, what):
    """a mohr-preview that says what was not agreed is ended, and the decision stays the person's [T18] [T08]"""
    with Shown(taken_over(HOSTILE[what]), display, (b"text", "text/plain")) as shown:
        shown.find("label", ENDED)
        wait_for(lambda: not shown.children(), 5, "its end")
        shown.prompt.wait_armed()
        display.type("4830")
        display.key("Return")
        assert shown.prompt.answer()["given"] == {"user_pin": "4830"}


def test_flood(taken_over, display):
    """a mohr-preview that never stops to speak, and one that ends at once, leave the window as it is [T09] [T08]"""
    for answer, then in ((GOOD, "exec cat /dev/zero"), (b"", "exit 1"), (b"", "kill -9 $$")):
        with Shown(taken_over(answer, then), display, (b"text", "text/plain")) as shown:
            shown.find("label", ENDED)
            rss = next(int(line.split()[1]) for line in pathlib.Path(f"/proc/{shown.prompt.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
            assert rss < 256 * 1024


def test_bidi_from_taken_over(taken_over, display):
    """what a mohr-preview calls text is drawn as text only, its controls visible [T17] [T18]"""
    with Shown(taken_over(GOOD + reply(TEXT, 0, payload="<b>a</b>\u202eb\x00\x1b".encode())), display, (b"text", "text/plain")) as shown:
        assert shown.text("<b>") == "<b>a</b>\\u{202e}b\\u{0000}\\u{001b}"
