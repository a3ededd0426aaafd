# SPDX-License-Identifier: Apache-2.0
"""One telling prompt of every kind, for the gallery and the tests."""
import base64
import json
import pathlib
import struct
import zlib

PIN = {"needed": True, "triesLeft": 5, "minLength": 4, "maxLength": 24, "lastWrong": False, "role": "user"}


def document(name="قرارداد اجاره.txt", size=1234, **changes):
    return {"name": name, "size": size, "mediaType": "text/plain", "digestAlgorithm": "SHA-256", "digest": "3f0c9e5a7b1d2468ace013579bdf2468" * 2, "preview": "", **changes}


def batch(count):
    return [document(f"صورتحساب شماره {n}.pdf", 40_000 + 37 * n, mediaType="application/pdf", digest=f"{n:064x}") for n in range(1, count + 1)]


def picture(edge=48):
    """A PNG made here: a red sun over a blue mountain."""
    rows = b""
    for y in range(edge):
        rows += b"\0"
        for x in range(edge):
            sun = (x - edge * 0.7) ** 2 + (y - edge * 0.3) ** 2 < (edge * 0.15) ** 2
            hill = y > edge - edge * 0.7 * (1 - abs(x - edge * 0.4) / (edge * 0.6))
            rows += bytes((200, 60, 40) if sun else (30, 80, 140) if hill else (235, 240, 245))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows))
    return base64.b64encode(png + chunk(b"IEND", b"")).decode()


# name -> prompt, as docs/control-api.md has it. Every kind is there, and what is special about some of them.
SAMPLES = json.loads((pathlib.Path(__file__).resolve().parent.parent / "data/prompts.json").read_text(encoding="utf-8"))
SAMPLES["sign-batch"] = {**SAMPLES["sign"], "documents": batch(320)}
KINDS = [name for name in SAMPLES if "-" not in name]


def sample(name, language="fa", theme="light", mark=True, **changes):
    params = {**SAMPLES[name], **changes}
    interface = {"language": language, "theme": theme}
    if mark and "phrase" in SAMPLES[name]["interface"]:
        interface |= {"phrase": SAMPLES[name]["interface"]["phrase"] if language == "fa" else "Snow on Damavand", "picture": picture()}
    return {**params, "interface": interface}
