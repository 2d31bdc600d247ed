"""Backends that become slow or silent on the way: what the active set does about it, and says."""

import collections
import contextlib
import pathlib
import shutil
import time

import pytest

import netns
from backends import Backend
from clients import exchange, read_line, served_by
from forwarder import Forwarder, merged, wait_until
from netns import Network

PORT = 8080
DEBOUNCE = 3.0
CONFIG = {
    "logging": {"format": "json"},
    "remotes": {
        "probing": {"interval": "300ms", "timeout": "300ms"},
        "selector": {
            "active_set_size": 2,
            "evaluation_interval": "500ms",
            "hold_down": {"base": "1s"},
            "switching": {"debounce_interval": f"{DEBOUNCE:g}s"},
        },
    },
}

pytestmark = pytest.mark.skipif(netns.unavailable() is not None, reason=str(netns.unavailable()))


@pytest.fixture(scope="module")
def wire():
    with Network(backends=3) as net, contextlib.ExitStack() as stack:
        for ip in net.backends:
            stack.enter_context(Backend("greeting", (ip, PORT), namespace=net.far))
        yield net


@pytest.fixture
def net(wire):
    yield wire
    for ip in wire.backends:
        wire.set_delay(ip, 0)
        wire.drop(ip, False)


class Watched(Forwarder):
    """A forwarder to hosts of the network, seen from the side of its selector."""

    def __init__(self, net, hosts, config=None):
        self.hosts = hosts
        super().__init__([name_of(ip) for ip in hosts], merged(CONFIG, config or {}), namespace=net.near)

    def members(self):
        return {ip for ip in self.hosts if self.value("server_active", backend=name_of(ip))}

    def standby(self):
        (ip,) = set(self.hosts) - self.members()
        return ip

    def score(self, ip):
        return self.value("server_score", backend=name_of(ip))

    def wait_for_good_scores(self):
        wait_until(lambda: all(self.score(ip) > 99 for ip in self.hosts))

    def decisions(self, *reasons):
        counts = [self.value("selector_decisions_total", reason=reason) for reason in reasons]
        return sum(counts) if reasons else self.value("selector_decisions_total")

    def changes(self):
        return self.events("active set changed")

    def wait_for_change(self, reason, number=1):
        """The change with this reason, and this number among those; the metrics have it too when this returns."""
        wait_until(lambda: self.decisions(reason) == number)
        return wait_until(lambda: [change for change in self.changes() if change["reason"] == reason][number - 1:])[0]


def name_of(ip):
    return f"{ip}:{PORT}"


def scores_in(text):
    """{address: score} of a field such as "10.0.0.1:80=95.0 10.0.0.2:80=80.5"."""
    return {name.rpartition(":")[0]: float(score) for name, score in (item.split("=") for item in text.split())}


def assert_improved(change, out, into):
    assert change["reason"] == "improved"
    leaving, coming = scores_in(change["out"]), scores_in(change["in"])
    assert set(leaving) == {out} and set(coming) == {into}
    assert coming[into] - leaving[out] >= 4.9  # 5 before both were rounded
    members = scores_in(change["members"])
    assert into in members and out not in members


def test_a_slow_member_gives_way_to_a_good_standby_and_comes_back(net):
    with Watched(net, net.backends) as forwarder, contextlib.ExitStack() as stack:
        forwarder.wait_for_good_scores()
        sessions = [stack.enter_context(forwarder.connect()) for _ in range(2)]
        assert {read_line(session) for session in sessions} == {name_of(ip) for ip in forwarder.members()}
        start = forwarder.changes()[-1]
        standby = forwarder.standby()
        slow = min(forwarder.members())

        net.alternate(slow, 0, 100)
        first = forwarder.wait_for_change("improved")
        assert_improved(first, out=slow, into=standby)
        assert first["at"] - start["at"] >= DEBOUNCE
        assert forwarder.standby() == slow
        assert all(exchange(session) for session in sessions)

        net.set_delay(slow, 0)
        net.alternate(standby, 0, 100)
        second = forwarder.wait_for_change("improved", 2)
        assert_improved(second, out=standby, into=slow)
        assert second["at"] - first["at"] >= DEBOUNCE
        assert forwarder.standby() == standby
        assert [change["reason"] for change in forwarder.changes()].count("improved") == 2


def test_a_flap_shorter_than_the_debounce_changes_nothing(net):
    debounce = 6
    config = {"remotes": {"selector": {"switching": {"debounce_interval": f"{debounce}s"}}}}
    with Watched(net, net.backends, config) as forwarder:
        forwarder.wait_for_good_scores()
        before = forwarder.changes()
        members = forwarder.members()
        flapping = min(members)

        net.alternate(flapping, 0, 100)
        wait_until(lambda: forwarder.decisions("held_by_debounce") > 0)
        net.set_delay(flapping, 0)

        wait_until(lambda: time.time() > before[-1]["at"] + debounce)
        evaluations = forwarder.decisions()
        wait_until(lambda: forwarder.decisions() >= evaluations + 3)
        assert forwarder.changes() == before
        assert forwarder.members() == members
        assert forwarder.decisions("improved") == 0


def test_a_silent_member_is_ejected_at_once_and_costs_clients_little_until_then(net):
    with Watched(net, net.backends) as forwarder:
        forwarder.wait_for_good_scores()
        standby = forwarder.standby()
        silent = min(forwarder.members())

        net.drop(silent)
        since = time.time()
        for _ in range(4):
            began = time.monotonic()
            assert served_by(forwarder) != name_of(silent)
            assert time.monotonic() - began < 0.8  # another one is dialled after 200 ms
        change = forwarder.wait_for_change("member_ejected")
        assert set(scores_in(change["out"])) == {silent} and set(scores_in(change["in"])) == {standby}
        assert change["at"] - since < DEBOUNCE
        assert forwarder.value("server_probe_failure_total", backend=name_of(silent), reason="timeout") >= 2
        assert forwarder.standby() == silent

        net.drop(silent, False)
        wait_until(lambda: forwarder.score(silent) > 80)
        assert forwarder.standby() == silent  # the set is full


def test_a_silent_member_is_found_by_the_clients_that_had_to_wait_for_it(net):
    rare_probes = {"remotes": {"probing": {"interval": "1h", "timeout": "300ms"}, "selector": {"active_set_size": 3}}}
    with Watched(net, net.backends, rare_probes) as forwarder:
        wait_until(lambda: len(forwarder.members()) == 3)
        silent = max(net.backends)
        net.drop(silent)
        since = time.monotonic()
        wait_until(lambda: served_by(forwarder) and silent not in forwarder.members(), interval=0.05)
        assert time.monotonic() - since < 6
        assert forwarder.errors() == {}


def test_p2c_weighs_load_by_connect_time(net):
    near, far = net.backends[:2]
    net.set_delay(near, 5)
    net.set_delay(far, 20)
    with Watched(net, [near, far], {"pools": {"algorithm": "p2c"}}) as forwarder, contextlib.ExitStack() as stack:
        forwarder.wait_for_good_scores()
        served = collections.Counter(
            read_line(stack.enter_context(forwarder.connect())) for _ in range(50))
        assert 2 < served[name_of(near)] / served[name_of(far)] < 8


def test_a_name_server_that_does_not_answer_holds_up_neither_the_start_nor_the_end(net):
    backend, name_server = net.backends[:2]
    net.drop(name_server)
    with resolver(net.near, name_server):
        config = {"remotes": {"selector": {"active_set_size": 1}}}
        with Forwarder([name_of(backend), "never.example:80"], config, namespace=net.near) as forwarder:
            assert served_by(forwarder) == name_of(backend)
            began = time.monotonic()
            forwarder.stop()
            assert time.monotonic() - began < 3


@contextlib.contextmanager
def resolver(namespace, address):
    """Names are looked up at this address by what is started in the namespace meanwhile."""
    directory = pathlib.Path("/etc/netns") / namespace
    directory.mkdir(parents=True)
    try:
        (directory / "resolv.conf").write_text(f"nameserver {address}\n")
        yield
    finally:
        shutil.rmtree(directory)
