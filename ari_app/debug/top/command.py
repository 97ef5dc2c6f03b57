"""`ari-debug top`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from ari_app.debug.cli_support import plainly
from ari_app.debug.exits import UNREACHABLE, QuitError
from ari_app.debug.record import Item
from ari_app.debug.sources import From, Place, Redis, SourceError, TapPath, recorded
from ari_app.debug.tapped import live


async def _replayed(items: Sequence[Item]) -> AsyncIterator[Item]:
    for item in items:
        yield item


@plainly
def top(from_: From = None, tap: TapPath = None, redis: Redis = None) -> None:
    """Watch all calls: state, duration, verb, streams, packet loss and jitter of each leg.

    The keys are sngrep's: arrows, Enter follows the ladder of the call under the cursor, Escape
    goes back, Space selects calls, F2 saves them as a recording or as HTML ladders, F7 shows
    only calls of which something fits a filter, q quits. Of a recording it shows the last moment.
    """
    # Not above: every other command starts without a terminal toolkit.
    from ari_app.debug.top.screen import Top  # noqa: PLC0415

    try:
        place = Place(tap=tap, file=from_, redis=redis).settled()
        items = recorded(place.file) if place.file else []
    except LookupError as error:
        raise QuitError(UNREACHABLE, str(error.args[0])) from error
    except SourceError as error:
        raise QuitError(UNREACHABLE, str(error)) from error
    if place.file is None and place.redis is not None:
        from ari_app.debug import nodes  # noqa: PLC0415  (Redis)

        Top(nodes.live(place.redis), nodes=True).run()
        return
    if place.file is None:
        Top(live(place.tap or Path(), statistics=True)).run()
        return
    end = items[-1].at if items else 0.0
    Top(_replayed(items), clock=lambda: end).run()
