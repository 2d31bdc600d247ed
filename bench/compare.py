#!/usr/bin/env python3
"""Measures tcp-forwarder beside HAProxy and nginx on this machine; see README.md beside this file."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import subprocess
import sys

import lab
import network
import report
import verdicts
from arena import AGAIN, DIRECT, HAPROXY, NGINX, NO_POOLS, OURS, SPLICE, TWO_WORKERS, Arena, other_build
from proxies import DESCRIPTORS
from rows import ROWS

NAMES = (OURS, HAPROXY, SPLICE, NGINX, HAPROXY + AGAIN, SPLICE + AGAIN, DIRECT)
PACKAGES = {"haproxy": HAPROXY, "nginx": NGINX}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def contestants(row, options):
    names = [name for name in row.contestants if name.split(",")[0] in options.only]
    if OURS in names and row.ours == OURS:
        names[1:1] = [other_build(label) for label in options.other]
    return names


def first_line(*argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10)
    except OSError:
        return "not installed"
    return (done.stdout + done.stderr).strip().split("\n")[0]


def cpu_model():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def commit():
    argv = ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "describe", "--always", "--dirty"]
    done = subprocess.run(argv, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def environment(options, arena, own_network):
    return {
        "begun": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "kernel": platform.release(),
        "CPU": f"{cpu_model()}, {os.cpu_count()} cores",
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
        "network": f"{'of its own' if own_network else 'of the machine'}, {network.congestion_control()}",
        "commit": commit(),
        "tcp-forwarder": first_line(options.binary, "-V") if options.binary else "left out",
        **{other_build(label): first_line(path, "-V") for label, path in options.other.items()},
        "HAProxy": first_line("haproxy", "-v"),
        "nginx": first_line("nginx", "-v"),
        "ping-pong beside bulk": "with real-time priority" if arena.realtime else "without real-time priority",
    }


class Result:
    """What all rounds gave, in the form that is written as JSON."""

    def __init__(self, about):
        self.content = {"environment": about, "rows": {}}

    def add(self, row, names, samples, configs):
        entry = self.content["rows"].setdefault(
            row.name, {"title": row.title, "note": "", "samples": {}, "configs": configs})
        for name in names:
            entry["samples"].setdefault(name, []).append(samples[name])
        if rate := getattr(row, "rate", 0):
            entry["note"] = f", {rate} arrivals a second"
        judged = (verdicts.verdict(entry["samples"], row.ours, limit) for limit in row.limits)
        entry["verdicts"] = [verdict for verdict in judged if verdict]
        noises = (verdicts.noise(entry["samples"], limit, AGAIN) for limit in row.limits)
        entry["noise"] = [noise for noise in noises if noise]


def run(options):
    own_network = not options.this_network and network.enter_own()
    with Arena(options.load, options.binary, options.other) as arena:
        result = Result(environment(options, arena, own_network))
        for number in range(options.rounds):
            for row in (ROWS[name] for name in options.rows):
                names = contestants(row, options)
                if number >= row.most_rounds or not names:
                    continue
                print(f"round {number + 1} of {options.rounds}: {row.name}", file=sys.stderr, flush=True)
                result.add(row, names, *row.round(arena, number, names))
                lab.write_json(options.json, result.content)
    return result.content


def print_configs(result):
    for name, row in result["rows"].items():
        for contestant, config in row["configs"].items():
            print(f"\n### {name}, {contestant}\n\n```\n{config}```")


def choices(allowed):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(allowed)}")
        return names
    return parse


def labelled_path(text):
    label, _, path = text.partition("=")
    if not label or not path:
        raise argparse.ArgumentTypeError(f"'{text}' is no LABEL=BINARY")
    return label, os.path.abspath(path)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    lab.add_binary_option(parser)
    parser.add_argument("--load", help="the load generator (default: bench/load beside the binary)")
    parser.add_argument("--other", type=labelled_path, action="append", default=[], metavar="LABEL=BINARY",
                        help="another build, measured beside it (not in rest and workers); may be repeated")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rows", type=choices(list(ROWS)), default=[name for name, row in ROWS.items() if row.limits],
                        metavar="ROW,...", help=f"some of: {', '.join(ROWS)} (default: those with a limit)")
    parser.add_argument("--only", type=choices(NAMES), default=list(NAMES), metavar="NAME,...",
                        help=f"some of: {', '.join(NAMES)}")
    parser.add_argument("--json", metavar="FILE", help="also write every sample to FILE, after each row of each round")
    parser.add_argument("--plots", metavar="DIR", type=pathlib.Path, help="also draw SVG files; needs matplotlib")
    parser.add_argument("--this-network", action="store_true",
                        help="use the machine's network and its settings, rather than a namespace with Linux's own")
    parser.add_argument("--show-configs", action="store_true", help="also print how each proxy was configured")
    options = parser.parse_args()
    check(parser, options)
    return options


def check(parser, options):
    if OURS in options.only and not options.binary:
        parser.error("--binary is needed, or leave tcp-forwarder out with --only")
    if not options.load and not options.binary:
        parser.error("--load is needed")
    options.load = os.path.abspath(options.load or pathlib.Path(options.binary).parent / "bench" / "load")
    options.binary = options.binary and os.path.abspath(options.binary)
    if options.other and OURS not in options.only:
        parser.error("--other is measured beside tcp-forwarder, which --only leaves out")
    taken = {NO_POOLS, TWO_WORKERS}
    for label, _ in options.other:
        if other_build(label) in taken:
            parser.error(f"--other: the label {label} is taken")
        taken.add(other_build(label))
    options.other = dict(options.other)
    for path in (options.load, options.binary, *options.other.values()):
        if path and not os.access(path, os.X_OK):
            parser.error(f"{path} is not there; is it built?")
    if os.geteuid() != 0 and "idle-unprivileged" in options.rows:
        parser.error("idle-unprivileged needs root: choose the others with --rows")
    if not 1 <= options.rounds <= 100:
        parser.error("--rounds from 1 to 100")
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < DESCRIPTORS:
        parser.error(f"{DESCRIPTORS} descriptors are needed for a process; see ulimit -Hn")
    wanted = {"ip", "setpriv", "taskset"} | {program for program, name in PACKAGES.items() if name in options.only}
    if missing := sorted(program for program in wanted if not shutil.which(program)):
        parser.error(f"not installed: {', '.join(missing)}")


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compare: stopped"))
    try:
        result = run(options)
    except RuntimeError as error:
        sys.exit(f"compare: {error}")
    if options.show_configs:
        print_configs(result)
    print(report.markdown(result))
    if options.plots:
        import compare_plot
        compare_plot.draw(result, options.plots)


if __name__ == "__main__":
    main()
