#!/usr/bin/env python3
"""Draws what compare.py recorded: compare-cpu.svg, compare-latency.svg and compare-memory.svg.

    bench/compare_plot.py result.json docs/images

It needs matplotlib (Debian: python3-matplotlib).
"""

import argparse
import json
import math
import pathlib
import statistics

import matplotlib

from arena import AGAIN, DIRECT, HAPROXY, NGINX, OURS, SPLICE
from plot_style import BLUE, GREEN, GREY, ORANGE, STYLE, VERMILION, pyplot, save
from verdicts import interval

COLOURS = {OURS: BLUE, HAPROXY: ORANGE, SPLICE: VERMILION, NGINX: GREEN, DIRECT: GREY}
COLUMNS = 2
# File, title, and the panels: row, metric, title, number format.
FIGURES = [
    ("compare-cpu.svg", "CPU time of the proxy", [
        ("connect", "cpu_us", "connect + request + close, µs", ".1f"),
        ("pingpong", "cpu_us", "64-byte ping-pong, µs a message", ".1f"),
        ("bulk-down", "cpu_s_per_gb", "bulk down, s/GB", ".2f"),
        ("bulk-up", "cpu_s_per_gb", "bulk up, s/GB", ".2f"),
        ("tls-connect-new", "cpu_us", "connect, TLS to the backend, new session, µs", ".0f"),
        ("tls-connect-resumed", "cpu_us", "connect, TLS to the backend, resumed, µs", ".0f"),
        ("tls-bulk-down", "cpu_s_per_gb", "bulk down, TLS to the backend, s/GB", ".2f"),
        ("tls-bulk-up", "cpu_s_per_gb", "bulk up, TLS to the backend, s/GB", ".2f"),
    ]),
    ("compare-latency.svg", "Latency", [
        ("arrivals", "p50_us", "connect + request, half load, p50, µs", ".0f"),
        ("arrivals", "p99_us", "connect + request, half load, p99, µs", ".0f"),
        ("pingpong", "p50_us", "ping-pong, 64 connections, p50, µs", ".0f"),
        ("pingpong", "p99_us", "ping-pong, 64 connections, p99, µs", ".0f"),
        ("latency", "added_p50_us", "ping-pong, one connection, added to p50, µs", ".1f"),
        ("mixed", "p99_us", "ping-pong beside bulk, p99, µs", ".0f"),
    ]),
    ("compare-memory.svg", "Memory", [
        ("idle", "anonymous", "an idle session, bytes", ".0f"),
        ("idle", "bulk_capacity", "an idle session after bulk, with pipes, bytes", ".0f"),
        ("rest", "anonymous_mib", "at rest, anonymous, MiB", ".1f"),
        ("rest", "resident_mib", "at rest, resident, MiB", ".1f"),
    ]),
]


def panel_values(row, metric):
    """Contestant to all its values; a peer against itself is no news here."""
    return {name: [sample[metric] for sample in samples] for name, samples in row["samples"].items()
            if not name.endswith(AGAIN) and metric in samples[0]}


def draw_panel(axes, values, title, form):
    names = list(values)
    medians = [statistics.median(values[name]) for name in names]
    ends = [interval(values[name]) for name in names]
    reach = [[median - low for median, (low, _) in zip(medians, ends)],
             [high - median for median, (_, high) in zip(medians, ends)]]
    axes.barh(names, medians, xerr=reach, color=[COLOURS[name.split(",")[0]] for name in names],
              error_kw={"elinewidth": 1, "capsize": 2})
    room = max(high for _, high in ends)
    for place, (median, (_, high)) in enumerate(zip(medians, ends)):
        axes.text(high + 0.02 * room, place, f"{median:{form}}", va="center")
    axes.set_xlim(0, 1.2 * room)
    axes.invert_yaxis()
    axes.locator_params(axis="x", nbins=5)
    axes.set_axisbelow(True)
    axes.grid(axis="y", visible=False)
    axes.set_title(title, fontsize="medium", loc="left")


def draw_figure(rows, title, panels, path):
    drawn = [(panel_values(rows[row], metric), name, form) for row, metric, name, form in panels if row in rows]
    drawn = [panel for panel in drawn if panel[0]]
    if not drawn:
        return
    lines = math.ceil(len(drawn) / COLUMNS)
    figure, grid = pyplot.subplots(lines, COLUMNS, squeeze=False, figsize=(5 * COLUMNS, 1.9 * lines + 0.4),
                                   layout="constrained")
    for axes, panel in zip(grid.flat, drawn):
        draw_panel(axes, *panel)
    for axes in grid.flat[len(drawn):]:
        axes.set_axis_off()
    figure.suptitle(f"{title}: less is better; medians, with their 95 % intervals", fontsize="medium")
    save(figure, path)


def draw(result, directory):
    with matplotlib.rc_context(STYLE):
        for file, title, panels in FIGURES:
            draw_figure(result["rows"], title, panels, directory / file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=pathlib.Path, help="what compare.py wrote with --json")
    parser.add_argument("directory", type=pathlib.Path)
    options = parser.parse_args()
    draw(json.loads(options.result.read_text()), options.directory)


if __name__ == "__main__":
    main()
