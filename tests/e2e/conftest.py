# SPDX-License-Identifier: Apache-2.0
import pytest


def pytest_addoption(parser):
    parser.addoption("--build", required=True, help="build directory with mohrd, mohr-door and mohr")
    parser.addoption("--sanitized", action="store_true", help="the build has a sanitizer: leave out what cannot be shown with one")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        mark = item.get_closest_marker("unsanitized")
        if mark and config.getoption("--sanitized"):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))
    # A test is known by its sentence, as the Catch2 cases are; reports and `./run requirements` show that.
    for item in items:
        if item.obj.__doc__:
            parameters = f" ({item.callspec.id})" if hasattr(item, "callspec") else ""
            item._nodeid = f"{item.location[0]}::{' '.join(item.obj.__doc__.split())}{parameters}"


@pytest.fixture(scope="session")
def build(request):
    import pathlib
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
