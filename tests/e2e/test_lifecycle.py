"""From the first clients of a process to its end: waiting, signals, draining, the service manager."""

import contextlib
import os
import select
import signal
import socket
import threading
import time

import pytest

from backends import Backend
from clients import exchange, is_reset
from forwarder import Forwarder, free_port, wait_until


@pytest.fixture(scope="module")
def backend():
    with Backend("echo", ("127.0.0.1", free_port())) as backend:
        yield backend


def drain_timeout(value):
    return {"pools": {"common": {"drain_timeout": value}}}


def draining(forwarder):
    return forwarder.get("/readyz") == (503, "stopping\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_is_a_clean_end(backend, number):
    with Forwarder([backend.name]) as forwarder:
        forwarder.signal(number)
        assert forwarder.wait(5) == 0


def test_draining_lets_sessions_finish_and_refuses_new_ones(backend):
    with Forwarder([backend.name], drain_timeout("30s")) as forwarder, forwarder.connect() as sock:
        assert exchange(sock)
        forwarder.signal(signal.SIGTERM)
        wait_until(lambda: draining(forwarder))
        wait_until(lambda: refuses(forwarder))
        assert exchange(sock)
        assert forwarder.get("/healthz")[0] == 200
        assert forwarder.process.poll() is None
        sock.close()
        assert forwarder.wait(5) == 0


def refuses(forwarder):
    with contextlib.suppress(ConnectionResetError):
        try:
            forwarder.connect().close()
        except ConnectionRefusedError:
            return True
    return False


def test_what_is_open_after_the_drain_timeout_is_cut(backend):
    with Forwarder([backend.name], drain_timeout("1s")) as forwarder, forwarder.connect() as sock:
        assert exchange(sock)
        began = time.monotonic()
        forwarder.signal(signal.SIGTERM)
        assert is_reset(sock)
        assert forwarder.wait(5) == 0
        assert 1 <= time.monotonic() - began < 3


def test_clients_in_the_queue_at_the_stop_are_served(backend):
    config = {"server": {"max_connections": 1, "workers": 2}} | drain_timeout("20s")
    with Forwarder([backend.name], config) as forwarder, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(forwarder.connect()) for _ in range(10)]
        sent = {client: b"client %d" % number for number, client in enumerate(clients)}
        for client, data in sent.items():
            client.sendall(data)
        assert len(wait_until(lambda: answered(clients))) == 1
        forwarder.signal(signal.SIGTERM)
        wait_until(lambda: draining(forwarder))
        wait_until(lambda: refused(forwarder))  # although nobody has left: the queue was taken beyond the limit
        for client, data in sent.items():
            assert client.recv(100) == data
            client.close()
        assert forwarder.wait(5) == 0


def refused(forwarder):
    try:
        forwarder.connect().close()
    except ConnectionRefusedError:
        return True
    return False


def answered(clients):
    return select.select(clients, [], [], 0)[0]


def test_each_service_drains_for_its_own_time(backend):
    patient = ("127.0.0.1", free_port())
    config = drain_timeout("20s") | {"services": [
        {"name": "hasty", "pools": {"common": {"drain_timeout": "100ms"}}},
        {"name": "patient", "server": {"listen_addr": "{}:{}".format(*patient)}},
    ]}
    with Forwarder([backend.name], config) as forwarder, forwarder.connect() as hasty, \
            socket.create_connection(patient, 10) as client:
        assert exchange(hasty) and exchange(client)
        forwarder.signal(signal.SIGTERM)
        assert is_reset(hasty)
        assert exchange(client)
        client.close()
        assert forwarder.wait(5) == 0


def test_a_second_signal_ends_at_once(backend):
    with Forwarder([backend.name], drain_timeout("30s")) as forwarder, forwarder.connect() as sock:
        assert exchange(sock)
        forwarder.signal(signal.SIGTERM)
        wait_until(lambda: draining(forwarder))
        forwarder.signal(signal.SIGTERM)
        assert is_reset(sock)
        assert forwarder.wait(3) == 0


@contextlib.contextmanager
def late_echo_server():
    """A server that no connection reaches before its `begin` is called: until then its queue is full."""
    with socket.socket() as server, contextlib.ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        stack.enter_context(socket.create_connection(server.getsockname()))

        def echo(sock):
            with sock, contextlib.suppress(OSError):
                while data := sock.recv(65536):
                    sock.sendall(data)

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=echo, args=server.accept()[:1], daemon=True).start()

        def begin():
            server.listen(128)
            thread = threading.Thread(target=accept)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown, socket.SHUT_RDWR)

        yield server.getsockname(), begin


def test_early_clients_wait_in_the_queue_until_a_backend_answers(tmp_path):
    config = {"remotes": {"probing": {"initial": {"timeout": "8s"}}}}
    with late_echo_server() as (address, begin), contextlib.ExitStack() as stack:
        notices = stack.enter_context(Notices(tmp_path))
        forwarder = stack.enter_context(Forwarder(
            ["{}:{}".format(*address)], config, environment=notices.environment, ready=False))
        clients = [stack.enter_context(wait_until(lambda: connected(forwarder))) for _ in range(20)]
        for number, client in enumerate(clients):
            client.sendall(b"client %d" % number)
        wait_until(lambda: waiting(forwarder))
        assert forwarder.value("new_connections_total") == 0
        assert notices.received() == []

        begin()
        for number, client in enumerate(clients):
            assert client.recv(100) == b"client %d" % number
        wait_until(lambda: notices.received() == ["READY=1"])
        assert forwarder.ready()


def waiting(forwarder):
    with contextlib.suppress(ConnectionRefusedError):
        return forwarder.get("/readyz") == (
            503, "service default: waiting for the first answers of the backends\n")


def connected(forwarder):
    with contextlib.suppress(ConnectionRefusedError):
        return forwarder.connect()


class Notices:
    """A service manager: what a process tells it through sd_notify."""

    def __init__(self, directory):
        self._path = str(directory / "notify")
        self._received = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._path)
        self._socket.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": self._path}

    def received(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self._received += self._socket.recv(4096).decode().split("\n")
        return self._received

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._socket.close()


def test_the_service_manager_hears_of_ready_alive_and_stopping(backend, tmp_path):
    with Notices(tmp_path) as notices:
        with Forwarder([backend.name], environment=notices.environment | {"WATCHDOG_USEC": "400000"}):
            wait_until(lambda: "READY=1" in notices.received())
            seen = notices.received().count("WATCHDOG=1")
            began = time.monotonic()
            wait_until(lambda: notices.received().count("WATCHDOG=1") >= seen + 4)
            assert 0.4 < time.monotonic() - began < 1.6  # each 400 ms needs one, and twice that is advised
            assert "STOPPING=1" not in notices.received()
        assert notices.received()[-1] == "STOPPING=1"
        assert notices.received().count("READY=1") == 1


def test_hangup_reopens_the_log_after_a_rename(backend, tmp_path):
    log, renamed = tmp_path / "forwarder.log", tmp_path / "forwarder.log.1"
    with Forwarder([backend.name], {"logging": {"output": str(log)}}) as forwarder:
        wait_until(lambda: "accepting connections" in log.read_text())
        log.rename(renamed)
        forwarder.signal(signal.SIGHUP)
        wait_until(log.exists)
    assert "stopped" in log.read_text()
    assert "accepting connections" in renamed.read_text() and "stopped" not in renamed.read_text()


def test_a_broken_pipe_is_harmless(backend, tmp_path):
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    config = {"logging": {"output": str(fifo), "level": "debug"}}
    with Forwarder([backend.name], config) as forwarder:
        os.close(reader)
        for _ in range(3):
            forwarder.signal(signal.SIGPIPE)
            with forwarder.connect() as sock:
                assert exchange(sock)
        wait_until(lambda: forwarder.value("log_dropped_lines_total") > 0)
        assert forwarder.process.poll() is None


def test_a_signal_ends_it_while_it_waits_for_the_first_answers():
    with late_echo_server() as (address, _):
        with Forwarder(["{}:{}".format(*address)], ready=False) as forwarder:
            wait_until(lambda: waiting(forwarder))
            began = time.monotonic()
            forwarder.stop()
            assert time.monotonic() - began < 5


def test_dials_that_time_out_just_as_the_drain_ends_do_not_crash_it():
    """Clients that waited for a place are taken in as the drain begins, so that their dials end in the same pass."""
    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        for _ in range(3):  # the queue of the listener is full: further connects are not answered
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(silent.getsockname())
        forwarder = Forwarder(
            ["127.0.0.1:%d" % silent.getsockname()[1]],
            {"server": {"workers": 1, "max_connections": 1}, "remotes": {"probing": {"initial": {"timeout": "50ms"}}},
             "pools": {"common": {"dial_timeout": "300ms", "dial_attempts": 1, "drain_timeout": "300ms"}}},
            ready=False)
        with forwarder:
            wait_until(lambda: "accepting connections" in forwarder.log())
            for _ in range(100):
                stack.enter_context(forwarder.connect())
            forwarder.signal(signal.SIGTERM)
            assert forwarder.wait() == 0
