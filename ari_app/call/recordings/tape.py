"""How Asterisk records, in three ways that look alike from here.

- "monitor": MixMonitor on a channel. What it receives and what it sends, two tracks in step.
- "channel": ARI's record of a channel that does nothing else: what it receives. It ends by itself
  after silence or a time, and the channel must not be in a bridge.
- "bridge": ARI's record of a bridge: all that is said in it, one track.

A recording is a row of segments, one raw file each: a pause ends a segment, so that what is not
to be recorded is never on the disk. All of them outlive a restart of the app.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError, NotFound
from ari_app.model import Segment, Tape

#: File endings by which Asterisk chooses a form without a header.
_SUFFIX = {"monitor": ".raw", "channel": ".sln", "bridge": ".sln"}


@dataclass(frozen=True, slots=True)
class Limits:
    """When a recording of kind "channel" ends by itself, seconds; 0: it does not."""

    length: int = 0
    silence: int = 0


#: Those of a recording that only its owner ends.
UNLIMITED = Limits()


def tracks(tape: Tape) -> int:
    """Return how many tracks the tape's raw files hold side by side."""
    return 2 if tape.kind == "monitor" else 1


def next_file(tape: Tape, sid: str) -> str:
    """Return the name of the tape's next raw file."""
    return f"{sid}-{len(tape.segments) + 1}{_SUFFIX[tape.kind]}"


def ari_name(tape: Tape) -> str:
    """Return the name by which ARI knows the running segment (kinds "channel" and "bridge")."""
    return tape.segments[-1].file.rpartition(".")[0]


async def roll(
    ari: AriClient, tape: Tape, path: Path, silence: float = 0.0, limits: Limits = UNLIMITED
) -> Tape:
    """Begin to record into ``path``; returns the tape with its new segment. Raises AriError.

    ``silence`` is how many seconds of it belong before the segment.
    """
    name, _, form = path.name.rpartition(".")
    monitor = ""
    match tape.kind:
        case "monitor":
            monitor = await ari.monitors.start(tape.target, str(path), f"M{name.replace('-', '')}")
        case "channel":
            await ari.channels.record(
                channel_id=tape.target,
                name=name,
                format=form,
                if_exists="overwrite",
                max_duration_seconds=limits.length,
                max_silence_seconds=limits.silence,
                terminate_on="none",
            )
        case "bridge":
            await ari.bridges.record(
                bridge_id=tape.target, name=name, format=form, if_exists="overwrite"
            )
    segments = (*tape.segments, Segment(path.name, silence))
    return msgspec.structs.replace(tape, segments=segments, monitor=monitor, paused_at=None)


async def halt(ari: AriClient, tape: Tape) -> None:
    """End the running segment; that it has ended already is no error. Raises AriError."""
    try:
        if tape.kind == "monitor":
            await ari.monitors.stop(tape.target, tape.monitor)
        else:
            await ari.recordings.stop(recording_name=ari_name(tape))
    except NotFound:
        pass


async def rolls(ari: AriClient, tape: Tape) -> bool:
    """Tell whether an earlier process's tape still runs; True when Asterisk does not say."""
    try:
        if tape.kind == "monitor":
            await ari.channels.get(channel_id=tape.target)
        else:
            await ari.recordings.get_live(recording_name=ari_name(tape))
    except NotFound:
        return False
    except AriError:
        return True
    return True
