"""Runs the real binary for a test: a configuration in, an address to connect to and metrics out.

    with Forwarder(["127.0.0.1:8080"], {"pools": {"algorithm": "round_robin"}}) as forwarder:
        with forwarder.connect() as client:
            ...
        assert forwarder.value("new_connections_total") == 1

The binary is the one named by TCP_FORWARDER. Leaving the block stops it and demands a clean exit; when the block
ends by an exception, it is killed, and its log is shown.
"""

import collections
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

from netns import command_inside, inside

_PREFIX = "tcp_forwarder_"
_SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}
_given_ports = set()


def binary():
    path = os.environ.get("TCP_FORWARDER")
    if not path:
        raise RuntimeError("set TCP_FORWARDER to the path of the tcp-forwarder binary")
    return os.path.abspath(path)


def sanitized():
    """Whether the binary has a sanitizer in it, so that its memory and speed tell nothing."""
    code = pathlib.Path(binary()).read_bytes()
    return any(symbol in code for symbol in (b"__asan_init", b"__tsan_init"))


def free_port(host="127.0.0.1", namespace=None):
    """A port that nobody listens on, below the range from which the kernel gives ports to clients."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(1000):
        port = random.randrange(10_000, 32_000)
        if port in _given_ports:
            continue
        with inside(namespace), socket.socket(family) as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            _given_ports.add(port)
            return port
    raise RuntimeError("no free port found")


def wait_until(predicate, timeout=10, interval=0.01):
    """Waits for a fact: returns the first true value of predicate()."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        assert time.monotonic() < deadline, f"not so after {timeout} s: {_describe(predicate)}"
        time.sleep(interval)
    return value


def _describe(predicate):
    code = getattr(predicate, "__code__", None)
    return f"{predicate.__name__} at {code.co_filename}:{code.co_firstlineno}" if code else repr(predicate)


def receive(sock, count):
    """Exactly so many bytes, or fewer if the peer ends before."""
    data = bytearray()
    while len(data) < count and (part := sock.recv(count - len(data))):
        data += part
    return bytes(data)


def parse_metrics(text):
    """The Prometheus text format as {(name, frozenset of (label, value)): number}."""
    samples = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        match = _SAMPLE.match(line)
        assert match, f"not a sample of the Prometheus text format: {line}"
        name, labels, value = match.groups()
        samples[name, frozenset(
            (key, re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0]), raw))
            for key, raw in _LABEL.findall(labels or ""))] = float(value)
    return samples


def merged(base, changes):
    """base with the changes laid over it, key by key; neither is altered."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


class Forwarder:
    """One running process.

    entries     the lines of ip_list.txt
    config      what differs from the defaults; a mapping as in config.yaml, or its whole text. A text names the
                addresses itself, through {listen}, {metrics} and {list}
    namespace   the network namespace to run in
    max_files   the descriptor limit, soft and hard
    arguments   further command-line arguments
    environment further environment variables
    ready       wait until /readyz says 200
    """

    def __init__(self, entries, config=None, *, namespace=None, max_files=None, arguments=(), environment=None,
                 ready=True):
        self.namespace = namespace
        self.address = ("127.0.0.1", free_port(namespace=namespace))
        self.metrics_address = ("127.0.0.1", free_port(namespace=namespace))
        self._directory = tempfile.TemporaryDirectory(prefix="tcp-forwarder-test-")
        self.directory = pathlib.Path(self._directory.name)
        self.config_path = self.directory / "config.yaml"
        self.list_path = self.directory / "ip_list.txt"
        self.log_path = self.directory / "log"
        self._max_files = max_files
        self._arguments = list(arguments)
        self._environment = environment or {}
        self._wait_for_ready = ready
        self.process = None
        self.write_list(entries)
        self._write_config(config or {})

    def write_list(self, entries):
        self.list_path.write_text("".join(f"{entry}\n" for entry in entries))

    def _write_config(self, config):
        listen = "{}:{}".format(*self.address)
        metrics = "{}:{}".format(*self.metrics_address)
        if isinstance(config, str):
            text = config
            for name, value in {"{listen}": listen, "{metrics}": metrics, "{list}": str(self.list_path)}.items():
                text = text.replace(name, value)
        else:
            defaults = {
                "server": {"listen_addr": listen},
                "metrics": {"listen_addr": metrics},
                # No pool unless a test asks for one: most count the connections that reach a backend.
                "pools": {"common": {"drain_timeout": "2s"}, "strategy": {"type": "none"}},
            }
            text = json.dumps(merged(defaults, config), indent=2) + "\n"  # every JSON text is a YAML text
        self.config_path.write_text(text)

    def start(self):
        argv = [binary(), "-c", str(self.config_path), *self._arguments]
        if self._max_files:
            argv = ["prlimit", f"--nofile={self._max_files}:{self._max_files}", *argv]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command_inside(self.namespace, argv), cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=os.environ | self._environment)
        if self._wait_for_ready:
            self.wait_until_ready()
        return self

    def wait_until_ready(self, timeout=15):
        wait_until(self.ready, timeout)

    def ready(self):
        """Whether /readyz says 200. A process that has ended fails the test at once."""
        assert self.process.poll() is None, f"ended with exit code {self.process.returncode}\n{self.log()}"
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.get("/readyz")[0] == 200
        return False

    def connect(self, timeout=10, source=None):
        """A connection of a client, to the first listener."""
        with inside(self.namespace):
            return socket.create_connection(self.address, timeout=timeout, source_address=source)

    def get(self, path):
        """Asks the metrics listener; returns (status, text)."""
        connection = http.client.HTTPConnection(*self.metrics_address, timeout=10)
        with contextlib.closing(connection):
            with inside(self.namespace):
                connection.connect()
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def metrics(self):
        status, text = self.get("/metrics")
        assert status == 200, f"/metrics answers {status}: {text}"
        return parse_metrics(text)

    def value(self, name, **labels):
        """The sum of all series of tcp_forwarder_NAME that have these labels; None if there is none."""
        wanted = set(labels.items())
        found = [value for (key, have), value in self.metrics().items() if key == _PREFIX + name and wanted <= have]
        return sum(found) if found else None

    def errors(self):
        """What errors_total has counted so far: {kind: number}, without the zeros."""
        counts = collections.Counter()
        for (name, labels), value in self.metrics().items():
            if name == _PREFIX + "errors_total" and value > 0:
                counts[dict(labels)["kind"]] += value
        return dict(counts)

    def resident_bytes(self):
        """Resident memory of the process."""
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def events(self, message):
        """The lines of a log in JSON that have this message; `at` is their time in seconds."""
        whole_lines = self.log().rpartition("\n")[0].splitlines()
        events = [event for event in map(json.loads, whole_lines) if event["message"] == message]
        return [event | {"at": datetime.datetime.fromisoformat(event["time"]).timestamp()} for event in events]

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=40):
        """Waits for the end; returns the exit code."""
        return self.process.wait(timeout)

    def stop(self, timeout=40):
        """Ends it by SIGTERM, and demands exit code 0."""
        self.signal(signal.SIGTERM)
        code = self.wait(timeout)
        assert code == 0, f"exit code {code} after SIGTERM\n{self.log()}"

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process.poll() is None:
                self.stop()
            if kind is not None:
                print(f"--- log of the forwarder\n{self.log()[-20_000:]}", file=sys.stderr)
        finally:
            self.kill()
            self._directory.cleanup()
