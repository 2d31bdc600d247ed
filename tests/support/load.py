"""A steady stream of new clients of greeting servers through a forwarder.

    with Load(forwarder) as load:
        wait_until(lambda: len(load.clients) > 100)
    assert load.errors() == []
"""

import collections
import threading
import time

from clients import exchange, read_line

# When it began to connect, which server has greeted it (None: none has), and what went wrong (None: nothing).
Client = collections.namedtuple("Client", "began server error")


class Load:
    """Each client has a thread of its own: it is greeted, sends something, has it back, and leaves. One that waits
    longer than `patience` seconds for anything fails."""

    def __init__(self, forwarder, per_second=120, patience=3):
        self._forwarder = forwarder
        self._pause = 1 / per_second
        self._patience = patience
        self._over = threading.Event()
        self._pacemaker = threading.Thread(target=self._run)
        self.clients = []

    def _run(self):
        due = time.monotonic()
        threads = []
        while not self._over.wait(max(0, due - time.monotonic())):
            due += self._pause
            threads.append(threading.Thread(target=self._client))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _client(self):
        began = time.monotonic()
        server = error = None
        try:
            with self._forwarder.connect(timeout=self._patience) as sock:
                server = read_line(sock) or None
                assert exchange(sock), "ended"
        except (OSError, AssertionError) as failure:
            error = repr(failure)
        self.clients.append(Client(began, server, error))

    def errors(self, since=0, before=float("inf")):
        """The clients that failed, of those that began in this time."""
        return [client for client in list(self.clients) if client.error and since <= client.began < before]

    def served(self, server, since=0):
        return sum(client.server == server and not client.error and client.began >= since
                   for client in list(self.clients))

    def __enter__(self):
        self._pacemaker.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self._pacemaker.join()
