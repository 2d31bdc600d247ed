"""The kinds of rows. A row runs one round with all its contestants and gives a sample, metric to value, for each."""

import contextlib
import dataclasses
import statistics
import time

import measure
from arena import DIRECT, OURS, Setting

MIB = 1 << 20
CLIENTS = ("--connections", 64, "--sources", 8)


@dataclasses.dataclass
class Row:
    name: str
    title: str
    contestants: tuple
    limits: tuple
    setting: Setting = dataclasses.field(default_factory=Setting)
    most_rounds: int = 1_000
    ours: str = OURS

    def round(self, arena, number, names):
        """Samples, configurations: both by name of the contestant. All wait while one is measured."""
        with contextlib.ExitStack() as stack:
            contestants = {name: stack.enter_context(arena.contestant(name, self.setting)) for name in names}
            samples = self.measure(arena, contestants, number)
        if self.setting.tls:
            for name, contestant in contestants.items():
                samples[name]["resumed"] = self.resumed_share(contestant)
        return samples, {name: contestant.config for name, contestant in contestants.items() if contestant.config}

    def resumed_share(self, contestant):
        share = contestant.handshakes["resumed"] / contestant.handshakes["handshakes"]
        if self.name == "tls-connect-resumed" and share == 0 or share > 0 and not self.setting.resumption:
            raise RuntimeError(f"{contestant.name}, {self.name}: {share:.0%} of the TLS sessions were resumed")
        return share

    def measure(self, arena, contestants, number):
        raise NotImplementedError


@dataclasses.dataclass
class LoadRow(Row):
    """One command of the load generator, in short slices: contestants take turns, so that what else happens on the
    machine meets all alike; the order rotates. The CPU of a proxy counts from before the warm-up to the end, also while
    others are measured: pools open links when nobody asks, which are used later."""

    command: tuple = ()
    warm_up: tuple = ()
    slices: int = 2

    def measure(self, arena, contestants, number):
        names = list(contestants)
        proxies = {name: contestant.pid for name, contestant in contestants.items() if contestant.pid}
        before = {name: measure.cpu_seconds(pid) for name, pid in proxies.items()}
        done = {name: self.amount(arena.load(contestant, *self.command, *self.warm_up))
                for name, contestant in contestants.items()}
        taken = {name: [] for name in names}
        for turn in range(self.slices):
            for name in rotated(names, number + turn):
                sample, amount = self.slice(arena, contestants[name])
                taken[name].append(sample)
                done[name] += amount
        samples = {name: mean(taken[name]) for name in names}
        for name, pid in proxies.items():
            samples[name][self.per_unit("cpu")] = (measure.cpu_seconds(pid) - before[name]) / done[name]
        return samples

    def slice(self, arena, contestant):
        """A sample, and how much was done."""
        machine = measure.machine_seconds()
        result = arena.load(contestant, *self.command)
        if contestant.pid:
            measure.let_settle(contestant.pid)
        amount = self.amount(result)
        sample = {self.per_unit("machine"): (measure.machine_seconds() - machine) / amount}
        if self.setting.bulk:
            sample["gb_per_s"] = amount / result["seconds"]
        else:
            sample |= {key: result[key] for key in ("rate", "p50_us", "p99_us", "p99_9_us")}
        if contestant.pid:
            sample["resident_mib"] = measure.memory_bytes(contestant.pid)["resident"] / MIB
        return sample, amount

    def amount(self, result):
        """In gigabytes, or in millions of operations: seconds for each million are microseconds for one."""
        return result["bytes"] / 1e9 if self.setting.bulk else result["operations"] / 1e6

    def per_unit(self, what):
        return f"{what}_s_per_gb" if self.setting.bulk else f"{what}_us"


@dataclasses.dataclass
class ArrivalsRow(LoadRow):
    """An open loop at half the rate that the slowest contestant reaches in a closed one; the first round tells it."""

    rate: float = 0

    def measure(self, arena, contestants, number):
        if not self.rate:
            rates = [arena.load(contestant, "connect", "--operations", 3_000, *CLIENTS)["rate"]
                     for contestant in contestants.values()]
            self.rate = round(min(rates) / 2)
        self.command = ("arrivals", "--rate", self.rate, "--seconds", 60, "--operations", 6_000, "--sources", 8)
        return super().measure(arena, contestants, number)


@dataclasses.dataclass
class LatencyRow(LoadRow):
    """What a proxy adds to the median without one."""

    def measure(self, arena, contestants, number):
        samples = super().measure(arena, contestants, number)
        if DIRECT in samples:
            for name in samples.keys() - {DIRECT}:
                samples[name]["added_p50_us"] = samples[name]["p50_us"] - samples[DIRECT]["p50_us"]
        return samples


@dataclasses.dataclass
class MixedRow(Row):
    """Ping-pong at a fixed rate while streams without end keep the same worker busy. The ping-pong's client and server
    go ahead of the streams' on the load's core, so that what is left of their delays is the proxy's."""

    PING = ("pingpong", "--connections", 32, "--rate", 2_000, "--seconds", 0.8)
    STREAMS = ("bulk", "--connections", 2, "--bytes", 0, "--seconds", 60)

    def measure(self, arena, contestants, number):
        return {name: self.slice(arena, contestants[name]) for name in rotated(list(contestants), number)}

    def slice(self, arena, contestant):
        with arena.loading(contestant, *self.STREAMS, route=0) as streams:
            time.sleep(0.3)  # the streams have found their pace
            cpu, begin = self.cpu(contestant), time.monotonic()
            ping = arena.load(contestant, *self.PING, route=1, first=True)
            cpu, seconds = self.cpu(contestant) - cpu, time.monotonic() - begin
            streams.terminate()
            bulk = arena.finish_load(contestant, streams)
        sample = {key: ping[key] for key in ("p50_us", "p99_us", "p99_9_us")}
        sample["gb_per_s"] = bulk["bytes"] / bulk["seconds"] / 1e9
        return sample | ({"busy": cpu / seconds} if contestant.pid else {})

    def cpu(self, contestant):
        return measure.cpu_seconds(contestant.pid) if contestant.pid else 0


@dataclasses.dataclass
class IdleRow(Row):
    """Memory for each of many sessions that wait: after one message, and after bulk both ways."""

    SESSIONS = 9_000
    BULK_BYTES = 512 * 1024

    def round(self, arena, number, names):
        samples, configs = {}, {}
        for name in rotated(names, number):
            samples[name] = self.grown(arena, name, 0)
            after_bulk = self.grown(arena, name, self.BULK_BYTES)
            kept = after_bulk["anonymous"]
            samples[name] |= {"bulk_anonymous": kept, "bulk_inside": kept + after_bulk["inside"],
                              "bulk_capacity": kept + after_bulk["capacity"]}
            configs[name] = after_bulk["config"]
            del samples[name]["inside"], samples[name]["capacity"], samples[name]["config"]
        return samples, configs

    def grown(self, arena, name, bulk_bytes):
        """By how much a session made a proxy grow that has served nobody before."""
        with arena.contestant(name, self.setting) as contestant:
            before = self.held(contestant.pid)
            command = ("idle", "--connections", self.SESSIONS, "--bytes", bulk_bytes, "--seconds", 8)
            with arena.loading(contestant, *command) as holding:
                said = holding.stderr.readline()
                time.sleep(3)  # what is kept for a second or two has gone
                after = self.held(contestant.pid)
                if said != f"holding {self.SESSIONS}\n" or holding.poll() is not None:
                    raise RuntimeError(f"{name}, {self.name}: the sessions ended before they were measured: {said}")
                arena.finish_load(contestant, holding)
            return {key: (after[key] - before[key]) / self.SESSIONS for key in after} | {"config": contestant.config}

    def held(self, pid):
        measure.let_settle(pid)
        return {"anonymous": measure.memory_bytes(pid)["anonymous"]} | measure.pipe_bytes(pid)


@dataclasses.dataclass
class RestRow(Row):
    """Memory of a proxy that has nothing to do."""

    def measure(self, arena, contestants, number):
        for contestant in contestants.values():
            measure.let_settle(contestant.pid)
        return {name: renamed({key: value / MIB for key, value in measure.memory_bytes(contestant.pid).items()},
                              "{}_mib") for name, contestant in contestants.items()}


def rotated(names, turn):
    shift = turn % len(names)
    return names[shift:] + names[:shift]


def mean(samples):
    return {key: statistics.mean(sample[key] for sample in samples) for key in samples[0]}


def renamed(values, form):
    return {form.format(key): value for key, value in values.items()}
