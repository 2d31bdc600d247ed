"""Many sessions, the limits on their number, and running out of descriptors."""

import contextlib
import os
import resource
import time

import pytest

from backends import Backend
from clients import Crowd
from cpu import cpu_share
from forwarder import Forwarder, free_port, wait_until

MANY = 9_000
DIAL_TIMEOUT = 0.2


@pytest.fixture(scope="module")
def backend():
    with Backend("echo", ("127.0.0.1", free_port())) as backend:
        yield backend


@contextlib.contextmanager
def descriptor_limit(process, limit):
    """Lowers the limit of a running process, and puts it back."""
    before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)


def all_served(crowd, count, timeout=30):
    wait_until(lambda: crowd.served() == count, timeout, interval=0.1)
    assert crowd.failures() == []


def test_nine_thousand_idle_sessions_under_twenty_thousand_descriptors(backend):
    with Forwarder([backend.name], max_files=20_000) as forwarder, Crowd(forwarder.address) as crowd:
        for _ in range(MANY // 1000):
            crowd.open(1000)
        all_served(crowd, MANY, timeout=60)
        assert forwarder.value("active_connections") == MANY
        assert forwarder.open_files() > 2 * MANY
        assert cpu_share(forwarder.process) < 0.1
        assert crowd.exchange() == MANY
        assert forwarder.value("errors_total") == 0
        crowd.close(MANY)
        wait_until(lambda: forwarder.value("active_connections") == 0, 20)
        assert forwarder.open_files() < 200


@pytest.mark.parametrize("configured, descriptors, effective", [
    pytest.param(300, None, range(300, 301), id="max_connections"),
    pytest.param(25_000, 700, range(200, 300), id="descriptor limit"),
])
def test_connections_beyond_the_limit_wait_and_lose_nothing(backend, configured, descriptors, effective):
    config = {"server": {"max_connections": configured, "workers": 2}}
    with Forwarder([backend.name], config, max_files=descriptors) as forwarder, Crowd(forwarder.address) as crowd:
        most = int(forwarder.value("max_connections", kind="effective"))
        assert most in effective
        crowd.open(most)
        all_served(crowd, most)
        crowd.open(200)
        wait_until(lambda: forwarder.value("errors_total", kind="limit") > 0)
        assert cpu_share(forwarder.process) < 0.1
        assert crowd.served() == forwarder.value("active_connections") == most
        wait_until(lambda: "accepting is paused" in forwarder.log())

        crowd.close(1)  # one place, on whichever worker: one more is served
        all_served(crowd, most + 1)
        assert crowd.exchange() == most
        crowd.close(most - 1)
        all_served(crowd, most + 200)
        wait_until(lambda: forwarder.value("active_connections") == 200)
        assert crowd.exchange() == 200


def test_a_lowered_limit_is_said_once_and_shown(backend):
    with Forwarder([backend.name], max_files=500) as forwarder:
        effective = int(forwarder.value("max_connections", kind="effective"))
        assert forwarder.value("max_connections", kind="configured") == 25_000
        wait_until(lambda: "accepting connections" in forwarder.log())
        warnings = [line for line in forwarder.log().splitlines() if " warn " in line]
        assert len(warnings) == 1
        assert "max_connections=25000" in warnings[0] and f"effective={effective}" in warnings[0]


def test_without_descriptors_connections_wait_until_there_are_some(backend):
    with Forwarder([backend.name]) as forwarder, Crowd(forwarder.address) as crowd:
        crowd.open(100)
        all_served(crowd, 100)
        with descriptor_limit(forwarder.process, 100):
            crowd.open(50)
            assert cpu_share(forwarder.process) < 0.1
            assert crowd.exchange() == 100
            assert crowd.served() == 100
        all_served(crowd, 150)
        assert crowd.exchange() == 150
        assert forwarder.value("errors_total", kind="limit") > 0


@pytest.mark.parametrize("free", [1, 2, 3, 4])
def test_a_connection_accepted_with_the_last_descriptor_is_still_forwarded(backend, free):
    config = {"pools": {"common": {"dial_timeout": f"{DIAL_TIMEOUT * 1000:g}ms", "dial_attempts": 1}}}
    with Forwarder([backend.name], config) as forwarder, Crowd(forwarder.address) as crowd:
        crowd.open(50)
        all_served(crowd, 50)
        with descriptor_limit(forwarder.process, limit_with_free(forwarder.process, free)):
            crowd.open(20)
            time.sleep(2 * DIAL_TIMEOUT)  # the shortage outlasts what a dial may take
        all_served(crowd, 70)
        assert crowd.exchange() == 70
        assert set(forwarder.errors()) == {"limit"}


def limit_with_free(process, free):
    """The lowest limit under which so many more descriptors can be opened."""
    used = {int(name) for name in os.listdir(f"/proc/{process.pid}/fd")}
    return next(limit for limit in range(1, max(used) + free + 2) if len(set(range(limit)) - used) == free)
