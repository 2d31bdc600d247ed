"""What keeps a process from starting, and with which exit code it says so."""

import contextlib
import socket
import subprocess
import time

import pytest

from backends import Backend
from clients import exchange
from forwarder import Forwarder, binary, free_port, wait_until


@pytest.fixture(scope="module")
def backend():
    with Backend("echo", ("127.0.0.1", free_port())) as backend:
        yield backend


@contextlib.contextmanager
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield "{}:{}".format(*server.getsockname())


def end_of(forwarder):
    """Starts a process that cannot run; returns its exit code and what it said."""
    with forwarder:
        return forwarder.wait(10), forwarder.log()


@pytest.mark.parametrize("section", ["server", "metrics"])
def test_a_taken_port_ends_the_start_with_1(backend, section):
    with taken_port() as address:
        code, said = end_of(Forwarder([backend.name], {section: {"listen_addr": address}}, ready=False))
    assert code == 1
    assert address in said and "in use" in said.lower()


def test_a_source_address_of_another_machine_ends_with_2(backend):
    config = {"remotes": {"source_addrs": ["127.0.0.1", "203.0.113.7"]}}
    code, said = end_of(Forwarder([backend.name], config, ready=False))
    assert code == 2
    assert "remotes.source_addrs" in said and "203.0.113.7" in said


def test_a_candidate_that_cannot_be_reached_from_here_does_not_end_the_first_pass():
    with Backend("echo", ("::1", free_port("::1"))) as backend, \
            Forwarder(["255.255.255.255:80", backend.name]) as forwarder, forwarder.connect() as client:
        assert exchange(client)
        assert forwarder.value("selector_decisions_total", reason="initial") == 1
        assert forwarder.value("selector_decisions_total", reason="panic") == 0


def test_a_second_instance_fails_at_once_and_the_first_goes_on(backend):
    with Forwarder([backend.name], {"server": {"workers": 2}}) as first:
        address = "{}:{}".format(*first.address)
        began = time.monotonic()
        code, said = end_of(Forwarder(
            [backend.name], {"server": {"listen_addr": address, "workers": 2}}, ready=False))
        assert (code, address in said) == (1, True)
        assert time.monotonic() - began < 3
        with first.connect() as sock:
            assert exchange(sock)


def test_a_descriptor_limit_without_room_for_a_connection_ends_with_1(backend):
    code, said = end_of(Forwarder([backend.name], max_files=150, ready=False))
    assert code == 1
    assert "150" in said and "ulimit" in said


@pytest.mark.parametrize("arguments, environment, words", [
    (["--frobnicate"], {}, "--frobnicate"),
    (["--log-level", "loud"], {}, "loud"),
    (["frobnicate"], {}, "frobnicate"),
    ([], {"TCP_FORWARDER_LOG": "selectr=debug"}, "selectr"),
])
def test_bad_usage_ends_with_2_and_names_what_is_wrong(backend, arguments, environment, words):
    code, said = end_of(Forwarder([backend.name], arguments=arguments, environment=environment, ready=False))
    assert code == 2
    assert words in said


def test_a_bad_configuration_ends_with_2_and_tells_every_fault(backend):
    config = {"server": {"bcklog": 1, "idle_timeout": 5}, "pools": {"algorithm": "fastest"}}
    code, said = end_of(Forwarder([backend.name], config, ready=False))
    assert code == 2
    for words in ("server.bcklog", "backlog", "server.idle_timeout", "pools.algorithm", "least_connections"):
        assert words in said


@pytest.mark.parametrize("entries", [[], ["# nothing but a comment", ""], ["not an address"]])
def test_a_list_without_a_valid_entry_ends_with_2(entries):
    code, said = end_of(Forwarder(entries, ready=False))
    assert code == 2
    assert "ip_list.txt" in said and "at least one" in said


def test_a_missing_list_or_configuration_ends_with_2(backend):
    without_list = Forwarder([backend.name], ready=False)
    without_list.list_path.unlink()
    without_config = Forwarder([backend.name], ready=False)
    without_config.config_path.unlink()
    for forwarder, path in (without_list, "ip_list.txt"), (without_config, "config.yaml"):
        code, said = end_of(forwarder)
        assert (code, path in said) == (2, True)


def test_one_bad_line_of_the_list_is_only_a_warning(backend):
    with Forwarder(["300.1.1.1:80", backend.name]) as forwarder:
        wait_until(lambda: "ip_list.txt:1:" in forwarder.log())
        assert forwarder.value("candidates") == 1


def test_version_and_help_end_with_0():
    for flag, word in ("--version", "tcp-forwarder 0."), ("-V", "tcp-forwarder 0."), ("--help", "--log-level"):
        done = subprocess.run([binary(), flag], capture_output=True, text=True, timeout=10)
        assert (done.returncode, word in done.stdout) == (0, True)
