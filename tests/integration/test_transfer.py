"""Much data: nothing is lost, altered or kept in memory."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from forwarder import wait_until
from peers import PIECE, Peers, receive_stream, send_stream

_GIGABYTE = 1024  # pieces
_PAUSE = 10


@pytest.fixture(scope="module")
def peers():
    with Peers() as peers:
        yield peers
        assert peers.forwarder.errors() == {}


@pytest.fixture
def session(peers):
    client, backend = peers.session()
    with client, backend:
        yield client, backend
    wait_until(lambda: peers.forwarder.value("active_connections") == 0)


@pytest.fixture(scope="module")
def pool():
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.mark.parametrize("direction", ["upstream", "downstream"])
def test_a_gigabyte_arrives_whole(peers, session, pool, direction):
    source, sink = session if direction == "upstream" else reversed(session)
    before = peers.forwarder.value("bytes_transferred_total", direction=direction)
    sent = pool.submit(send_stream, source, _GIGABYTE)
    received = receive_stream(sink, _GIGABYTE * PIECE)
    assert received == sent.result()
    wait_until(lambda: peers.forwarder.value("bytes_transferred_total", direction=direction) == before + received[0])


def test_both_directions_flow_at_once(session, pool):
    pieces = 256
    client, backend = session
    sent = [pool.submit(send_stream, end, pieces) for end in (client, backend)]
    received = [pool.submit(receive_stream, end, pieces * PIECE) for end in (backend, client)]
    assert [stream.result() for stream in received] == [stream.result() for stream in sent]


@pytest.mark.parametrize("direction", ["upstream", "downstream"])
def test_a_reader_that_stops_costs_neither_memory_nor_work(peers, session, pool, direction):
    pieces = 64  # more than the kernel keeps in the buffers of both connections
    source, sink = session if direction == "upstream" else reversed(session)
    source.settimeout(60)
    forwarder = peers.forwarder

    def work():
        return forwarder.metrics()["process_cpu_seconds_total", frozenset()]

    def stuck():
        before = forwarder.value("bytes_transferred_total", direction=direction)
        time.sleep(0.5)
        return forwarder.value("bytes_transferred_total", direction=direction) == before

    resident_before = forwarder.resident_bytes()
    sent = pool.submit(send_stream, source, pieces)
    wait_until(stuck, timeout=20)
    work_before = work()
    deadline = time.monotonic() + _PAUSE / 2
    while time.monotonic() < deadline:
        assert forwarder.resident_bytes() - resident_before < 1_000_000
        time.sleep(0.1)
    assert work() - work_before < 0.2
    assert not sent.done()

    received = receive_stream(sink, pieces * PIECE)
    assert received == sent.result()
    assert forwarder.resident_bytes() - resident_before < 1_000_000
