# SPDX-License-Identifier: Apache-2.0
"""What `./run requirements` says of results, which come in three dialects of JUnit's format."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
from requirements import ended_as, results  # noqa: E402


def test_results(tmp_path):
    """a case is found by its name, whatever its runner adds, and one failed run of several is not hidden by another"""
    (tmp_path / "a.xml").write_text('''<testsuites><testsuite>
        <testcase name="core_test:one case [R1]"/>
        <testcase name="each way [R2] (first)"/><testcase name="each way [R2] (second)"><failure/></testcase>
        <testcase name="where there is no root [R3]"><skipped/></testcase>
        <testcase name="in chromium it opens [R4]"/><testcase name="in firefox it opens [R4]"><error/></testcase>
        <testcase name="in both browsers [R5]"><failure/></testcase>
    </testsuite></testsuites>''')
    (tmp_path / "b.xml").write_text('<testsuites><testsuite><testcase name="in both browsers [R5]"/><testcase name="one case [R1] more"/></testsuite></testsuites>')
    ended = results(tmp_path)
    assert {name: ended_as(name, ended) for name in ("one case [R1]", "each way [R2]", "where there is no root [R3]", "in ${name} it opens [R4]",
                                                     "in both browsers [R5]", "case [R1]")} == {
        "one case [R1]": "passed", "each way [R2]": "FAILED", "where there is no root [R3]": "skipped", "in ${name} it opens [R4]": "FAILED",
        "in both browsers [R5]": "FAILED", "case [R1]": "not run"}
