"""All items that a recording or a tap holds now."""

from __future__ import annotations

from pathlib import Path

from ari_app.debug.exits import FAILED, UNREACHABLE, QuitError
from ari_app.debug.ladder.pick import NoCallError, pick
from ari_app.debug.record import Item
from ari_app.debug.sources import Place, SourceError, recorded
from ari_app.debug.tapped import held


def remembered(place: Place, pcap: Path | None = None) -> list[Item]:
    """Read a recording, or what a tap or those of all nodes hold; raises QuitError if none is.

    With a capture that may be: calls are looked for in it alone then.
    """
    try:
        place = place.settled()
    except LookupError as error:
        if pcap is not None:
            return []
        raise QuitError(UNREACHABLE, str(error.args[0])) from error
    try:
        if place.redis and not place.file:
            from ari_app.debug import nodes  # noqa: PLC0415  (Redis)

            return nodes.held(place.redis)
        return recorded(place.file) if place.file else held(place.tap or Path())
    except SourceError as error:
        raise QuitError(UNREACHABLE, str(error)) from error


def call_of(items: list[Item], wanted: str | None, pcap: Path | None = None) -> list[Item]:
    """Items of one call, with what a capture holds of it; raises QuitError.

    With a capture a call is found by its RTP ports too, which the SDP in it tells, and a call that
    nothing else tells of is what the capture has of it.
    """
    if pcap is None:
        try:
            return pick(items, wanted)
        except NoCallError as error:
            raise QuitError(FAILED, str(error)) from error
    # Not above: only who has a capture waits for its library.
    from ari_app.debug.capture import CaptureError, alone, call_id_of_port, join, read  # noqa: PLC0415

    try:
        datagrams = read(pcap)
        try:
            mine = pick(items, wanted)
        except NoCallError:
            port = (wanted or "").rpartition(":")[2]
            call_id = call_id_of_port(datagrams, int(port)) if port.isdigit() else ""
            try:
                mine = pick(items, call_id or wanted)
            except NoCallError:
                # Turned away before any application heard of it.
                if found := alone(datagrams, wanted):
                    return found
                raise
        return join(mine, datagrams)
    except NoCallError as error:
        raise QuitError(FAILED, f"{error}, nor in {pcap}") from error
    except CaptureError as error:
        raise QuitError(UNREACHABLE, str(error)) from error


def exported(mine: list[Item], pcap: Path, target: Path) -> int:
    """Write a call's packets into a capture of their own; how many. Raises QuitError."""
    from ari_app.debug.capture import CaptureError, export  # noqa: PLC0415

    try:
        count = export(mine, pcap, target)
    except CaptureError as error:
        raise QuitError(UNREACHABLE, str(error)) from error
    if not count:
        raise QuitError(FAILED, f"{pcap} has no packet of this call")
    return count
