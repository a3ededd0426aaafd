#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Renders every prompt in both languages into a folder: gallery.py --build=BUILD FOLDER [NAME ...]"""
import argparse
import pathlib
import sys

from display import Display
from prompt_process import PromptProcess
from samples import SAMPLES, sample


def render(build, display, folder, name, language="fa", theme="light", scale=1):
    """One picture; the window stays for as long as it takes and is then told that it is over."""
    params = sample(name, language, theme)
    with PromptProcess(build, display, {"QT_SCALE_FACTOR": str(scale)}) as prompt:
        prompt.show(params)
        prompt.wait_armed(0.3)
        path = display.screenshot(folder / f"prompt-{name}-{language}-{theme}-{scale}x.png")
        prompt.close(params)
        prompt.ended()
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("names", nargs="*", default=list(SAMPLES))
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--theme", action="append", choices=["light", "dark"])
    parser.add_argument("--scale", action="append", type=int, choices=[1, 2])
    parser.add_argument("--language", action="append", choices=["fa", "en"])
    parser.add_argument("--size", default="1366x768", help="of the display")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with Display(width, height) as display:
        for name in options.names:
            for language in options.language or ["fa", "en"]:
                for theme in options.theme or ["light"]:
                    for scale in options.scale or [1]:
                        print(render(options.build.resolve(), display, options.folder, name, language, theme, scale))
    return 0


if __name__ == "__main__":
    sys.exit(main())
