"""Starts proxies, each with backends of its own, and drives load through them: the proxy on one core, the rest on the
other."""

import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import lab
import proxies
from forwarder import free_port

OURS, HAPROXY, SPLICE, NGINX, DIRECT = "tcp-forwarder", "haproxy", "haproxy-splice", "nginx", "direct"
# The first once more, to show what is noise.
AGAIN = " again"
NO_POOLS, TWO_WORKERS = f"{OURS}, no pools", f"{OURS}, 2 workers"
PEERS = {HAPROXY: proxies.haproxy, SPLICE: proxies.haproxy_splice, NGINX: proxies.nginx}
BACKEND_NAME = "backend.test"
CIPHER_SUITE = "TLS_AES_128_GCM_SHA256"


@dataclasses.dataclass
class Setting:
    """What a row needs beside the proxies."""

    bulk: bool = False
    tls: bool = False
    resumption: bool = True
    server_priorities: tuple = (False,)  # a route with a server for each; True: ahead of everything else
    both_cores: bool = False
    user: str | None = None  # who runs the proxy, if not the caller


@dataclasses.dataclass
class Contestant:
    name: str
    addresses: list  # where the load goes, for each route
    process: subprocess.Popen | None = None  # none: direct
    log: pathlib.Path | None = None
    config: str = ""
    handshakes: dict = dataclasses.field(default_factory=dict)  # known once it has ended

    @property
    def pid(self):
        return self.process and self.process.pid


class Arena:
    """Use as a context."""

    def __init__(self, load, binary, others=None):
        """`others`: more builds of tcp-forwarder, by label."""
        self._load = load
        self._binary = binary
        self._others = {other_build(label): path for label, path in (others or {}).items()}
        self._stack = contextlib.ExitStack()
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            sys.exit("compare: two cores are needed, one for the proxy and one for the load")
        self._cores = cores[:2]
        self.realtime = subprocess.run(["chrt", "-r", "1", "true"], stderr=subprocess.DEVNULL).returncode == 0

    def __enter__(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self._directory = self._own_directory()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def _own_directory(self):
        return pathlib.Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="compare-")))

    @functools.cached_property
    def _tls(self):
        return lab.TlsServers(self._directory, BACKEND_NAME)

    def _pinned(self, cores, argv, *, first=False, user=None):
        """The command that runs argv on these cores."""
        words = ["taskset", "-c", ",".join(map(str, cores))]
        if user:  # a change of user undoes what was said of the parent's death
            words += ["setpriv", "--pdeathsig", "KILL", "--reuid", user, "--regid", user_group(user), "--clear-groups"]
        return [*words, *(["chrt", "-r", "1"] if first and self.realtime else []), *map(str, argv)]

    @contextlib.contextmanager
    def _server(self, address, setting, contestant, first):
        argv = [self._load, "server", address]
        if setting.tls:
            argv += ["--tls", self._tls.server, "--cipher-suite", CIPHER_SUITE,
                     "--resumption", "yes" if setting.resumption else "no"]
        argv = self._pinned(self._cores[1:], argv, first=first)
        with lab.running(None, argv, stdout=subprocess.PIPE, text=True) as server:
            if server.stdout.readline() != "ready\n":
                raise RuntimeError("the load generator's server did not start")
            yield
            server.send_signal(signal.SIGTERM)
            contestant.handshakes = json.loads(server.stdout.readline())

    @contextlib.contextmanager
    def contestant(self, name, setting):
        """A proxy with backends of its own, on new ports: no other run's TIME_WAIT is in the way."""
        backends = [f"127.0.0.1:{free_port()}" for _ in setting.server_priorities]
        contestant = Contestant(name, backends)
        with contextlib.ExitStack() as stack:
            for backend, first in zip(backends, setting.server_priorities):
                stack.enter_context(self._server(backend, setting, contestant, first))
            if name != DIRECT:
                stack.enter_context(self._proxy(contestant, setting))
            yield contestant

    @contextlib.contextmanager
    def _proxy(self, contestant, setting):
        routes = tuple((f"127.0.0.1:{free_port()}", backend) for backend in contestant.addresses)
        tls = proxies.BackendTls(self._tls.ca, BACKEND_NAME, setting.resumption) if setting.tls else None
        with tempfile.TemporaryDirectory(prefix="compare-") as name:
            directory = pathlib.Path(name)
            argv = self._command(contestant.name, directory, proxies.Job(routes, tls, setting.bulk))
            contestant.config = without_blank_lines(pathlib.Path(argv[-1]).read_text())
            contestant.log = directory / "log"
            if setting.user:
                directory.chmod(0o755)
                shutil.chown(directory, setting.user)
            cores = self._cores if setting.both_cores else self._cores[:1]
            with open(contestant.log, "w") as log:
                command = self._pinned(cores, argv, user=setting.user)
                with lab.running(None, command, cwd=directory, stdout=log, stderr=log) as process:
                    contestant.process = process
                    contestant.addresses = [listen for listen, _ in routes]
                    for route in range(len(routes)):
                        self._wait_until_forwarding(contestant, route)
                    yield

    def _command(self, name, directory, job):
        base = name.removesuffix(AGAIN)
        if base in PEERS:
            return PEERS[base](directory, job)
        binary = self._others.get(name, self._binary)
        return proxies.tcp_forwarder(directory, job, binary=binary, metrics_port=free_port(),
                                     workers=2 if name == TWO_WORKERS else 1, pools=name != NO_POOLS)

    def _wait_until_forwarding(self, contestant, route):
        deadline = time.monotonic() + 15
        while True:
            try:
                return self.load(contestant, "connect", "--operations", 1, "--connections", 1, route=route)
            except RuntimeError:
                if contestant.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def loading(self, contestant, mode, *options, route=0, first=False):
        """The load generator, in the background. Use as a context."""
        argv = self._pinned(self._cores[1:], [self._load, mode, contestant.addresses[route], *options], first=first)
        return lab.running(None, argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def finish_load(self, contestant, process, timeout=120):
        """What the load generator printed; an error of a single client ends the run."""
        output, errors = process.communicate(timeout=timeout)
        if process.returncode != 0:
            log = contestant.log.read_text(errors="replace")[-4000:] if contestant.log else ""
            raise RuntimeError(f"{contestant.name}, {' '.join(process.args)}: {output}{errors}{log}")
        return json.loads(output)

    def load(self, contestant, mode, *options, route=0, first=False):
        with self.loading(contestant, mode, *options, route=route, first=first) as process:
            return self.finish_load(contestant, process)


def other_build(label):
    return f"{OURS}, {label}"


def without_blank_lines(text):
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines() if line.strip())


def user_group(user):
    return subprocess.run(["id", "-gn", user], check=True, capture_output=True, text=True).stdout.strip()
