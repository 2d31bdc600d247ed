#!/usr/bin/env python3
"""Measures the CPU that proxies spend on an operation, side by side on this machine; see README.md beside this file."""

import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import proxies

# Fewer connections than there are ports for one backend: none is used twice, TIME_WAIT costs nobody anything.
OPERATIONS = {"connect": 20_000, "pingpong": 200_000}
SLICES = 4
WARM_UP = 1_000
OURS, HAPROXY, NGINX, AGAIN = "tcp-forwarder", "haproxy", "nginx", "haproxy again"
RATIOS = [(OURS, HAPROXY), (OURS, NGINX), (AGAIN, HAPROXY)]


@dataclasses.dataclass
class Sample:
    cpu_us: float
    rate: float
    p50_us: float
    p99_us: float


@dataclasses.dataclass
class Contestant:
    name: str
    port: int
    process: subprocess.Popen
    log: pathlib.Path


def tcp_forwarder(directory, listen, backend, binary):
    (directory / "ip_list.txt").write_text(f"{backend}\n")
    (directory / "config.yaml").write_text(f"""
server: {{ listen_addr: "{listen}", workers: 1 }}
logging: {{ level: "warn" }}
metrics: {{ listen_addr: "127.0.0.1:{free_port()}" }}
pools: {{ strategy: {{ type: "none" }} }}
""")
    return [binary, "-c", str(directory / "config.yaml")]


CONTESTANTS = {HAPROXY: proxies.haproxy, NGINX: proxies.nginx, OURS: tcp_forwarder, AGAIN: proxies.haproxy}


def free_port():
    """Below the range from which the kernel gives ports to clients."""
    for _ in range(1000):
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    sys.exit("compare: no free port found")


def on_core(core, argv):
    """The command that runs argv on one core, and ends with this script whatever happens to it."""
    return ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", str(core), *argv]


@contextlib.contextmanager
def running(core, argv, **options):
    process = subprocess.Popen(on_core(core, argv), **options)
    try:
        yield process
    finally:
        process.kill()
        with process:
            pass


def cpu_seconds(pid):
    """The time on a CPU of all threads, exact to the nanosecond."""
    stats = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9


def settled_cpu_seconds(pid):
    """The same, once what the load left behind has been dealt with."""
    before = cpu_seconds(pid)
    for _ in range(40):
        time.sleep(0.05)
        now = cpu_seconds(pid)
        if now - before < 0.001:
            return now
        before = now
    raise RuntimeError(f"process {pid} stays busy without load")


class Bench:
    def __init__(self, options):
        self.options = options
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            sys.exit("compare: two cores are needed, one for the proxy and one for the load")
        self.proxy_core, self.load_core = cores[0], cores[1]

    def load(self, mode, contestant, operations, clients):
        """Runs the load generator; what it prints."""
        argv = [self.options.load, mode, f"127.0.0.1:{contestant.port}", "--operations", str(operations),
                "--seconds", "60", "--connections", str(clients), "--sources", "8"]
        done = subprocess.run(on_core(self.load_core, argv), capture_output=True, text=True, timeout=90)
        if done.returncode != 0:
            log = contestant.log.read_text(errors="replace")[-4000:]
            raise RuntimeError(f"{contestant.name}, {mode}: {done.stdout}{done.stderr}{log}")
        return json.loads(done.stdout)

    @contextlib.contextmanager
    def contestant(self, name):
        """A proxy with a backend of its own, on a new port: no other run's TIME_WAIT is in the way."""
        backend, listen = free_port(), free_port()
        server = [self.options.load, "server", f"127.0.0.1:{backend}"]
        with contextlib.ExitStack() as stack:
            directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="compare-")))
            answering = stack.enter_context(running(self.load_core, server, stdout=subprocess.PIPE))
            answering.stdout.readline()  # "ready"
            addresses = (f"127.0.0.1:{port}" for port in (listen, backend))
            argv = CONTESTANTS[name](directory, *addresses, *([self.options.binary] if name == OURS else []))
            log = stack.enter_context(open(directory / "log", "w"))
            proxy = stack.enter_context(running(self.proxy_core, argv, cwd=directory, stdout=log, stderr=log))
            contestant = Contestant(name, listen, proxy, directory / "log")
            self.wait_until_forwarding(contestant)
            yield contestant

    def wait_until_forwarding(self, contestant):
        deadline = time.monotonic() + 15
        while True:
            try:
                return self.load("connect", contestant, 1, 1)
            except RuntimeError:
                if contestant.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def slice(self, mode, contestant):
        before = settled_cpu_seconds(contestant.process.pid)
        result = self.load(mode, contestant, OPERATIONS[mode] // SLICES, self.options.clients)
        used = settled_cpu_seconds(contestant.process.pid) - before
        return Sample(used / result["operations"] * 1e6, result["rate"], result["p50_us"], result["p99_us"])

    def round(self, number):
        """All contestants wait while one is measured. They take turns at short slices, so that what else happens on
        the machine meets all alike, and the order rotates."""
        with contextlib.ExitStack() as stack:
            contestants = {name: stack.enter_context(self.contestant(name)) for name in self.options.only}
            samples = {name: {} for name in contestants}
            for mode in self.options.modes:
                slices = {name: [] for name in contestants}
                for contestant in contestants.values():
                    self.load(mode, contestant, WARM_UP, self.options.clients)
                for turn in range(number, number + SLICES):
                    for name in rotated(self.options.only, turn):
                        slices[name].append(self.slice(mode, contestants[name]))
                for name in contestants:
                    samples[name][mode] = mean(slices[name])
        return samples


def rotated(names, turn):
    shift = turn % len(names)
    return names[shift:] + names[:shift]


def mean(samples):
    return Sample(*(statistics.mean(values) for values in zip(*map(dataclasses.astuple, samples))))


def spread(values, form):
    return f"{statistics.median(values):{form}}  ({min(values):{form}} .. {max(values):{form}})"


def ratios(rounds, mode):
    """The quotients of CPU per operation, a pair from each round."""
    return {f"{ours} / {theirs}": [samples[ours][mode].cpu_us / samples[theirs][mode].cpu_us for samples in rounds]
            for ours, theirs in RATIOS if ours in rounds[0] and theirs in rounds[0]}


def print_tables(rounds, options):
    for mode in options.modes:
        print(f"\n{mode}: {OPERATIONS[mode]} operations, {options.clients} clients, {len(rounds)} rounds")
        print(f"  {'':26} {'CPU us/operation':26} {'operations/s':>13} {'p50 us':>9} {'p99 us':>9}")
        for name in options.only:
            samples = [samples[name][mode] for samples in rounds]
            rate, p50, p99 = (statistics.median(getattr(sample, field) for sample in samples)
                              for field in ("rate", "p50_us", "p99_us"))
            cpu = spread([sample.cpu_us for sample in samples], ".2f")
            print(f"  {name:26} {cpu:26} {rate:13.0f} {p50:9.0f} {p99:9.0f}")
        for name, values in ratios(rounds, mode).items():
            print(f"  {name:26} {spread(values, '.3f')}")


def as_json(rounds, options):
    return {
        "operations": OPERATIONS,
        "clients": options.clients,
        "rounds": [{name: {mode: dataclasses.asdict(sample) for mode, sample in modes.items()}
                    for name, modes in samples.items()} for samples in rounds],
        "ratios": {mode: ratios(rounds, mode) for mode in options.modes},
    }


def choices(allowed):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in allowed:
                raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(allowed)}")
        return names
    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=os.environ.get("TCP_FORWARDER"), help="tcp-forwarder (or TCP_FORWARDER)")
    parser.add_argument("--load", help="the load generator (default: bench/load beside the binary)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--modes", type=choices(list(OPERATIONS)), default=list(OPERATIONS), metavar="MODE,...")
    parser.add_argument("--only", type=choices(list(CONTESTANTS)), default=list(CONTESTANTS), metavar="NAME,...",
                        help=f"some of: {', '.join(CONTESTANTS)}")
    parser.add_argument("--json", metavar="FILE", help="also write every sample to FILE")
    options = parser.parse_args()
    if OURS in options.only and not options.binary:
        parser.error("--binary is needed, or leave tcp-forwarder out with --only")
    if not options.load and not options.binary:
        parser.error("--load is needed")
    if not options.load:
        options.load = str(pathlib.Path(options.binary).parent / "bench" / "load")
    options.load = os.path.abspath(options.load)
    options.binary = options.binary and os.path.abspath(options.binary)
    if not 1 <= options.rounds <= 100 or not 1 <= options.clients <= 1000:
        parser.error("--rounds from 1 to 100, --clients from 1 to 1000")
    needed = {"setpriv", "taskset"} | {name for name in (HAPROXY, NGINX) if name in options.only}
    if missing := sorted(name for name in needed if not shutil.which(name)):
        parser.error(f"not installed: {', '.join(missing)}")
    return options


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compare: stopped"))
    bench = Bench(options)
    rounds = []
    try:
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            rounds.append(bench.round(number))
    except RuntimeError as error:
        sys.exit(f"compare: {error}")
    print_tables(rounds, options)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(as_json(rounds, options), indent=2) + "\n")


if __name__ == "__main__":
    main()
