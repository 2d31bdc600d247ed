"""OpenSSH behind a pool: it greets first, and turns connections away when many have not logged in (MaxStartups)."""

import pytest

from servers import Sshd, program
from sessions import pool_share, run_sessions, scaled


@pytest.fixture(scope="module")
def server(net):
    with Sshd(host=net.backends[0], namespace=net.far) as sshd:
        yield sshd


def test_two_hundred_sessions_succeed(net, server, forwarder):
    host, port = forwarder.address
    cheap = "-oKexAlgorithms=curve25519-sha256"  # the default one takes most of the test's time
    ssh = [program("ssh"), *server.client_options(), cheap, "-p", str(port), host]

    def session(number):
        result = net.run(net.near, [*ssh, f"echo {number}"])
        assert result.stdout == f"{number}\n"

    run_sessions(session, scaled(200), net.near, at_once=4)
    assert pool_share(forwarder) > 0.9
