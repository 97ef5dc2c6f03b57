"""One direction of a leg's audio to a stream worker, beside whatever else the leg does.

ARI: ``POST /channels/{id}/snoop`` gives a channel that hears what the leg hears or says; bridged
with an externalMedia channel it reaches the worker as RTP. Both have to be hung up by who made
them: an externalMedia channel never ends by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from ari_app.call.leg import Leg
from ari_app.call.media import (
    ENTER_TIMEOUT,
    Watch,
    all_of,
    create_bridge,
    create_channel,
    destroy_bridge,
    hang_up,
)
from ari_app.call.ports import StreamWorker
from ari_app.call.whole import whole

Track = Literal["inbound", "outbound"]

#: What Asterisk calls the direction: ``in`` is what comes from the far end, ``out`` goes to it.
_SPY: dict[Track, str] = {"inbound": "in", "outbound": "out"}
#: Taps carry µ-law whatever the leg speaks: the snoop channel has signed linear anyway.
CODEC = "ulaw"


@dataclass(frozen=True, slots=True)
class Tap:
    """A tapped track: where Asterisk sends its RTP from.

    ``ended`` is set when the audio cannot come any more, the leg's hang-up included.
    """

    track: Track
    peer_host: str
    peer_port: int
    ended: asyncio.Event


@asynccontextmanager
async def tap(
    leg: Leg, worker: StreamWorker, app: str, name: str, track: Track
) -> AsyncIterator[Tap]:
    """Send one track of ``leg`` to ``worker`` as µ-law RTP while the block runs.

    ``name`` is a stream's SID, unique together with ``track``: ids are made of it, so that
    orphans can be told apart. Raises AriError and TwilioError 31900 when Asterisk refuses,
    TimeoutError when it does not answer.
    """
    ari, spy = leg.ari, _SPY[track]
    stem = f"{name}-{spy}"
    snoop_id, channel_id, bridge_id = f"{stem}-snoop", f"{stem}-media", f"{stem}-bridge"
    snoop, media = Watch(ari, snoop_id), Watch(ari, channel_id)
    try:
        # Seen through to the end: half done, none of them could be undone.
        _, _, (host, port) = await whole(
            all_of(
                ari.channels.snoop_channel_with_id(
                    channel_id=leg.channel_id, snoop_id=snoop_id, app=app, spy=spy
                ),
                create_bridge(leg, bridge_id),
                create_channel(leg, channel_id, app, f"{worker.rtp_host}:{worker.rtp_port}", CODEC),
            )
        )
        async with asyncio.timeout(ENTER_TIMEOUT):
            await asyncio.gather(snoop.entered.wait(), media.entered.wait())
        await whole(ari.bridges.add_channel(bridge_id=bridge_id, channel=[snoop_id, channel_id]))
        # Either's end is the tap's: the snoop channel goes when the leg does.
        snoop.ended_with(media)
        yield Tap(track, host, port, snoop.ended)
    finally:
        # Seen through as well: a hang-up may come while a stream that ended is cleaned up.
        await whole(
            all_of(destroy_bridge(leg, bridge_id), hang_up(leg, channel_id), hang_up(leg, snoop_id))
        )
        snoop.close()
        media.close()


@asynccontextmanager
async def taps(
    leg: Leg, worker: StreamWorker, app: str, name: str, tracks: Sequence[Track]
) -> AsyncIterator[list[Tap]]:
    """Tap several tracks of a leg at once, for one stream; see `tap`."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(tap(leg, worker, app, name, track)) for track in tracks
        ]
