# SPDX-License-Identifier: Apache-2.0
"""Sources and catalogues of the windows belong together."""
import collections
import pathlib
import re
import xml.etree.ElementTree as ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TEXTS = ROOT / "desktop/texts"
CATALOGUES = sorted(path.name[:-len("_fa.ts")] for path in TEXTS.glob("*_fa.ts"))
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
KEY = re.compile(r"(M\d\d|[a-z][a-z0-9]*(\.[A-Za-z0-9_]+)+)$")


def messages(catalogue, language):
    """key -> its forms"""
    found = {}
    for message in ElementTree.parse(TEXTS / f"{catalogue}_{language}.ts").iter("message"):
        key, translation = message.get("id"), message.find("translation")
        assert key not in found, f"{key} stands twice in {catalogue}_{language}.ts"
        assert translation.get("type") is None, f"{key} is not translated in {catalogue}_{language}.ts"
        forms = [form.text or "" for form in translation.iter("numerusform")] if message.get("numerus") == "yes" else [translation.text or ""]
        assert forms and all(form.strip() or key == "common.separator" for form in forms), f"{key} is empty in {catalogue}_{language}.ts"
        found[key] = forms
    return found


def placeholders(text):
    return sorted(set(re.findall(r"%L?\d|%L?n", text)))


def literals(folder):
    for source in sorted((ROOT / "desktop" / folder).glob("*.[ch]pp")):
        for line in source.read_text(encoding="utf-8").splitlines():
            if not line.lstrip().startswith(("#include", "//")):
                yield from ((source.name, text) for text in LITERAL.findall(line))


def test_catalogues_hold_the_labels_of_the_requirements():
    """the shared catalogues say word for word what the requirements' lists say, in both languages [R168] [R169]"""
    rows = [line.split("\t") for line in (ROOT / "tests/data/catalogue.tsv").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert len(rows) > 80
    for language, column in (("fa", 1), ("en", 2)):
        shared = messages("shared", language)
        for row in rows:
            wanted = re.sub(r"\{\w+\}", "%", row[column])
            # Where something stands in between the catalogue numbers it, and English counts in two forms.
            forms = [re.sub(r"%L?\d|%L?n", "%", form) for form in shared[row[0]]]
            assert wanted in forms or wanted.replace("attempts", "attempt") in forms, (row[0], language, wanted, forms)


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_both_languages_have_the_same_texts(catalogue):
    """every text of a catalogue stands in both languages, with the same places to fill [R169]"""
    persian, english = messages(catalogue, "fa"), messages(catalogue, "en")
    assert persian.keys() == english.keys()
    for key, forms in persian.items():
        for form in forms:
            assert placeholders(form) == placeholders(english[key][-1]), key
        assert not re.search(r"[كي]", "".join(forms)), f"{key} has Arabic letters where Persian ones belong"


def test_every_key_of_the_prompt_has_a_text():
    """every key that the prompt window's sources name has a text, and no text is left over [R168]"""
    shared, own = messages("shared", "fa"), messages("prompt", "fa")
    named = collections.defaultdict(set)
    for source, literal in literals("prompt"):
        if KEY.match(literal) and not literal.endswith((".svg", ".png")):
            named[literal].add(source)
    known = shared.keys() | own.keys()
    for key, sources in named.items():
        if key.startswith("prompt.") and key in ("prompt.show", "prompt.shown", "prompt.settled", "prompt.close"):
            continue  # messages of the protocol
        if key == "cert.reason.":
            continue
        assert key in known, f"{key} in {sources} has no text"
    unused = own.keys() - named.keys()
    assert not unused, f"nothing says {sorted(unused)}"
    reasons = {"key_usage", "expired", "on_hold", "revoked", "pending", "replaced", "algorithm"}
    assert {f"cert.reason.{reason}" for reason in reasons} <= shared.keys()


def test_no_text_stands_in_the_code():
    """nothing that people read is written into the prompt window's sources [R168]"""
    for source, literal in literals("prompt"):
        words = re.findall(r"[A-Za-z]{2,} [a-z]{2,}", literal)
        if source == "main.cpp" or "%" in literal:
            continue
        assert not words, f"{source}: {literal!r}"
        assert not re.search(r"[\u0600-\u06ff]", literal) or source == "origin_parts.cpp", f"{source}: {literal!r}"
