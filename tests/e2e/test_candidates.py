"""Where candidates come from: the list and its changes, host names, ranges; and from where they are dialled."""

import collections
import contextlib
import socket
import socketserver
import threading
import time

import pytest

from backends import Backend
from clients import exchange, read_line, served_by
from forwarder import Forwarder, free_port, sanitized, wait_until

WATCHED = {
    "logging": {"format": "json"},
    "remotes": {
        "provider": {"file": {"watch": True}},
        "probing": {"interval": "300ms", "timeout": "300ms"},
    },
}


@pytest.fixture
def backends():
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Backend("greeting", ("127.0.0.1", free_port()))) for _ in range(2)]


def members(forwarder, *backends):
    return [forwarder.value("server_active", backend=backend.name) for backend in backends]


def test_a_changed_list_adds_and_removes_and_cuts_nobody(backends):
    old, new = backends
    with Forwarder([old.name], WATCHED) as forwarder, forwarder.connect() as sock:
        assert read_line(sock) == old.name

        forwarder.write_list([old.name, new.name])
        wait_until(lambda: members(forwarder, old, new) == [1, 1])
        assert forwarder.value("candidates") == 2
        wait_until(lambda: served_by(forwarder) == new.name)

        forwarder.write_list([f"{new.name}  # alone now"])
        wait_until(lambda: forwarder.value("candidates") == forwarder.value("active_set_size") == 1)
        assert {served_by(forwarder) for _ in range(5)} == {new.name}
        assert exchange(sock)
        assert forwarder.value("lb_backend_connections", backend=old.name) == 1
        sock.close()
        wait_until(lambda: members(forwarder, old) == [None])  # its series go with its last session

        reasons = [change["reason"] for change in forwarder.events("active set changed")]
        assert reasons == ["initial", "filled", "member_left"]


def test_a_list_replaced_by_a_rename_is_seen(backends):
    old, new = backends
    with Forwarder([old.name], WATCHED) as forwarder:
        replacement = forwarder.directory / "new_list"
        replacement.write_text(new.name)
        replacement.rename(forwarder.list_path)
        wait_until(lambda: members(forwarder, new) == [1])
        wait_until(lambda: served_by(forwarder) == new.name)


@pytest.mark.parametrize("content", ["", "not an address\n"])
def test_a_list_that_became_useless_is_not_used(backends, content):
    with Forwarder([backends[0].name], WATCHED) as forwarder:
        forwarder.list_path.write_text(content)
        warning = wait_until(lambda: forwarder.events("the changed list is not used"))[0]
        assert warning["level"] == "warn" and "ip_list.txt" in warning["detail"]
        assert served_by(forwarder) == backends[0].name

        forwarder.write_list([backends[1].name])
        wait_until(lambda: served_by(forwarder) == backends[1].name)


def test_a_host_name_stands_for_its_addresses():
    with Backend("greeting", ("127.0.0.1", free_port())) as backend:
        port = backend.addresses[0][1]
        with Forwarder([f"localhost:{port}"]) as forwarder:
            assert served_by(forwarder) == backend.name
            known = {address[4][0] for address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
            assert forwarder.value("candidates") == len(known)
            assert forwarder.value("server_active", backend=backend.name) == 1


def test_a_name_that_does_not_resolve_is_a_warning(backends):
    with Forwarder(["no-such-host.invalid:80", backends[0].name], {"logging": {"format": "json"}}) as forwarder:
        assert served_by(forwarder) == backends[0].name
        message = "a host name was not resolved; its last addresses stay"
        assert wait_until(lambda: forwarder.events(message))[0]["detail"] == "no-such-host.invalid"


def test_entries_that_mean_the_same_are_one_candidate(backends):
    name = backends[0].name
    _, port = backends[0].addresses[0]
    entries = [name, f"127.0.0.1/32:{port}", "127.0.0.1  # the default port", name]
    with Forwarder(entries, {"remotes": {"default_remote_port": port}}) as forwarder:
        assert forwarder.value("candidates") == 1
        assert served_by(forwarder) == name


class PeerServer(socketserver.ThreadingTCPServer):
    """Says the address that it is reached from, and remembers it."""

    daemon_threads = True

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.server.peers[self.client_address[0]] += 1
            with contextlib.suppress(OSError):  # a probe does not read
                self.wfile.write(f"{self.client_address[0]}\n".encode())

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.peers = collections.Counter()
        self.thread = threading.Thread(target=self.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.shutdown()
        self.thread.join()
        self.server_close()


def test_source_addresses_take_turns():
    sources = ["127.0.0.7", "127.0.0.8"]
    with PeerServer() as server:
        entry = "{}:{}".format(*server.server_address)
        config = {"server": {"workers": 1}, "remotes": {"source_addrs": ["::1", *sources]}}
        with Forwarder([entry], config) as forwarder:
            served = [served_by(forwarder) for _ in range(6)]
        assert set(served) == set(sources)
        assert served[:2] * 3 == served
        assert set(server.peers) <= set(sources)  # probes too


def test_a_huge_range_is_sampled_and_starts_at_once():
    port = free_port()
    with Backend("greeting", ("0.0.0.0", port)):
        config = {"logging": {"format": "json"}}
        began = time.monotonic()
        with Forwarder([f"127.0.0.0/8:{port}"], config) as forwarder:
            took = time.monotonic() - began
            message = "the list stands for more addresses than max_candidates; sampled evenly"
            (said,) = wait_until(lambda: forwarder.events(message))
            assert (said["level"], said["addresses"], said["kept"]) == ("warn", 2**24 - 2, 4096)
            assert forwarder.value("candidates") == 4096
            wait_until(lambda: forwarder.value("health_checks_total", result="success") >= 4096, 30)
            series = {key for key in forwarder.metrics() if key[0] == "tcp_forwarder_server_score"}
            assert len(series) == 200
            assert served_by(forwarder).endswith(f":{port}")
            if not sanitized():
                assert took < 1
                assert forwarder.resident_bytes() < 50_000_000
