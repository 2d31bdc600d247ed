"""Postfix behind a pool: it greets first, gives each connection a process, and counts an address's connections."""

import smtplib

import pytest

from forwarder import merged
from postfix import Postfix
from sessions import DYNAMIC, pool_share, run_sessions, scaled


@pytest.fixture(scope="module")
def server(net):
    with Postfix(host=net.backends[0], namespace=net.far) as postfix:
        yield postfix


@pytest.fixture
def config():
    # With the sessions of the test this stays below the 50 connections that Postfix allows an address.
    return merged(DYNAMIC, {"pools": {"strategy": {"dynamic": {"max_size": 30}}}})


def test_ten_thousand_sessions_succeed_and_the_forwarder_is_not_refused(net, server, forwarder):
    def session(number):
        with smtplib.SMTP(*forwarder.address, local_hostname="client.test", timeout=30) as client:
            assert client.ehlo()[0] == 250
            if number % 50 == 0:
                client.sendmail("me@client.test", server.recipient, f"Subject: {number}\r\n\r\nHello\r\n")

    run_sessions(session, scaled(10_000), net.near, seconds=15)
    assert server.complaints() == []
    assert pool_share(forwarder) > 0.9
