"""Real-time scheduling of a process whose clock callers hear."""

from __future__ import annotations

import os


def real_time() -> bool:
    """Have this process run as soon as it is due, before others; tells whether that was granted.

    SCHED_RR at the lowest real-time priority (sched(7)): root and CAP_SYS_NICE may, others by
    RLIMIT_RTPRIO. Asterisk's many threads else keep a worker waiting by tens of milliseconds on a
    machine that is half idle, and a tick missed is a bot's audio late from then on. Never on
    a single core, which nobody else would get then. Processes started by this one do not inherit.
    """
    if not hasattr(os, "sched_setscheduler") or len(os.sched_getaffinity(0)) < 2:
        return False
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        return False
    return True
