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

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError, NotFound
from ari_app.ari.events import ChannelDestroyed, Event, StasisEnd, StasisStart
from ari_app.ari.special import ChannelGone
from ari_app.call.leg import Leg
from ari_app.call.ports import StreamWorker
from ari_app.call.whole import whole
from ari_app.errors import TwilioError

log = structlog.get_logger(__name__)

#: Seconds to wait for Asterisk to put a new externalMedia channel into Stasis.
ENTER_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class ExternalMedia:
    """Where the worker's RTP comes from and goes to: Asterisk's own address.

    ``ended`` is set when the channel is no more: nobody hears anything then.
    """

    peer_host: str
    peer_port: int
    ended: asyncio.Event


class Watch:
    """Beginning and end of a channel that carries media."""

    def __init__(self, ari: AriClient, channel_id: str) -> None:
        self.entered = asyncio.Event()
        self.ended = asyncio.Event()
        self._others: list[Watch] = []
        self._route = ari.route(channel_id, self._on_event)

    def ended_with(self, other: Watch) -> None:
        """Count as ended when ``other`` has ended, too."""
        self._others.append(other)
        other._others.append(self)
        if self.ended.is_set() or other.ended.is_set():
            self._end()

    def close(self) -> None:
        """Stop listening."""
        self._route.close()

    def _end(self) -> None:
        for watch in (self, *self._others):
            watch.ended.set()

    def _on_event(self, event: Event) -> None:
        match event:
            case StasisStart():
                self.entered.set()
            case StasisEnd() | ChannelDestroyed() | ChannelGone():
                self._end()
            case _:
                pass


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
    watch = Watch(ari, channel_id)
    try:
        # Seen through to the end, answer or not: half done, none of them could be undone.
        _, _, (host, port) = await whole(
            all_of(
                answer(),
                create_bridge(leg, bridge_id),
                create_channel(
                    leg, channel_id, app, f"{worker.rtp_host}:{worker.rtp_port}", leg.codec
                ),
            )
        )
        async with asyncio.timeout(ENTER_TIMEOUT):
            await watch.entered.wait()
        await whole(
            ari.bridges.add_channel(bridge_id=bridge_id, channel=[leg.channel_id, channel_id])
        )
        yield ExternalMedia(host, port, watch.ended)
    finally:
        await whole(all_of(destroy_bridge(leg, bridge_id), hang_up(leg, channel_id)))
        watch.close()


@asynccontextmanager
async def adopted_media(leg: Leg, name: str) -> AsyncIterator[asyncio.Event]:
    """Take over the externalMedia channel and bridge that an earlier process made as ``name``.

    Gives what is set when the channel is no more, now or later.
    """
    channel_id = f"{name}-media"
    watch = Watch(leg.ari, channel_id)
    try:
        try:
            await leg.ari.channels.get(channel_id=channel_id)
        except NotFound:
            watch.ended.set()
        except AriError as error:  # the next connect to Asterisk tells
            log.warning("media.unknown", channel_id=channel_id, error=str(error))
        yield watch.ended
    finally:
        await whole(all_of(destroy_bridge(leg, f"{name}-bridge"), hang_up(leg, channel_id)))
        watch.close()


async def all_of(*requests: Coroutine[Any, Any, Any]) -> list[Any]:
    """Await all of them, then raise the first failure of any."""
    results = await asyncio.gather(*requests, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def create_channel(
    leg: Leg, channel_id: str, app: str, worker: str, codec: str
) -> tuple[str, int]:
    """Make an externalMedia channel to ``worker`` (host:port).

    Returns host and port of Asterisk's side of the RTP. Raises AriError, and TwilioError 31900
    when it does not say them.
    """
    channel = await leg.ari.channels.external_media(
        channel_id=channel_id, app=app, external_host=worker, format=codec
    )
    variables = channel.channelvars or {}
    try:
        return (
            str(variables["UNICASTRTP_LOCAL_ADDRESS"]),
            int(str(variables["UNICASTRTP_LOCAL_PORT"])),
        )
    except (KeyError, ValueError) as error:
        raise TwilioError(31900, f"Asterisk did not tell its RTP address: {error!r}") from error


async def create_bridge(leg: Leg, bridge_id: str) -> None:
    """Make a mixing bridge; raises AriError."""
    await leg.ari.bridges.create_with_id(bridge_id=bridge_id, type="mixing", name=bridge_id)


async def destroy_bridge(leg: Leg, bridge_id: str) -> None:
    """Destroy a bridge if it is there; a refusal is logged and left to the sweep."""
    try:
        await leg.ari.bridges.destroy(bridge_id=bridge_id)
    except NotFound:
        pass
    except AriError as error:
        log.warning("media.bridge_left", bridge_id=bridge_id, error=str(error))


async def hang_up(leg: Leg, channel_id: str) -> None:
    """Hang up a channel if it is there; a refusal is logged and left to the sweep."""
    try:
        await leg.ari.channels.hangup(channel_id=channel_id)
    except NotFound:
        pass
    except AriError as error:
        log.warning("media.channel_left", channel_id=channel_id, error=str(error))
