"""What it can listen on: TCP of both families, Unix sockets, several addresses, several services."""

import contextlib
import signal
import socket
import stat

import pytest

from backends import Backend
from clients import exchange, read_line
from forwarder import Forwarder, free_port, wait_until


@pytest.fixture(scope="module")
def backend():
    with Backend("greeting", ("127.0.0.1", free_port()), ("::1", free_port("::1"))) as backend:
        yield backend


def name_at(*address):
    with socket.create_connection(address, timeout=10) as sock:
        return read_line(sock)


def name_at_path(path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        name = read_line(sock)
        assert exchange(sock)
        return name


def listening(*addresses):
    return {"server": {"listen_addr": list(addresses), "workers": 2}}


def end_of(forwarder):
    with forwarder:
        return forwarder.wait(10), forwarder.log()


def test_a_bare_port_is_both_families(backend):
    port = free_port()
    with Forwarder([backend.name], listening(f":{port}")):
        assert name_at("127.0.0.1", port) == name_at("::1", port) == backend.name


def test_an_ipv6_address_is_that_family_alone(backend):
    port = free_port("::1")
    with Forwarder([backend.name], listening(f"[::1]:{port}")):
        assert name_at("::1", port) == backend.name
        with pytest.raises(ConnectionRefusedError):
            name_at("127.0.0.1", port)


def test_an_ipv6_backend(backend):
    name = backend.names[1]
    with Forwarder([name]) as forwarder:
        assert name_at(*forwarder.address) == name
        assert forwarder.value("server_active", backend=name) == 1


def test_several_addresses_of_every_kind(backend, tmp_path):
    ports = [free_port(), free_port()]
    path = tmp_path / "socket"
    addresses = [f"127.0.0.1:{ports[0]}", f"127.0.0.2:{ports[1]}", f"unix:{path}"]
    with Forwarder([backend.name], listening(*addresses)):
        assert name_at("127.0.0.1", ports[0]) == backend.name
        assert name_at("127.0.0.2", ports[1]) == backend.name
        assert name_at_path(path) == backend.name


def test_a_unix_socket_is_for_owner_and_group_and_goes_at_the_end(backend, tmp_path):
    path = tmp_path / "socket"
    with Forwarder([backend.name], listening(f"unix:{path}")) as forwarder:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert {name_at_path(path) for _ in range(10)} == {backend.name}
        assert forwarder.value("new_connections_total") == 10
    assert not path.exists()


def test_a_stale_unix_path_is_removed(backend, tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    with Forwarder([backend.name], listening(f"unix:{path}")):
        assert name_at_path(path) == backend.name


def test_a_live_unix_path_is_refused_and_left_alone(backend, tmp_path):
    path = tmp_path / "socket"
    with Forwarder([backend.name], listening(f"unix:{path}")):
        code, said = end_of(Forwarder([backend.name], listening(f"unix:{path}"), ready=False))
        assert code == 1
        assert str(path) in said and "in use" in said.lower()
        assert name_at_path(path) == backend.name


def test_a_draining_process_leaves_its_successors_unix_path_alone(backend, tmp_path):
    path = tmp_path / "socket"
    config = listening(f"unix:{path}")
    with Forwarder([backend.name], config) as first, socket.socket(socket.AF_UNIX) as held:
        held.connect(str(path))
        assert held.recv(1)
        first.signal(signal.SIGTERM)
        wait_until(lambda: first.get("/readyz")[0] == 503)
        with Forwarder([backend.name], config):
            held.close()
            assert first.wait(5) == 0
            assert name_at_path(path) == backend.name


def test_a_file_that_is_no_socket_is_refused_and_left_alone(backend, tmp_path):
    path = tmp_path / "file"
    path.write_text("precious")
    code, said = end_of(Forwarder([backend.name], listening(f"unix:{path}"), ready=False))
    assert code == 1
    assert str(path) in said
    assert path.read_text() == "precious"


@pytest.fixture
def fleet():
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Backend("greeting", ("127.0.0.1", free_port()))) for _ in range(4)]


def test_services_have_their_own_listeners_lists_and_algorithms(fleet, tmp_path):
    def service(name, backends, algorithm):
        path = tmp_path / f"{name}.txt"
        path.write_text("".join(f"{backend.name}\n" for backend in backends))
        return {
            "name": name,
            "server": {"listen_addr": f"127.0.0.1:{free_port()}"},
            "remotes": {"provider": {"file": {"path": str(path)}}},
            "pools": {"algorithm": algorithm},
        }

    services = [service("turns", fleet[:2], "round_robin"), service("sticky", fleet[2:], "source_hash")]
    turns, sticky = (("127.0.0.1", int(entry["server"]["listen_addr"].split(":")[1])) for entry in services)
    config = {"server": {"workers": 1}, "services": services, "remotes": {"probing": {"interval": "1s"}}}
    with Forwarder([], config) as forwarder:
        wait_until(lambda: forwarder.value("active_set_size") == 4)
        served = [name_at(*turns) for _ in range(6)]
        assert set(served) == {backend.name for backend in fleet[:2]}
        assert served[:2] * 3 == served
        served = [name_at(*sticky) for _ in range(6)]
        assert len(set(served)) == 1 and served[0] in {backend.name for backend in fleet[2:]}

        for name in ("turns", "sticky"):
            assert forwarder.value("new_connections_total", service=name) == 6
            assert forwarder.value("candidates", service=name) == 2
        assert forwarder.value("lb_requests_total", service="sticky", backend=fleet[0].name) is None

        for backend in fleet[:2]:
            backend.kill()
        wait_until(lambda: forwarder.value("selector_panic", service="turns") == 1)
        assert forwarder.value("selector_panic", service="sticky") == 0
        assert name_at(*sticky) == served[0]


def test_the_same_address_twice_is_a_fault_of_the_configuration(backend, tmp_path):
    path = tmp_path / "socket"
    code, said = end_of(Forwarder([backend.name], listening(f"unix:{path}", f"unix:{path}"), ready=False))
    assert code == 2
    assert f"unix:{path}" in said and "twice" in said
    assert not path.exists()
