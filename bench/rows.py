"""What is measured: the rows by name, in the order in which a round takes them."""

from arena import AGAIN, DIRECT, HAPROXY, NGINX, NO_POOLS, OURS, SPLICE, TWO_WORKERS, Setting
from row_kinds import CLIENTS, ArrivalsRow, IdleRow, LatencyRow, LoadRow, MixedRow, RestRow
from verdicts import Limit

EVERYBODY = (OURS, HAPROXY, NGINX, HAPROXY + AGAIN, DIRECT)
BULK = (OURS, SPLICE, NGINX, SPLICE + AGAIN, DIRECT)
WITH_TLS = (OURS, HAPROXY, NGINX, HAPROXY + AGAIN)
PEERS = (HAPROXY, NGINX)


def bulk(direction):
    # Fewer bytes would measure how streams begin.
    return LoadRow(f"bulk-{direction}", f"bulk {direction}, 4 streams", BULK, (
        Limit("cpu_s_per_gb", 1.0, (SPLICE,)), Limit("cpu_s_per_gb", 0.5, (NGINX,)),
        Limit("gb_per_s", 1.0, (SPLICE, NGINX), at_least=True),
    ), Setting(bulk=True), slices=3, command=("bulk", "--direction", direction, "--connections", 4,
                                              "--bytes", 600_000_000), warm_up=("--bytes", 50_000_000))


def tls_bulk(direction):
    return LoadRow(f"tls-bulk-{direction}", f"TLS to the backend, bulk {direction}, 4 streams", WITH_TLS,
                   (Limit("cpu_s_per_gb", 1.0, PEERS),), Setting(bulk=True, tls=True),
                   slices=3, command=("bulk", "--direction", direction, "--connections", 4, "--bytes", 400_000_000),
                   warm_up=("--bytes", 50_000_000))


def tls_connect(name, resumption):
    return LoadRow(f"tls-connect-{name}", f"TLS to the backend, connect, {name} sessions", WITH_TLS,
                   (Limit("cpu_us", 1.0, PEERS),), Setting(tls=True, resumption=resumption), slices=4,
                   command=("connect", "--operations", 1_000, "--seconds", 60, *CLIENTS),
                   warm_up=("--operations", 500))


def messages(kib):
    return LoadRow(f"messages-{kib}k", f"messages of {kib} KiB to the backend, short answers, 16 connections",
                   (OURS, HAPROXY, SPLICE, NGINX), (),
                   command=("pingpong", "--connections", 16, "--bytes", kib * 1024, "--operations", 10_000, "--seconds",
                            60), warm_up=("--operations", 1_000))


def idle(name, user):
    limits = tuple(Limit(metric, 700) for metric in ("anonymous", "bulk_anonymous", "bulk_inside", "bulk_capacity"))
    return IdleRow(name, f"bytes for an idle session{', proxy run by nobody' if user else ''}", (OURS, *PEERS), limits,
                   Setting(user=user), most_rounds=3)


# Fewer connections than there are ports for one backend: none is used twice, TIME_WAIT costs nobody anything.
CONNECT = ("connect", "--operations", 4_000, "--seconds", 60, *CLIENTS)
ROWS = {row.name: row for row in (
    LoadRow("connect", "connect + request + close, 64 clients", EVERYBODY, (Limit("cpu_us", 0.98, PEERS),),
            slices=4, command=CONNECT, warm_up=("--operations", 1_000)),
    ArrivalsRow("arrivals", "the same, open loop at half the saturating rate, warm pool", EVERYBODY,
                (Limit("p50_us", 1.0, PEERS), Limit("p99_us", 1.0, PEERS)), warm_up=("--operations", 3_000)),
    LoadRow("pingpong", "64-byte ping-pong, 64 connections", EVERYBODY,
            (Limit("cpu_us", 0.97, PEERS), Limit("p99_us", 1.0, PEERS)), slices=4,
            command=("pingpong", "--connections", 64, "--operations", 30_000, "--seconds", 60),
            warm_up=("--operations", 2_000)),
    bulk("down"),
    bulk("up"),
    idle("idle", None),
    idle("idle-unprivileged", "nobody"),
    RestRow("rest", "memory at rest, without pools", (NO_POOLS, *PEERS),
            (Limit("anonymous_mib", 4), Limit("resident_mib", 14)), most_rounds=3, ours=NO_POOLS),
    LatencyRow("latency", "added latency, ping-pong on one connection", EVERYBODY,
               (Limit("added_p50_us", 1.0, PEERS),),
               command=("pingpong", "--connections", 1, "--operations", 6_000, "--seconds", 60),
               warm_up=("--operations", 500)),
    MixedRow("mixed", "ping-pong on 32 connections beside 4 bulk streams", (OURS, HAPROXY, SPLICE, NGINX,
             HAPROXY + AGAIN, DIRECT), (Limit("p99_us", 1.0, (HAPROXY, SPLICE, NGINX)),),
             Setting(server_priorities=(False, True))),
    tls_bulk("down"),
    tls_bulk("up"),
    tls_connect("new", False),
    tls_connect("resumed", True),
    *map(messages, (4, 8, 16, 32, 64, 128, 256)),
    LoadRow("workers", "connect with two workers, on both cores", (OURS, TWO_WORKERS), (Limit("cpu_us", 1.1, (OURS,)),),
            Setting(both_cores=True), slices=4, command=CONNECT, warm_up=("--operations", 1_000), ours=TWO_WORKERS),
)}
