"""`server.worker_cpu_affinity`: where the workers run, and whose connections they take."""

import contextlib
import os
import pathlib
import platform

import pytest

from backends import Backend
from clients import read_line
from forwarder import Forwarder, free_port

CPUS = sorted(os.sched_getaffinity(0))[:2]
KERNEL = tuple(int(number) for number in platform.release().split(".")[:2])


def threads(forwarder):
    return [int(entry.name) for entry in pathlib.Path(f"/proc/{forwarder.process.pid}/task").iterdir()]


def bound_threads(forwarder):
    """CPU to the one thread that may run on no other."""
    affinities = {thread: os.sched_getaffinity(thread) for thread in threads(forwarder)}
    return {min(cpus): thread for thread, cpus in affinities.items() if len(cpus) == 1}


def runs(thread):
    return int(pathlib.Path(f"/proc/{thread}/schedstat").read_text().split()[2])


@contextlib.contextmanager
def running_on(cpu):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@pytest.fixture
def forwarder():
    config = {"server": {"workers": 2, "worker_cpu_affinity": True}, "pools": {"strategy": {"type": "none"}}}
    with Backend("greeting", ("127.0.0.1", free_port())) as backend, Forwarder([backend.name], config) as started:
        yield started


@pytest.mark.skipif(len(CPUS) < 2, reason="two CPUs are needed")
def test_each_worker_stays_on_a_cpu_of_its_own(forwarder):
    assert sorted(bound_threads(forwarder)) == CPUS


@pytest.mark.skipif(len(CPUS) < 2 or KERNEL < (6, 1), reason="two CPUs and Linux 6.1 are needed")
@pytest.mark.parametrize("cpu", CPUS)
def test_a_worker_takes_the_connections_that_its_cpu_receives(forwarder, cpu):
    workers = bound_threads(forwarder)
    before = {at: runs(thread) for at, thread in workers.items()}
    with running_on(cpu):
        for _ in range(100):
            with forwarder.connect() as sock:
                read_line(sock)
    ran = {at: runs(thread) - before[at] for at, thread in workers.items()}
    assert ran[cpu] >= 100
    assert all(count < 50 for at, count in ran.items() if at != cpu), ran
