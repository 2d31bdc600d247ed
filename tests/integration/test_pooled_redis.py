"""Redis behind a pool. It closes a client that is silent for five seconds, so that idle links do not last."""

import time

import pytest

from servers import Redis, program
from sessions import pool_share, scaled

_TIMEOUT = 5  # seconds, and redis looks at each client once a second
_TRICKLE_PAUSE = 0.2  # seconds between handfuls of sessions


@pytest.fixture(scope="module")
def server(net):
    with Redis(timeout=_TIMEOUT, host=net.backends[0], namespace=net.far) as redis:
        yield redis


def burst(net, forwarder, count):
    """So many sessions of one command each, 16 at once."""
    host, port = forwarder.address
    before = forwarder.value("new_connections_total")
    result = net.run(net.near, [program("redis-benchmark"), "-h", host, "-p", str(port), "-c", "16", "-k", "0",
                                "-n", str(count), "-q", "INCR", "sessions"])
    assert "Error" not in result.stderr
    assert forwarder.value("new_connections_total") >= before + count


def ask(net, forwarder, *words):
    host, port = forwarder.address
    return net.run(net.near, [program("redis-cli"), "-h", host, "-p", str(port), *words]).stdout.strip()


def test_ten_thousand_sessions_succeed_with_pauses_in_which_the_links_die(net, forwarder):
    count = scaled(3000)
    for quiet_seconds in (0, _TIMEOUT - 0.2, _TIMEOUT + 0.2, _TIMEOUT + 2):
        time.sleep(quiet_seconds)
        burst(net, forwarder, count)
    assert int(ask(net, forwarder, "GET", "sessions")) >= 4 * count
    assert pool_share(forwarder) > 0.9


def test_sessions_that_trickle_over_links_of_every_age_succeed(net, forwarder):
    ends = time.monotonic() + 2.5 * _TIMEOUT
    while time.monotonic() < ends:
        for _ in range(10):
            assert ask(net, forwarder, "PING") == "PONG"
        time.sleep(_TRICKLE_PAUSE)
    assert pool_share(forwarder) > 0.9
