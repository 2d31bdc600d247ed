"""What a running process uses of the CPUs."""

import os
import pathlib
import time


def cpu_seconds(process):
    """What it has used so far, in all its threads."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_share(process, seconds=1.0):
    """The share of one CPU that it uses during the next seconds."""
    used, began = cpu_seconds(process), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(process) - used) / (time.monotonic() - began)
