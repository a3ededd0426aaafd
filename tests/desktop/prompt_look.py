# SPDX-License-Identifier: Apache-2.0
"""What the tests of the prompt window ask of it, in its own terms."""
import time

FIELD = "password text"


def until(prompt, seconds):
    left = prompt.shown_at + seconds - time.monotonic()
    if left > 0:
        time.sleep(left)


def button(display, prompt, name):
    return display.find(prompt.pid, "push button", name)


def accept_place(display, prompt):
    """Middle of the accept button in an English window, without asking the tree, which takes its time."""
    _, x, y, width, height = display.window_of(prompt.pid)
    return x + width - 16 - 56, y + height - 12 - 20


def texts(display, prompt):
    """Everything that the window says, with its invisible isolates and breaks taken out."""
    said = [node["name"] + " " + node["description"] for node in display.tree(prompt.pid) if "showing" in node["states"]]
    return "\n".join(said).translate({code: None for code in (0x200B, 0x200E, 0x200F, 0x2066, 0x2068, 0x2069)})


def fields(display, prompt):
    return [node for node in display.tree(prompt.pid) if node["role"] == FIELD]


def fill(display, prompt, index, text):
    """Types into one field; returns what the field then says."""
    display.focus(prompt.pid, fields(display, prompt)[index])
    display.key("ctrl+BackSpace")
    display.type(text)
    time.sleep(0.1)
    return fields(display, prompt)[index]["description"]
