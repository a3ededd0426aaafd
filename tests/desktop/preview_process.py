# SPDX-License-Identifier: Apache-2.0
"""mohr-preview without mohr-prompt: a sealed memfd on descriptor 3, the messages of desktop/shared/preview_messages.hpp."""
import collections
import fcntl
import os
import struct
import subprocess
import threading
import zlib

from display import as_user

F_ADD_SEALS, ALL_SEALS, EVERY_SEAL = 1033, 0xF, (0x1, 0x2, 0x4, 0x8)
OPENED, TEXT, PIXELS, FAILED = 1, 2, 3, 4
FORM_TEXT, FORM_XML, FORM_PAGES, FORM_IMAGE = 1, 2, 3, 4
UNKNOWN_KIND, BROKEN, ENCRYPTED, TOO_LARGE, INTERNAL = 1, 2, 3, 4, 5
SCRIPTS, FORMS, FILES, REVISIONS, LAYERS, ACTIONS, OTHER_KIND, NOT_UNICODE, AS_IT_IS, CUT = (1 << i for i in range(10))

Reply = collections.namedtuple("Reply", "kind a b c payload")


def memory_file(content, seals=ALL_SEALS):
    file = os.memfd_create("document", os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(file, view):]
    fcntl.fcntl(file, F_ADD_SEALS, seals)
    return file


class Preview:
    """`with Preview(build, content, "text/plain") as preview`: started as the window does it, in an empty environment."""

    def __init__(self, build, content, media_type="", options=(), before=b"", seals=ALL_SEALS, size=None):
        self.file = memory_file(before + content, seals)
        self.command = [str(build / "desktop/mohr-preview"), "--offset", str(len(before)), "--size", str(len(content) if size is None else size),
                        "--type", media_type, *options]

    def __enter__(self):
        shell = f'exec "$0" "$@" 3<&{self.file} {self.file}<&-' if self.file != 3 else 'exec "$0" "$@"'
        self.process = subprocess.Popen(as_user(["bash", "-c", shell, *self.command]), env={}, cwd="/", pass_fds=[self.file],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(self.file)
        return self

    def __exit__(self, *_):
        self.end()
        self.process.stdout.close()
        self.process.stderr.close()

    def end(self):
        """The exit status, and what it said on standard error."""
        if not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
        try:
            self.status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait(5)
        if not self.process.stderr.closed:
            self.errors = self.process.stderr.read().decode(errors="replace")
            assert "Sanitizer" not in self.errors and "runtime error" not in self.errors, self.errors[-4000:]
        return self.status, self.errors

    def read(self, seconds=20):
        """The next reply; nothing where the process has ended. A process that takes longer is killed, as the window would."""
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            head = self.process.stdout.read(20)
            if len(head) < 20:
                return None
            kind, a, b, c, length = struct.unpack("<5I", head)
            return Reply(kind, a, b, c, self.process.stdout.read(length))
        finally:
            timer.cancel()

    def page(self, number=0, width=600, seconds=20):
        self.process.stdin.write(struct.pack("<2I", number, width))
        self.process.stdin.flush()
        return self.read(seconds)


def png(width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def pdf(objects, trailer=b""):
    """A PDF file of these objects, the first of them its catalogue."""
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % at for at in offsets)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%btrailer<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, trailer, len(out))


def stream(content, members=b""):
    return b"<</Length %d%b>>stream\n%b\nendstream" % (len(content), members, content)


def one_page(content=b"", catalogue=b"", resources=b"", more=(), members=b""):
    return pdf([b"<</Type/Catalog/Pages 2 0 R%b>>" % catalogue, b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<<%b>>>>" % resources, stream(content, members), *more])
