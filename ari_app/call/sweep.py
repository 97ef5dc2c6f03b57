"""After a (re)connect to Asterisk: what is there that nobody owns.

The client has told vanished channels to their legs already. What remains are leftovers of a
process that ended: externalMedia channels and bridges of streams never end by themselves, and
a caller without a call task would hear silence for ever.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.ari.models import Bridge
from ari_app.ari.reconcile import Snapshot

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 1.0

#: Ids that ``external_media`` gives: a stream SID and what the thing is.
_MEDIA = re.compile(r"(MZ[0-9a-f]{32})-(media|bridge)")
#: Ids of our bridges: a SID and what the bridge is for, e.g. ``MZ…-in-bridge`` or ``CA…-dial``.
_BRIDGE = re.compile(r"[A-Z]{2}[0-9a-f]{32}(?:-[a-z]+)+")


def stream_of(bridges: Sequence[Bridge], channel_id: str) -> str | None:
    """Return the SID of the stream whose bridge the channel is in, or None."""
    for bridge in bridges:
        if channel_id in bridge.channels and (match := _MEDIA.fullmatch(bridge.id)):
            return match[1]
    return None


async def sweep(ari: AriClient, app: str, snapshot: Snapshot, owned: Callable[[str], bool]) -> int:
    """Hang up our application's channels and bridges that are not ``owned``; returns how many.

    ``owned`` is asked with the id of a channel or bridge. What is not ours is left alone.
    """

    def orphans() -> tuple[list[str], list[str]]:
        channels = [
            channel.id
            for channel in snapshot.channels
            if not owned(channel.id)
            and channel.dialplan.app_name == "Stasis"
            and channel.dialplan.app_data.split(",")[0] == app
        ]
        bridges = [
            bridge.id
            for bridge in snapshot.bridges
            if _BRIDGE.fullmatch(bridge.id) and not owned(bridge.id)
        ]
        return channels, bridges

    if any(orphans()):
        # A channel may be so new that its StasisStart is still on its way to us.
        await asyncio.sleep(SETTLE_SECONDS)
    channels, bridges = orphans()
    await asyncio.gather(
        *(_quietly(ari.channels.hangup(channel_id=channel)) for channel in channels),
        *(_quietly(ari.bridges.destroy(bridge_id=bridge)) for bridge in bridges),
    )
    if channels or bridges:
        log.warning("sweep.orphans", channels=channels, bridges=bridges)
    return len(channels) + len(bridges)


async def _quietly(request: Awaitable[None]) -> None:
    try:
        await request
    except AriError as error:
        log.info("sweep.gone_already", error=str(error))
