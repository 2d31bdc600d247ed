"""TCP servers to forward to, each in a process of its own, so that it can be killed and come back.

    with Backend("http", ("127.0.0.1", 8080)) as backend:
        backend.kill()          # SIGKILL: the kernel resets or closes what was open
        backend.restart()       # the same addresses again

One process may listen on several addresses. A server's name is the address that it was reached at, "ip:port". Kinds:

    echo      sends back what it gets; ends when the client has ended
    greeting  speaks first: its name and a newline; then as echo
    http      answers each request that has no body with 200 and its name; keeps the connection open
    hold      accepts, then neither reads nor writes
    reset     accepts, and resets the connection at the first byte

"KIND:NUMBER" is one with a limit on connections on which nothing has come yet:

    impatient:3  as echo; closes them after so many seconds, or with 1-4 after a time in between
    crowded:10   as greeting; closes those at once that are more than so many
"""

import asyncio
import contextlib
import random
import resource
import signal
import socket
import struct
import subprocess
import sys

from netns import command_inside


class Backend:
    def __init__(self, kind, *addresses, namespace=None):
        self.kind = kind
        self.addresses = addresses
        self.namespace = namespace
        self.process = None
        self.restart()

    @property
    def names(self):
        return [name_of(address) for address in self.addresses]

    @property
    def name(self):
        return self.names[0]

    def restart(self):
        """Starts the server, after ending the one that runs; returns when it listens."""
        self.kill()
        argv = [sys.executable, __file__, self.kind, *(f"{host},{port}" for host, port in self.addresses)]
        self.process = subprocess.Popen(
            command_inside(self.namespace, argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            self.kill()
            raise RuntimeError(f"the {self.kind} backend on {', '.join(self.names)} did not start")

    def kill(self):
        """Ends it at once, as a crash would. Nothing happens when it has ended already."""
        if self.process:
            self.process.kill()
            with self.process:
                pass
            self.process = None

    def pause(self):
        """Stops the process but not its kernel: connections are still accepted into the queue, nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close_listener(self):
        """It lives and serves whom it knows, but the kernel refuses everybody new."""
        self._obey(signal.SIGUSR1)

    def reset_all(self):
        """Resets every connection; the kernel refuses everybody new."""
        self._obey(signal.SIGUSR2)

    def _obey(self, number):
        self.process.send_signal(number)
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError(f"the {self.kind} backend has ended")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.kill()


def name_of(address):
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _impatient(reader, writer, *bounds):
    seconds = random.uniform(bounds[0], bounds[-1])
    with contextlib.suppress(asyncio.TimeoutError):
        writer.write(await asyncio.wait_for(reader.read(65536), seconds))
        await _echo(reader, writer)


_unspoken = set()


async def _crowded(reader, writer, most):
    if len(_unspoken) >= most:
        return
    _unspoken.add(writer)
    try:
        writer.write(f"{_own_name(writer)}\n".encode())
        writer.write(await reader.read(65536))
    finally:
        _unspoken.discard(writer)
    await _echo(reader, writer)


async def _greeting(reader, writer):
    writer.write(f"{_own_name(writer)}\n".encode())
    await _echo(reader, writer)


async def _http(reader, writer):
    body = f"{_own_name(writer)}\n".encode()
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()


async def _hold(_reader, writer):
    writer.transport.pause_reading()
    await asyncio.Event().wait()


async def _reset(reader, writer):
    await reader.read(1)
    _abort(writer)


def _abort(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


_KINDS = {"echo": _echo, "greeting": _greeting, "http": _http, "hold": _hold, "reset": _reset,
          "impatient": _impatient, "crowded": _crowded}


def _own_name(writer):
    return name_of(writer.get_extra_info("sockname"))


async def _serve(kind, addresses):
    name, _, number = kind.partition(":")
    limits = [float(limit) for limit in number.split("-")] if number else []
    sessions = set()

    async def session(reader, writer):
        sessions.add(writer)
        try:
            await _KINDS[name](reader, writer, *limits)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            sessions.discard(writer)
            writer.close()

    def close_listeners():
        for server in servers:
            server.close()

    def reset_all():
        close_listeners()
        for writer in sessions:
            _abort(writer)

    def obey(number, action):
        def act():
            action()
            asyncio.get_running_loop().call_later(0.01, print, "done")  # an aborted one is closed a moment later
        asyncio.get_running_loop().add_signal_handler(number, act)

    servers = []
    for address in addresses:
        host, port = address.split(",")
        servers.append(await asyncio.start_server(session, host, int(port), backlog=4096, limit=1 << 20))
    obey(signal.SIGUSR1, close_listeners)
    obey(signal.SIGUSR2, reset_all)
    print("ready")
    abandoned = asyncio.Event()  # the test holds the other end of stdin
    asyncio.get_running_loop().add_reader(sys.stdin, abandoned.set)
    await abandoned.wait()


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    sys.stdout.reconfigure(line_buffering=True)
    asyncio.run(_serve(sys.argv[1], sys.argv[2:]))
