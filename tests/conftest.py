"""What e2e and integration share: a directory, and the certificates of backends that speak TLS."""

import pathlib
import tempfile

import pytest

from certificates import NAME, Authority


@pytest.fixture(scope="module")
def directory():
    with tempfile.TemporaryDirectory(prefix="tcp-forwarder-test-") as name:
        yield pathlib.Path(name)


@pytest.fixture(scope="module")
def authority(directory):
    return Authority(directory / "ca")


@pytest.fixture(scope="module")
def good(authority):
    """What the authority has issued to the backend of that name."""
    return authority.server(NAME)
