"""OpenSSH behind the forwarder: the server speaks first."""

import os
import subprocess

import pytest

from forwarder import Forwarder
from servers import Sshd, program


@pytest.fixture(scope="module")
def sshd():
    with Sshd() as sshd:
        yield sshd


@pytest.fixture(scope="module")
def forwarder(sshd, strategy):
    with Forwarder([sshd.name], strategy) as forwarder:
        yield forwarder
        assert forwarder.errors() == {}


def run(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=60, **options).stdout


def test_the_banner_reaches_a_client_that_has_sent_nothing(forwarder):
    with forwarder.connect() as client, client.makefile("rb") as lines:
        assert lines.readline().startswith(b"SSH-2.0-OpenSSH")


def test_a_command_runs_and_its_exit_code_comes_back(forwarder, sshd):
    host, port = forwarder.address
    ssh = [program("ssh"), *sshd.client_options(), "-p", str(port), host]
    assert run([*ssh, "cat; exit 0"], input=b"from standard input") == b"from standard input"
    assert subprocess.run([*ssh, "exit 7"], timeout=30).returncode == 7


@pytest.mark.parametrize("protocol", [[], ["-O"]], ids=["sftp", "scp"])
def test_a_file_is_copied_there_and_back_unchanged(forwarder, sshd, directory, protocol):
    host, port = forwarder.address
    scp = [program("scp"), "-q", *protocol, *sshd.client_options(), "-P", str(port)]
    data = os.urandom(20_000_000)
    (directory / "here").write_bytes(data)
    run([*scp, directory / "here", f"{host}:{directory}/there"])
    run([*scp, f"{host}:{directory}/there", directory / "back"])
    assert (directory / "there").read_bytes() == data
    assert (directory / "back").read_bytes() == data
