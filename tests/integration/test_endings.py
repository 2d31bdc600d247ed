"""How a connection ends: half-closed, reset or timed out, each side learns what the other did, after all data."""

import socket
import subprocess
import time

import pytest

from backends import Backend
from forwarder import Forwarder, free_port, receive, wait_until
from peers import TOKEN, Peers, receive_stream, reset, send_stream, unacknowledged
from servers import program


@pytest.fixture
def peers(strategy):
    with Peers(strategy) as peers:
        yield peers


def end_writing(sock):
    sock.shutdown(socket.SHUT_WR)


def ordered(session, first):
    return session if first == "client" else tuple(reversed(session))


@pytest.mark.parametrize("first", ["client", "backend"])
def test_a_side_that_has_ended_still_receives(peers, first):
    early, late = ordered(peers.session(), first)
    question = send_stream(early, 1)
    end_writing(early)
    assert receive_stream(late) == question
    assert peers.forwarder.value("active_connections") == 1

    answer = send_stream(late, 1)
    end_writing(late)
    assert receive_stream(early) == answer
    wait_until(lambda: peers.forwarder.value("active_connections") == 0)
    assert peers.forwarder.errors() == {}


def test_netcat_ends_first_and_gets_the_whole_answer():
    text = b"".join(b"line %d\n" % number for number in range(200_000))
    with Backend("echo", ("127.0.0.1", free_port())) as backend, Forwarder(backend.names) as forwarder:
        host, port = forwarder.address
        result = subprocess.run(
            [program("nc"), "-N", host, str(port)], input=text, stdout=subprocess.PIPE, check=True, timeout=30)
        assert result.stdout == text
        assert forwarder.errors() == {}


@pytest.mark.parametrize("first", ["client", "backend"])
def test_a_reset_arrives_as_a_reset(peers, first):
    early, late = ordered(peers.session(), first)
    reset(early)
    with pytest.raises(ConnectionResetError):
        receive(late, 1)
    wait_until(lambda: peers.forwarder.errors() == {"relay_reset": 1})


@pytest.mark.parametrize("first", ["client", "backend"])
def test_what_was_sent_before_a_reset_reaches_a_slow_reader(peers, first):
    early, late = ordered(peers.session(), first)
    size = 400_000  # more than the reader's kernel takes, less than the forwarder's does
    early.sendall(bytes(size))
    wait_until(lambda: unacknowledged(early) == 0)
    reset(early)
    wait_until(lambda: peers.forwarder.value("bytes_transferred_total") == len(TOKEN) + size)

    assert len(receive(late, size)) == size
    with pytest.raises(ConnectionResetError):
        receive(late, 1)
    wait_until(lambda: peers.forwarder.errors() == {"relay_reset": 1})


def test_a_stream_cut_by_the_idle_timeout_does_not_look_complete():
    with Peers({"server": {"idle_timeout": "1s"}}) as peers:
        client, backend = peers.session()
        backend.settimeout(0.2)
        with pytest.raises(TimeoutError):
            while True:
                backend.sendall(bytes(1 << 20))  # until nothing more fits between the two
        wait_until(lambda: peers.forwarder.value("active_connections") == 0)
        with pytest.raises(ConnectionResetError):
            while client.recv(1 << 20):
                pass
        assert peers.forwarder.errors() == {"idle_timeout": 1}


@pytest.mark.parametrize("first", ["client", "backend"])
def test_urgent_data_is_kept_in_its_place_and_holds_nothing_up(peers, first):
    early, late = ordered(peers.session(), first)
    early.sendall(b"abc")
    early.send(b"!", socket.MSG_OOB)
    early.sendall(b"def")
    assert receive(late, 7) == b"abc!def"
    early.sendall(b"ghi")
    assert receive(late, 3) == b"ghi"


def test_an_idle_session_is_closed_and_a_busy_one_is_not():
    with Peers({"server": {"idle_timeout": "1s"}}) as peers:
        started = time.monotonic()
        idle, _ = peers.session()
        busy, busy_backend = peers.session()

        def idle_has_ended():
            busy.sendall(b"x")
            assert receive(busy_backend, 1) == b"x"
            return peers.forwarder.value("active_connections") == 1

        wait_until(idle_has_ended, interval=0.1)
        assert time.monotonic() - started > 0.99
        assert idle.recv(1) == b""
        assert peers.forwarder.errors() == {"idle_timeout": 1}


@pytest.mark.parametrize("first", ["client", "backend"])
def test_a_half_closed_session_without_a_byte_is_closed(first):
    with Peers({"server": {"half_close_timeout": "1s"}}) as peers:
        early, late = ordered(peers.session(), first)
        peers.session()  # stays open both ways
        started = time.monotonic()
        end_writing(early)
        assert late.recv(1) == b""
        assert early.recv(1) == b""
        assert time.monotonic() - started > 0.99
        assert peers.forwarder.errors() == {"half_close_timeout": 1}
        wait_until(lambda: peers.forwarder.value("active_connections") == 1)
