"""Backends that die and come back, under a steady stream of new connections."""

import contextlib
import socket
import threading
import time

import pytest

from backends import Backend
from clients import exchange, new_client_is_reset, read_line, served_by
from forwarder import Forwarder, free_port, wait_until

HOLD_DOWN = 2.0
GATHERED = 0.2  # an ejection is logged up to this late: events within 100 ms are taken together
CONFIG = {
    "logging": {"format": "json"},
    "remotes": {
        "probing": {"interval": "300ms", "timeout": "300ms"},
        "selector": {"hold_down": {"base": f"{HOLD_DOWN:g}s"}},
    },
}


@pytest.fixture
def backends():
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Backend("greeting", ("127.0.0.1", free_port()))) for _ in range(3)]


@pytest.fixture
def forwarder(backends):
    with Forwarder([backend.name for backend in backends], CONFIG) as forwarder:
        wait_until(lambda: forwarder.value("active_set_size") == 3)
        yield forwarder


class Load:
    """New clients at a steady rate, each on a thread's turn: greeted, echoed, gone. `errors` and `servers` have
    the time at which the client began to connect."""

    def __init__(self, address, per_second=200, threads=4):
        self._address = address
        self._pause = threads / per_second
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        self.servers = []
        self.errors = []

    def _run(self):
        due = time.monotonic()
        while not self._over.wait(max(0, due - time.monotonic())):
            due += self._pause
            began = time.monotonic()
            try:
                with socket.create_connection(self._address, timeout=10) as sock:
                    server = read_line(sock)
                    assert exchange(sock)
                self.servers.append((began, server))
            except (OSError, AssertionError) as error:
                self.errors.append((began, repr(error)))

    def errors_since(self, when):
        return [error for began, error in self.errors if began >= when]

    def served_since(self, when, server):
        return sum(began >= when and name == server for began, name in self.servers)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        for thread in self._threads:
            thread.join()


def changes_with(forwarder, reasons):
    """The last changes of the active set, as the log tells them; waits until they have these reasons."""
    def last():
        return forwarder.events("active set changed")[-len(reasons):]

    wait_until(lambda: [change["reason"] for change in last()] == reasons)
    return last()


def test_a_killed_backend_costs_no_later_client_anything_and_comes_back(backends, forwarder):
    victim = backends[1]
    with Load(forwarder.address) as load:
        wait_until(lambda: load.served_since(0, victim.name) >= 50)
        assert load.errors == []

        victim.kill()
        gone = time.monotonic()
        wait_until(lambda: forwarder.value("active_set_size") == 2, timeout=3)
        assert forwarder.value("server_active", backend=victim.name) == 0
        ejected = time.monotonic()
        assert ejected - gone < 3

        victim.restart()
        wait_until(lambda: forwarder.value("active_set_size") == 3)
        returned = time.monotonic()
        assert forwarder.value("server_active", backend=victim.name) == 1
        wait_until(lambda: load.served_since(returned, victim.name) >= 50)
    assert load.errors_since(gone) == []
    assert len(load.servers) / (time.monotonic() - load.servers[0][0]) > 150

    ejection, readmission = changes_with(forwarder, ["member_ejected", "filled"])
    assert ejection["out"].startswith(f"{victim.name}=") and readmission["in"].startswith(f"{victim.name}=")
    assert HOLD_DOWN - GATHERED <= readmission["at"] - ejection["at"] < HOLD_DOWN + 1.5


def test_repeated_ejections_double_the_hold_down(backends, forwarder):
    victim = backends[0]
    for _ in range(2):
        victim.kill()
        wait_until(lambda: forwarder.value("active_set_size") == 2)
        victim.restart()
        wait_until(lambda: forwarder.value("active_set_size") == 3, timeout=2 * HOLD_DOWN + 5)
    times = [change["at"] for change in changes_with(forwarder, ["member_ejected", "filled"] * 2)]
    assert HOLD_DOWN - GATHERED <= times[1] - times[0] < 2 * HOLD_DOWN - GATHERED <= times[3] - times[2]


def test_when_all_are_down_clients_are_reset_until_one_is_back(backends, forwarder):
    for backend in backends:
        backend.kill()
    wait_until(lambda: forwarder.value("selector_panic") == 1)
    assert forwarder.value("active_set_size") == 3
    wait_until(lambda: any(event["panic"] and event["level"] == "warn" for event in
                           forwarder.events("active set kept") + forwarder.events("active set changed")))
    assert new_client_is_reset(forwarder)
    assert forwarder.value("errors_total", kind="dial_refused") > 0

    backends[2].restart()
    wait_until(lambda: forwarder.value("selector_panic") == 0)
    assert {served_by(forwarder) for _ in range(10)} == {backends[2].name}
    changes_with(forwarder, ["panic_over"])


def test_a_start_without_a_living_backend_is_a_panic_and_not_ready(backends):
    for backend in backends:
        backend.kill()
    with Forwarder([backend.name for backend in backends], CONFIG, ready=False) as forwarder:
        wait_until(lambda: readiness(forwarder) == (503, "service default: no backend has answered\n"))
        assert new_client_is_reset(forwarder)
        assert forwarder.value("selector_panic") == 1
        assert forwarder.value("ready") == 0

        backends[0].restart()
        forwarder.wait_until_ready()
        wait_until(lambda: forwarder.value("selector_panic") == 0)
        assert served_by(forwarder) == backends[0].name


def readiness(forwarder):
    with contextlib.suppress(ConnectionRefusedError):
        return forwarder.get("/readyz")
