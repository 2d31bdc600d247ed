"""nginx behind the forwarder, and a keep-alive HTTP client before it."""

import collections
import contextlib
import gzip
import http.client
import os
import pathlib
import tempfile
import zlib

import pytest

from forwarder import Forwarder, merged, wait_until
from servers import Nginx

_PIECE = 1_000_000
_PIECES = 100
_STORED = (201, 204)  # a new file, or one in the place of another


@pytest.fixture(scope="module")
def files():
    with tempfile.TemporaryDirectory(prefix="tcp-forwarder-test-") as name:
        directory = pathlib.Path(name)
        block = os.urandom(_PIECE)
        with open(directory / "large", "wb") as large:
            for number in range(_PIECES):
                large.write(number.to_bytes(8, "big") + block[8:])
        (directory / "text").write_bytes(b"".join(b"line %d of many\n" % number for number in range(100_000)))
        yield directory


@pytest.fixture(scope="module")
def backends(files):
    with Nginx(files) as one, Nginx(files) as two, Nginx(files) as three:
        yield {server.name: server for server in (one, two, three)}


@pytest.fixture(scope="module")
def forwarder(backends, strategy):
    config = {"remotes": {"selector": {"active_set_size": 2}}, "pools": {"algorithm": "round_robin"}}
    with Forwarder(backends, merged(config, strategy)) as forwarder:
        yield forwarder
        assert forwarder.errors() == {}


@pytest.fixture
def client(forwarder):
    with contextlib.closing(http.client.HTTPConnection(*forwarder.address, timeout=30)) as connection:
        yield connection


def checksum(source):
    value = 0
    while piece := source.read(_PIECE):
        value = zlib.crc32(piece, value)
    return value


def file_checksum(path):
    with open(path, "rb") as file:
        return checksum(file)


def answer(connection, path="/name", **headers):
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    assert response.status == 200
    return response, response.read()


def name(connection):
    return answer(connection)[1].decode()


def active_set(forwarder, backends):
    return {backend for backend in backends if forwarder.value("server_active", backend=backend) == 1}


def test_answers_come_from_every_member_of_the_active_set_and_from_nobody_else(forwarder, backends):
    answers = collections.Counter()
    for _ in range(200):
        with contextlib.closing(http.client.HTTPConnection(*forwarder.address, timeout=10)) as connection:
            answers[name(connection)] += 1
    active = active_set(forwarder, backends)
    assert len(active) == 2
    assert set(answers) == active


def test_many_requests_on_one_connection_stay_with_one_backend(forwarder, client):
    before = forwarder.value("new_connections_total")
    assert len({name(client) for _ in range(2000)}) == 1
    assert forwarder.value("new_connections_total") == before + 1


def test_many_connections_are_served_at_once(forwarder):
    wait_until(lambda: forwarder.value("active_connections") == 0)
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(contextlib.closing(http.client.HTTPConnection(*forwarder.address, timeout=30)))
            for _ in range(500)]
        for _ in range(2):
            for connection in connections:
                connection.request("GET", "/name")
            assert all(connection.getresponse().read() for connection in connections)
        assert forwarder.value("active_connections") == len(connections)
    wait_until(lambda: forwarder.value("active_connections") == 0)


def test_connection_close_ends_the_session(forwarder, client):
    wait_until(lambda: forwarder.value("active_connections") == 0)
    response, _ = answer(client, Connection="close")
    assert response.will_close
    wait_until(lambda: forwarder.value("active_connections") == 0)


def test_a_chunked_answer_is_whole(files, client):
    response, body = answer(client, "/files/text", **{"Accept-Encoding": "gzip"})
    assert response.chunked
    assert gzip.decompress(body) == (files / "text").read_bytes()


def test_a_chunked_request_is_whole(files, backends, client):
    text = (files / "text").read_bytes()
    backend = backends[name(client)]
    pieces = (text[start:start + 1000] for start in range(0, len(text), 1000))
    client.request("PUT", "/uploads/chunked", body=pieces, encode_chunked=True,
                   headers={"Transfer-Encoding": "chunked"})
    assert client.getresponse().status in _STORED
    assert (backend.uploads / "chunked").read_bytes() == text


def test_a_large_download_is_whole(files, client):
    client.request("GET", "/files/large")
    response = client.getresponse()
    assert response.length == (files / "large").stat().st_size
    assert checksum(response) == file_checksum(files / "large")


def test_a_large_upload_is_whole(files, backends, client):
    backend = backends[name(client)]
    with open(files / "large", "rb") as large:
        client.request("PUT", "/uploads/large", body=large)
        assert client.getresponse().status in _STORED
    assert file_checksum(backend.uploads / "large") == file_checksum(files / "large")
