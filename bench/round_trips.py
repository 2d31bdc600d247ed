#!/usr/bin/env python3
"""Measures how many round trips a client waits for its first byte, through several proxies; see README.md."""

import argparse
import contextlib
import dataclasses
import pathlib
import random
import signal
import socket
import sys
import tempfile

import lab
import proxies
from forwarder import Forwarder, free_port, wait_until
from netns import Network, inside

DIRECT, HAPROXY, NGINX = "direct", "HAProxy", "nginx"
COLD, WARM = "tcp-forwarder, no pool", "tcp-forwarder, pool"
STRATEGIES = {COLD: "none", WARM: "dynamic"}
ROUTES = [DIRECT, HAPROXY, NGINX, COLD, WARM]
# The target of a warm link: one round trip, and so much for everything else.
ALLOWANCE_MS = 2


@dataclasses.dataclass
class Service:
    """A kind of backend: what its server and its direct clients are told."""

    title: str
    port: int
    tls: bool = False
    greets: bool = False

    def first_speaker(self):
        return ["--first", "server"] if self.greets else []


SERVICES = {
    "tcp": Service("TCP", 8001),
    "tls": Service("TLS", 8002, tls=True),
    "greeting": Service("TCP, server speaks first", 8003, greets=True),
}


class Bench:
    """Servers behind the wire, and before it every route to each of them. Use as a context."""

    def __init__(self, services, routes, one_way_ms):
        self.services = services
        self.routes = routes
        self.rtt_ms = 2 * one_way_ms
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._stack = stack
            self._directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="round-trips-")))
            self._net = stack.enter_context(Network())
            self._net.set_delay(None, self.rtt_ms / 2)
            self._host = self._net.backends[0]
            self._tls = lab.TlsServers(self._directory, self._host)
            for service in self.services:
                self._start_server(service)
            self._addresses = {(service.title, route): self._start_route(service, route)
                               for service in self.services for route in self.routes}
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def _start_server(self, service):
        options = service.first_speaker()
        if service.tls:
            options += ["--tls", self._tls.server]
        self._stack.enter_context(lab.server(self._net.far, [self._name(service)], *options))

    def _name(self, service):
        return f"{self._host}:{service.port}"

    def _start_route(self, service, route):
        if route == DIRECT:
            return self._name(service)
        if route in STRATEGIES:
            return self._start_forwarder(service, STRATEGIES[route])
        return self._start_proxy(service, proxies.haproxy if route == HAPROXY else proxies.nginx)

    def _start_forwarder(self, service, strategy):
        config = {"logging": {"level": "warn"}, "server": {"workers": 1}, "pools": {"strategy": {"type": strategy}}}
        if service.tls:
            config["remotes"] = {"tls": {"enabled": True, "ca_file": str(self._tls.ca)}}
        forwarder = self._stack.enter_context(Forwarder([self._name(service)], config, namespace=self._net.near))
        if strategy != "none":
            wait_until(lambda: forwarder.value("pool_connections", state="idle") >= 10)
        return "{}:{}".format(*forwarder.address)

    def _start_proxy(self, service, command):
        listen = ("127.0.0.1", free_port(namespace=self._net.near))
        directory = self._directory / f"{command.__name__}-{service.port}"
        directory.mkdir()
        routes = (("{}:{}".format(*listen), self._name(service)),)
        argv = command(directory, proxies.Job(routes, tls=proxies.BackendTls() if service.tls else None))
        with open(directory / "log", "w") as log:
            self._stack.enter_context(lab.running(self._net.near, argv, cwd=directory, stdout=log, stderr=log))
        wait_until(lambda: self._listens(listen))
        return "{}:{}".format(*listen)

    def _listens(self, address):
        with contextlib.suppress(OSError), inside(self._net.near), socket.create_connection(address, timeout=5):
            return True
        return False

    def measure(self, service, route, *, rate, seconds, seed):
        """One turn: how long each client waited, in ms."""
        options = service.first_speaker()
        if service.tls and route == DIRECT:
            options += ["--tls", self._tls.ca]
        arrivals = lab.Arrivals(self._net.near, self._addresses[service.title, route], rate=rate, seconds=seconds,
                                seed=seed, options=options)
        return arrivals.result()["latencies_ms"]


def measure_all(bench, *, rounds, rate, seconds, seed=1):
    """{(service, route): latencies in ms}. All take turns in every round, in an order that changes."""
    order = random.Random(seed)
    latencies = {(service.title, route): [] for service in bench.services for route in bench.routes}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        turns = [(service, route) for service in bench.services for route in bench.routes]
        for service, route in order.sample(turns, len(turns)):
            latencies[service.title, route] += bench.measure(
                service, route, rate=rate, seconds=seconds, seed=order.randrange(1 << 32))
    return latencies


def figures(latencies, rtt_ms):
    rows = []
    for (service, route), values in latencies.items():
        p50, p99 = lab.percentile(values, 0.5), lab.percentile(values, 0.99)
        rows.append({"service": service, "route": route, "connections": len(values), "p50_ms": round(p50, 3),
                     "p99_ms": round(p99, 3), "p50_rtt": round(p50 / rtt_ms, 3), "p99_rtt": round(p99 / rtt_ms, 3)})
    return rows


def print_report(rows, rtt_ms):
    print(f"RTT {rtt_ms:g} ms\n")
    print(lab.table(
        ["backend", "through", "connections", "median, ms", "p99, ms", "median, RTT", "p99, RTT"],
        [[row["service"], row["route"], row["connections"], f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}",
          f"{row['p50_rtt']:.2f}", f"{row['p99_rtt']:.2f}"] for row in rows]))
    for row in rows:
        if row["route"] == WARM:
            met = max(row["p50_ms"], row["p99_ms"]) <= rtt_ms + ALLOWANCE_MS
            print(f"{row['service']}, warm links, within 1 RTT + {ALLOWANCE_MS} ms: {'yes' if met else 'NO'}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    lab.add_binary_option(parser)
    parser.add_argument("--rtt", type=float, default=50, help="of the wire, in ms (default 50)")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--rate", type=float, default=30, help="connections a second (default 30)")
    parser.add_argument("--seconds", type=float, default=2, help="of a turn (default 2)")
    parser.add_argument("--services", nargs="+", choices=SERVICES, default=list(SERVICES))
    parser.add_argument("--routes", nargs="+", choices=ROUTES, default=ROUTES)
    parser.add_argument("--json", metavar="FILE", help="also write the figures to FILE")
    options = parser.parse_args()
    lab.use_binary(parser, options)
    return options


def main():
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("round_trips: stopped"))
    services = [SERVICES[name] for name in options.services]
    with Bench(services, options.routes, options.rtt / 2) as bench:
        latencies = measure_all(bench, rounds=options.rounds, rate=options.rate, seconds=options.seconds)
    rows = figures(latencies, options.rtt)
    print_report(rows, options.rtt)
    lab.write_json(options.json, {"rtt_ms": options.rtt, "rows": rows})


if __name__ == "__main__":
    main()
