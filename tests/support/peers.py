"""Both ends of a forwarded connection in the hands of a test, and streams whose wholeness can be checked.

    with Peers() as peers:
        client, backend = peers.session()      # connected through peers.forwarder
        sent = pool.submit(send_stream, client, 100)
        assert receive_stream(backend) == sent.result()
"""

import array
import contextlib
import fcntl
import math
import os
import select
import socket
import struct
import termios
import zlib

from backends import name_of
from forwarder import Forwarder, receive, wait_until

PIECE = 1 << 20
TOKEN = b"?"  # the first byte of a session


class Peers:
    """A listener, a forwarder before it, and any number of sessions; all ends are closed with the block."""

    def __init__(self, config=None):
        self._config = config or {}

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
            self.forwarder = stack.enter_context(Forwarder([name_of(self._listener.getsockname())], self._config))
            self._sockets = stack.enter_context(contextlib.ExitStack())
            self._silent = []  # accepted, and nothing came yet: idle links of a pool
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def session(self):
        """A new connection through the forwarder: (the client's end, the backend's end). Only one byte has been sent,
        from the client to the backend; it has arrived, and is in the metrics."""
        before = self._upstream_bytes()
        client = self._sockets.enter_context(self.forwarder.connect())
        client.sendall(TOKEN)
        backend = self._spoken_to()
        wait_until(lambda: self._upstream_bytes() > before)
        return client, backend

    def _upstream_bytes(self):
        return self.forwarder.value("bytes_transferred_total", direction="upstream")

    def _spoken_to(self):
        """The backend's end of a connection on which the token has come. Probes and idle links send nothing."""
        while True:
            ready, _, _ = select.select([self._listener, *self._silent], [], [], 10)
            assert ready, "the client's first byte did not reach the backend"
            for sock in ready:
                if sock is self._listener:
                    self._silent.append(self._accept())
                    continue
                self._silent.remove(sock)
                with contextlib.suppress(ConnectionError):
                    if receive(sock, 1) == TOKEN:
                        return sock
                sock.close()

    def _accept(self):
        backend = self._sockets.enter_context(self._listener.accept()[0])
        backend.settimeout(10)
        return backend


def send_stream(sock, pieces):
    """Sends so many pieces, each of them different; returns (bytes, checksum). Does not end the stream."""
    piece = bytearray(os.urandom(PIECE))
    checksum = 0
    for number in range(pieces):
        piece[:8] = number.to_bytes(8, "big")
        sock.sendall(piece)
        checksum = zlib.crc32(piece, checksum)
    return pieces * PIECE, checksum


def receive_stream(sock, count=None):
    """Receives so many bytes (None: until the peer ends); returns (bytes, checksum)."""
    buffer = memoryview(bytearray(PIECE))
    remaining = math.inf if count is None else count
    received = checksum = 0
    while remaining > 0 and (size := sock.recv_into(buffer, min(PIECE, remaining))):
        remaining -= size
        received += size
        checksum = zlib.crc32(buffer[:size], checksum)
    return received, checksum


def reset(sock):
    """Closes by RST. What was sent and is not yet acknowledged is lost."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def unacknowledged(sock):
    """Bytes that were sent and that the peer's kernel does not have yet."""
    count = array.array("i", [0])
    fcntl.ioctl(sock, termios.TIOCOUTQ, count)
    return count[0]
