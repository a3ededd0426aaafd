# SPDX-License-Identifier: Apache-2.0
"""One telling prompt of every kind, for the gallery and the tests."""
import base64
import struct
import zlib

from prompt_process import request

DIGEST = "3f0c9e5a7b1d2468ace013579bdf2468" * 2
PERSIAN_TEXT = "قرارداد اجاره\nماده ۱: مبلغ اجاره ماهانه ۱۲٬۰۰۰٬۰۰۰ ریال است.\nماده ۲: این قرارداد از تاریخ امضا به مدت یک سال معتبر است.\n"
SARA = [
    {"id": "aa", "commonName": "سارا محمدی [امضا]", "issuer": "میانی عام مرکز توسعه", "notAfter": "2027-03-05T10:00:00Z", "usable": True, "reason": "",
     "preselected": True, "level": "silver", "uses": ["sign", "authenticate"]},
    {"id": "bb", "commonName": "Sara Mohammadi (office)", "issuer": "Example Organisation CA", "notAfter": "2026-12-01T10:00:00Z", "usable": True,
     "reason": "", "preselected": False, "level": "bronze", "uses": ["sign"]},
    {"id": "cc", "commonName": "سارا محمدی (۱۴۰۳)", "issuer": "میانی عام مرکز توسعه", "notAfter": "2025-01-01T00:00:00Z", "usable": False,
     "reason": "expired", "preselected": False, "level": "silver", "uses": ["sign"]},
]
PIN = {"needed": True, "triesLeft": 5, "minLength": 4, "maxLength": 24, "lastWrong": False, "role": "user"}
ADMIN = {**PIN, "triesLeft": 10, "role": "admin"}
NEW = {"new": {"minLength": 4, "maxLength": 24}}
NEW_ADMIN = {"newAdmin": {"minLength": 4, "maxLength": 24}}
LOSSES = ["سارا محمدی [امضا]، سطح نقره", "Sara Mohammadi (office)"]


def document(name="قرارداد اجاره.txt", size=1234, **changes):
    return {"name": name, "size": size, "mediaType": "text/plain", "digestAlgorithm": "SHA-256", "digest": DIGEST, "preview": "", **changes}


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


LONG_HOST = "login.bank.example." + "a" * 60 + "." + "b" * 60 + "." + "c" * 43 + ".portal.example"

# name -> prompt. Every kind of docs/control-api.md is here, and what is special about some of them.
SAMPLES = {
    "access": request("access", remember=["access"]),
    "listing": request("listing", remember=["listing"], asksAccess=True, certificates=SARA[:2]),
    "select": request("select", remember=["certificate"], certificates=SARA),
    "sign": request("sign", purpose="sign", documents=[document(preview=PERSIAN_TEXT)], certificates=SARA, pin=PIN, remember=["certificate"]),
    "authenticate": request("authenticate", purpose="authenticate", certificates=SARA[:1], pin=PIN),
    "decrypt": request("decrypt", purpose="decrypt", documents=[document("پاسخ محرمانه.p7m", 52_000, digest="", digestAlgorithm="", mediaType="")],
                       certificates=SARA[:1], pin=PIN, unauthenticated=True, window={"items": 200, "minutes": 15}),
    "generate": request("generate", keyAlgorithm="RSA-3072", keySubject="CN=سارا محمدی, C=IR", keyNames=["dns: sara.example"], pin=PIN),
    "import": request("import", documents=[document("سارا محمدی [امضا]", 1450, mediaType="")], pin=PIN),
    "request": request("request", keySubject="CN=Sara Mohammadi, O=Example, C=IR", certificates=SARA[:1], pin=PIN),
    "remove_key": request("remove_key", keyAlgorithm="P-256", pin=PIN),
    "remove_certificate": request("remove_certificate", certificates=SARA[:1], pin=PIN, site=False),
    "change_pin": request("change_pin", pin={**PIN, **NEW}, site=False),
    "unblock_pin": request("unblock_pin", pin={**ADMIN, **NEW}, site=False),
    "import_file": request("import_file", file=True, pin=PIN, site=False),
    "initialise": request("initialise", label="توکن سارا", pin={"needed": False, **NEW, **NEW_ADMIN}, site=False),
    "reset": request("reset", label="توکن سارا", losses=LOSSES, pin={**ADMIN, **NEW, **NEW_ADMIN}, site=False),
    "reset_blocked": request("reset_blocked", losses=LOSSES, ownerPassword=True, pin={"needed": False, **NEW, **NEW_ADMIN}, site=False),
    "change_admin_pin": request("change_admin_pin", pin={**ADMIN, **NEW_ADMIN}, site=False),
    "set_label": request("set_label", label="توکن کار", pin=ADMIN, site=False),
    "verify_pin": request("verify_pin", pin=PIN, site=False),
    "mark": request("mark", site=False),
    # What is special.
    "sign-batch": request("sign", purpose="sign", documents=batch(320), certificates=SARA[:1], pin=PIN),
    "sign-blind": request("sign", purpose="sign", blind=True, asksBlind=True, weak=True, legacy=True, insecure=True, origin="http://old.portal.example",
                          documents=[document("digest", None)], certificates=SARA[:1], pin={**PIN, "triesLeft": 1, "lastWrong": True},
                          remember=["blind"], program={"name": "curl", "path": "/usr/bin/curl", "pid": 4, "knownBrowser": False}),
    "sign-long-host": request("sign", purpose="sign", origin="https://" + LONG_HOST, documents=[document("contract-" + "x" * 200 + ".pdf")],
                              certificates=SARA[:1], pin=PIN),
    "sign-bidi": request("sign", purpose="sign", origin="https://xn--80ak6aa92e.com", registrableDomain="xn--80ak6aa92e.com",
                         documents=[document("contract\u202efdp.exe", preview="pay \u202e0001\u202c to Sara\n\u2066hidden\u2069")],
                         certificates=SARA[:1], pin=PIN, interface={"language": "fa", "theme": "light"}),
}
KINDS = [name for name in SAMPLES if "-" not in name]


def sample(name, language="fa", theme="light", mark=True, **changes):
    params = {**SAMPLES[name], **changes}
    interface = {"language": language, "theme": theme}
    if mark and "phrase" in SAMPLES[name]["interface"]:
        interface |= {"phrase": SAMPLES[name]["interface"]["phrase"] if language == "fa" else "Snow on Damavand", "picture": picture()}
    return {**params, "interface": interface}
