# SPDX-License-Identifier: Apache-2.0
"""A program of ours that does as a test says, in lines of JSON."""
import json
import subprocess
import threading

from harness import as_user, read_line


class Answering:
    """Runs as the unprivileged account until its input is closed; answers each line {"verb", ...} with {"value"} or {"error"}."""

    def __init__(self, command, environment):
        self.name = command[-1] if len(command) == 2 else " ".join(command[1:])
        self.process = subprocess.Popen(as_user(command), env=environment, cwd="/", text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lock = threading.Lock()
        if not json.loads(read_line(self.process, 30) or "{}").get("ready"):
            self.close()
            raise AssertionError(f"{self.name} did not start")

    def ask(self, verb, **params):
        with self.lock:
            self.process.stdin.write(json.dumps({"verb": verb, **params}) + "\n")
            self.process.stdin.flush()
            line = read_line(self.process, 30)
        assert line, f"{self.name} did not answer {verb}"
        answer = json.loads(line)
        if "error" in answer:
            raise LookupError(answer["error"])
        return answer["value"]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
