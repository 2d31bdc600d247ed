"""Clients of a forwarder: single ones, and a crowd that is too large for the process of the test.

    with Crowd(forwarder.address) as crowd:
        crowd.open(300)
        wait_until(lambda: crowd.served() == 300)
        assert crowd.exchange() == 300
"""

import asyncio
import collections
import contextlib
import itertools
import json
import os
import resource
import socket
import subprocess
import sys

from forwarder import receive


def exchange(sock, data=b"ping"):
    """Whether an echo server behind the connection gives the data back."""
    sock.sendall(data)
    return receive(sock, len(data)) == data


def read_line(sock):
    line = bytearray()
    while not line.endswith(b"\n") and (byte := sock.recv(1)):
        line += byte
    return line.decode().rstrip("\n")


def served_by(forwarder, source=None):
    """The name of the greeting server that a new client gets."""
    with forwarder.connect(source=source) as sock:
        return read_line(sock)


def is_reset(sock):
    """Whether the peer has ended the connection by a reset, rather than orderly."""
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        return True
    return False


def new_client_is_reset(forwarder):
    """As is_reset; the reset may be there before connect has returned."""
    try:
        with forwarder.connect() as sock:
            return is_reset(sock)
    except ConnectionResetError:
        return True


class Crowd:
    """Clients of an echo service, in a process of their own. They come from several loopback addresses in turn;
    each sends something of its own when it comes, is served once it has that back, and then stays."""

    def __init__(self, address, sources=("127.0.0.1", "127.0.0.2", "127.0.0.3")):
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps([address, sources])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def _ask(self, *words):
        self._process.stdin.write(json.dumps(words) + "\n")
        return json.loads(self._process.stdout.readline())

    def open(self, count):
        """So many more begin to connect; does not wait for them."""
        self._ask("open", count)

    def served(self):
        """How many have been served since the beginning."""
        return self._ask("served")

    def failures(self):
        """What went wrong, as text, for each client that saw an error or the end."""
        return self._ask("failures")

    def exchange(self):
        """Each client that is here and served sends something new; how many got it back."""
        return self._ask("exchange")

    def close(self, count):
        """So many of those that are served leave, the longest served first."""
        self._ask("close", count)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._process.kill()
        with self._process:
            pass


class _CrowdProcess:
    def __init__(self, address, sources):
        self._address = tuple(address)
        self._sources = itertools.cycle(sources)
        self._present = collections.deque()
        self._failures = []
        self._served = 0
        self._tasks = set()

    async def serve(self):
        loop = asyncio.get_running_loop()
        commands = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        while line := await commands.readline():
            name, *arguments = json.loads(line)
            print(json.dumps(await getattr(self, name)(*arguments)), flush=True)

    async def open(self, count):
        for _ in range(count):
            task = asyncio.create_task(self._client(next(self._sources)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _client(self, source):
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        sock.bind((source, 0))
        with self._noting_failure():
            await asyncio.get_running_loop().sock_connect(sock, self._address)
            await self._echo(sock)
            self._served += 1
            self._present.append(sock)

    @contextlib.contextmanager
    def _noting_failure(self):
        try:
            yield
        except (OSError, EOFError) as error:
            self._failures.append(repr(error))

    @staticmethod
    async def _echo(sock):
        loop = asyncio.get_running_loop()
        data = os.urandom(16)
        await loop.sock_sendall(sock, data)
        received = b""
        while len(received) < len(data):
            part = await loop.sock_recv(sock, 64)
            if not part:
                raise EOFError("the connection was ended")
            received += part
        if received != data:
            raise OSError("got what was not sent")

    async def served(self):
        return self._served

    async def failures(self):
        return self._failures

    async def exchange(self):
        async def one(sock):
            with self._noting_failure():
                await asyncio.wait_for(self._echo(sock), 20)
                return True

        return sum(filter(None, await asyncio.gather(*map(one, self._present))))

    async def close(self, count):
        for _ in range(count):
            self._present.popleft().close()


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(_CrowdProcess(*json.loads(sys.argv[1])).serve())
