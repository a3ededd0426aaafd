# SPDX-License-Identifier: Apache-2.0
"""What desktops read about mohr-desktop."""
import configparser
import subprocess

from display import HERE

CONFIG = HERE.parent.parent / "config/desktop"


def entry(build, name):
    # The name matters to the validator: it must be that of the application.
    path = build / f"config/desktop/{name}.desktop"
    result = subprocess.run(["desktop-file-validate", str(path)], capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and "error" not in result.stdout, result.stdout
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(path)
    return parser


def test_launcher(build):
    """the launcher is a valid desktop entry with actions that start and stop the service [R13]"""
    launcher = entry(build, "ir.mohr.Desktop")
    assert launcher["Desktop Entry"]["Actions"] == "start;stop;"
    for action in ("start", "stop"):
        assert launcher[f"Desktop Action {action}"]["Exec"].endswith(f"/mohr-desktop {action}")


def test_autostart(build):
    """the autostart entry is valid and opens no window [R10]"""
    assert entry(build, "autostart")["Desktop Entry"]["Exec"].endswith("/mohr-desktop --background")


def test_metainfo():
    """the AppStream metadata are valid"""
    result = subprocess.run(["appstreamcli", "validate", "--no-net", str(CONFIG / "ir.mohr.Desktop.metainfo.xml")], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout
