#!/usr/bin/env python3
"""Measures how many sessions get a link that was open already, and what that takes; see README.md."""

import argparse
import contextlib
import dataclasses
import itertools
import pathlib
import signal
import sys
import threading
import time

import lab
from forwarder import Forwarder
from netns import Network, inside

PORT = 8001
STRATEGIES = ["dynamic", "predictive"]
SESSION_SECONDS = 0.2
START_SECONDS = 5  # of a steady run, left out: the pools learn


@dataclasses.dataclass
class Load:
    """Poisson arrivals, in phases of (sessions a second, seconds)."""

    title: str
    phases: list
    skipped_seconds: float  # at the beginning
    wanted_hits: float
    wanted_opened: dict = dataclasses.field(default_factory=dict)  # links opened for each used one, by strategy

    def seconds(self):
        return sum(seconds for _, seconds in self.phases)


def steady(seconds=60):
    return Load("steady, 50/s", [(50, seconds)], START_SECONDS, 0.998)


def step(seconds=60):
    return Load("step, 20/s to 200/s", [(20, seconds / 2), (200, seconds / 2)], 0, 0.95, {"predictive": 1.5})


LOADS = {"steady": steady, "step": step}


class Sampler:
    """Reads the metrics each second, on the second, in a thread."""

    def __init__(self, forwarder, begin):
        self._forwarder = forwarder
        self._begin = begin
        self._over = threading.Event()
        self._failure = None
        self.samples = []
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            for number in itertools.count(1):
                if self._over.wait(self._begin + number - time.monotonic()):
                    return
                self.samples.append(read_sample(self._forwarder) | {"second": number})
        except Exception as error:  # told to the thread that waits
            self._failure = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        if self._failure:
            raise self._failure


def read_sample(forwarder):
    """What the pools of all backends count, from one scrape."""
    metrics = forwarder.metrics()

    def total(name, **labels):
        return sum(value for (key, have), value in metrics.items()
                   if key == f"tcp_forwarder_{name}" and labels.items() <= dict(have).items())

    return {
        "arrived": total("new_connections_total"),
        "clients": total("active_connections"),
        "pooled": total("first_link_seconds_count", source="pool"),
        "dialled": total("first_link_seconds_count", source="dial"),
        "hits": total("pool_hits_total"),
        "misses": total("pool_misses_total"),
        "opened": total("pool_opened_total"),
        "probes": total("health_checks_total"),
        "idle": total("pool_connections", state="idle"),
        "connecting": total("pool_connections", state="connecting"),
        "in_use": total("pool_connections", state="in_use"),
        "target": total("pool_target_size"),
    }


def accepted(namespace):
    """The connections that servers in the namespace have got since it was made, as its kernel counts them."""
    with inside(namespace), open("/proc/thread-self/net/snmp") as file:
        names, values = (line.split() for line in file if line.startswith("Tcp:"))
    return int(dict(zip(names, values))["PassiveOpens"])


def offer(net, forwarder, load, seed):
    """Runs the phases one after the other; sessions of one may end in the next. Returns the latencies in ms of all
    that are not skipped."""
    address = "{}:{}".format(*forwarder.address)
    begin = due = time.monotonic()
    running = []
    begins = []
    for number, (rate, seconds) in enumerate(load.phases):
        time.sleep(max(due - time.monotonic(), 0))
        running.append(lab.Arrivals(net.near, address, rate=rate, seconds=seconds, session=SESSION_SECONDS,
                                    seed=seed + number))
        begins.append(due - begin)
        due += seconds
    results = [arrivals.result() for arrivals in running]
    return [latency for offset, result in zip(begins, results)
            for start, latency in zip(result["starts"], result["latencies_ms"]) if offset + start >= load.skipped_seconds]


def run(load, strategy, workers, *, seed=1, min_size=None, one_way_ms=25):
    """One run on a network of its own: its figures, and its samples."""
    pools = {"type": strategy}
    if min_size is not None:
        pools["dynamic"] = {"min_size": min_size}
    config = {"logging": {"level": "warn"}, "server": {"workers": workers}, "pools": {"strategy": pools}}
    with contextlib.ExitStack() as stack:
        net = stack.enter_context(Network(backends=3))
        net.set_delay(None, one_way_ms)
        names = [f"{ip}:{PORT}" for ip in net.backends]
        stack.enter_context(lab.server(net.far, names))
        forwarder = stack.enter_context(Forwarder(names, config, namespace=net.near))
        with Sampler(forwarder, time.monotonic()) as sampler:
            latencies = offer(net, forwarder, load, seed)
        last = read_sample(forwarder)
        accepted_links = accepted(net.far) - last["probes"]
    return figures(load, strategy, sampler.samples, last, accepted_links) | {
        "workers": workers, "min_size": min_size, "p50_ms": lab.percentile(latencies, 0.5), "p99_ms": lab.percentile(latencies, 0.99)}


def figures(load, strategy, samples, last, accepted_links):
    skipped = [sample for sample in samples if sample["second"] <= load.skipped_seconds]
    first = skipped[-1] if skipped else {"pooled": 0, "dialled": 0}
    pooled, dialled = (last[key] - first[key] for key in ("pooled", "dialled"))
    used = last["pooled"] + last["dialled"]
    return {
        "load": load.title, "phases": load.phases, "strategy": strategy, "sessions": int(pooled + dialled),
        "hit_share": pooled / (pooled + dialled), "wanted_hits": load.wanted_hits,
        "opened_per_used": accepted_links / used, "wanted_opened": load.wanted_opened.get(strategy),
        "accepted_links": accepted_links, "last": last, "samples": samples,
    }


def verdict(result):
    met = result["hit_share"] >= result["wanted_hits"]
    if result["wanted_opened"]:
        met = met and result["opened_per_used"] <= result["wanted_opened"]
    return met


def report(results):
    rows = []
    for result in results:
        limit = f" (at most {result['wanted_opened']:g})" if result["wanted_opened"] else ""
        rows.append([
            result["load"], result["strategy"], result["workers"], result["sessions"],
            f"{100 * result['hit_share']:.2f} % (at least {100 * result['wanted_hits']:g} %)",
            f"{result['opened_per_used']:.2f}{limit}", f"{result['p50_ms']:.1f}", f"{result['p99_ms']:.1f}",
            "yes" if verdict(result) else "NO"])
    return lab.table(["load", "strategy", "workers", "sessions", "from the pool", "links opened for each used",
                      "median, ms", "p99, ms", "met"], rows)


def plot(results, options):
    import pool_plot  # needs matplotlib, which nothing else does
    pool_plot.draw(pool_plot.steps(results, options.workers[0]), pathlib.Path(options.plot))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    lab.add_binary_option(parser)
    parser.add_argument("--loads", nargs="+", choices=LOADS, default=list(LOADS))
    parser.add_argument("--strategies", nargs="+", choices=STRATEGIES, default=STRATEGIES)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=60, help="of each run (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the times of arrival (default 1)")
    parser.add_argument("--min-size", type=int, help="of a pool; default: the forwarder's own")
    parser.add_argument("--json", metavar="FILE", help="also write figures and samples to FILE")
    parser.add_argument("--plot", metavar="FILE", help="also draw the step, with the first number of workers, as SVG")
    options = parser.parse_args()
    lab.use_binary(parser, options)
    if options.plot and "step" not in options.loads:
        parser.error("--plot: the load step is needed")
    if options.seconds <= 2 * START_SECONDS:
        parser.error(f"--seconds: more than {2 * START_SECONDS}")
    return options


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("pool_hits: stopped"))
    results = []
    for name, strategy, workers in itertools.product(options.loads, options.strategies, options.workers):
        print(f"{name}, {strategy}, {workers} workers", file=sys.stderr)
        results.append(run(LOADS[name](options.seconds), strategy, workers, seed=options.seed,
                           min_size=options.min_size))
    print(report(results))
    lab.write_json(options.json, results)
    if options.plot:
        plot(results, options)


if __name__ == "__main__":
    main()
