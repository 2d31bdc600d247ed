"""What the benchmarks of warm links share: the load generator's two ends, and the harness of the tests."""

import contextlib
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))

import netns  # noqa: E402
from certificates import Authority  # noqa: E402


def add_binary_option(parser):
    parser.add_argument("--binary", default=os.environ.get("TCP_FORWARDER"), help="tcp-forwarder (or TCP_FORWARDER)")


def use_binary(parser, options, wire=True):
    """The harness finds the forwarder by the environment, and what was built with it beside it."""
    if not options.binary:
        parser.error("--binary is needed")
    os.environ["TCP_FORWARDER"] = os.path.abspath(options.binary)
    if reason := unavailable(wire):
        parser.error(reason)


def load_binary():
    return pathlib.Path(os.environ["TCP_FORWARDER"]).resolve().parent / "bench" / "load"


def unavailable(wire=True):
    """Why benchmarks cannot run here; None when they can."""
    if wire and (reason := netns.unavailable()):
        return reason
    if not os.environ.get("TCP_FORWARDER") or not os.access(load_binary(), os.X_OK):
        return "bench/load is not built beside the binary"
    return None


def started(namespace, argv, **options):
    """A process that ends with this one, whatever happens to it."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *netns.command_inside(namespace, argv)], **options)


@contextlib.contextmanager
def running(namespace, argv, **options):
    process = started(namespace, argv, **options)
    try:
        yield process
    finally:
        process.kill()
        with process:
            pass


@contextlib.contextmanager
def server(namespace, addresses, *options):
    """The answering end on these "ip:port"."""
    argv = [load_binary(), "server", *addresses, *options]
    with running(namespace, argv, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"the server on {', '.join(addresses)} did not start")
        yield


class TlsServers:
    """What servers on these hosts and their clients need for TLS: `server` is a file for the first, `ca` for the others."""

    def __init__(self, directory, *hosts):
        authority = Authority(directory / "ca")
        issued = authority.server(*hosts)
        self.ca = authority.certificate
        self.server = directory / "server.pem"
        self.server.write_text(issued.certificate.read_text() + issued.key.read_text())


class Arrivals:
    """The asking end: begins at once, in the background."""

    def __init__(self, namespace, address, *, rate, seconds, session=0, seed=1, options=()):
        self._log = tempfile.NamedTemporaryFile("r", prefix="arrivals-")
        argv = [load_binary(), "arrivals", address, "--rate", str(rate), "--seconds", str(seconds), "--session",
                str(session), "--seed", str(seed), "--log", self._log.name, *options]
        self._process = started(namespace, argv, stdout=subprocess.PIPE, text=True)

    def result(self):
        """Waits for the end: what the load generator printed, and all `starts` in seconds with their `latencies_ms`.
        An error of a client is one here too."""
        output = self._process.communicate()[0]
        with self._log:
            lines = [tuple(map(float, line.split())) for line in self._log]
        if self._process.returncode != 0:
            raise RuntimeError(f"clients met errors: {output.strip()}")
        return json.loads(output) | {
            "starts": [start / 1e6 for start, _ in lines], "latencies_ms": [latency / 1000 for _, latency in lines]}


def percentile(values, share):
    """The least value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


def table(head, rows):
    """Lines of a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def write_json(path, content):
    if path:
        pathlib.Path(path).write_text(json.dumps(content, indent=1) + "\n")
