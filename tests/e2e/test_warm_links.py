"""What pools are for: clients do not wait for the way to the backend, and seldom find no link. bench/ measures the
same at length."""

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import lab  # noqa: E402
import pool_hits  # noqa: E402
import round_trips  # noqa: E402

pytestmark = pytest.mark.skipif(lab.unavailable() is not None, reason=str(lab.unavailable()))


@pytest.fixture(scope="module", name="waits")
def median_waits():
    """{(kind of backend, route): the median time to the first byte, in round trips}"""
    services = list(round_trips.SERVICES.values())
    routes = [round_trips.DIRECT, round_trips.COLD, round_trips.WARM]
    with round_trips.Bench(services, routes, one_way_ms=25) as bench:
        latencies = round_trips.measure_all(bench, rounds=2, rate=20, seconds=1)
        return {turn: lab.percentile(values, 0.5) / bench.rtt_ms for turn, values in latencies.items()}


@pytest.mark.parametrize(("kind", "direct"), [("tcp", 2), ("tls", 3), ("greeting", 2)])
def test_a_new_link_costs_its_round_trips(waits, kind, direct):
    title = round_trips.SERVICES[kind].title
    for route in (round_trips.DIRECT, round_trips.COLD):
        assert waits[title, route] >= direct - 0.1


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_over_a_warm_link_the_answer_comes_after_one_round_trip(waits, kind):
    assert 1 <= waits[round_trips.SERVICES[kind].title, round_trips.WARM] < 1.5


def test_the_greeting_of_a_warm_link_is_there_or_on_its_way(waits):
    assert waits[round_trips.SERVICES["greeting"].title, round_trips.WARM] < 1.1


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("strategy", pool_hits.STRATEGIES)
def test_hardly_a_session_finds_no_link(strategy, workers):
    load = pool_hits.steady(pool_hits.START_SECONDS + 8)
    result = pool_hits.run(load, strategy, workers)
    assert result["sessions"] > 300
    assert result["hit_share"] >= 0.95
