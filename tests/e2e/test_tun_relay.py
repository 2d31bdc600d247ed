"""The wire that the other end-to-end tests stand on: delays are exact, losses real, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

import netns
from backends import Backend
from forwarder import receive
from netns import Network

pytestmark = pytest.mark.skipif(netns.unavailable() is not None, reason=str(netns.unavailable()))

PORT = 8080
# What a loaded machine may add. The relay itself is exact to less than a millisecond.
SLACK = 0.03


@pytest.fixture(name="net")
def network():
    with Network(backends=3) as net, Backend("echo", *((ip, PORT) for ip in net.backends), namespace=net.far):
        yield net


def connect_seconds(net, ip, attempts=1):
    """The shortest of some connects, in seconds: what the wire takes when the machine does not interfere."""
    took = []
    for _ in range(attempts):
        start = time.perf_counter()
        net.connect((ip, PORT)).close()
        took.append(time.perf_counter() - start)
    return min(took)


@pytest.mark.parametrize("delay", [0, 2, 20, 100])
def test_a_connect_takes_the_delay_twice(net, delay):
    net.set_delay(None, delay)
    took = connect_seconds(net, net.backends[0], attempts=5)
    assert 2 * delay / 1000 <= took < 2 * delay / 1000 + SLACK


def test_the_relay_adds_less_than_a_millisecond(net):
    net.set_delay(None, 5)
    assert 0.010 <= connect_seconds(net, net.backends[0], attempts=30) < 0.011


def test_each_address_has_its_own_delay(net):
    fast, slow, other = net.backends
    net.set_delay(None, 10)
    net.set_delay(fast, 0)
    net.set_delay(slow, 60)
    assert connect_seconds(net, fast, attempts=5) < 0.02
    assert 0.12 <= connect_seconds(net, slow) < 0.12 + SLACK
    assert 0.02 <= connect_seconds(net, other, attempts=5) < 0.02 + SLACK


def test_alternating_delays_are_taken_in_turn_by_connections(net):
    ip = net.backends[0]
    net.alternate(ip, 0, 100)
    took = [connect_seconds(net, ip) for _ in range(6)]
    assert [seconds >= 0.2 for seconds in took] == [False, True] * 3


def test_a_connection_keeps_its_alternating_delay(net):
    ip = net.backends[0]
    net.alternate(ip, 0, 100)
    with net.connect((ip, PORT)) as fast, net.connect((ip, PORT)) as slow:
        for _ in range(2):
            assert exchange_seconds(fast) < 0.1
            assert exchange_seconds(slow) >= 0.2


def exchange_seconds(sock):
    start = time.perf_counter()
    sock.sendall(b"ping")
    assert receive(sock, 4) == b"ping"
    return time.perf_counter() - start


def test_a_large_transfer_crosses_a_delayed_lossy_wire_unharmed(net):
    net.set_delay(None, 2)
    net.set_loss(net.backends[0], 1)
    data = os.urandom(300_000)
    received = bytearray()
    with net.connect((net.backends[0], PORT), timeout=30) as sock:
        for start in range(0, len(data), 10_000):
            sock.sendall(data[start:start + 10_000])
            received += receive(sock, 10_000)
    assert received == data


def test_drop_is_a_black_hole_until_it_is_mended(net):
    hole, fine, _ = net.backends
    with net.connect((hole, PORT), timeout=1) as opened_before:
        net.drop(hole)
        with pytest.raises(TimeoutError):
            net.connect((hole, PORT), timeout=0.3)
        opened_before.sendall(b"ping")
        with pytest.raises(TimeoutError):
            opened_before.recv(1)
        assert connect_seconds(net, fine) < 1
        net.drop(hole, False)
        opened_before.settimeout(20)
        assert receive(opened_before, 4) == b"ping"  # sent again by the kernel
    assert connect_seconds(net, hole) < 1


def test_a_killed_backend_refuses_and_comes_back_on_its_port(net):
    ip = net.backends[1]
    with Backend("http", (ip, PORT + 1), namespace=net.far) as backend:
        backend.kill()
        with pytest.raises(ConnectionRefusedError):
            net.connect((ip, PORT + 1))
        backend.restart()
        with net.connect((ip, PORT + 1)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert f"{ip}:{PORT + 1}".encode() in sock.recv(1000)


def test_a_mistaken_command_is_refused(net):
    with pytest.raises(RuntimeError, match="not understood: delay 10.77.1.1 soon"):
        net.set_delay(net.backends[0], "soon")


def test_cleanup_leaves_no_namespace_and_no_process():
    with pytest.raises(ZeroDivisionError):
        with Network() as net:
            process = net.start(net.far, ["sleep", "60"])
            assert {net.near, net.far} <= set(netns.namespaces())
            raise ZeroDivisionError
    assert not {net.near, net.far} & set(netns.namespaces())
    assert process.poll() == -signal.SIGKILL


def test_what_a_killed_run_left_is_removed_by_the_next():
    script = "import os, signal, netns; n = netns.Network(); n.__enter__(); os.kill(os.getpid(), signal.SIGKILL)"
    killed = subprocess.Popen([sys.executable, "-c", script], cwd=os.path.dirname(netns.__file__))
    assert killed.wait(30) == -signal.SIGKILL
    left = {name for name in netns.namespaces() if f"-{killed.pid}-" in name}
    assert len(left) == 2
    with Network():
        assert not left & set(netns.namespaces())
