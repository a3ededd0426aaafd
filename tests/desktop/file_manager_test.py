# SPDX-License-Identifier: Apache-2.0
"""Mohr in the menus of file managers."""
import configparser
import pathlib
import shutil
import subprocess

import pytest
from display import wait_for
from core_harness import acting_as

CONFIG = pathlib.Path(__file__).resolve().parents[2] / "config/file-managers"
MENUS = {"contract 1.txt": {"sign", "seal"}, "contract.txt.p7s": {"sign", "verify", "seal"}}


def entries(path):
    parser = configparser.ConfigParser(interpolation=None, delimiters=["="])
    parser.optionxform = str
    parser.read(path)
    return parser


@pytest.mark.parametrize("path", sorted((CONFIG / "applications").glob("*.desktop")), ids=lambda path: path.name)
def test_open_with(path):
    """the entries for "Open With" are valid and name what they open"""
    result = subprocess.run(["desktop-file-validate", "--no-hints", path], capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and not result.stdout, result.stdout
    entry = entries(path)["Desktop Entry"]
    assert entry["Exec"].startswith("mohr-desktop ") and entry["MimeType"].endswith(";")


@pytest.mark.parametrize("path", sorted([*CONFIG.glob("*.servicemenu.desktop"), *(CONFIG / "nemo").iterdir()]), ids=lambda path: path.name)
def test_other_menus(path):
    """every menu entry has both languages and passes file names after --"""
    for name, section in entries(path).items():
        if "Exec" in section:
            assert section["Exec"].split()[0] == "mohr-desktop" and section["Exec"].endswith("-- %F"), name
            assert section["Name"] and section["Name[fa]"], name


@pytest.mark.parametrize("path", sorted((CONFIG / "nautilus").iterdir()), ids=lambda path: path.name)
def test_scripts(path, tmp_path):
    """the scripts for Nautilus hand over names with spaces and leading hyphens whole"""
    program = tmp_path / "mohr-desktop"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    result = subprocess.run([path, "a b", "-c"], capture_output=True, text=True, timeout=30, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert result.stdout.splitlines()[1:] == ["--", "a b", "-c"], result


class FileManager:
    """PCManFM with our actions, and a mohr-desktop that writes down how it was called."""

    def __init__(self, display):
        self.display, self.base = display, display.directory / "files"

    def __enter__(self):
        self.folder, programs, data = self.base / "my documents", self.base / "bin", self.base / "share"
        with acting_as():
            for path in (self.folder, programs, data / "file-manager"):
                path.mkdir(parents=True)
            shutil.copytree(CONFIG / "actions", data / "file-manager/actions")
            program = programs / "mohr-desktop"
            program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{self.base}/call"\nmv "{self.base}/call" "{self.base}/called"\n')
            program.chmod(0o755)
        self.extra = {"XDG_DATA_DIRS": f"{data}:/usr/share", "PATH": f"{programs}:/usr/bin:/bin"}
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.base)

    def choose(self, name, place):
        """The entry `place` lines above the menu's last one, for a file of that name; returns how mohr-desktop was called."""
        with acting_as():
            for other in self.folder.iterdir():
                other.unlink()
            (self.folder / name).write_text("x")
        window = self.display.spawn(["pcmanfm", "--no-desktop", str(self.folder)], extra=self.extra)
        called = self.base / "called"
        try:
            wait_for(lambda: self.display.output(["xdotool", "search", "--onlyvisible", "--name", "my documents"]).split(), 20, "PCManFM")

            def ask():
                for keys in ("Escape", "ctrl+a", "Menu", *["Up"] * (place + 1), "Return"):
                    self.display.key(keys)
                return called.exists() or None
            wait_for(ask, 30, f"the menu's entry {place} for {name}")
            return called.read_text().splitlines()
        finally:
            called.unlink(missing_ok=True)
            window.terminate()
            window.wait(10)


@pytest.mark.parametrize("name", MENUS)
def test_a_real_file_manager(display, name):
    """a real file manager offers what fits the file, and hands the file over"""
    with FileManager(display) as manager:
        calls = [manager.choose(name, place) for place in range(1, len(MENUS[name]) + 1)]
        assert {call[0] for call in calls} == MENUS[name]
        assert all(call[1:] == ["--", str(manager.folder / name)] for call in calls), calls
