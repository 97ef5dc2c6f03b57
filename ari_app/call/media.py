"""A leg's audio joined to a stream worker: externalMedia channel and bridge.

ARI: ``POST /channels/externalMedia``. The channel's StasisStart is awaited before it is added
to the bridge (sent earlier, about one addChannel in ten is refused with 422), and whoever made
an externalMedia channel must hang it up: it never ends by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from ari_app.ari.errors import AriError, NotFound
from ari_app.ari.events import Event, StasisStart
from ari_app.call.leg import Leg
from ari_app.call.ports import StreamWorker

log = structlog.get_logger(__name__)

#: Seconds to wait for Asterisk to put a new externalMedia channel into Stasis.
ENTER_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class ExternalMedia:
    """Where the worker's RTP comes from and goes to: Asterisk's own address."""

    peer_host: str
    peer_port: int
    joined: asyncio.Task[None]


@asynccontextmanager
async def external_media(
    leg: Leg, worker: StreamWorker, app: str, name: str
) -> AsyncIterator[ExternalMedia]:
    """Bridge ``leg`` with a new externalMedia channel to ``worker`` until the block ends.

    ``name`` is unique to the stream; ids are made of it so that orphans can be told apart.
    ``joined`` is done when audio flows; raises AriError when Asterisk refuses.
    """
    ari = leg.ari
    channel_id, bridge_id = f"{name}-media", f"{name}-bridge"
    entered = asyncio.Event()

    def on_event(event: Event) -> None:
        if isinstance(event, StasisStart):
            entered.set()

    async def join() -> None:
        await bridge
        async with asyncio.timeout(ENTER_TIMEOUT):
            await entered.wait()
        await ari.bridges.add_channel(bridge_id=bridge_id, channel=[leg.channel_id, channel_id])

    route = ari.route(channel_id, on_event)
    bridge = asyncio.create_task(_create_bridge(leg, bridge_id))
    joined: asyncio.Task[None] | None = None
    try:
        channel = await ari.channels.external_media(
            channel_id=channel_id,
            app=app,
            external_host=f"{worker.rtp_host}:{worker.rtp_port}",
            format=leg.codec,
        )
        variables = channel.channelvars or {}
        joined = asyncio.create_task(join())
        yield ExternalMedia(
            peer_host=str(variables["UNICASTRTP_LOCAL_ADDRESS"]),
            peer_port=int(str(variables["UNICASTRTP_LOCAL_PORT"])),
            joined=joined,
        )
    finally:
        for task in (joined, bridge):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
                if not task.cancelled() and (error := task.exception()):
                    log.info("media.join_failed", name=name, error=str(error))
        await asyncio.gather(_destroy_bridge(leg, bridge_id), _hangup(leg, channel_id))
        route.close()


@asynccontextmanager
async def adopted_media(leg: Leg, name: str) -> AsyncIterator[None]:
    """Take over the externalMedia channel and bridge that an earlier process made as ``name``."""
    try:
        yield
    finally:
        await asyncio.gather(_destroy_bridge(leg, f"{name}-bridge"), _hangup(leg, f"{name}-media"))


async def _create_bridge(leg: Leg, bridge_id: str) -> None:
    await leg.ari.bridges.create_with_id(bridge_id=bridge_id, type="mixing", name=bridge_id)


async def _destroy_bridge(leg: Leg, bridge_id: str) -> None:
    try:
        await leg.ari.bridges.destroy(bridge_id=bridge_id)
    except NotFound:
        pass
    except AriError as error:
        log.warning("media.bridge_left", bridge_id=bridge_id, error=str(error))


async def _hangup(leg: Leg, channel_id: str) -> None:
    try:
        await leg.ari.channels.hangup(channel_id=channel_id)
    except NotFound:
        pass
    except AriError as error:
        log.warning("media.channel_left", channel_id=channel_id, error=str(error))
