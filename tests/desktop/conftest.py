# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from sentences import name_by_sentence  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--build", required=True, help="build directory with the programs of desktop/")
    parser.addoption("--pictures", help="folder for screenshots; results/desktop below the build directory unless given")


def pytest_collection_modifyitems(items):
    name_by_sentence(items)


@pytest.fixture(scope="session")
def build(request):
    return pathlib.Path(request.config.getoption("--build")).resolve()


@pytest.fixture(scope="session")
def pictures(request, build):
    path = pathlib.Path(request.config.getoption("--pictures") or build / "results/desktop")
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="module")
def display():
    """A display for a whole file, with a number and buses of its own."""
    from display import Display
    with Display() as running:
        yield running


@pytest.fixture
def prompt(build, display):
    """A mohr-prompt whose core is the test."""
    from prompt_process import PromptProcess
    with PromptProcess(build, display) as running:
        yield running
