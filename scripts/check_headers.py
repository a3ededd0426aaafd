#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header of ours compiles alone, those of the tests too."""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["base", "token", "signing", "protocol", "daemon", "cli", "desktop"]
SEEN_BY_TESTS = ["tests/support", "tests/unit/signing", "daemon", "daemon/core"]
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-x", "c++", "-DOPENSSL_API_COMPAT=30000", "-DOPENSSL_NO_DEPRECATED", '-DMOHR_VERSION="0"',
         f"-I{ROOT}"] + [f"-I{ROOT / f / 'include'}" for f in FOLDERS] + [f"-I{ROOT / f / 'src'}" for f in FOLDERS]


def qt_flags():
    """Of Qt 6, for the windows; without it (a daemon alone is built) their headers are left out."""
    result = subprocess.run(["pkg-config", "--cflags", "Qt6Widgets", "Qt6Svg", "Qt6DBus", "Qt6Network"], capture_output=True, text=True)
    return result.stdout.replace("-I", "-isystem").split() + ["-fPIC"] if result.returncode == 0 else None


QT_FLAGS = qt_flags()


def for_windows(header: pathlib.Path) -> bool:
    return any(header.is_relative_to(ROOT / folder) for folder in ("desktop", "tests/unit/desktop"))


def compiles(header: pathlib.Path):
    flags = FLAGS + [f"-I{header.parent}"]
    if header.is_relative_to(ROOT / "daemon"):
        flags.append(f"-I{ROOT / 'daemon'}")
    if header.is_relative_to(ROOT / "tests"):
        flags += [f"-I{ROOT / folder}" for folder in SEEN_BY_TESTS]
    if for_windows(header):
        flags += [f"-I{ROOT / 'desktop'}", *QT_FLAGS]
    result = subprocess.run(["g++", *flags, str(header)], capture_output=True, text=True)
    # "#pragma once in main file" is what a header as the main file means.
    noise = [line for line in result.stderr.splitlines() if "error" in line]
    return header, result.returncode == 0, noise


def main() -> int:
    if shutil.which("g++") is None:
        sys.exit("check_headers: there is no g++")
    headers = [h for folder in [*FOLDERS, "tests"] for h in sorted((ROOT / folder).glob("**/*.hpp")) if QT_FLAGS is not None or not for_windows(h)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, ok, noise in pool.map(compiles, headers):
            if not ok:
                bad += 1
                print(f"{header.relative_to(ROOT)} does not compile alone:\n  " + "\n  ".join(noise[:5]), file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
