"""nginx with TLS and client certificates behind a pool, and clients that speak plain HTTP to the forwarder."""

import pytest

from certificates import NAME, identity, trusting
from forwarder import merged
from servers import Nginx, program
from sessions import DYNAMIC, pool_share, run_sessions, scaled

_CLIENTS = 16
_RATE = "40/s"  # of each; as fast as they can, they would outrun the handshakes


@pytest.fixture(scope="module")
def server(net, directory, authority, good):
    with Nginx(directory, (good, authority.certificate), host=net.backends[0], namespace=net.far) as nginx:
        yield nginx


@pytest.fixture
def config(authority):
    tls = trusting(authority) | identity(authority.client("forwarder"))
    return merged(DYNAMIC, {"remotes": {"tls": tls}})


def curl(net, *arguments):
    return net.run(net.near, [program("curl"), "-sS", *arguments], check=False, timeout=120)


def test_nginx_refuses_who_has_no_certificate_of_the_authority(net, authority, server):
    verified = ["--cacert", authority.certificate, "--connect-to", f"{NAME}:443:{server.name}"]
    mine = authority.client("curl")
    assert "No required SSL certificate" in curl(net, *verified, f"https://{NAME}/name").stdout
    assert curl(net, *verified, "--cert", mine.certificate, "--key", mine.key,
                f"https://{NAME}/name").stdout == server.name


def test_ten_thousand_sessions_succeed(net, server, forwarder):
    count = scaled(10_000) // _CLIENTS
    host, port = forwarder.address

    def sessions(_):
        result = curl(net, "--fail", "--fail-early", "--rate", _RATE, "-H", "Connection: close",
                      f"http://{host}:{port}/name?[1-{count}]")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == server.name * count

    run_sessions(sessions, _CLIENTS, net.near, at_once=_CLIENTS)
    assert forwarder.value("new_connections_total") == count * _CLIENTS
    assert pool_share(forwarder) > 0.9
