# SPDX-License-Identifier: Apache-2.0
"""What mohr-preview makes of documents, kind ones and hostile ones, and what it cannot do whoever takes it over."""
import os
import pathlib
import signal
import time
import zlib

import pytest
from preview_process import (ACTIONS, ALL_SEALS, AS_IT_IS, BROKEN, CUT, ENCRYPTED, EVERY_SEAL, FAILED, FILES, FORM_IMAGE, FORM_PAGES, FORM_TEXT,
                             FORM_XML, FORMS, INTERNAL, LAYERS, NOT_UNICODE, OPENED, OTHER_KIND, PIXELS, Preview, REVISIONS, SCRIPTS, TEXT,
                             TOO_LARGE, UNKNOWN_KIND, one_page, pdf, png, stream)

MIB = 1 << 20
DATA = pathlib.Path(__file__).resolve().parent / "data"
FONTS = b"/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>/G<</Type/Font/Subtype/TrueType/BaseFont/NobodyHasThis>>>>"


def opened(build, content, media_type="", page=0, width=600, **more):
    """The first reply, and that to a page if it opened."""
    with Preview(build, content, media_type, **more) as preview:
        first = preview.read()
        return first, preview.page(page, width) if first and first.kind == OPENED else None


def dark(reply):
    """Pixels that are not nearly white."""
    assert len(reply.payload) == reply.b * reply.c * 4
    return sum(1 for value in reply.payload[1::4] if value < 128)


# --- what is shown ---

@pytest.mark.parametrize("content, media_type, text", [
    ("سند فروش، می‌شود".encode(), "text/plain", "سند فروش، می‌شود"),
    (b"\xef\xbb\xbfwith a mark", "text/plain; charset=utf-8", "with a mark"),
    ("سند".encode("utf-16"), "text/plain", "سند"),
    (b"\xfe\xff" + "سند".encode("utf-16-be"), "", "سند"),
    (b'{"amount": 10}', "application/json", '{"amount": 10}'),
    (b"one\r\ntwo", "", "one\ntwo"),
    (b"<b>bold</b>", "text/html", "<b>bold</b>"),
    (b"", "text/plain", ""),
], ids=["utf-8", "marked utf-8", "utf-16", "big-endian utf-16", "json", "unnamed", "html", "empty"])
def test_text(build, content, media_type, text):
    """text is shown as it is, in the encoding that its mark says, and HTML as its source [T18]"""
    first, page = opened(build, content, media_type)
    assert (first.kind, first.a, first.b, first.c) == (OPENED, FORM_TEXT, 1, 0)
    assert page.kind == TEXT and page.payload.decode() == text


def test_not_unicode(build):
    """bytes that are no UTF-8 stand as such, and the person is told [T18]"""
    first, page = opened(build, "caf\xe9 10".encode("latin-1"), "text/plain")
    assert first.c == NOT_UNICODE and page.payload == b"caf\\x{e9} 10"


def test_xml(build):
    """XML is shown with its tags, indented, and running text stays on its line [T18]"""
    content = b"<?xml version='1.0'?><a xmlns='u'><!-- c --><b x='1&lt;'>t &amp; <i>u</i>v</b><c/></a>"
    first, page = opened(build, content, "application/xml")
    assert (first.a, first.c) == (FORM_XML, 0)
    assert page.payload.decode() == ('<?xml version="1.0"?>\n<a xmlns="u">\n  <!-- c -->\n  <b x="1&lt;">t &amp; <i>u</i>v</b>\n  <c/>\n</a>')


def test_pdf_fonts(build):
    """a PDF whose fonts are not in the file is drawn with ours, though nothing can be opened any more [T18]"""
    for font in (b"F", b"G"):
        first, page = opened(build, one_page(b"BT /%b 24 Tf 20 100 Td (Contract) Tj ET" % font, resources=FONTS), "application/pdf")
        assert (first.a, first.b, first.c) == (FORM_PAGES, 1, 0)
        assert (page.kind, page.b, page.c) == (PIXELS, 600, 400)
        assert dark(page) > 500, font
    assert dark(opened(build, one_page(), "application/pdf")[1]) == 0


@pytest.mark.parametrize("content, notice", [
    (one_page(catalogue=b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"), SCRIPTS),
    (one_page(catalogue=b"/Names<</JavaScript<</Names[(a)<</S/JavaScript/JS(1)>>]>>>>"), SCRIPTS),
    (one_page(catalogue=b"/AcroForm<</Fields[]>>"), FORMS),
    (one_page(catalogue=b"/Names<</EmbeddedFiles<</Names[(a)5 0 R]>>>>", more=[b"<</Type/Filespec/F(a)/EF<</F 6 0 R>>>>", stream(b"", b"/Type/EmbeddedFile")]), FILES),
    (one_page() + b"5 0 obj<<>>endobj\nxref\n0 0\ntrailer<</Size 5/Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF\n", REVISIONS),
    (one_page(catalogue=b"/OCProperties<</OCGs[5 0 R]/D<<>>>>", more=[b"<</Type/OCG/Name(l)>>"]), LAYERS),
    (one_page(catalogue=b"/OpenAction<</S/Launch/F(/bin/true)>>"), ACTIONS),
    (one_page(), 0),
], ids=["script", "named script", "form", "embedded file", "revision", "layer", "action", "plain"])
def test_pdf_notices(build, content, notice):
    """what a PDF holds beside its pages is told [T18]"""
    first, page = opened(build, content, "application/pdf")
    assert first.kind == OPENED and first.c & notice == notice and (notice or not first.c)
    assert page.kind == PIXELS


def test_other_kind(build):
    """a document that is not what its media type says is shown as what it is, and the person is told [T18]"""
    first, page = opened(build, one_page(), "text/plain")
    assert first.c == OTHER_KIND and page.kind == PIXELS


def test_images(build):
    """pictures are drawn no larger than they are [T18]"""
    first, page = opened(build, png(30, 20, (b"\0" + b"\x10\x20\x30" * 30) * 20), "image/png")
    assert (first.a, first.b) == (FORM_IMAGE, 1) and (page.b, page.c) == (30, 20)
    assert page.payload[:3] == b"\x30\x20\x10"
    first, page = opened(build, (DATA / "photo.jpg").read_bytes(), "image/jpeg")
    assert first.a == FORM_IMAGE and (page.kind, page.b, page.c) == (PIXELS, 64, 48) and dark(page) > 1000


def test_pages_of_text(build):
    """a long text comes in pages that together are the whole [T18]"""
    text = "".join(f"سطر {i} \U0001f600\n" for i in range(5000)) + "x" * 50_000 + "end"
    with Preview(build, text.encode(), "text/plain") as preview:
        pages = preview.read().b
        assert pages > 10
        assert "".join(preview.page(i).payload.decode() for i in range(pages)) == text
        assert preview.page(pages).a == INTERNAL


# --- what cannot be shown ---

@pytest.mark.parametrize("content, media_type, failure", [
    (b"PK\x03\x04\xff\xfe\0\0", "application/zip", UNKNOWN_KIND),
    (b"\0" * MIB, "", UNKNOWN_KIND),
    (b"%PDF-1.4 nothing more", "application/pdf", BROKEN),
    (b"no PDF at all", "application/pdf", BROKEN),
    (b"", "application/pdf", BROKEN),
    (b"\x89PNG\r\n\x1a\nnothing", "image/png", BROKEN),
    (png(100_000, 100_000, b"\0"), "image/png", TOO_LARGE),
], ids=["zip", "zeroes", "broken pdf", "text as pdf", "empty pdf", "broken png", "100,000 px png"])
def test_failures(build, content, media_type, failure):
    """what cannot be shown is answered with its reason, before any of it is decoded [T18] [T09]"""
    first, _ = opened(build, content, media_type)
    assert (first.kind, first.a) == (FAILED, failure)


def test_encrypted(build):
    """an encrypted PDF is said to be one [T18]"""
    # Standard security handler of revision 3 with a user password: the check values do not fit the empty one.
    trailer = b"/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]/Encrypt<</Filter/Standard/V 2/R 3/Length 128/P -4/O<%b>/U<%b>>>" % (
        b"11" * 32, b"22" * 32)
    locked = one_page().replace(b"/Root 1 0 R", b"/Root 1 0 R" + trailer)
    first, _ = opened(build, locked, "application/pdf")
    assert (first.kind, first.a) == (FAILED, ENCRYPTED)


# --- hostile documents ---

def test_laughs(build):
    """an XML whose entities explode, or name other files, is shown as it is, expanding and loading nothing [T09] [T18]"""
    laughs = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol">' + b"".join(
        b'<!ENTITY %c "%b">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(10)) + b"]><l>&k;</l>"
    external = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>'
    for content in (laughs, external):
        first, page = opened(build, content, "text/xml")
        assert (first.a, first.c) == (FORM_TEXT, AS_IT_IS)
        assert page.payload == content


def test_deep_xml(build):
    """two million nested elements are shown up to a length, and the person is told [T09]"""
    first, page = opened(build, b"<a>" * 2_000_000 + b"</a>" * 2_000_000, "application/xml")
    assert (first.a, first.c) == (FORM_XML, CUT) and page.kind == TEXT


@pytest.mark.parametrize("content", [b"x" * (16 * MIB), b"\0" * (16 * MIB), b"\xff" * (4 * MIB), b"\n" * (2 * MIB), "\u202e".encode() * MIB],
                         ids=["one line", "zeroes", "no UTF-8", "empty lines", "bidi"])
def test_large_text(build, content):
    """sixteen MiB of one line, of zeroes or of controls come in small pages within seconds [T09]"""
    began = time.monotonic()
    with Preview(build, content, "text/plain") as preview:
        first = preview.read()
        assert first.kind == OPENED and first.b > 50
        assert 0 < len(preview.page(first.b - 1).payload) < 256 * 1024
    assert time.monotonic() - began < 10


def test_many_pages(build):
    """of a hundred thousand pages the last is drawn as fast as the first [T09]"""
    count = 100_000
    kids = b" ".join(b"%d 0 R" % (i + 3) for i in range(count))
    content = pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, count)] +
                  [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>"] * count)
    began = time.monotonic()
    first, page = opened(build, content, "application/pdf", page=count - 1)
    assert first.b == count and page.kind == PIXELS and time.monotonic() - began < 10


def test_huge_page(build):
    """a page of kilometres, and one without a side, are drawn within the limit of pixels [T09]"""
    for box in (b"0 0 1000000000 200", b"0 0 1 1000000000", b"0 0 0 0", b"5 5 -5 -5"):
        _, page = opened(build, one_page().replace(b"0 0 300 200", box), "application/pdf", width=100_000)
        if page is not None and page.kind == PIXELS:
            assert page.b * page.c <= 8_000_000 and page.b <= 8192 and page.c <= 8192


def test_bomb(build):
    """a stream that unpacks to gigabytes takes neither the memory of the process beyond its bound nor longer than it is given [T09]"""
    bomb = zlib.compress(b"\0" * (1 << 30), 9)
    image = b"<</Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (
        len(bomb), bomb)
    content = one_page(b"300 0 0 200 0 0 cm /I Do", resources=b"/XObject<</I 5 0 R>>", more=[image])
    with Preview(build, content, "application/pdf") as preview:
        assert preview.read().kind == OPENED
        began = time.monotonic()
        page = preview.page(seconds=2)  # the window gives it ten; what matters is that it can be ended
        assert page is None or page.kind == PIXELS
        assert time.monotonic() - began < 5
        peak = 0
        if preview.process.poll() is None:
            # One that its bound ended in between has no such line any more.
            status = pathlib.Path(f"/proc/{preview.process.pid}/status").read_text()
            peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
        assert peak < 512 * 1024


# --- the sandbox ---

def test_bounds(build):
    """the process is bounded in memory, processor time and descriptors, leaves no core and cannot be looked into [T30] [T08]"""
    with Preview(build, b"text", "text/plain") as preview:
        assert preview.read().kind == OPENED
        proc = pathlib.Path(f"/proc/{preview.process.pid}")
        limits = proc.joinpath("limits").read_text()
        assert "Max core file size        0                    0" in limits and "Max file size             0                    0" in limits
        assert "Max cpu time              120                  120" in limits
        if "SANITIZE" not in os.environ:
            assert "Max address space         536870912            536870912" in limits
        status = proc.joinpath("status").read_text()
        assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status
        targets = {os.readlink(one) for one in proc.joinpath("fd").iterdir() if int(one.name) > 3}
        assert targets and all("/fonts/" in one for one in targets), targets


def test_dies_with_parent(build):
    """it ends when its input does [T08]"""
    with Preview(build, b"text", "text/plain") as preview:
        preview.read()
        assert preview.end()[0] == 0


@pytest.mark.parametrize("missing", EVERY_SEAL)
def test_unsealed(build, missing):
    """a document that somebody could still change is not shown [T20]"""
    with Preview(build, b"text", "text/plain", seals=ALL_SEALS & ~missing) as preview:
        assert preview.read() is None and preview.end()[0] == 1


def test_place(build):
    """of a descriptor that many documents share only the own one is shown, and none beyond its end [T20]"""
    first, page = opened(build, b"second", "text/plain", before=b"first")
    assert page.payload == b"second"
    with Preview(build, b"text", "text/plain", size=5) as preview:
        assert preview.read() is None and preview.end()[0] == 1


KILLED = ["unlink", "execve", "fork", "connect-out", "connect-loopback", "connect-old-socket", "netlink", "unix-socket", "ptrace-parent", "kill-parent",
          "executable-memory", "set-dumpable"]
REFUSED = ["open-passwd", "open-home", "create-file"]


def attack(build, name, option="--attack"):
    with Preview(build, b"text", "text/plain", options=[option, name]) as preview:
        preview.read()
        return preview.end()


def can_attack(build):
    return attack(build, "none") == (0, "attack none: succeeded\n")


@pytest.mark.parametrize("name", REFUSED + KILLED)
def test_attacks(build, name):
    """from inside nothing can be opened, started, reached or made, and the same succeeds before the sandbox closes [T08]"""
    if not can_attack(build):
        pytest.skip("the fault points are not compiled in")
    status, errors = attack(build, name)
    if name in REFUSED:
        assert (status, errors) == (0, f"attack {name}: refused, errno 13\n")
    else:
        assert status == -signal.SIGSYS and not errors
    if name in ("open-passwd", "open-home", "create-file", "unlink", "unix-socket", "netlink", "fork", "set-dumpable", "executable-memory"):
        assert f"attack {name}: succeeded" in attack(build, name, "--attack-before")[1]
    if name.startswith("connect"):  # there is nothing to connect to, but it is tried
        assert "refused, errno 1\n" not in attack(build, name, "--attack-before")[1]
