"""A leg's audio joined to a stream worker: externalMedia channel and bridge.

ARI: ``POST /channels/externalMedia``. The channel's StasisStart is awaited before it is added
to the bridge (sent earlier, about one addChannel in ten is refused with 422), and whoever made
an externalMedia channel must hang it up: it never ends by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from ari_app.ari.errors import AriError, NotFound
from ari_app.ari.events import Event, StasisStart
from ari_app.call.leg import Leg
from ari_app.call.ports import StreamWorker
from ari_app.call.whole import whole
from ari_app.errors import TwilioError

log = structlog.get_logger(__name__)

#: Seconds to wait for Asterisk to put a new externalMedia channel into Stasis.
ENTER_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class ExternalMedia:
    """Where the worker's RTP comes from and goes to: Asterisk's own address."""

    peer_host: str
    peer_port: int


@asynccontextmanager
async def external_media(
    leg: Leg,
    worker: StreamWorker,
    app: str,
    name: str,
    answer: Callable[[], Coroutine[Any, Any, None]],
) -> AsyncIterator[ExternalMedia]:
    """Answer ``leg`` and bridge it with a new externalMedia channel to ``worker``.

    The three requests that do not need each other go out together. Inside the block audio
    flows both ways; nothing the caller says from then on is lost. ``name`` is unique to the
    stream: ids are made of it, so that orphans can be told apart. Raises AriError or
    TwilioError 31900 when Asterisk refuses, TimeoutError when it does not answer.
    """
    ari = leg.ari
    channel_id, bridge_id = f"{name}-media", f"{name}-bridge"
    entered = asyncio.Event()

    def on_event(event: Event) -> None:
        if isinstance(event, StasisStart):
            entered.set()

    route = ari.route(channel_id, on_event)
    try:
        # Seen through to the end, answer or not: half done, none of them could be undone.
        _, _, media = await whole(
            _all(
                answer(),
                _create_bridge(leg, bridge_id),
                _create_channel(leg, channel_id, app, f"{worker.rtp_host}:{worker.rtp_port}"),
            )
        )
        async with asyncio.timeout(ENTER_TIMEOUT):
            await entered.wait()
        await whole(
            ari.bridges.add_channel(bridge_id=bridge_id, channel=[leg.channel_id, channel_id])
        )
        yield media
    finally:
        await asyncio.gather(_destroy_bridge(leg, bridge_id), _hangup(leg, channel_id))
        route.close()


@asynccontextmanager
async def adopted_media(leg: Leg, name: str) -> AsyncIterator[None]:
    """Take over the externalMedia channel and bridge that an earlier process made as ``name``."""
    try:
        yield
    finally:
        await asyncio.gather(_destroy_bridge(leg, f"{name}-bridge"), _hangup(leg, f"{name}-media"))


async def _all(*requests: Coroutine[Any, Any, Any]) -> list[Any]:
    """Await all of them, then raise the first failure of any."""
    results = await asyncio.gather(*requests, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def _create_channel(leg: Leg, channel_id: str, app: str, worker: str) -> ExternalMedia:
    channel = await leg.ari.channels.external_media(
        channel_id=channel_id, app=app, external_host=worker, format=leg.codec
    )
    variables = channel.channelvars or {}
    try:
        return ExternalMedia(
            peer_host=str(variables["UNICASTRTP_LOCAL_ADDRESS"]),
            peer_port=int(str(variables["UNICASTRTP_LOCAL_PORT"])),
        )
    except (KeyError, ValueError) as error:
        raise TwilioError(31900, f"Asterisk did not tell its RTP address: {error!r}") from error


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
