"""What the log says, in which form, and what it does not say."""

import collections
import json
import re

import pytest

from backends import Backend
from clients import served_by
from forwarder import Forwarder, free_port, wait_until

TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (trace|debug|info|warn|error) (\w+): .+")


@pytest.fixture(scope="module")
def backend():
    with Backend("greeting", ("127.0.0.1", free_port())) as backend:
        yield backend


def whole_lines(forwarder):
    return forwarder.log().rpartition("\n")[0].splitlines()


def levels_by_module(forwarder):
    levels = collections.defaultdict(set)
    for line in whole_lines(forwarder):
        level, module = TEXT_LINE.fullmatch(line).groups()
        levels[module].add(level)
    return levels


def serve_one(forwarder, backend):
    assert served_by(forwarder) == backend.name
    wait_until(lambda: forwarder.value("active_connections") == 0)


def test_at_info_connections_make_no_lines(backend):
    with Forwarder([backend.name]) as forwarder:
        wait_until(lambda: "accepting connections" in forwarder.log())
        before = forwarder.log()
        for _ in range(50):
            serve_one(forwarder, backend)
        assert forwarder.log() == before


def test_the_flag_overrides_the_level_of_the_configuration(backend):
    with Forwarder([backend.name], {"logging": {"level": "error"}}, arguments=["--log-level", "debug"]) as forwarder:
        serve_one(forwarder, backend)
        wait_until(lambda: "session ended" in forwarder.log())
        assert levels_by_module(forwarder)["session"] == {"debug"}
        assert "info" in levels_by_module(forwarder)["app"]


def test_the_environment_sets_levels_per_module(backend):
    levels = {"TCP_FORWARDER_LOG": "session=debug,app=error"}
    with Forwarder([backend.name], environment=levels) as forwarder:
        serve_one(forwarder, backend)
        wait_until(lambda: "session ended" in forwarder.log())
        modules = levels_by_module(forwarder)
        assert modules["session"] == {"debug"}
        assert modules["selector"] == {"info"}
        assert "app" not in modules


def test_json_lines_are_objects_with_time_level_module_and_message(backend):
    config = {"logging": {"format": "json", "level": "trace"}}
    with Forwarder([backend.name], config) as forwarder:
        serve_one(forwarder, backend)
        (end,) = wait_until(lambda: forwarder.events("session ended"))
        assert end["backend"] == backend.name and end["service"] == "default"
        assert (end["upstream_bytes"], end["downstream_bytes"]) == (0, len(backend.name) + 1)
        lines = [json.loads(line) for line in whole_lines(forwarder)]
        assert len(lines) > 5
        assert all(list(line)[:4] == ["time", "level", "module", "message"] for line in lines)


def test_the_first_set_is_told_with_its_reason_and_scores(backend):
    with Forwarder([backend.name], {"logging": {"format": "json"}}) as forwarder:
        (change,) = wait_until(lambda: forwarder.events("active set changed"))
        assert (change["reason"], change["panic"]) == ("initial", False)
        assert re.fullmatch(re.escape(backend.name) + r"=\d+\.\d", change["in"])
        assert change["members"] == change["in"] and change["out"] == ""


def test_a_dead_member_makes_one_line_per_kind_not_one_per_client(backend):
    with Backend("greeting", ("127.0.0.1", free_port())) as victim:
        config = {"logging": {"format": "json"}, "pools": {"algorithm": "round_robin"}}
        with Forwarder([backend.name, victim.name], config) as forwarder:
            wait_until(lambda: forwarder.value("active_set_size") == 2)
            victim.kill()
            for _ in range(100):
                assert served_by(forwarder) == backend.name
            failures = wait_until(lambda: forwarder.events("dial failed") + forwarder.events("probe failed"))
            assert {failure["backend"] for failure in failures} == {victim.name}
            assert 1 <= len(failures) <= 2
