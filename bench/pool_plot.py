#!/usr/bin/env python3
"""Draws the step of pool_hits.py, as it recorded it, as SVG: the same file gives the same picture.

    bench/pool_plot.py result.json docs/images/pool-step.svg

It needs matplotlib (Debian: python3-matplotlib).
"""

import argparse
import json
import pathlib

import matplotlib

from plot_style import BLUE, DARK, GREEN, SKY, STYLE, VERMILION, pyplot, save

ARRIVALS, MISSES, TARGET, IDLE, IN_USE = SKY, VERMILION, DARK, GREEN, BLUE
HEADROOM = 1.35  # for the legend


def each_second(samples, key):
    """How much a counter grew in each second."""
    values = [0] + [sample[key] for sample in samples]
    return [after - before for before, after in zip(values, values[1:])]


def draw_traffic(axes, seconds, samples):
    axes.stairs(each_second(samples, "arrived"), [0, *seconds], color=ARRIVALS, linewidth=1.5, label="sessions begun")
    misses = each_second(samples, "misses")
    axes.bar([second - 0.5 for second in seconds], misses, width=1, color=MISSES, label="of these, found no link open")
    axes.set_ylabel("sessions each second")
    axes.legend(loc="upper left")


def draw_links(axes, seconds, samples):
    for key, colour, style, label in (("target", TARGET, "--", "target of the pools"), ("idle", IDLE, "-", "idle"),
                                      ("in_use", IN_USE, "-", "in use")):
        axes.plot(seconds, [sample[key] for sample in samples], style, color=colour, label=label)
    axes.set_ylabel("links, all backends")
    axes.legend(loc="upper left")


def steps(results, workers):
    return [result for result in results if len(result["phases"]) > 1 and result["workers"] == workers]


def draw(results, path):
    with matplotlib.rc_context(STYLE):
        figure, grid = pyplot.subplots(2, len(results), sharex=True, sharey="row", squeeze=False,
                                       figsize=(5 * len(results), 6), layout="constrained")
        for (upper, lower), result in zip(grid.T, results):
            seconds = [sample["second"] for sample in result["samples"]]
            draw_traffic(upper, seconds, result["samples"])
            draw_links(lower, seconds, result["samples"])
            upper.set_title(f"{result['strategy']}: {100 * result['hit_share']:.1f} % from the pool")
            lower.set_xlabel("time, seconds")
            upper.set_xlim(0, seconds[-1])
        for row in grid:
            top = max(axes.dataLim.ymax for axes in row)
            row[0].set_ylim(0, HEADROOM * top)
        if results[0]["min_size"] is not None:
            figure.suptitle(f"pools.strategy.dynamic.min_size: {results[0]['min_size']}", fontsize="medium")
        save(figure, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=pathlib.Path, help="what pool_hits.py wrote with --json")
    parser.add_argument("image", type=pathlib.Path)
    parser.add_argument("--workers", type=int, default=1, help="which of the runs (default 1)")
    options = parser.parse_args()
    results = steps(json.loads(options.result.read_text()), options.workers)
    if not results:
        parser.error(f"no step with {options.workers} workers in {options.result}")
    draw(results, options.image)


if __name__ == "__main__":
    main()
