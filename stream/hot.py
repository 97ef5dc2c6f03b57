"""What every frame passes: the compiled core where it was built, else its twin in Python.

Both are the same to whoever uses them, and pass the same tests. ``STREAM_CORE=python`` in the
environment chooses the twin, ``STREAM_CORE=c`` insists on the core. A core that was built of
other sources than those beside it is not used: its structures need not be those meant here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

_WISH = os.environ.get("STREAM_CORE", "")

COMPILED = False
#: Whether a core is there, but of other sources.
STALE = False
if not TYPE_CHECKING and _WISH != "python":
    try:
        from stream import _core, core_sources

        if getattr(_core, "sources", None) != core_sources.fingerprint():
            STALE = True
            raise ImportError("stream/_core was built of other sources: run make")
        from stream._core import (
            Batch,
            InboundState,
            Lane,
            MediaText,
            PlayoutState,
            Poller,
            Sender,
            Wire,
        )

        COMPILED = True
    except ImportError:
        if _WISH == "c":
            raise

if TYPE_CHECKING or not COMPILED:
    from stream.twin import InboundState, Lane, MediaText, PlayoutState, Sender
    from stream.udp_sockets import Batch
    from stream.ws_twin import Poller, Wire

__all__ = [
    "COMPILED",
    "STALE",
    "Batch",
    "InboundState",
    "Lane",
    "MediaText",
    "PlayoutState",
    "Poller",
    "Sender",
    "Wire",
]
