#!/usr/bin/env python3
"""Prints what compare.py wrote with --json, as Markdown."""

import argparse
import json
import pathlib
import statistics

import lab

METRICS = {
    "cpu_us": ("CPU, µs", ".2f"),
    "machine_us": ("CPU of the machine, µs", ".1f"),
    "cpu_s_per_gb": ("CPU, s/GB", ".3f"),
    "machine_s_per_gb": ("CPU of the machine, s/GB", ".2f"),
    "rate": ("operations/s", ".0f"),
    "gb_per_s": ("GB/s", ".2f"),
    "busy": ("share of its core", ".0%"),
    "p50_us": ("p50, µs", ".1f"),
    "p99_us": ("p99, µs", ".0f"),
    "p99_9_us": ("p99.9, µs", ".0f"),
    "added_p50_us": ("p50 added, µs", ".1f"),
    "resumed": ("TLS sessions resumed", ".1%"),
    "anonymous": ("anonymous, bytes", ".0f"),
    "bulk_anonymous": ("after bulk: anonymous, bytes", ".0f"),
    "bulk_inside": ("and what is in pipes", ".0f"),
    "bulk_capacity": ("or the room in pipes", ".0f"),
    "anonymous_mib": ("anonymous, MiB", ".1f"),
    "resident_mib": ("resident, MiB", ".1f"),
    "proportional_mib": ("proportional, MiB", ".1f"),
}


def medians(samples):
    """Metric to median, in the order of METRICS."""
    return {metric: statistics.median(sample[metric] for sample in samples) for metric in METRICS
            if metric in samples[0]}


def measured_table(row):
    found = {name: medians(samples) for name, samples in row["samples"].items()}
    metrics = [metric for metric in METRICS if any(metric in values for values in found.values())]
    lines = [[name, *(shown(values, metric) for metric in metrics)] for name, values in found.items()]
    return lab.table(["", *(METRICS[metric][0] for metric in metrics)], lines)


def shown(values, metric):
    return f"{values[metric]:{METRICS[metric][1]}}" if metric in values else ""


def spread(values, form):
    return f"{values['median']:{form}} ({values['low']:{form}} to {values['high']:{form}})"


def verdict_line(name, verdict, noise):
    form = ".3f" if verdict["against"] else ".1f"
    what = METRICS[verdict["metric"]][0]
    if verdict["met"]:
        judged = "met" if verdict["median_within"] else "met by the interval, not by the median"
    else:
        judged = "not met"
    against = f" / {verdict['against']}" if verdict["against"] else ""
    bound = f"{'>=' if verdict['at_least'] else '<='} {verdict['bound']}"
    return [name, what + against, spread(verdict, form), bound, judged, spread(noise, form) if noise else ""]


def verdict_table(rows):
    lines = []
    for name, row in rows.items():
        noise = {found["metric"]: found for found in row["noise"]}
        lines += [verdict_line(name, verdict, noise.get(verdict["metric"])) for verdict in row["verdicts"]]
    return lab.table(["row", "figure", "median (95 % interval)", "limit", "", "a peer against itself"], lines)


def markdown(result):
    parts = [f"- {key}: {value}\n" for key, value in result["environment"].items()]
    for name, row in result["rows"].items():
        rounds = max(len(samples) for samples in row["samples"].values())
        count = f"{rounds} round{'s' if rounds > 1 else ''}"
        parts.append(f"\n### {name}: {row['title']}\n\n{count}{row['note']}\n\n{measured_table(row)}")
    if any(row["verdicts"] for row in result["rows"].values()):
        parts.append(f"\n### Verdicts\n\n{verdict_table(result['rows'])}")
    return "".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=pathlib.Path)
    print(markdown(json.loads(parser.parse_args().result.read_text())))


if __name__ == "__main__":
    main()
