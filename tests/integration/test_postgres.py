"""PostgreSQL behind the forwarder, and psql before it. One server listens on two addresses: two backends."""

import contextlib
import subprocess
import zlib

import pytest

from forwarder import Forwarder, merged, wait_until
from servers import Postgres, program

_ROWS = 1_000_000


@pytest.fixture(scope="module")
def postgres():
    with Postgres(hosts=("127.0.0.1", "127.0.0.2")) as postgres:
        yield postgres


@pytest.fixture(scope="module")
def forwarder(postgres, strategy):
    config = {"remotes": {"provider": {"file": {"watch": True}}}}
    with Forwarder(postgres.names[:1], merged(config, strategy)) as forwarder:
        yield forwarder
        assert forwarder.errors() == {}


def connection_options(forwarder):
    host, port = forwarder.address
    return ["-h", host, "-p", str(port), "-U", "postgres"]


def psql_command(forwarder, *arguments):
    return [program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *connection_options(forwarder),
            *arguments]


def psql(forwarder, *arguments, data=None):
    return subprocess.run(
        psql_command(forwarder, *arguments), input=data, stdout=subprocess.PIPE, check=True, timeout=60).stdout


class Session:
    """A psql that stays connected."""

    def __init__(self, forwarder):
        self._process = subprocess.Popen(
            psql_command(forwarder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def tell(self, statement):
        self._process.stdin.write(f"{statement};\n")

    def ask(self, query):
        """The first line of the answer."""
        self.tell(query)
        return self._process.stdout.readline().rstrip("\n")

    def close(self):
        self._process.communicate(timeout=10)
        assert self._process.returncode == 0


def test_queries_are_answered(forwarder):
    assert psql(forwarder, "-c", "SELECT sum(n) FROM generate_series(1, 1000) n") == b"500500\n"


def test_an_error_of_the_server_reaches_the_client(forwarder):
    result = subprocess.run(psql_command(forwarder, "-c", "SELECT 1/0"), capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    assert "division by zero" in result.stderr


def test_copy_brings_a_table_in_and_out_unchanged(forwarder):
    rows = b"".join(b"%d\t%048d\n" % (number, number * 7919) for number in range(_ROWS))
    assert len(rows) > 50_000_000
    psql(forwarder, "-c", "CREATE UNLOGGED TABLE numbers (id int, digits text)")
    psql(forwarder, "-c", r"\copy numbers FROM STDIN", data=rows)
    assert psql(forwarder, "-c", "SELECT count(*), sum(id) FROM numbers") == b"%d|%d\n" % (
        _ROWS, _ROWS * (_ROWS - 1) // 2)
    # Ordered: a plain scan of a big table may begin where another scan of it is just now.
    copied = psql(forwarder, "-c", r"\copy (SELECT * FROM numbers ORDER BY id) TO STDOUT")
    psql(forwarder, "-c", "DROP TABLE numbers")
    assert zlib.crc32(copied) == zlib.crc32(rows)


def test_pgbench_runs_without_a_failed_transaction(forwarder):
    pgbench = [program("pgbench"), *connection_options(forwarder)]
    subprocess.run([*pgbench, "-i", "-q", "postgres"], check=True, capture_output=True, timeout=60)
    result = subprocess.run([*pgbench, "-c", "4", "-j", "2", "-t", "200", "postgres"], check=True,
                            capture_output=True, text=True, timeout=60)
    assert "number of transactions actually processed: 800/800" in result.stdout


def test_a_session_outlives_its_backend_in_the_active_set(forwarder, postgres):
    first, second = postgres.names
    where = "SELECT host(inet_server_addr())"
    with contextlib.closing(Session(forwarder)) as session:
        session.tell("CREATE TEMP TABLE notes AS SELECT 'still here' AS note")
        assert session.ask(where) == "127.0.0.1"

        forwarder.write_list([second])
        wait_until(lambda: forwarder.value("server_active", backend=second) == 1)
        wait_until(lambda: not forwarder.value("server_active", backend=first))

        assert psql(forwarder, "-c", where) == b"127.0.0.2\n"
        assert session.ask("SELECT note FROM notes") == "still here"
        assert session.ask(where) == "127.0.0.1"
