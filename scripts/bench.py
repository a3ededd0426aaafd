#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ours beside the raw figure, interleaved in one run; both processes, consent, PIN check and activity log on.

Each ratio is ours over raw, where more is better, but for roundtrip_ratio (ours over bare Beast: less is better).
"per core" is per second of processor time of both our processes together.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

AIMS = {"rsa2048_batch_ratio": 0.9, "p256_batch_ratio": 0.4, "rsa2048_single_ratio": 0.65, "p256_single_ratio": 0.15,
        "roundtrip_ratio": 1.3, "stream_ratio": 0.8, "ready_ms": 60, "idle_rss_mib": 24}
LESS_IS_BETTER = {"roundtrip_ratio", "ready_ms", "idle_rss_mib"}
RUNNER = "mohr-run"


def as_runner(command):
    if os.getuid() != 0:
        return command
    return ["setpriv", f"--reuid={RUNNER}", f"--regid={RUNNER}", "--clear-groups", "env", "HOME=/var/lib/mohr-run", *command]


class Daemon:
    """A sandbox that answers every prompt with yes and the right PIN."""

    def __init__(self, build: pathlib.Path, directory: pathlib.Path):
        start = time.monotonic()
        self.process = subprocess.Popen(as_runner([str(build / "daemon/core/mohrd"), "--sandbox", str(directory), "--consent", "allow"]),
                                        stdout=subprocess.PIPE, stderr=open(directory.parent / "mohrd.log", "ab"), text=True)
        line = self.process.stdout.readline()
        self.ready_seconds = time.monotonic() - start
        if not line:
            sys.exit("bench: mohrd did not start:\n" + (directory.parent / "mohrd.log").read_text()[-2000:])
        self.ready = json.loads(line)
        self.port = int(re.search(r":(\d+)", self.ready["ws"].split("//")[1]).group(1))
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        self.pids = [self.process.pid, *map(int, children)]

    def rss_mib(self):
        total = 0
        for pid in self.pids:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            total += int(re.search(r"VmRSS:\s+(\d+)", status).group(1))
        return total / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def openssl_speed(algorithm, seconds):
    """Signatures a second on one thread."""
    out = subprocess.run(["openssl", "speed", "-seconds", str(seconds), "-mr", algorithm], capture_output=True, text=True, check=True).stdout
    row = [line for line in out.splitlines() if line.startswith(("+F2:", "+F4:"))][0].split(":")
    return float(row[3])  # +F2 (RSA) and +F4 (ECDSA): index, bits, signatures a second, checks a second


def load(bench, daemon, what, *more):
    command = [str(bench), what, "--port", str(daemon.port), *more]
    for pid in daemon.pids:
        command += ["--pid", str(pid)]
    result = subprocess.run(as_runner(command), capture_output=True, text=True)  # the daemon takes its own user only
    if result.returncode != 0:
        sys.exit(f"bench: {what}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def pinned(cpu, command):
    return ["taskset", "-c", str(cpu), *command]


def round_trip(bench, daemon, seconds):
    for pid in daemon.pids:
        subprocess.run(["taskset", "-a", "-p", "-c", "0", str(pid)], capture_output=True, check=False)
    ours = json.loads(subprocess.run(as_runner(pinned(0, [str(bench), "roundtrip", "--port", str(daemon.port), "--seconds", str(seconds)])),
                                     capture_output=True, text=True, check=True).stdout)
    cores = f"0-{os.cpu_count() - 1}"
    for pid in daemon.pids:
        subprocess.run(["taskset", "-a", "-p", "-c", cores, str(pid)], capture_output=True, check=False)
    server = subprocess.Popen(pinned(0, [str(bench), "echo-server"]), stdout=subprocess.PIPE, text=True)
    port = json.loads(server.stdout.readline())["port"]
    raw = json.loads(subprocess.run(pinned(0, [str(bench), "echo", "--port", str(port), "--seconds", str(seconds)]),
                                    capture_output=True, text=True, check=True).stdout)
    server.wait(10)
    return ours["p50_us"], raw["p50_us"]


def openssl_digest(bench, size, directory):
    """Bytes a second of `openssl dgst -sha256` over a file in the page cache."""
    file = directory / "content"
    if not file.exists():
        with open(file, "wb") as out:
            subprocess.run([str(bench), "content", "--bytes", str(size)], stdout=out, check=True)
    start = time.monotonic()
    subprocess.run(["openssl", "dgst", "-sha256", str(file)], stdout=subprocess.DEVNULL, check=True)
    return size / (time.monotonic() - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    bench = options.build / "tests/bench/mohr-bench"
    seconds = options.seconds
    work = pathlib.Path(tempfile.mkdtemp(prefix="mohr-bench-", dir="/var/tmp"))
    sandbox = work / "sandbox"
    sandbox.mkdir(mode=0o700)
    if os.getuid() == 0:
        shutil.chown(work, RUNNER, RUNNER)
        shutil.chown(sandbox, RUNNER, RUNNER)

    figures = {name: [] for name in AIMS}
    detail = []
    daemon = None
    try:
        Daemon(options.build, sandbox).stop()  # makes the profile
        for _ in range(10):
            daemon = Daemon(options.build, sandbox)
            figures["ready_ms"].append(daemon.ready_seconds * 1000)
            time.sleep(0.5)
            figures["idle_rss_mib"].append(daemon.rss_mib())
            daemon.stop()
        daemon = Daemon(options.build, sandbox)
        kinds = [("rsa2048", "rsa2048", "RSASSA-PKCS1-v1_5-SHA-256", "RSA Silver"), ("p256", "ecdsap256", "ECDSA-SHA-256", "EC Silver")]
        for round_number in range(options.rounds):
            row = {}
            for name, speed_name, algorithm, certificate in kinds:
                raw = openssl_speed(speed_name, max(1, round(seconds / 2)))
                batch = load(bench, daemon, "batch", "--algorithm", algorithm, "--certificate", certificate, "--seconds", str(seconds))
                single = load(bench, daemon, "single", "--algorithm", algorithm, "--certificate", certificate, "--seconds", str(seconds))
                figures[f"{name}_batch_ratio"].append(batch["per_cpu_second"] / raw)
                figures[f"{name}_single_ratio"].append(single["per_cpu_second"] / raw)
                row[name] = {"openssl_per_second": raw, "batch": batch, "single": single}
            ours, raw = round_trip(bench, daemon, seconds)
            figures["roundtrip_ratio"].append(ours / raw)
            row["roundtrip"] = {"ours_p50_us": ours, "beast_p50_us": raw}
            size = 1 << 30
            raw = openssl_digest(bench, size, work)
            stream = load(bench, daemon, "stream", "--bytes", str(size), "--certificate", "RSA Silver")
            figures["stream_ratio"].append(stream["bytes_per_second"] / raw)
            row["stream"] = {"openssl_bytes_per_second": raw, **stream}
            detail.append(row)
            print(f"round {round_number + 1} of {options.rounds} done", file=sys.stderr)
        daemon.stop()
    finally:
        if daemon is not None and daemon.process.poll() is None:
            daemon.stop()
        shutil.rmtree(work, ignore_errors=True)

    print(f"{'figure':24}{'min':>9}{'median':>9}{'max':>9}{'aim':>8}")
    for name, values in figures.items():
        sign = "<=" if name in LESS_IS_BETTER else ">="
        print(f"{name:24}{min(values):9.2f}{statistics.median(values):9.2f}{max(values):9.2f}  {sign}{AIMS[name]:g}")
    print("\nOne round, raw beside ours:")
    for name in ("rsa2048", "p256"):
        last = detail[-1][name]
        print(f"  {name}: openssl speed {last['openssl_per_second']:.0f}/s on one thread; ours batch {last['batch']['per_cpu_second']:.0f} "
              f"and single {last['single']['per_cpu_second']:.0f} a processor second, {last['batch']['per_second']:.0f} and "
              f"{last['single']['per_second']:.0f} a second of wall time, the client on the same cores")
    last = detail[-1]
    print(f"  round trip, pinned to one core: {last['roundtrip']['ours_p50_us']:.1f} us, bare Beast echo {last['roundtrip']['beast_p50_us']:.1f} us")
    print(f"  1 GiB: {last['stream']['bytes_per_second'] / 1e6:.0f} MB/s, openssl dgst {last['stream']['openssl_bytes_per_second'] / 1e6:.0f} MB/s")
    if options.json:
        medians = {name: statistics.median(values) for name, values in figures.items()}
        pathlib.Path(options.json).write_text(json.dumps({**medians, "rounds": detail}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
