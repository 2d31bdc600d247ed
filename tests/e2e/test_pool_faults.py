"""Backends that die in their several ways under load, with links to them in the pool."""

import contextlib
import time

import pytest

import netns
from backends import Backend
from clients import new_client_is_reset
from cpu import cpu_share
from forwarder import Forwarder, merged, sanitized, wait_until
from load import Load
from netns import Network

PORT = 8080
IDLE = 20  # links that wait for each backend
RETIRED_WITHIN = 5
# A black hole says nothing. It is noticed by a link that is opened for the pool: that is at the next one taken by
# each worker, and dial_stagger (200 ms) later. Sessions that were handed a waiting link before that are lost.
NOTICED_WITHIN = 5 if sanitized() else 1
BACK_OFF_GROWS_FOR = 2  # then each worker waits 0.8 s at the least between two fills
WATCHED_FOR = 3  # how long the calm is looked at
CONFIG = {
    "logging": {"format": "json"},
    "remotes": {
        "probing": {"interval": "300ms", "timeout": "300ms"},
        "selector": {"hold_down": {"base": "1s"}},
    },
    "pools": {"strategy": {"type": "dynamic", "dynamic": {"min_size": IDLE}}},
}
# The backends stay in the set, so that their pools go on trying.
NEVER_EJECTED = {"remotes": {"selector": {"eject_after": 1000, "min_score_threshold": 0}}}

pytestmark = pytest.mark.skipif(netns.unavailable() is not None, reason=str(netns.unavailable()))


@pytest.fixture(scope="module")
def net():
    with Network(backends=3) as net:
        yield net


@pytest.fixture
def backends(net):
    with contextlib.ExitStack() as stack:
        for ip in net.backends:
            stack.callback(net.drop, ip, False)
        yield [stack.enter_context(Backend("greeting", (ip, PORT), namespace=net.far)) for ip in net.backends]


class Pooled(Forwarder):
    def __init__(self, net, backends, config=None):
        super().__init__([backend.name for backend in backends], merged(CONFIG, config or {}), namespace=net.near)
        self._names = [backend.name for backend in backends]

    def of(self, name, backend, **labels):
        return self.value(name, backend=backend.name, **labels)

    def idle(self, backend):
        return self.of("pool_connections", backend, state="idle")

    def active(self, backend):
        return self.of("server_active", backend) == 1

    def wait_for_full_pools(self):
        wait_until(lambda: all(self.value("pool_connections", backend=name, state="idle") >= IDLE * 0.8
                               for name in self._names), timeout=20)


@pytest.fixture
def forwarder(net, backends):
    with Pooled(net, backends) as forwarder:
        forwarder.wait_for_full_pools()
        yield forwarder


def black_hole(net, victim):
    net.drop(victim.addresses[0][0])


FAULTS = {
    "killed": lambda net, victim: victim.kill(),
    "reset": lambda net, victim: victim.reset_all(),
    "refusing": lambda net, victim: victim.close_listener(),
    "black hole": black_hole,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_client_notices_what_another_member_could_prevent(net, backends, forwarder, fault):
    victim = backends[1]
    with Load(forwarder) as load:
        wait_until(lambda: load.served(victim.name) >= 30)
        assert load.errors() == []

        FAULTS[fault](net, victim)
        gone = time.monotonic()
        wait_until(lambda: forwarder.idle(victim) == 0, timeout=RETIRED_WITHIN)
        wait_until(lambda: not forwarder.active(victim))
        assert forwarder.of("pool_fill_failures_total", victim) > 0
        failures = forwarder.of("pool_fill_failures_total", victim)
        wait_until(lambda: load.served(backends[0].name, gone) >= 150)
        # Three failures in a row have ejected it: nothing is opened for the pool until it is back.
        assert forwarder.of("pool_fill_failures_total", victim) <= failures + 20

        victim.restart()
        net.drop(victim.addresses[0][0], False)
        wait_until(lambda: forwarder.active(victim), timeout=20)
        returned = time.monotonic()
        wait_until(lambda: forwarder.idle(victim) >= IDLE / 2, timeout=20)
        wait_until(lambda: load.served(victim.name, returned) >= 30)

    # Only a session that had its link before the fault could be seen may fail: it was with the victim, or with it as
    # far as it knew, and it began before.
    noticed = gone + (NOTICED_WITHIN if fault == "black hole" else 0)
    assert load.errors(since=noticed) == []
    lost = load.errors(before=noticed)
    assert all(client.server in (None, victim.name) for client in lost)
    assert len(lost) <= (0 if fault == "refusing" else 40)
    assert forwarder.value("pool_hits_total") > 0.8 * len(load.clients)


@pytest.mark.parametrize("fault", ["killed", "black hole"])
def test_fills_back_off_while_a_backend_refuses(net, backends, fault):
    victim = backends[0]
    with Pooled(net, backends, NEVER_EJECTED) as forwarder:
        def failures():
            return forwarder.of("pool_fill_failures_total", victim)

        forwarder.wait_for_full_pools()
        FAULTS[fault](net, victim)
        while failures() == 0:
            with contextlib.suppress(OSError), forwarder.connect(timeout=1) as sock:
                sock.recv(1)  # a link is taken, and before a black hole the one in its place cannot be opened
        time.sleep(BACK_OFF_GROWS_FOR)
        early = failures()
        time.sleep(WATCHED_FOR)
        assert failures() - early <= 3 * workers(forwarder)

        opened = forwarder.of("pool_opened_total", victim)
        victim.restart()
        net.drop(victim.addresses[0][0], False)
        wait_until(lambda: forwarder.of("pool_opened_total", victim) > opened, timeout=60)
        wait_until(lambda: forwarder.idle(victim) >= IDLE * 0.8, timeout=60)


def workers(forwarder):
    return forwarder.events("listening")[0]["workers"]


@pytest.mark.parametrize("config", [{}, NEVER_EJECTED], ids=["ejected", "never ejected"])
@pytest.mark.parametrize("fault", ["killed", "black hole"])
def test_nothing_spins_when_everything_is_down(net, backends, fault, config):
    with Pooled(net, backends, config) as forwarder:
        forwarder.wait_for_full_pools()
        for backend in backends:
            FAULTS[fault](net, backend)
        wait_until(lambda: all(forwarder.of("server_consecutive_failures", backend) >= 3 for backend in backends))
        if fault == "killed":  # a client may get a link that waits before a black hole, when there is nothing better
            assert new_client_is_reset(forwarder)

        assert cpu_share(forwarder.process, WATCHED_FOR) < (0.2 if sanitized() else 0.02)
