#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads and drives the accessibility tree of one display: a line of JSON in, a line of JSON out. A process of its own, since
the library knows one bus only."""
import json
import sys
import warnings

import gi
warnings.simplefilter("ignore", DeprecationWarning)
gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402


def programs():
    desktop = Atspi.get_desktop(0)
    desktop.clear_cache()
    return [desktop.get_child_at_index(i) for i in range(desktop.get_child_count())]


def program(pid):
    for candidate in programs():
        if candidate is not None and candidate.get_process_id() == pid:
            return candidate
    raise LookupError(f"there is no program {pid} on the accessibility bus")


def describe(node, path):
    states = node.get_state_set()
    found = [s.value_nick for s in (Atspi.StateType.SHOWING, Atspi.StateType.ENABLED, Atspi.StateType.FOCUSABLE, Atspi.StateType.FOCUSED,
                                    Atspi.StateType.CHECKED, Atspi.StateType.SELECTED, Atspi.StateType.ACTIVE, Atspi.StateType.EDITABLE,
                                    Atspi.StateType.EXPANDED) if states.contains(s)]
    entry = {"path": path, "role": node.get_role_name(), "name": node.get_name() or "", "description": node.get_description() or "",
             "states": found, "box": [0, 0, 0, 0], "text": None, "actions": []}
    interfaces = node.get_interfaces()
    if "Component" in interfaces:
        box = Atspi.Component.get_extents(node, Atspi.CoordType.SCREEN)
        entry["box"] = [box.x, box.y, box.width, box.height]
    if "Text" in interfaces:
        entry["text"] = Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))
    if "Action" in interfaces:
        entry["actions"] = [Atspi.Action.get_action_name(node, i) for i in range(Atspi.Action.get_n_actions(node))]
    return entry


def walk(node, path, into, most=4000):
    node.clear_cache()
    into.append(describe(node, path))
    states = node.get_state_set()
    if states.contains(Atspi.StateType.MANAGES_DESCENDANTS) and node.get_child_count() > 200:
        return
    for index in range(min(node.get_child_count(), 200)):
        try:
            child = node.get_child_at_index(index)
            if child is not None and len(into) < most:
                walk(child, path + [index], into, most)
        except GLib.Error:
            continue  # it went while it was looked at


def at(pid, path):
    node = program(pid)
    for index in path:
        node = node.get_child_at_index(index)
        if node is None:
            raise LookupError(f"nothing at {path}")
    return node


def answer(request):
    verb = request["verb"]
    if verb == "programs":
        return [[p.get_name(), p.get_process_id()] for p in programs() if p is not None]
    if verb == "tree":
        nodes = []
        walk(program(request["pid"]), [], nodes)
        return nodes
    node = at(request["pid"], request["path"])
    if verb == "press":
        names = [Atspi.Action.get_action_name(node, i).lower() for i in range(Atspi.Action.get_n_actions(node))]
        wanted = next((i for i, n in enumerate(names) if n in ("press", "toggle", "click", "check")), 0)
        return Atspi.Action.do_action(node, wanted)
    if verb == "focus":
        return Atspi.Component.grab_focus(node)
    if verb == "set_text":
        return Atspi.EditableText.set_text_contents(node, request["text"])
    raise LookupError(f"unknown verb {verb}")


def main():
    Atspi.init()
    Atspi.get_desktop(0).get_child_count()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        while GLib.MainContext.default().iteration(False):
            pass
        try:
            reply = {"value": answer(json.loads(line))}
        except (LookupError, GLib.Error, AttributeError) as problem:
            reply = {"error": f"{type(problem).__name__}: {problem}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
