#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A person at a virtual display, for the headless demo: sees each prompt, waits until it is armed, types the PIN, accepts.

Prints {"ready": true, "environment": {...}} once there is a display, then looks for the sandbox's first line in --sandbox, which has
the throw-away PIN. Ends with 1 if a prompt stays open although it was answered."""
import argparse
import json
import pathlib
import signal
import sys
import time

from display import Display

armed_after = 1.2    # seconds; a prompt takes nothing before
longest_prompt = 30  # seconds from its appearance to its end


def windows(display):
    return display.output(["xdotool", "search", "--onlyvisible", "--class", "mohr-prompt"]).split()


def answer(display, pin):
    """One prompt, from its appearance until it is gone or asks the next question in the same window."""
    appeared = time.monotonic()
    time.sleep(armed_after)
    while windows(display):
        if time.monotonic() - appeared > longest_prompt:
            raise TimeoutError("a prompt stayed open although it was answered")
        # The PIN field has the focus where there is one; elsewhere digits go nowhere.
        display.type(pin)
        display.key("Return")
        gone = time.monotonic() + 4
        while windows(display) and time.monotonic() < gone:
            time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sandbox", required=True, type=pathlib.Path, help="file whose first line mohrd --sandbox prints")
    parser.add_argument("--manager", help="mohr-desktop, which is opened on the display")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    with Display() as display:
        print(json.dumps({"ready": True, "environment": display.environment}), flush=True)
        while not options.sandbox.exists() or not options.sandbox.read_text().endswith("}\n"):
            time.sleep(0.1)
        sandbox = json.loads(options.sandbox.read_text().splitlines()[0])
        if options.manager:
            display.spawn([options.manager, "--socket", sandbox["control"]])
        seen = 0
        while True:
            if windows(display):
                seen += 1
                answer(display, sandbox["user_pin"])
                print(f"answered prompt {seen}", file=sys.stderr, flush=True)
            time.sleep(0.1)


if __name__ == "__main__":
    main()
