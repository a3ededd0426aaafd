# SPDX-License-Identifier: Apache-2.0
"""How pytest names our tests."""


def name_by_sentence(items):
    """A test is known by its sentence, as the Catch2 cases are; reports and `./run requirements` show that."""
    for item in items:
        if item.obj.__doc__:
            parameters = f" ({item.callspec.id})" if hasattr(item, "callspec") else ""
            item._nodeid = f"{item.location[0]}::{' '.join(item.obj.__doc__.split())}{parameters}"
