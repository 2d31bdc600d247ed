"""What a process and the machine have used so far, as the kernel tells it. Needs the right to look into the process."""

import array
import contextlib
import fcntl
import os
import pathlib
import re
import termios
import time

F_GETPIPE_SZ = 1032


def cpu_seconds(pid):
    """The time on a CPU of all threads, exact to the nanosecond."""
    stats = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9


def let_settle(pid):
    """Until what the load left behind has been dealt with; one that works ahead, as pools do, is not waited for."""
    before = cpu_seconds(pid)
    for _ in range(10):
        time.sleep(0.05)
        now = cpu_seconds(pid)
        if now - before < 0.001:
            return
        before = now


def machine_seconds():
    """The time that all CPUs together were busy, in steps of 10 ms; another machine's share (steal) is left out."""
    user, nice, system, _idle, _iowait, irq, softirq = map(int, _first_line("/proc/stat").split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _first_line(path):
    with open(path) as file:
        return file.readline()


def memory_bytes(pid):
    """Anonymous and resident bytes, and the process's share of what it maps together with others."""
    fields = {}
    for name in ("status", "smaps_rollup"):
        text = pathlib.Path(f"/proc/{pid}/{name}").read_text()
        fields |= {key: int(value) * 1024 for key, value in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}
    return {"anonymous": fields["RssAnon"], "resident": fields["VmRSS"], "proportional": fields["Pss"]}


def pipe_bytes(pid):
    """Of the pipes that the process holds: what they may hold, and what is in them."""
    capacity = inside = 0
    seen = set()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            target = os.readlink(entry)
            if not target.startswith("pipe:") or target in seen:
                continue
            seen.add(target)
            pipe = os.open(entry, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            capacity += fcntl.fcntl(pipe, F_GETPIPE_SZ)
            waiting = array.array("i", [0])
            fcntl.ioctl(pipe, termios.FIONREAD, waiting)
            inside += waiting[0]
            os.close(pipe)
    return {"capacity": capacity, "inside": inside}
