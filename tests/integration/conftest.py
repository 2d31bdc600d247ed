"""What the tests with real servers share: each of them works without a pool and with one."""

import pytest

import netns
from forwarder import Forwarder
from sessions import DYNAMIC


@pytest.fixture(scope="module", params=["none", "dynamic"])
def strategy(request):
    """The configuration of a forwarder without a pool, then of one with it."""
    return {"pools": {"strategy": {"type": request.param}}}


@pytest.fixture(scope="module")
def net():
    """A client's side and a server's side, joined by a veth pair: servers treat loopback more kindly than the rest."""
    if reason := netns.veth_unavailable():
        pytest.skip(reason)
    with netns.Veth() as net:
        yield net


@pytest.fixture
def config():
    """That of `forwarder`; a file may have its own."""
    return DYNAMIC


@pytest.fixture
def forwarder(net, server, config):
    """One with a pool on the near side, before the file's `server` on the far side."""
    with Forwarder([server.name], config, namespace=net.near) as forwarder:
        yield forwarder
        assert forwarder.errors() == {}
