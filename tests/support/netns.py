"""Two network namespaces joined by a wire: Network, whose delay and losses a test decides, or Veth, which is plain
and fast.

    with Network(backends=3) as net:
        net.set_delay(net.backends[0], 50)                  # milliseconds, each way
        server = net.start(net.far, ["python3", ...])       # a process on the backends' side
        sock = net.connect((net.backends[0], 8080))         # from the client's side

The near side is 10.77.0.1, the far side 10.77.1.1, 10.77.1.2, ... Leaving the block ends the processes that were
started here and removes the namespaces. Both need root and iproute2, Network the tun_relay binary too.
"""

import contextlib
import ctypes
import itertools
import os
import pathlib
import socket
import subprocess
import sys

_CLONE_NEWNET = 0x40000000
_PREFIX = "fwdtest"
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


def relay_binary():
    """The relay: from TUN_RELAY, or where the build puts it next to the binary under test; None if there is none."""
    path = os.environ.get("TUN_RELAY")
    if not path and os.environ.get("TCP_FORWARDER"):
        path = pathlib.Path(os.environ["TCP_FORWARDER"]).parent / "tests" / "tun_relay"
    return str(path) if path and os.access(path, os.X_OK) else None


def veth_unavailable():
    """Why Veth cannot be used here; None when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    return None


def unavailable():
    """Why Network cannot be used here; None when it can."""
    if reason := veth_unavailable():
        return reason
    if not os.path.exists("/dev/net/tun"):
        return "/dev/net/tun is missing"
    if not relay_binary():
        return "tun_relay is not built: set TUN_RELAY or TCP_FORWARDER"
    return None


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=20)


def _enter(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def inside(namespace):
    """This thread is in the namespace (None: stays where it is). Sockets made here belong to it for life."""
    if namespace is None:
        yield
        return
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def stay_inside(namespace):
    """This thread is in the namespace from now on."""
    with open(f"/run/netns/{namespace}") as there:
        _enter(there.fileno())


def command_inside(namespace, argv):
    """The command that runs argv in the namespace; its process is argv's own, so signals reach it."""
    return ["ip", "netns", "exec", namespace, *argv] if namespace else list(argv)


def namespaces():
    """The names of all namespaces made by this module, by any process."""
    directory = pathlib.Path("/run/netns")
    return sorted(path.name for path in directory.glob(f"{_PREFIX}-*")) if directory.exists() else []


def _remove_abandoned():
    """Removes what a killed test run left behind."""
    for name in namespaces():
        if not os.path.exists(f"/proc/{name.split('-')[1]}"):
            _ip("netns", "del", name)


class _Namespaces:
    """What both have in common: a wire says how it joins the two sides."""

    near_address = "10.77.0.1"
    _interface = None

    def __init__(self, backends=1):
        label = f"{_PREFIX}-{os.getpid()}-{next(_numbers)}"
        self.near = f"{label}-near"
        self.far = f"{label}-far"
        self.backends = [f"10.77.1.{number + 1}" for number in range(backends)]
        self._stack = contextlib.ExitStack()

    def _join(self, stack):
        """Makes the interface on both sides."""
        raise NotImplementedError

    def __enter__(self):
        _remove_abandoned()
        with contextlib.ExitStack() as stack:
            for namespace in (self.near, self.far):
                _ip("netns", "add", namespace)
                stack.callback(_ip, "netns", "del", namespace)
                _ip("-n", namespace, "link", "set", "lo", "up")
            self._join(stack)
            self._plug(self.near, [self.near_address])
            self._plug(self.far, self.backends)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        return self._stack.__exit__(*exception)

    def _plug(self, namespace, addresses):
        for address in addresses:
            _ip("-n", namespace, "addr", "add", f"{address}/16", "dev", self._interface)
        _ip("-n", namespace, "link", "set", self._interface, "up")

    def connect(self, address, timeout=10):
        """A TCP connection from the near side."""
        with inside(self.near):
            return socket.create_connection(address, timeout=timeout)

    def run(self, namespace, argv, **options):
        """Runs a command to its end; returns what subprocess.run does."""
        options = {"check": True, "capture_output": True, "text": True, "timeout": 30} | options
        return subprocess.run(command_inside(namespace, argv), **options)

    def start(self, namespace, argv, **options):
        """Starts a process that ends with this network, if not before."""
        process = subprocess.Popen(command_inside(namespace, argv), **options)
        self._stack.callback(_end, process)
        return process


class Veth(_Namespaces):
    _interface = "veth0"

    def _join(self, stack):
        _ip("link", "add", self._interface, "netns", self.near, "type", "veth",
            "peer", "name", self._interface, "netns", self.far)


class Network(_Namespaces):
    _interface = "relay0"  # the name that tun_relay gives it

    def _join(self, stack):
        self._relay = subprocess.Popen(
            [relay_binary(), self.near, self.far], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        stack.callback(_end, self._relay)
        if self._relay.stdout.readline() != "ready\n":
            raise RuntimeError("tun_relay did not start; its reason is on stderr")

    def _command(self, *words):
        self._relay.stdin.write(" ".join(str(word) for word in words) + "\n")
        answer = self._relay.stdout.readline().strip()
        if answer != "ok":
            raise RuntimeError(f"tun_relay: {answer or 'it has ended'}")

    def set_delay(self, address, milliseconds):
        """Delays every packet to and from a far address (None: all without a delay of their own), each way."""
        self._command("delay", *([address] if address else []), milliseconds)

    def alternate(self, address, first, second):
        """Connections to the address are delayed by the first and the second time in turn, each for its life."""
        self._command("alternate", address, first, second)

    def drop(self, address, on=True):
        """Makes the address a black hole, or mends it."""
        self._command("drop", address, "on" if on else "off")

    def set_loss(self, address, percent):
        self._command("loss", address, percent)


def _end(process):
    process.kill()
    with process:  # closes its pipes and waits
        pass
