"""Many sessions of real clients through a forwarder that keeps a pool.

    run_sessions(session, 10_000, namespace=net.near)       # session(number) raises when it fails
    assert pool_share(forwarder) > 0.9
"""

import collections
import time
from concurrent.futures import ThreadPoolExecutor

from forwarder import sanitized
from netns import stay_inside

DYNAMIC = {"pools": {"strategy": {"type": "dynamic"}}}


def scaled(count):
    """So many sessions, or a tenth of them where a sanitizer makes all slow."""
    return count // 10 if sanitized() else count


def run_sessions(session, count, namespace, at_once=16, seconds=0):
    """Calls session(number) for each number below count, in several threads in the namespace, and demands that none
    raises. They are spread over so many seconds, or follow one another at once."""
    begun = time.monotonic()

    def run(number):
        time.sleep(max(0, begun + seconds * number / count - time.monotonic()))
        session(number)

    with ThreadPoolExecutor(at_once, initializer=stay_inside, initargs=(namespace,)) as pool:
        runs = [pool.submit(run, number) for number in range(count)]
    failures = collections.Counter(repr(run.exception()) for run in runs if run.exception())
    assert not failures, f"{failures.total()} of {count} sessions failed: {failures.most_common(5)}"


def pool_share(forwarder):
    """Which part of the sessions so far got a link from the pool."""
    taken, dialled = (forwarder.value("first_link_seconds_count", source=source) or 0 for source in ("pool", "dial"))
    return taken / (taken + dialled)
