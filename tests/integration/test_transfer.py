"""Much data: nothing is lost, altered or kept in memory."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from forwarder import sanitized, wait_until
from peers import PIECE, Peers, receive_stream, send_stream
from sessions import DYNAMIC

_GIGABYTE = 1024  # pieces
_PAUSE_SECONDS = 10
_MOST_MEMORY = 20_000_000 if sanitized() else 1_000_000  # sanitizers keep a shadow of it, and what was freed


@pytest.fixture(scope="module")
def peers():
    with Peers(DYNAMIC) as peers:
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


def test_readers_that_stop_cost_neither_memory_nor_work(peers, session, pool):
    pieces = 256  # more than the kernel keeps in the buffers of both connections
    for end in session:
        end.settimeout(60)
    memory_before = peers.forwarder.resident_bytes()

    def memory_growth():
        return peers.forwarder.resident_bytes() - memory_before

    sent = [pool.submit(send_stream, end, pieces) for end in session]
    wait_until(lambda: stands_still(peers.forwarder), timeout=20)
    work_before = work_seconds(peers.forwarder)
    readers_resume = time.monotonic() + _PAUSE_SECONDS
    while time.monotonic() < readers_resume:
        assert memory_growth() < _MOST_MEMORY
        time.sleep(0.1)
    assert work_seconds(peers.forwarder) - work_before < 0.2
    assert not any(stream.done() for stream in sent)

    received = [pool.submit(receive_stream, end, pieces * PIECE) for end in reversed(session)]
    assert [stream.result() for stream in received] == [stream.result() for stream in sent]
    assert memory_growth() < _MOST_MEMORY


def stands_still(forwarder):
    before = forwarder.value("bytes_transferred_total")
    time.sleep(0.5)
    return forwarder.value("bytes_transferred_total") == before


def work_seconds(forwarder):
    return forwarder.metrics()["process_cpu_seconds_total", frozenset()]
