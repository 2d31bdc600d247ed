"""Servers whose sessions a test writes itself; each connection is served on a thread of this process.

    def session(sock):
        sock.sendall(b"hello\\n")

    with Scripted(session) as backend, Forwarder([backend.name]) as forwarder:
        ...
"""

import contextlib
import socket
import threading

from backends import name_of
from netns import inside


class Scripted:
    """`session(sock)` is called for every connection, which is closed when it returns. That the peer went away, or
    that TLS failed, may end it; any other exception fails the test at the end of the block."""

    def __init__(self, session, host="127.0.0.1", namespace=None):
        self._session = session
        with inside(namespace):
            self._listener = socket.create_server(
                (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
        self.address = self._listener.getsockname()[:2]
        self.name = name_of(self.address)
        self.accepted = 0
        self._mistakes = []

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.accepted += 1
                sock.settimeout(30)
                threading.Thread(target=self._serve, args=[sock], daemon=True).start()

    def _serve(self, sock):
        with sock:
            try:
                self._session(sock)
            except OSError:
                pass
            except Exception as mistake:  # pylint: disable=broad-exception-caught
                self._mistakes.append(mistake)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind, *_):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        if kind is None and self._mistakes:
            raise self._mistakes[0]


def echo(sock):
    while data := sock.recv(65536):
        sock.sendall(data)
