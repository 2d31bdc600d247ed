"""Backends that speak TLS: who is let in, and what a client gets of it."""

import collections
import contextlib
import hashlib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from certificates import NAME, Authority, identity, trusting
from clients import exchange, is_reset, new_client_is_reset
from forwarder import Forwarder, merged, receive, sanitized, wait_until
from peers import receive_stream, send_stream
from scripted import Scripted, echo

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@pytest.fixture(scope="module")
def config(authority):
    """A forwarder that trusts the authority and keeps a pool."""
    return {
        "logging": {"format": "json", "level": "debug"},
        "remotes": {
            "probing": {"interval": "500ms", "timeout": "500ms"},
            "selector": {"active_set_size": 1},
            "tls": trusting(authority),
        },
        "pools": {"strategy": {"type": "dynamic", "dynamic": {"min_size": 4}}},
    }


def tls_changes(**changes):
    return {"remotes": {"tls": changes}}


Handshake = collections.namedtuple("Handshake", "version protocol resumed")


class TlsBackend(Scripted):
    """`speak(sock)` is called after each handshake, also on the links of probes and those that wait."""

    def __init__(self, issued, speak=echo, version=None, client_authority=None, alpn=()):
        super().__init__(self._shake_hands)
        self._speak = speak
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(issued.certificate, issued.key)
        if version:
            self._context.minimum_version = self._context.maximum_version = VERSIONS[version]
        if client_authority:
            self._context.load_verify_locations(client_authority.certificate)
            self._context.verify_mode = ssl.CERT_REQUIRED
        if alpn:
            self._context.set_alpn_protocols(alpn)
        self.handshakes = []

    def _shake_hands(self, sock):
        with self._context.wrap_socket(sock, server_side=True) as tls:
            self.handshakes.append(Handshake(tls.version(), tls.selected_alpn_protocol(), tls.session_reused))
            self._speak(tls)


@contextlib.contextmanager
def warm(backend, config):
    """A forwarder before the backend, with links that wait."""
    with backend, Forwarder([backend.name], config) as forwarder:
        wait_until(lambda: forwarder.value("pool_connections", state="idle") == 4, timeout=20)
        yield forwarder


def not_tls(sock):
    sock.sendall(b"220 mail.example.net ESMTP\r\n")
    sock.recv(65536)


@pytest.fixture(scope="module")
def liars(directory, authority, good):
    """{kind: (backend, the reason that is told)}"""
    other = Authority(directory / "other")
    return {
        "expired": (lambda speak: TlsBackend(authority.server(NAME, expired=True), speak), "tls_expired"),
        "name": (lambda speak: TlsBackend(authority.server("other.test"), speak), "tls_name"),
        "unknown CA": (lambda speak: TlsBackend(other.server(NAME), speak), "tls_unknown_ca"),
        "purpose": (lambda speak: TlsBackend(authority.client(NAME), speak), "tls_certificate"),
        "silent": (lambda speak: Scripted(lambda sock: sock.recv(65536) and sock.recv(1)), "tls_timeout"),
        "not TLS": (lambda speak: Scripted(not_tls), "tls_protocol"),
        "wants a certificate": (
            lambda speak: TlsBackend(good, speak, version="1.2", client_authority=authority), "tls_refused"),
    }


@pytest.mark.parametrize(
    "kind", ["expired", "name", "unknown CA", "purpose", "silent", "not TLS", "wants a certificate"])
def test_a_backend_that_is_not_what_it_should_be_gets_no_byte_of_a_client(liars, config, kind):
    decrypted = []
    backend, reason = liars[kind]
    quick = merged(config, tls_changes(handshake_timeout="300ms")) if kind == "silent" else config
    with backend(lambda sock: decrypted.append(sock.recv(100))) as server:
        with Forwarder([server.name], quick, ready=False) as forwarder:
            wait_until_it_answers(forwarder)
            wait_until(lambda: probe_failures(forwarder).get(reason, 0) >= 2)
            with contextlib.suppress(ConnectionError), forwarder.connect() as sock:
                sock.sendall(b"secret")
                assert is_reset(sock)
            wait_until(lambda: forwarder.value("errors_total", kind="dial_tls") >= 1)
            assert set(forwarder.errors()) == {"dial_tls"}
            assert set(probe_failures(forwarder)) == {reason}
            told = forwarder.events("probe failed") + forwarder.events("dial failed")
            assert {event["reason"] for event in told} == {reason}
            assert forwarder.get("/readyz")[0] == 503
            assert forwarder.value("pool_opened_total") == 0
    assert b"".join(decrypted) == b""


def wait_until_it_answers(forwarder):
    def answers():
        with contextlib.suppress(ConnectionRefusedError):
            return forwarder.get("/healthz")[0] == 200

    wait_until(answers)


def probe_failures(forwarder):
    return {dict(labels)["reason"]: count for (name, labels), count in forwarder.metrics().items()
            if name.endswith("server_probe_failure_total") and count}


def test_a_client_certificate_that_is_missed_after_the_handshake_costs_the_client_a_reset(authority, good, config):
    """With TLS 1.3 the refusal comes when the forwarder has done its part."""
    decrypted = []
    backend = TlsBackend(good, lambda sock: decrypted.append(sock.recv(100)), "1.3", client_authority=authority)
    with backend, Forwarder([backend.name], config) as forwarder:
        wait_until(lambda: forwarder.value("pool_stale_total", reason="reset"))
        assert new_client_is_reset(forwarder)
    assert decrypted == []


def test_no_verification_is_possible_and_warned_of(directory, config):
    stranger = Authority(directory / "stranger").server("other.test")
    with warm(TlsBackend(stranger), merged(config, tls_changes(verify=False, ca_file=""))) as forwarder:
        with forwarder.connect() as sock:
            assert exchange(sock)
        assert "the backends are not verified" in forwarder.log()


def test_without_a_name_the_address_is_verified(authority, config):
    with warm(TlsBackend(authority.server("127.0.0.1")), merged(config, tls_changes(server_name=""))) as forwarder:
        with forwarder.connect() as sock:
            assert exchange(sock)


@pytest.mark.parametrize("version", VERSIONS)
def test_both_sides_show_certificates_and_agree_on_a_protocol(authority, good, config, version):
    mine = authority.client("forwarder")
    backend = TlsBackend(good, version=version, client_authority=authority, alpn=["h2", "first"])
    ours = tls_changes(**identity(mine), alpn=["first", "second"])
    with warm(backend, merged(config, ours)) as forwarder, forwarder.connect() as sock:
        assert exchange(sock)
        assert {handshake[:2] for handshake in backend.handshakes} == {(f"TLSv{version}", "first")}
        assert forwarder.value("first_link_seconds_count", source="pool") == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_links_resume_the_sessions_of_earlier_ones(good, config, version):
    backend = TlsBackend(good, version=version)
    without_probes = {"remotes": {"probing": {"interval": "1h"}}, "server": {"workers": 1}}
    with warm(backend, merged(config, without_probes)) as forwarder:
        filled = len(backend.handshakes)
        for count in range(1, 11):
            with forwarder.connect() as sock:
                assert exchange(sock)
            wait_until(lambda least=filled + count: len(backend.handshakes) >= least)
        assert all(handshake.resumed for handshake in backend.handshakes[filled:])


def test_a_half_close_goes_through_tls_1_3(good, config):
    def digest(sock):
        whole = b""
        while part := sock.recv(65536):
            whole += part
        sock.sendall(hashlib.sha256(whole).digest())
        sock.unwrap()

    with warm(TlsBackend(good, digest, "1.3"), config) as forwarder:
        for size in (0, 1, 200_000):
            with forwarder.connect() as sock:
                sock.sendall(data := b"x" * size)
                sock.shutdown(socket.SHUT_WR)
                assert receive(sock, 33) == hashlib.sha256(data).digest()


def test_with_tls_1_2_the_end_of_the_client_waits_for_that_of_the_backend(good, config):
    ended_early = []

    def answer(sock):
        if receive(sock, 5) != b"hello":
            return
        sock.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            ended_early.append(sock.recv(1))
        sock.sendall(b"goodbye")
        sock.unwrap()

    with warm(TlsBackend(good, answer, "1.2"), config) as forwarder, forwarder.connect() as sock:
        sock.sendall(b"hello")
        sock.shutdown(socket.SHUT_WR)
        assert receive(sock, 8) == b"goodbye"
        assert ended_early == []


def test_with_tls_1_2_a_backend_that_waits_for_the_end_of_the_client_is_told_in_the_end(good, config):
    with warm(TlsBackend(good, version="1.2"), config) as forwarder:
        with forwarder.connect() as sock:
            sock.sendall(b"hello")
            assert receive(sock, 5) == b"hello"
        wait_until(lambda: forwarder.value("active_connections") == 0, timeout=20)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_end_without_close_notify_is_a_reset_for_the_client(good, config, version):
    def cut_short(sock):
        sock.sendall(sock.recv(100))  # and the socket is closed without a word of TLS

    with warm(TlsBackend(good, cut_short, version), config) as forwarder, forwarder.connect() as sock:
        assert exchange(sock)
        assert is_reset(sock)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_hundred_megabytes_go_whole_both_ways(good, config, version):
    pieces = 10 if sanitized() else 100
    with warm(TlsBackend(good, version=version), config) as forwarder, forwarder.connect(timeout=60) as sock:
        with ThreadPoolExecutor(1) as thread:
            sent = thread.submit(send_stream, sock, pieces)
            assert receive_stream(sock, pieces << 20) == sent.result()
