"""Redis behind the forwarder, and redis-cli before it."""

import os
import subprocess

import pytest

from forwarder import Forwarder
from servers import Redis, program


@pytest.fixture(scope="module")
def forwarder(strategy):
    with Redis() as redis, Forwarder([redis.name], strategy) as forwarder:
        yield forwarder
        assert forwarder.errors() == {}


def command(forwarder, *arguments):
    host, port = forwarder.address
    return [program("redis-cli"), "-h", host, "-p", str(port), *arguments]


def cli(forwarder, *arguments, data=None):
    result = subprocess.run(
        command(forwarder, *arguments), input=data, stdout=subprocess.PIPE, check=True, timeout=60)
    return result.stdout.removesuffix(b"\n")


def test_a_hundred_thousand_pipelined_commands_are_all_answered(forwarder):
    count = 100_000
    commands = b"".join(b"SET key:%d value-%d\r\n" % (number, number) for number in range(count))
    report = cli(forwarder, "--pipe", data=commands)
    assert report.splitlines()[-1] == b"errors: 0, replies: %d" % count
    assert cli(forwarder, "DBSIZE") == b"%d" % count
    assert cli(forwarder, "GET", "key:99999") == b"value-99999"


def test_a_subscriber_gets_every_message_in_order(forwarder):
    count = 1000
    subscribe = command(forwarder, "SUBSCRIBE", "news")
    with subprocess.Popen(subscribe, stdout=subprocess.PIPE) as subscriber:
        try:
            assert [subscriber.stdout.readline() for _ in range(3)] == [b"subscribe\n", b"news\n", b"1\n"]
            publications = b"".join(b"PUBLISH news message-%d\r\n" % number for number in range(count))
            cli(forwarder, "--pipe", data=publications)
            received = [subscriber.stdout.readline() for _ in range(3 * count)]
        finally:
            subscriber.terminate()
    assert received[2::3] == [b"message-%d\n" % number for number in range(count)]


def test_a_large_value_comes_back_as_it_went(forwarder):
    value = os.urandom(1 << 20) * 64
    assert cli(forwarder, "-x", "SET", "large", data=value) == b"OK"
    assert cli(forwarder, "STRLEN", "large") == b"%d" % len(value)
    assert cli(forwarder, "--raw", "GET", "large") == value
