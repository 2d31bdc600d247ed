"""PostgreSQL behind a pool: the client speaks first, and each connection is a process from its first byte."""

import pytest

from servers import Postgres, program
from sessions import pool_share, scaled

_CLIENTS = 16


@pytest.fixture(scope="module")
def server(net):
    with Postgres(net.backends, namespace=net.far) as postgres:
        yield postgres


def test_ten_thousand_sessions_succeed_and_the_server_complains_of_nothing(net, server, forwarder):
    host, port = forwarder.address
    (forwarder.directory / "query.sql").write_text("SELECT 1;\n")
    count = scaled(10_000)
    result = net.run(net.near, [
        program("pgbench"), "-h", host, "-p", str(port), "-U", "postgres", "--connect", "--no-vacuum",
        f"--file={forwarder.directory}/query.sql", f"--client={_CLIENTS}", "--jobs=2",
        f"--transactions={count // _CLIENTS}", "postgres"], timeout=120)
    assert f"transactions actually processed: {count // _CLIENTS * _CLIENTS}/" in result.stdout
    assert "number of failed transactions: 0 (" in result.stdout
    assert "FATAL" not in server.log_path.read_text()
    assert pool_share(forwarder) > 0.9
