#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Renders every page of mohr-desktop in both languages into a folder: gallery_manager.py --build=BUILD FOLDER [PAGE ...]"""
import argparse
import asyncio
import pathlib
import sys
import time

from display import Display
from manager_process import Manager, Neighbours

from core_harness import Control
from harness import Sandbox, document, run

PAGES = ["home", "token", "certificates", "files", "service", "sites", "activity", "settings", "permission", "about", "tour"]


async def visit(sandbox, origin, texts):
    async with sandbox.page(origin) as page:
        await page.grant()
        certificate = await page.certificate()
        for text in texts:
            await page.call("sign.cms", document=document(text, f"{text}.txt"), certificate=certificate["handle"], detached=True)
        await asyncio.sleep(0.1)


def furnish(sandbox):
    """What a person would have after some days."""
    for origin in ("https://portal.example", "https://tax.example", "http://old.example"):
        sandbox.mohr("site", "allow", origin)
    sandbox.mohr("site", "deny", "https://ads.example")
    try:
        run(visit(sandbox, "https://portal.example", ["contract", "invoice"]), 60)
    except Exception as problem:  # pictures of an emptier log are still pictures
        print(f"gallery: {problem}", file=sys.stderr)


def choose(sandbox, language, theme):
    with Control(sandbox.ready["control"]) as control:
        control.call("interface.set", {"language": language, "theme": theme})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("pages", nargs="*", default=PAGES)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--theme", action="append", choices=["light", "dark"])
    parser.add_argument("--scale", action="append", type=int, choices=[1, 2])
    parser.add_argument("--language", action="append", choices=["fa", "en"])
    options = parser.parse_args()
    build = options.build.absolute()
    with Display() as display, Sandbox(build, consent="allow") as sandbox, Neighbours(display, "panel", "notifications"):
        furnish(sandbox)
        for scale in options.scale or [1]:
            for language in options.language or ["fa", "en"]:
                for theme in options.theme or ["light"]:
                    choose(sandbox, language, theme)
                    with Manager(build, display, sandbox.ready["control"], ["--page", "home"], extra={"QT_SCALE_FACTOR": str(scale)}) as manager:
                        for page in options.pages:
                            manager.open(page)
                            time.sleep(1)
                            if page in ("sites", "activity"):
                                x, y, width, _ = manager.find("table")["box"]
                                display.click(x + width // 2, y + 60 * scale)
                                time.sleep(0.5)
                            print(display.screenshot(options.folder / f"manager-{page}-{language}-{theme}-{scale}x.png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
