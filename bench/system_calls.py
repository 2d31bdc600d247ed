#!/usr/bin/env python3
"""Counts the system calls of tcp-forwarder, HAProxy and nginx for a session and for a message; needs strace."""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import lab
import network
from arena import HAPROXY, NGINX, NO_POOLS, OURS, Arena, Setting

NAMES = (OURS, NO_POOLS, HAPROXY, NGINX)
CLIENTS = 16
LOADS = {"connect": ("session: connect, request, close", 2_000), "pingpong": ("message there and back", 20_000)}
LEAST = 0.005  # for an operation; rarer calls are left out
LINE = re.compile(r"^\s*(\d+) (\w+)$", re.MULTILINE)


def counted(arena, name, mode, operations):
    """Call to how often it was made, for an operation."""
    with arena.contestant(name, Setting()) as contestant, tempfile.NamedTemporaryFile("r") as summary:
        command = ["strace", "-f", "-c", "-U", "calls,name", "-o", summary.name, "-p", str(contestant.pid)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            if "attached" not in (said := strace.stderr.readline()):
                raise RuntimeError(f"strace: {said}")
            arena.load(contestant, mode, "--operations", operations, "--connections", CLIENTS, "--seconds", 60)
            strace.send_signal(signal.SIGINT)
            strace.communicate()
        calls = {call: int(count) / operations for count, call in LINE.findall(summary.read())}
    return {call: count for call, count in calls.items() if count >= LEAST and call != "total"}


def print_table(arena, mode):
    title, operations = LOADS[mode]
    found = {name: counted(arena, name, mode, operations) for name in NAMES}
    calls = sorted({call for counts in found.values() for call in counts})
    rows = [[call, *(f"{counts[call]:.2f}" if call in counts else "" for counts in found.values())] for call in calls]
    rows.append(["all", *(f"{sum(counts.values()):.2f}" for counts in found.values())])
    print(lab.table([f"for each {title}", *NAMES], rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    lab.add_binary_option(parser)
    options = parser.parse_args()
    if not options.binary:
        parser.error("--binary is needed")
    if missing := [program for program in ("ip", "strace", "haproxy", "nginx") if not shutil.which(program)]:
        parser.error(f"not installed: {', '.join(missing)}")
    network.enter_own()
    binary = os.path.abspath(options.binary)
    with Arena(pathlib.Path(binary).parent / "bench" / "load", binary) as arena:
        for mode in LOADS:
            print_table(arena, mode)


if __name__ == "__main__":
    main()
