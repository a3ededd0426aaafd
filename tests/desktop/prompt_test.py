# SPDX-License-Identifier: Apache-2.0
"""The prompt window as a person meets it: keys, clicks and the accessibility tree, with the core's part played here."""
import time

import pytest

from display import wait_for
from prompt_process import PromptProcess, request
from samples import PIN, SAMPLES, sample


@pytest.fixture
def prompt(build, display):
    with PromptProcess(build, display) as running:
        yield running


def test_a_typed_pin_signs(display, prompt):
    """the PIN typed into the armed window goes out in a frame of its own and Return accepts [R53] [T14]"""
    params = sample("sign")
    number = prompt.show(params)
    prompt.wait_armed()
    display.type("4830")
    display.key("Return")
    answer = prompt.answer()
    assert answer["id"] == number and answer["given"] == {"user_pin": "4830"}
    assert answer["result"] == {"decision": "allow", "certificate": "aa", "remember": False}
    prompt.settle(params)
    assert prompt.ended() == 0


def test_without_the_core_it_says_so(build, display):
    """started by hand, mohr-prompt says in one line that mohrd starts it and ends with 2"""
    import subprocess
    from display import as_user
    result = subprocess.run(as_user([str(build / "desktop/mohr-prompt")]), env=display.environment, cwd="/", capture_output=True, text=True, timeout=20)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.count("\n") == 1 and "mohrd" in result.stderr
