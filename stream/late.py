"""How long a late bot is waited for; stream/core/core.h has the same numbers."""

from __future__ import annotations

PATIENCE = 10
"""Ticks a bot talking in real time may be late by, now and then: 200 ms, a stall on its way."""

AHEAD = 10
"""Frames queued by which a bot is known to send ahead of time: it runs dry when it has ended."""

CALM = 100
"""Ticks that earn a bot another wait: what comes more often than every 2 s for long is jitter."""

WAITS = 20
"""Waits that a bot may have in store: bad moments of a machine come in groups."""

LINGER = 20
"""Silent ticks after which nothing is made up for any more but the last: the talk is over."""

MAX_OWED = 6
"""Ticks that a stall of ours swallowed, made up for by frames that are there: 120 ms."""
