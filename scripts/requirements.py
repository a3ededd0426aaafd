#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints every requirement (R) and threat (T) with the tests that carry its number and how they last ended.

Test names are taken from the sources, so that a test that was never run is seen too; results from the JUnit files that
`./run test` leaves behind.
"""
import argparse
import collections
import json
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
NUMBER = re.compile(r"\[([RT]\d+)\]")
CASES = [
    ("**/*_test.cpp", re.compile(r'(?:TEST_CASE|SCENARIO|TEST_CASE_METHOD)\s*\((?:[^",]+,\s*)?((?:"(?:[^"\\]|\\.)*"\s*)+)')),
    ("**/*.mjs", re.compile(r"""\b(?:test|it)\s*\(\s*(["'`])(.+?)\1""")),
    ("**/*_test.py", re.compile(r'"""(.*?\[[RT]\d+\].*?)"""')),
    ("**/*test*.sh", re.compile(r'^# test: (.*)$', re.M)),
]


def tests_in_sources():
    for pattern, case in CASES:
        for path in sorted((ROOT / "tests").glob(pattern)):
            if "node_modules" in path.parts:
                continue
            for match in case.finditer(path.read_text(encoding="utf-8")):
                text = match.group(match.lastindex)
                if pattern.endswith(".cpp"):
                    text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace('\\"', '"')
                if NUMBER.search(text):
                    yield text, path.relative_to(ROOT).as_posix()


def results(directory: pathlib.Path):
    """Every name that a case has in a result file, with how its runs ended: in each browser, with each parameter."""
    ended = collections.defaultdict(list)
    for file in sorted(directory.glob("*.xml")):
        for case in ElementTree.parse(file).iter("testcase"):
            status = "passed"
            if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
                status = "FAILED"
            elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
                status = "skipped"
            name = re.sub(r"^\w+:", "", case.get("name", ""))  # ctest: the program's
            for one in {name, re.sub(r" \([^()]*\)$", "", name)}:  # pytest: the parameters'
                ended[one].append(status)
    return ended


def ended_as(text, ended):
    """How a case ended: as its worst run."""
    found = ended.get(text, [])
    if "${" in text:
        pattern = re.compile(".+".join(map(re.escape, re.split(r"\$\{[^}]*\}", text))))
        found = [status for name, statuses in ended.items() if pattern.fullmatch(name) for status in statuses]
    return next((status for status in ("FAILED", "passed", "skipped") if status in found), "not run")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--missing", action="store_true", help="only the numbers without a test")
    options = parser.parse_args()

    carried = collections.defaultdict(list)
    ended = results(options.results) if options.results.is_dir() else {}
    for text, path in tests_in_sources():
        for number in dict.fromkeys(NUMBER.findall(text)):
            carried[number].append({"test": text, "file": path, "result": ended_as(text, ended)})

    numbers = {}
    for line in (ROOT / "docs/numbers.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            number, title = line.split(maxsplit=1)
            numbers[number] = title
    unknown = sorted(set(carried) - set(numbers))
    if options.json:
        print(json.dumps({n: {"title": numbers[n], "tests": carried.get(n, [])} for n in numbers}, ensure_ascii=False, indent=1))
    else:
        for number, title in numbers.items():
            tests = carried.get(number, [])
            if tests and options.missing:
                continue
            print(f"{number:5} {title}")
            for t in tests:
                print(f"        {t['result']:8} {t['test']}  ({t['file']})")
            if not tests:
                print("        none yet")
        for kind, word in (("R", "requirements"), ("T", "threats")):
            mine = [n for n in numbers if n.startswith(kind)]
            print(f"{sum(1 for n in mine if carried.get(n))} of {len(mine)} {word} are carried by a test")
    for number in unknown:
        print(f"requirements: tests name {number}, which docs/numbers.txt does not know", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
