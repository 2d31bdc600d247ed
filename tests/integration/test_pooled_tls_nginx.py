"""nginx with TLS and client certificates behind a pool, and clients that speak plain HTTP to the forwarder."""

import pathlib
import tempfile

import pytest

from certificates import Authority
from forwarder import Forwarder, merged
from servers import Nginx, program
from sessions import DYNAMIC, pool_share, run_sessions, scaled

_NAME = "backend.test"
_CLIENTS = 16
_RATE = "40/s"  # of each; as fast as they can, they would outrun the handshakes


@pytest.fixture(scope="module")
def directory():
    with tempfile.TemporaryDirectory(prefix="tcp-forwarder-test-") as name:
        yield pathlib.Path(name)


@pytest.fixture(scope="module")
def authority(directory):
    return Authority(directory / "ca")


@pytest.fixture(scope="module")
def nginx(net, directory, authority):
    tls = (authority.server(_NAME), authority.certificate)
    with Nginx(directory, tls, host=net.backends[0], namespace=net.far) as nginx:
        yield nginx


@pytest.fixture
def config(authority):
    mine = authority.client("forwarder")
    return merged(DYNAMIC, {"remotes": {"tls": {
        "enabled": True, "server_name": _NAME, "ca_file": str(authority.certificate),
        "cert_file": str(mine.certificate), "key_file": str(mine.key)}}})


def curl(net, *arguments):
    return net.run(net.near, [program("curl"), "-sS", *arguments], check=False, timeout=120)


def test_nginx_refuses_who_has_no_certificate_of_the_authority(net, authority, nginx):
    trusting = ["--cacert", authority.certificate, "--connect-to", f"{_NAME}:443:{nginx.name}"]
    mine = authority.client("curl")
    assert "No required SSL certificate" in curl(net, *trusting, f"https://{_NAME}/name").stdout
    assert curl(net, *trusting, "--cert", mine.certificate, "--key", mine.key,
                f"https://{_NAME}/name").stdout == nginx.name


def test_ten_thousand_sessions_succeed(net, nginx, config):
    count = scaled(10_000) // _CLIENTS
    with Forwarder([nginx.name], config, namespace=net.near) as forwarder:
        host, port = forwarder.address

        def sessions(_):
            result = curl(net, "--fail", "--fail-early", "--rate", _RATE, "-H", "Connection: close",
                          f"http://{host}:{port}/name?[1-{count}]")
            assert (result.returncode, result.stderr) == (0, "")
            assert result.stdout == nginx.name * count

        run_sessions(sessions, _CLIENTS, net.near, at_once=_CLIENTS)
        assert forwarder.value("new_connections_total") == count * _CLIENTS
        assert pool_share(forwarder) > 0.9
        assert forwarder.errors() == {}
