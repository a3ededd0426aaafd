# SPDX-License-Identifier: Apache-2.0
"""mohr-desktop beside a real daemon, and a person who uses both through the accessibility tree."""
import contextlib
import pathlib
import subprocess
import time
import xml.etree.ElementTree

from display import as_user, wait_for
from core_harness import Profile, acting_as
from harness import children_of, private_directory

TEXTS = pathlib.Path(__file__).resolve().parents[2] / "desktop/texts"
ISOLATES = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069\u200b"))
ARMED_AFTER = 1.2  # seconds; a prompt takes nothing before


class Texts:
    """What the windows say, by its key."""

    def __init__(self, language):
        self.texts = {}
        for path in TEXTS.glob(f"*_{language}.ts"):
            for message in xml.etree.ElementTree.parse(path).iter("message"):
                translation = message.find("translation")
                forms = [form.text for form in translation.iter("numerusform")] or [translation.text]
                self.texts[message.get("id")] = forms

    def __call__(self, key, *values, count=None):
        text = self.texts[key][0 if count in (1, None) else -1]
        for number, value in enumerate(values, 1):
            text = text.replace(f"%{number}", value)
        return text


class Desk:
    """A display with a daemon and mohr-desktop on it. `with Desk(build, display) as desk`. `environment` is mohr-desktop's,
    `config` and `daemon_environment` are the daemon's."""

    def __init__(self, build, display, language="fa", environment=None, config="", daemon_environment=None):
        self.build, self.display, self.language, self.extra = build, display, language, environment or {}
        self.config, self.daemon_environment = config, daemon_environment or {}
        self.say = Texts(language)

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.base = self.stack.enter_context(private_directory())
        session = {name: value for name, value in self.display.environment.items() if name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")}
        try:
            self.profile = self.stack.enter_context(Profile(self.build, self.base, config=self.config,
                                                            environment={**session, **self.daemon_environment}))
            self.profile.start()
            with self.profile.connect() as control:
                control.call("interface.set", {"language": self.language, "theme": "light"})
            self.manager = None
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is not None:
                self.display.screenshot(self.build / "results/desktop/failed.png")
            if self.manager is not None and self.manager.poll() is None:
                self.manager.terminate()
                self.manager.wait(10)
        finally:
            self.stack.close()

    def command(self, *arguments):
        return [str(self.build / "desktop/mohr-desktop"), "--socket", str(self.profile.control), *map(str, arguments)]

    def open(self, *arguments):
        """The first start; a later one hands over to it."""
        self.manager = self.display.spawn(self.command(*arguments), extra={"HOME": str(self.base), "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
                                                                              **self.extra})
        return self

    def dismiss_permission(self):
        """Here is no systemd that could let it run in the background: M02 comes at each start."""
        self.shows(self.say("M02"))
        self.display.key("Escape")
        self.hides(self.say("M02"))

    def hand_over(self, *arguments):
        result = subprocess.run(as_user(self.command(*arguments)), env=self.display.environment, cwd="/", timeout=20, capture_output=True)
        assert result.returncode == 0, result.stderr

    def call(self, method, params=None):
        with self.profile.connect() as control:
            return control.call(method, params)

    # The manager's window.

    def find(self, role, name, seconds=15):
        return self.display.find(self.manager.pid, role, name, seconds)

    def shows(self, text, seconds=15):
        """Waits until something that is showing says this."""
        return self.find(None, text, seconds)

    def nodes(self):
        """What is showing; nothing where it changed while it was read."""
        assert self.manager.poll() is None, f"mohr-desktop ended with {self.manager.returncode}"
        try:
            nodes = [node for node in self.display.tree(self.manager.pid) if "showing" in node["states"]]
        except LookupError:
            return []
        for node in nodes:
            node["name"] = node["name"].translate(ISOLATES)
        return nodes

    def hides(self, text, seconds=15):
        def gone():
            nodes = self.nodes()
            return nodes and not any(text in node["name"] for node in nodes)
        wait_for(gone, seconds, f"the end of {text!r}")

    def press(self, name, role="push button", seconds=15):
        """Presses what is showing, enabled, and named exactly so, the last one of them: dialogs come after their window."""
        def look():
            found = [n for n in self.nodes() if n["role"] == role and n["name"] == name and "enabled" in n["states"]]
            return found[-1] if found else None
        node = wait_for(look, seconds, f"an enabled {role} {name!r}")
        self.display.press(self.manager.pid, node)

    def press_in_question(self, name):
        """Presses the button of that name in the dialog that is open, which may stand on the page behind it too."""
        def look():
            nodes = self.nodes()
            dialogs = [n["path"] for n in nodes if n["role"] in ("alert", "dialog")]
            return next((n for n in nodes if n["role"] == "push button" and n["name"] == name and "enabled" in n["states"]
                         and any(n["path"][:len(d)] == d for d in dialogs)), None)
        self.display.press(self.manager.pid, wait_for(look, 15, f"{name!r} in a dialog"))

    def select_page(self, key):
        node = wait_for(lambda: next((n for n in self.nodes() if n["role"] == "list item" and n["name"] == self.say(key)), None), 15, key)
        self.display.click_node(node)

    def tries(self, count):
        """M18 with that many tries."""
        digits = "۰۱۲۳۴۵۶۷۸۹" if self.language == "fa" else "0123456789"
        return self.say("M18", count=count).replace("%n", digits[count]).replace("%Ln", digits[count]).replace("%1", digits[count])

    def enter(self, name, text):
        """Types into the field of that name."""
        node = wait_for(lambda: next((n for n in self.nodes() if n["role"] == "text" and n["name"] == name), None), 15, f"a field {name!r}")
        self.display.focus(self.manager.pid, node)
        wait_for(lambda: any(n["name"] == name and "focused" in n["states"] for n in self.nodes()), 10, f"the focus in {name!r}")
        self.display.type(text)

    def choose_file(self, path):
        """In the file chooser that is open."""
        wait_for(lambda: next((n for n in self.nodes() if n["role"] == "file chooser"), None)
                 or next((n for n in self.nodes() if n["role"] == "dialog" and "active" in n["states"]), None), 15, "a file chooser")
        time.sleep(0.3)
        self.display.type(str(path))
        self.display.key("Return")

    def select_row(self, text):
        node = wait_for(lambda: next((n for n in self.nodes() if n["role"] == "table cell" and text in n["name"]), None), 15, f"a row {text!r}")
        self.display.click_node(node)

    # The prompt's window.

    def prompt(self, seconds=20):
        """The process id of the prompt that is open and takes answers."""
        def look():
            for pid in children_of(self.profile.process.pid):
                with contextlib.suppress(OSError):
                    if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "mohr-prompt":
                        return pid
            return None
        pid = wait_for(look, seconds, "a prompt")
        self.display.find(pid, "push button", None, seconds)
        time.sleep(ARMED_AFTER)
        return pid

    def answer(self, *secrets, accept, confirm=()):
        """Fills the fields of the open prompt from the first to the last, but for those of None, and accepts by the button's name."""
        pid = self.prompt()
        return self.fill(pid, *secrets, accept=accept, confirm=confirm)

    def fill(self, pid, *secrets, accept, confirm=()):
        for name in confirm:
            self.display.press(pid, self.display.find(pid, "check box", name))
        fields = [n for n in self.display.tree(pid) if n["role"] == "password text" and "showing" in n["states"]]
        assert len(fields) == len(secrets), [n["name"] for n in fields]
        for field, secret in zip(fields, secrets):
            if secret is None:
                continue
            self.display.focus(pid, field)
            wait_for(lambda f=field: any(n["path"] == f["path"] and "focused" in n["states"] for n in self.display.tree(pid)), 10, "the focus")
            self.display.type(secret)
        button = wait_for(lambda: next((n for n in self.display.tree(pid)
                                        if n["role"] == "push button" and n["name"] == accept and "enabled" in n["states"]), None),
                          10, f"an enabled button {accept!r}")
        self.display.press(pid, button)
        return pid

    def prompt_says(self, pid, text, seconds=15):
        self.display.find(pid, None, text, seconds)

    def prompt_over(self, pid, seconds=20):
        wait_for(lambda: not pathlib.Path(f"/proc/{pid}").exists() or pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z",
                 seconds, "the prompt's end")

    # Files.

    def write(self, name, content):
        path = self.base / name
        with acting_as():
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def openssl(self, *arguments, check=True, **options):
        result = subprocess.run(as_user(["openssl", *map(str, arguments)]), cwd=self.base, capture_output=True, text=True, timeout=60,
                                env={"PATH": "/usr/bin:/bin", "HOME": str(self.base)}, **options)
        assert not check or result.returncode == 0, result.stderr
        return result
