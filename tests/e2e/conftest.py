# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from sentences import name_by_sentence  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--build", required=True, help="build directory with mohrd, mohr-door and mohr")
    parser.addoption("--sanitized", choices=["asan", "tsan"], help="the build's sanitizer: leave out what cannot be shown with it")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        mark = item.get_closest_marker("unsanitized")
        sanitizer = config.getoption("--sanitized")
        if mark and sanitizer and sanitizer in (mark.args[1:] or ("asan", "tsan")):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))
    name_by_sentence(items)


@pytest.fixture(scope="session")
def build(request):
    return pathlib.Path(request.config.getoption("--build")).resolve()


@pytest.fixture(scope="module")
def sandbox(build):
    """One sandbox for a whole file, which says yes to everything. Tests that need answers of their own, or that break it, use `start`."""
    from harness import Sandbox
    with Sandbox(build, consent="allow") as running:
        yield running


@pytest.fixture
def start(build):
    """Starts sandboxes with given options; all end with the test."""
    from contextlib import ExitStack
    from harness import Sandbox
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Sandbox(build, **options))
