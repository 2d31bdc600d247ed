"""MariaDB behind a pool: it greets first, gives a client ten seconds to log in, and blocks who fails to do so often."""

import pymysql
import pytest

from forwarder import wait_until
from mariadb import PASSWORD, USER, MariaDB
from netns import inside
from servers import program
from sessions import pool_share, run_sessions, scaled


@pytest.fixture(scope="module")
def server(net):
    with MariaDB("forwarder.test", net.near_address, host=net.backends[0], namespace=net.far) as mariadb:
        yield mariadb


@pytest.fixture(autouse=True)
def forgiven(server):
    server.forgive()


def query(address, number):
    connection = pymysql.connect(host=address[0], port=address[1], user=USER, password=PASSWORD)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s + 1", (number,))
            assert cursor.fetchone() == (number + 1,)
    finally:
        connection.close()


def test_the_server_does_block_an_address_with_ten_failed_handshakes(net, server):
    address = (server.host, server.port)
    with inside(net.near):
        query(address, 1)
    for _ in range(server.max_connect_errors):
        net.connect(address).close()
    wait_until(lambda: server.host_errors(net.near_address)[0] >= server.max_connect_errors)
    with inside(net.near), pytest.raises(pymysql.err.OperationalError, match="blocked"):
        query(address, 1)


def test_ten_thousand_sessions_succeed_and_the_forwarder_is_not_blocked(net, server, forwarder):
    count = scaled(10_000)
    long = 2.5 * server.connect_timeout  # more than an idle link lasts here
    run_sessions(lambda number: query(forwarder.address, number), count, net.near, seconds=long)
    assert server.host_errors(net.near_address)[1] == 0
    assert pool_share(forwarder) > 0.9


def test_the_mariadb_command_works_through_the_pool(net, server, forwarder):
    host, port = forwarder.address

    def session(number):
        result = net.run(net.near, [
            program("mariadb"), "--no-defaults", f"--host={host}", f"--port={port}", "--protocol=tcp",
            f"--user={USER}", f"--password={PASSWORD}", "-N", "-B", "-e", f"SELECT {number} + 1"])
        assert result.stdout == f"{number + 1}\n"

    run_sessions(session, scaled(200), net.near, at_once=4)
    assert server.host_errors(net.near_address)[1] == 0
