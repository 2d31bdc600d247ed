"""Links that wait, before backends that speak first, or do not like to be kept waiting."""

import itertools
import random
import select
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from backends import Backend
from clients import Crowd, exchange, read_line
from forwarder import Forwarder, free_port, merged, receive, sanitized, wait_until
from scripted import Scripted, echo

POOL = {"logging": {"format": "json"}, "pools": {"strategy": {"type": "dynamic"}}}


def pool_of(idle):
    """So many links wait, whatever the traffic."""
    return merged(POOL, {"pools": {"strategy": {"type": "static", "static": {"size_per_remote": idle}}}})


def idle(forwarder):
    return forwarder.value("pool_connections", state="idle")


def stale(forwarder, reason="stale"):
    return forwarder.value("pool_stale_total", reason=reason)


@pytest.fixture
def backend(request):
    with Backend(request.param, ("127.0.0.1", free_port())) as backend:
        yield backend


@pytest.mark.parametrize("backend", ["impatient:3"], indirect=True)
def test_the_age_at_which_a_backend_closes_idle_links_is_learnt_and_respected(backend):
    with Forwarder([backend.name], pool_of(100)) as forwarder, Crowd(forwarder.address) as crowd:
        arrivals = Arrivals(crowd)
        arrivals.go_on_until(lambda: forwarder.value("pool_idle_age_limit_seconds"))
        assert 2 < forwarder.value("pool_idle_age_limit_seconds") < 2.6
        learnt = forwarder.events("idle links to the backend are renewed at this age")
        assert learnt[-1]["backend"] == backend.name and 2 < learnt[-1]["seconds"] < 2.6
        expired = stale(forwarder, "expired")
        arrivals.go_on_until(lambda: stale(forwarder, "expired") > expired + 20)

        hits, dead = forwarder.value("pool_hits_total"), stale(forwarder)
        enough = 300 if sanitized() else 1500
        arrivals.go_on_until(lambda: forwarder.value("pool_hits_total") > hits + enough)
        assert (stale(forwarder) - dead) * 1000 < enough
        assert crowd.failures() == []
        assert forwarder.errors() == {}
        assert forwarder.value("pool_suspended") == 0


class Arrivals:
    """Clients that come in bursts after pauses, so that also links are taken that have waited for long."""

    def __init__(self, crowd):
        self._crowd = crowd
        self._random = random.Random(3)
        self._opened = 0

    def go_on_until(self, fact, timeout=60):
        deadline = time.monotonic() + timeout
        while not fact():
            assert time.monotonic() < deadline
            burst = self._random.randint(20, 80)
            self._crowd.open(burst)
            self._opened += burst
            wait_until(lambda: self._crowd.served() + len(self._crowd.failures()) == self._opened)
            self._pause()

    def _pause(self):
        time.sleep(self._random.uniform(0, 0.5))


def test_a_greeting_reaches_each_client_first_and_whole_and_once():
    numbers = itertools.count()
    given = []

    def greet(sock):
        greeting = f"{next(numbers):06d}".encode() * 10_000
        sock.sendall(greeting)
        if token := receive(sock, 4):  # nothing comes of a probe
            given.append((token, greeting[:6]))
            sock.sendall(token)

    def client(number):
        with forwarder.connect() as sock:
            if number % 2:
                sock.sendall(token := b"%04d" % number)
            greeting = receive(sock, 60_000)
            if not number % 2:
                sock.sendall(token := b"%04d" % number)
            assert greeting == greeting[:6] * 10_000
            assert sock.recv(4096, socket.MSG_WAITALL) == token
            return token, greeting[:6]

    with Scripted(greet) as backend, Forwarder([backend.name], POOL) as forwarder, ThreadPoolExecutor(8) as threads:
        wait_until(lambda: idle(forwarder) == 20)
        seen = list(threads.map(client, range(300)))
        assert sorted(seen) == sorted(given)
        assert len({greeting for _, greeting in seen}) == 300
        assert forwarder.value("pool_hits_total") > 100


def test_a_backend_that_greets_and_leaves_is_heard_to_the_end():
    farewell = b"421 too busy\r\n" * 1000
    with Scripted(lambda sock: sock.sendall(farewell)) as backend, Forwarder([backend.name], POOL) as forwarder:
        for _ in range(20):
            with forwarder.connect() as sock:
                assert receive(sock, len(farewell) + 1) == farewell
        wait_until(lambda: stale(forwarder, "closed") > 0)
        assert forwarder.errors() == {}


@pytest.mark.parametrize("backend", ["impatient:0.3", "impatient:1-4"], indirect=True)
def test_a_pool_is_suspended_where_the_backend_closes_most_links_unused(backend):
    # Each worker backs off by itself: many of them see soon the closes that it takes.
    with Forwarder([backend.name], merged(POOL, {"server": {"workers": 8}})) as forwarder:
        wait_until(lambda: forwarder.value("pool_suspended") == 1, timeout=40)
        (said,) = forwarder.events("the backend closes more than half of the idle links unused; none are kept for now")
        assert (said["level"], said["backend"]) == ("warn", backend.name)
        assert said["seconds"] == pytest.approx(60, abs=5)
        wait_until(lambda: forwarder.value("pool_total_connections") == 0)

        hits = forwarder.value("pool_hits_total")
        opened = forwarder.value("pool_opened_total")
        for _ in range(50):
            with forwarder.connect() as sock:
                assert exchange(sock)
        assert forwarder.value("first_link_seconds_count", source="dial") == 50
        assert forwarder.value("pool_hits_total") == hits
        assert forwarder.value("pool_opened_total") == opened
        assert forwarder.errors() == {}


@pytest.mark.parametrize("backend", ["crowded:10"], indirect=True)
def test_no_client_is_turned_away_by_a_backend_that_bears_few_idle_links(backend):
    with Forwarder([backend.name], POOL) as forwarder, ThreadPoolExecutor(3) as threads:
        cap = wait_until(lambda: forwarder.value("pool_idle_cap"), timeout=20)
        wait_until(lambda: idle(forwarder) <= forwarder.value("pool_idle_cap") < 10, timeout=20)

        def client(_):
            with forwarder.connect() as sock:
                return read_line(sock) == backend.name and exchange(sock)

        assert all(threads.map(client, range(300)))
        assert 0 < cap <= 10
        assert forwarder.value("pool_suspended") == 0
        assert forwarder.value("pool_hits_total") > 150
        assert forwarder.errors() == {}


def test_an_idle_link_is_not_read():
    """Seen from the backend: a link takes no more than the kernels hold, until there is a client."""
    stuck = []

    def talk(sock):
        sock.setblocking(False)
        sent = 0
        while select.select([], [sock], [], 1)[1]:
            sent += sock.send(b"x" * 65536)
        stuck.append(sent)
        sock.settimeout(30)
        sock.recv(1)

    with Scripted(talk) as backend, Forwarder([backend.name], pool_of(2)) as forwarder:
        wait_until(lambda: idle(forwarder) == 2 and len(stuck) >= 2)
        assert forwarder.value("bytes_transferred_total", direction="downstream") == 0
        assert stale(forwarder, "closed") + stale(forwarder, "reset") == 0
        with forwarder.connect() as sock:
            assert receive(sock, min(stuck)) == b"x" * min(stuck)


def test_no_client_gets_the_banner_of_a_link_that_has_died():
    def greet(sock):
        sock.sendall(b"hello\n")
        sock.settimeout(1.5)
        sock.sendall(sock.recv(100))

    with Scripted(greet) as backend, Forwarder([backend.name], pool_of(3)) as forwarder:
        for died in range(1, 4):
            wait_until(lambda count=3 * died: sum(stale(forwarder, why) for why in ("closed", "expired")) >= count)
            assert forwarder.value("bytes_transferred_total", direction="downstream") == (died - 1) * 10
            with forwarder.connect() as sock:
                assert receive(sock, 6) == b"hello\n"
                assert exchange(sock)
            wait_until(lambda: forwarder.value("active_connections") == 0)


def test_a_backend_that_never_speaks_has_its_links_kept_and_used():
    with Scripted(echo) as backend, Forwarder([backend.name], pool_of(5)) as forwarder:
        wait_until(lambda: idle(forwarder) == 5)
        with forwarder.connect() as sock:
            assert exchange(sock)
        assert forwarder.value("pool_hits_total") == 1
        assert stale(forwarder) == 0
