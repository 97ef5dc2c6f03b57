"""What was missed while the connection was down (B-24)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ari_app.ari.dispatch import Dispatch, Route
from ari_app.ari.errors import AriError, NotFound
from ari_app.ari.models import Bridge, Channel
from ari_app.ari.operations import Resources
from ari_app.ari.transport import Transport


@dataclass(frozen=True)
class Snapshot:
    """All channels and bridges that exist right after a (re)connect, whoever owns them."""

    channels: tuple[Channel, ...]
    bridges: tuple[Bridge, ...]


async def reconcile(resources: Resources, transport: Transport, dispatch: Dispatch) -> Snapshot:
    """Compare with what exists; routes of vanished channels get a ChannelGone. Raises AriError.

    A route no event has come for may belong to a channel whose making is still under way, so
    its channel is asked for by name once the requests of this moment have ended.
    """
    known = dispatch.routes
    settled = asyncio.ensure_future(transport.settled())
    try:
        channels, bridges = await asyncio.gather(
            resources.channels.list(), resources.bridges.list()
        )
        alive = {channel.id for channel in channels}
        missing = [route for route in known if route.channel_id not in alive]
        unseen = {route.channel_id for route in missing if not route.seen}
        if unseen:
            await settled
        for channel_id in dict.fromkeys(route.channel_id for route in missing):
            if channel_id not in unseen or not await _exists(resources, channel_id):
                _tell(dispatch, channel_id, missing)
    finally:
        settled.cancel()
    return Snapshot(tuple(channels), tuple(bridges))


async def _exists(resources: Resources, channel_id: str) -> bool:
    try:
        await resources.channels.get(channel_id)
    except NotFound:
        return False
    except AriError:
        return True  # not known: better a late end than a live call cut
    return True


def _tell(dispatch: Dispatch, channel_id: str, missing: list[Route]) -> None:
    """Unless the owner has closed the route or heard of the end meanwhile."""
    still = dispatch.routes
    if any(r in still and not r.ended for r in missing if r.channel_id == channel_id):
        dispatch.gone(channel_id)
