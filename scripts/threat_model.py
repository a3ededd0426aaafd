#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes (--write) or checks the table of docs/threat-model.md: threat, control, the tests that carry its number."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from requirements import NUMBER, ROOT, tests_in_sources  # noqa: E402

PAGE = ROOT / "docs/threat-model.md"
HEADING = "| threat | control | tests |"


def table():
    carried = collections.defaultdict(list)
    for text, path in tests_in_sources():
        for number in dict.fromkeys(NUMBER.findall(text)):
            carried[number].append(NUMBER.sub("", text).strip().replace("|", "\\|"))
    titles = dict(line.split(maxsplit=1) for line in (ROOT / "docs/numbers.txt").read_text().splitlines() if line.startswith("T"))
    controls = dict(line.split(maxsplit=1) for line in (ROOT / "scripts/threat_controls.txt").read_text().splitlines())
    rows = [HEADING, "| --- | --- | --- |"]
    for number, title in titles.items():
        tests = "<br>".join(carried[number]) or "none yet"
        rows.append(f"| {number} {title} | {controls[number]} | {tests} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    head = text.split(HEADING)[0]
    fresh = head + table()
    if "--write" in sys.argv:
        PAGE.write_text(fresh, encoding="utf-8")
    elif fresh != text:
        print("docs/threat-model.md is not current: run scripts/threat_model.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
