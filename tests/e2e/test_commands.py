"""check, probe and demo, as a user calls them."""

import http.client
import json
import re
import signal
import socket
import subprocess

import pytest

from backends import Backend
from forwarder import binary, free_port, parse_metrics, wait_until
from netns import Network, inside


@pytest.fixture
def call(tmp_path):
    def run(*arguments):
        return subprocess.run(
            [binary(), *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)

    return run


@pytest.fixture(scope="module")
def backend():
    with Backend("greeting", ("127.0.0.1", free_port())) as backend:
        yield backend


def test_check_accepts_an_empty_file_with_a_list_beside_it(call, tmp_path):
    (tmp_path / "config.yaml").write_text("")
    (tmp_path / "ip_list.txt").write_text("127.0.0.1:8080\n10.0.0.0/8\nexample.com:80\n")
    done = call("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "config.yaml: valid" in done.stdout
    assert "4096 candidates and 1 host names" in done.stdout
    assert f"sampled evenly from {2**24 - 1} addresses" in done.stdout


def test_check_tells_every_fault_of_the_configuration_with_its_place(call, tmp_path):
    (tmp_path / "config.yaml").write_text("server:\n  bcklog: 1\n  idle_timeout: 5\npools:\n  algorithm: fastest\n")
    (tmp_path / "ip_list.txt").write_text("127.0.0.1:8080\n")
    done = call("check", "-c", "config.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    places = [re.match(r"(\S+?):(\d+):(\d+): (\S+): ", line) for line in done.stderr.splitlines()]
    assert [(place[1], int(place[2]), place[4]) for place in places] == [
        ("config.yaml", 2, "server.bcklog"),
        ("config.yaml", 3, "server.idle_timeout"),
        ("config.yaml", 5, "pools.algorithm"),
    ]


def test_check_fails_on_a_bad_line_of_the_list(call, tmp_path):
    (tmp_path / "config.yaml").write_text("")
    (tmp_path / "ip_list.txt").write_text("127.0.0.1:8080\n\n127.0.0.1:99999  # too high\n")
    done = call("check")
    assert done.returncode == 2
    assert re.search(r"ip_list\.txt:3:\d+: .*99999", done.stderr)


@pytest.mark.parametrize("content", [None, "", "# none\n"])
def test_check_fails_without_an_entry(call, tmp_path, content):
    (tmp_path / "config.yaml").write_text("")
    if content is not None:
        (tmp_path / "ip_list.txt").write_text(content)
    done = call("check")
    assert done.returncode == 2
    assert "ip_list.txt" in done.stderr


def test_check_fails_without_a_configuration(call):
    done = call("check", "--config", "elsewhere.yaml")
    assert done.returncode == 2
    assert "elsewhere.yaml" in done.stderr


@pytest.fixture
def two_candidates(tmp_path, backend):
    dead = f"127.0.0.1:{free_port()}"
    (tmp_path / "config.yaml").write_text("")
    (tmp_path / "ip_list.txt").write_text(f"{dead}\n{backend.name}\n")
    return backend.name, dead


def test_probe_prints_a_ranked_table(call, two_candidates):
    alive, dead = two_candidates
    done = call("probe")
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows[0] == ["service", "default"]
    assert rows[1] == ["rank", "backend", "score", "latency", "result"]
    assert rows[2][:2] == ["1", alive] and rows[2][-2:] == ["ms", "ok"]
    assert rows[3][:2] == ["2", dead] and rows[3][-2:] == ["-", "refused"]


def test_probe_prints_json_for_machines(call, two_candidates):
    alive, dead = two_candidates
    done = call("probe", "--json")
    assert done.returncode == 0
    (service,) = json.loads(done.stdout)
    assert service["service"] == "default"
    first, second = service["backends"]
    assert (first["rank"], first["backend"], first["result"]) == (1, alive, "ok")
    assert first["score"] > 80 and 0 < first["latency_ms"] < 500
    assert (second["rank"], second["backend"], second["result"]) == (2, dead, "refused")
    assert second["latency_ms"] is None


def test_probe_without_a_usable_list_ends_with_2(call, tmp_path):
    (tmp_path / "config.yaml").write_text("")
    (tmp_path / "ip_list.txt").write_text("")
    done = call("probe")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ip_list.txt" in done.stderr


def ask(namespace, port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with inside(namespace):
        connection.connect()
    connection.request("GET", path)
    with connection.getresponse() as response:
        return response.read().decode()


def test_demo_forwards_and_serves_metrics_and_says_what_to_try(tmp_path):
    with Network() as net:  # for its fixed ports
        demo = net.start(
            net.near, [binary(), "demo"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(lambda: is_open(net.near, 9099))
        pages = {ask(net.near, 1234, "/") for _ in range(10)}
        assert pages and all(re.fullmatch(r"hello from [\w-]+\n", page) for page in pages)

        def value(name):
            samples = parse_metrics(ask(net.near, 9099, "/metrics"))
            return sum(value for (key, _), value in samples.items() if key == f"tcp_forwarder_{name}")

        wait_until(lambda: value("active_set_size") == 2)
        assert value("candidates") == 5
        assert value("new_connections_total") == 10
        demo.send_signal(signal.SIGTERM)
        said = demo.communicate(timeout=10)[0]
        assert demo.returncode == 0
    for words in ("good-1", "slow", "jittery", "flapping", "curl http://127.0.0.1:1234/",
                  "curl http://127.0.0.1:9099/metrics", "active set changed"):
        assert words in said


def is_open(namespace, port):
    with inside(namespace), socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
