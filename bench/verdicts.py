"""Statistics of the rounds, and whether they meet a limit."""

import dataclasses
import math
import statistics


@dataclasses.dataclass(frozen=True)
class Limit:
    """A bound for a metric, or for its ratio to the better of others."""

    metric: str
    bound: float
    against: tuple = ()
    at_least: bool = False


def interval(values):
    """95 % for the median, from the ranks of the values alone: exact whatever their distribution is, and nothing is
    drawn at random. Below 6 values it is their whole range, which covers less."""
    ordered = sorted(values)
    below, rank = 0.0, 0
    while (below := below + math.comb(len(ordered), rank) / 2 ** len(ordered)) <= 0.025:
        rank += 1
    rank = max(rank - 1, 0)
    return ordered[rank], ordered[-1 - rank]


def better(samples, limit):
    """Whose median is the better one; None when none of them took part."""
    present = [name for name in limit.against if name in samples]
    choose = max if limit.at_least else min
    return choose(present, key=lambda name: statistics.median(values(samples, name, limit.metric)), default=None)


def values(samples, name, metric):
    return [sample[metric] for sample in samples[name]]


def ratios(samples, ours, theirs, metric):
    """The quotients, a pair from each round."""
    return [mine / other for mine, other in zip(values(samples, ours, metric), values(samples, theirs, metric))]


def verdict(samples, ours, limit):
    """None when the rounds do not tell."""
    if ours not in samples or limit.metric not in samples[ours][0]:
        return None
    other = better(samples, limit)
    if limit.against and other is None:
        return None
    found = ratios(samples, ours, other, limit.metric) if other else values(samples, ours, limit.metric)
    low, high = interval(found)
    median = statistics.median(found)
    holds = (lambda value: value >= limit.bound) if limit.at_least else (lambda value: value <= limit.bound)
    return {"metric": limit.metric, "against": other, "median": median, "low": low, "high": high,
            "bound": limit.bound, "at_least": limit.at_least, "met": holds(high if limit.at_least else low),
            "median_within": holds(median)}


def noise(samples, limit, again):
    """The same ratio of a peer to itself; None without one."""
    for name in samples:
        base = name.removesuffix(again)
        if limit.against and name != base and base in samples and limit.metric in samples[name][0]:
            found = ratios(samples, name, base, limit.metric)
            low, high = interval(found)
            return {"metric": limit.metric, "contestant": name, "median": statistics.median(found), "low": low,
                    "high": high}
    return None
