#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No include against the dependency direction of docs/architecture.md; a unit test may include what its folder may."""
import pathlib
import re
import sys

MAY_USE = {
    "base": set(),
    "token": {"base"},
    "signing": {"base"},
    "protocol": {"base"},
    "daemon/link": {"base", "protocol"},
    "daemon/door": {"base", "protocol", "signing", "daemon/link"},
    "daemon/core": {"base", "protocol", "signing", "token", "daemon/link"},
    "daemon/owner_auth": {"base"},
    "cli": {"base", "protocol"},
    "desktop/shared": {"base", "protocol"},
    "desktop/preview": {"base", "desktop/shared"},
    "desktop/prompt": {"base", "protocol", "desktop/shared"},
    "desktop/manager": {"base", "protocol", "desktop/shared"},
    "desktop": {"base", "protocol", "desktop/shared", "desktop/preview", "desktop/prompt", "desktop/manager"},  # its unit tests
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)


def room_of(path: str):
    """The folder a source belongs to, or None for those that may use everything."""
    path = path.removeprefix("tests/unit/")
    rooms = [room for room in MAY_USE if path == room or path.startswith(room + "/")]
    return max(rooms, key=len, default=None)


def room_of_include(name: str):
    if name.startswith("mohr/"):
        return name.split("/")[1]
    for folder in ("shared", "preview", "prompt", "manager"):
        if name.startswith(folder + "/"):
            return "desktop/" + folder
    for folder in ("daemon/link", "daemon/door", "daemon/core", "cli"):
        if name.startswith(folder + "/"):
            return folder
    return None


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    wrong = 0
    for source in sorted(root.glob("**/*.[ch]pp")):
        relative = source.relative_to(root).as_posix()
        room = room_of(relative)
        if room is None or relative.startswith("build/"):
            continue
        for name in INCLUDE.findall(source.read_text(encoding="utf-8")):
            target = room_of_include(name)
            if target is not None and target != room and target not in MAY_USE[room]:
                print(f"{relative}: {room} may not include {name}", file=sys.stderr)
                wrong += 1
            if room != target and "/src/" in name:
                print(f"{relative}: {name} is private to its folder", file=sys.stderr)
                wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
