"""Which member of the active set a client gets, seen from outside, with connections held and released."""

import collections
import contextlib

import pytest

from backends import Backend
from clients import read_line, served_by
from forwarder import Forwarder, free_port, wait_until


@pytest.fixture
def backends():
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Backend("greeting", ("127.0.0.1", free_port()))) for _ in range(3)]


@contextlib.contextmanager
def balancing(backends, algorithm, workers):
    config = {"pools": {"algorithm": algorithm}, "server": {"workers": workers}}
    with Forwarder([backend.name for backend in backends], config) as forwarder:
        wait_until(lambda: forwarder.value("active_set_size") == 3)
        yield forwarder


def held(stack, forwarder, count):
    """So many clients that stay; how many each backend has got."""
    return collections.Counter(read_line(stack.enter_context(forwarder.connect())) for _ in range(count))


@pytest.mark.parametrize("workers", [1, 2])
def test_least_connections_counts_the_sessions_of_all_workers(backends, workers):
    names = [backend.name for backend in backends]
    with balancing(backends, "least_connections", workers) as forwarder, contextlib.ExitStack() as stack:
        assert held(stack, forwarder, 30) == {name: 10 for name in names}
        for name in names:
            assert forwarder.value("lb_backend_connections", backend=name) == 10
            assert forwarder.value("lb_requests_total", backend=name) == 10


def test_least_connections_fills_up_whoever_has_lost_sessions(backends):
    with balancing(backends, "least_connections", 2) as forwarder, contextlib.ExitStack() as stack:
        by_name = collections.defaultdict(list)
        for _ in range(15):
            sock = stack.enter_context(forwarder.connect())
            by_name[read_line(sock)].append(sock)
        emptied = backends[0].name
        for sock in by_name[emptied]:
            sock.close()
        wait_until(lambda: forwarder.value("lb_backend_connections", backend=emptied) == 0)
        assert held(stack, forwarder, 5) == {emptied: 5}


def test_round_robin_takes_turns(backends):
    with balancing(backends, "round_robin", 1) as forwarder:
        served = [served_by(forwarder) for _ in range(12)]
    assert set(served) == {backend.name for backend in backends}
    assert served[:3] * 4 == served


def test_random_spreads(backends):
    with balancing(backends, "random", 2) as forwarder:
        served = collections.Counter(served_by(forwarder) for _ in range(180))
    assert len(served) == 3
    assert min(served.values()) > 25  # 60 each; six standard deviations


def test_p2c_spreads_what_is_held(backends):
    with balancing(backends, "p2c", 2) as forwarder, contextlib.ExitStack() as stack:
        served = held(stack, forwarder, 90)
    # Connect times on loopback are noise, and weigh; how they do is tested with real delays in test_slow_network.
    assert len(served) >= 2 and sum(served.values()) == 90


def test_source_hash_sticks_and_moves_only_the_clients_of_a_lost_member(backends):
    sources = [f"127.0.0.{number}" for number in range(2, 42)]

    def assignment(forwarder):
        return {source: served_by(forwarder, source=(source, 0)) for source in sources}

    with balancing(backends, "source_hash", 2) as forwarder:
        before = assignment(forwarder)
        assert min(collections.Counter(before.values()).values()) >= 3
        assert len(set(before.values())) == 3
        assert assignment(forwarder) == before

        lost = backends[1].name
        backends[1].kill()
        after = assignment(forwarder)
        moved = {source for source in sources if after[source] != before[source]}
        assert moved == {source for source in sources if before[source] == lost}
        assert lost not in after.values()
