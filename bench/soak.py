#!/usr/bin/env python3
"""Shows that memory and descriptors do not grow under a long load of short connections; see README.md."""

import argparse
import contextlib
import pathlib
import re
import signal
import statistics
import sys
import tempfile
import time

import lab
from forwarder import Forwarder, wait_until
from pool_hits import read_sample

# Three, since a port of ours waits for 60 s after each link: 28,000 of them for each backend.
HOSTS = ["127.0.1.1", "127.0.1.2", "127.0.1.3"]
PORT = 8001
MOST_GROWTH_MB = 1.0
WINDOW_SECONDS = 10
SETTLED_SECONDS = 60  # the state that the end is compared with


def start_forwarder(stack, strategy, tls):
    """With its backends."""
    names = [f"{host}:{PORT}" for host in HOSTS]
    config = {"logging": {"level": "warn"}, "server": {"workers": 1}, "pools": {"strategy": {"type": strategy}}}
    options = []
    if tls:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-"))
        files = lab.TlsServers(pathlib.Path(directory), *HOSTS)
        config["remotes"] = {"tls": {"enabled": True, "ca_file": str(files.ca)}}
        options = ["--tls", files.server]
    stack.enter_context(lab.server(None, names, *options))
    return stack.enter_context(Forwarder(names, config))


def memory_mb(pid):
    """Resident memory, and the anonymous part of it."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {name: int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M)[1]) / 1024
            for name, field in (("resident_mb", "VmRSS"), ("anonymous_mb", "RssAnon"))}


def observe(forwarder):
    """`unexplained`: descriptors that belong neither to a client, nor to a link that the metrics show."""
    counts = read_sample(forwarder)
    files = forwarder.open_files()
    links = counts["idle"] + counts["connecting"] + counts["in_use"]
    return counts | memory_mb(forwarder.process.pid) | {
        "descriptors": files, "unexplained": files - links - counts["clients"]}


def observe_at_rest(forwarder):
    """Once no session is open and the pools are full. A probe has a descriptor for a moment: the least counts."""
    def at_rest():
        before = read_sample(forwarder)
        time.sleep(0.5)
        seen = observe(forwarder)
        still = all(seen[key] == before[key] for key in ("opened", "idle", "arrived"))
        return still and seen["clients"] == seen["in_use"] == seen["connecting"] == 0 and seen

    return min((wait_until(at_rest, timeout=120) for _ in range(5)), key=lambda seen: seen["unexplained"])


def soak(forwarder, rate, seconds):
    """Offers the load and looks each second; returns what was seen, and what the clients saw."""
    begin = time.monotonic()
    arrivals = lab.Arrivals(None, "{}:{}".format(*forwarder.address), rate=rate, seconds=seconds,
                            options=["--sources", "8"])
    samples = []
    for second in range(1, int(seconds)):
        time.sleep(max(begin + second - time.monotonic(), 0))
        samples.append(observe(forwarder) | {"second": second})
        if second % 30 == 0:
            print(f"{second} s: {samples[-1]['resident_mb']:.1f} MB, {samples[-1]['descriptors']} descriptors",
                  file=sys.stderr)
    return samples, arrivals.result()


def compared(samples, seconds):
    """Medians of a window after the first minute (of a short run: after a tenth), and of the last one."""
    settled = min(SETTLED_SECONDS, seconds / 10)
    window = min(WINDOW_SECONDS, seconds / 5)
    early = [sample for sample in samples if settled <= sample["second"] < settled + window]
    late = [sample for sample in samples if sample["second"] >= seconds - window]
    keys = ["resident_mb", "anonymous_mb", "descriptors", "unexplained", "idle", "in_use"]
    return [{"what": key, "early": statistics.median(sample[key] for sample in early),
             "late": statistics.median(sample[key] for sample in late)} for key in keys]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    lab.add_binary_option(parser)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=1000, help="connections a second (default 1000)")
    parser.add_argument("--strategy", default="dynamic")
    parser.add_argument("--tls", action="store_true", help="to the backends")
    parser.add_argument("--json", metavar="FILE", help="also write everything seen to FILE")
    options = parser.parse_args()
    lab.use_binary(parser, options, wire=False)
    if options.seconds < 20:
        parser.error("--seconds: 20 or more")
    return options


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("soak: stopped"))
    with contextlib.ExitStack() as stack:
        forwarder = start_forwarder(stack, options.strategy, options.tls)
        rest_before = observe_at_rest(forwarder)
        samples, clients = soak(forwarder, options.rate, options.seconds)
        rest_after = observe_at_rest(forwarder)
    rows = compared(samples, options.seconds)
    clients.pop("starts")
    latencies = clients.pop("latencies_ms")
    print(f"{clients['operations']} connections, {clients['errors']} errors, {clients['rate']:.0f} a second, "
          f"p50 {lab.percentile(latencies, 0.5):.2f} ms, p99 {lab.percentile(latencies, 0.99):.2f} ms\n")
    print(lab.table(["under load", "after the start", "at the end", "difference"],
                    [[row["what"], f"{row['early']:.2f}", f"{row['late']:.2f}", f"{row['late'] - row['early']:+.2f}"]
                     for row in rows]))
    print(lab.table(["at rest", "before", "after"],
                    [[key, f"{rest_before[key]:g}", f"{rest_after[key]:g}"]
                     for key in ("descriptors", "idle", "unexplained")]))
    growth = next(row["late"] - row["early"] for row in rows if row["what"] == "resident_mb")
    print(f"resident memory within {MOST_GROWTH_MB:g} MB: {'yes' if abs(growth) <= MOST_GROWTH_MB else 'NO'}")
    same = rest_before["unexplained"] == rest_after["unexplained"]
    print(f"all descriptors explained by links and clients: {'yes' if same else 'NO'}")
    lab.write_json(options.json, {"clients": clients, "compared": rows, "before": rest_before, "after": rest_after,
                                  "samples": samples})


if __name__ == "__main__":
    main()
