"""Real-time scheduling of a process whose clock callers hear."""

from __future__ import annotations

import os

PRIORITY = 11
"""Above Asterisk's 10: its hundreds of threads may not keep a worker's one waiting."""


def useful() -> bool:
    """Tell whether to ask for it: never on a single core, which nobody else would get then."""
    return hasattr(os, "sched_setscheduler") and len(os.sched_getaffinity(0)) > 1


def real_time() -> bool:
    """Have this process run as soon as it is due, before others; tells whether that was granted.

    SCHED_RR at a low real-time priority (sched(7)): root and CAP_SYS_NICE may, others by
    RLIMIT_RTPRIO. Asterisk's many threads else keep a worker waiting by tens of milliseconds on a
    machine that is half idle, and a tick missed is a bot's audio late from then on. Processes
    started by this one do not inherit.
    """
    if not useful():
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError:
        return False
    return True
