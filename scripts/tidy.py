#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over every C++ file of ours that BUILD compiles. What was found clean is remembered in BUILD/tidy and looked at
again only when the file, something that it includes, its compiler flags, .clang-tidy or clang-tidy itself have changed."""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"
FLAGS = ["--quiet", "--warnings-as-errors=*", "--extra-arg=-Wno-unknown-warning-option"]
TIME_LIMIT_S = 3600  # of one file; in the idle scheduling class on a busy machine the longest take minutes


class Contents:
    """What a file holds, by its hash; each is read once."""

    def __init__(self):
        self.known = {}

    def of(self, path: pathlib.Path) -> str:
        if path not in self.known:
            self.known[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self.known[path]


def units(build: pathlib.Path, only):
    """Of each tracked source in the compile database: its command and its object."""
    tracked = subprocess.run(["git", "ls-files", "-z", "--", "*.cpp"], cwd=ROOT, capture_output=True, check=True, text=True)
    tracked = set(filter(None, tracked.stdout.split("\0")))
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else None
        if name in tracked and (not only or any(name.startswith(start) for start in only)):
            found.setdefault(name, (entry["command"], re.search(r" -o (\S+)", entry["command"])[1]))
    return found


def dependencies(build: pathlib.Path):
    """Object -> every file that its compilation read, from ninja's own record; an object that is out of date has none."""
    listing = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, check=True, text=True).stdout
    result, current = {}, None
    for line in listing.splitlines():
        head = re.match(r"(\S.*): #deps \d+, deps mtime \d+ \((\w+)\)", line)
        if head:
            current = result.setdefault(head[1], set()) if head[2] == "VALID" else None
        elif line.startswith("    ") and current is not None:
            current.add(pathlib.Path(os.path.normpath(build / line.strip())))
    return result


def fingerprint(name, command, read, contents, version):
    """All that a finding can depend on; absent if that is not known. The same in every checkout of the same files."""
    if read is None:
        return None
    digest = hashlib.sha256("\0".join([version, *FLAGS, command.replace(str(ROOT), ".")]).encode())
    folder = (ROOT / name).parent
    configurations = [f / ".clang-tidy" for f in [folder, *folder.parents] if f.is_relative_to(ROOT) and (f / ".clang-tidy").exists()]
    for path in sorted({ROOT / name, *read, *configurations}):
        try:
            digest.update(f"{os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else path}\0{contents.of(path)}\0".encode())
        except OSError:
            return None
    return digest.hexdigest()


def check(build, name):
    started = time.monotonic()
    try:
        result = subprocess.run([TIDY, "-p", build, *FLAGS, name], cwd=ROOT, capture_output=True, text=True, timeout=TIME_LIMIT_S)
        clean, said = result.returncode == 0, result.stdout or result.stderr
    except subprocess.TimeoutExpired:
        clean, said = False, f"{name}: not done after {TIME_LIMIT_S} s"
    return clean, said, time.monotonic() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path, help="an up-to-date build folder")
    parser.add_argument("only", nargs="*", help="only files whose path begins so, such as daemon/door")
    parser.add_argument("--jobs", "-j", type=int, default=os.cpu_count())
    parser.add_argument("--again", action="store_true", help="look at everything, also at what is known to be clean")
    arguments = parser.parse_args()
    if shutil.which(TIDY) is None:
        sys.exit(f"tidy: there is no {TIDY}")
    build = arguments.build.resolve()
    stamps = build / "tidy"
    stamps.mkdir(exist_ok=True)
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True, text=True).stdout
    contents, read = Contents(), dependencies(build)
    marks = {name: fingerprint(name, command, read.get(output), contents, version)
             for name, (command, output) in units(build, arguments.only).items()}

    def stamp(name):
        return stamps / name.replace("/", "__")

    def known_clean(name):
        return not arguments.again and marks[name] is not None and stamp(name).exists() and stamp(name).read_text() == marks[name]

    todo = [name for name in marks if not known_clean(name)]
    print(f"{len(marks)} files, {len(marks) - len(todo)} of them known to be clean", file=sys.stderr)
    bad = []
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = {pool.submit(check, build, name): name for name in todo}
        for count, future in enumerate(concurrent.futures.as_completed(running), 1):
            name, (clean, said, seconds) = running[future], future.result()
            print(f"[{count}/{len(todo)}] {name}: {'clean' if clean else 'NOT CLEAN'} ({seconds:.0f} s)", file=sys.stderr, flush=True)
            if clean and marks[name] is not None:
                stamp(name).write_text(marks[name])
            if not clean:
                bad.append(name)
                print(said, flush=True)
    if bad:
        print(f"{len(bad)} files are not clean: {' '.join(sorted(bad))}", file=sys.stderr)
    return 1 if bad or not marks else 0


if __name__ == "__main__":
    sys.exit(main())
