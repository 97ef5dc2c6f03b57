"""The tap joined to the rooms that tell it what they do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.bus import Bus, RedisBus
from ari_app.settings import Settings
from ari_app.streams.pool import StreamPool
from ari_app.tap import Measuring, Tap, TapRelay, TapServer

log = structlog.get_logger(__name__)

#: Channels whose statistics are asked for at a time.
_MOST = 50


def make_tap(settings: Settings) -> Tap | None:
    """Return the node's tap, None when it is switched off."""
    return Tap(settings.tap_items, settings.tap_bytes) if settings.tap else None


async def serve_tap(
    stack: AsyncExitStack,
    tap: Tap | None,
    settings: Settings,
    ari: AriClient,
    pool: StreamPool,
    bus: Bus,
) -> None:
    """Let ari-debug attach; that it cannot is no reason for the node not to run."""
    if tap is None:
        return

    async def measure() -> None:
        pool.measure()
        with suppress(AriError):  # the tap has seen it
            # Asterisk has them of PJSIP's channels only (404 for UnicastRTP).
            channels = [one for one in await ari.channels.list() if one.name.startswith("PJSIP/")]
            for begin in range(0, len(channels), _MOST):
                await asyncio.gather(
                    *(
                        ari.channels.rtpstatistics(channel_id=channel.id)
                        for channel in channels[begin : begin + _MOST]
                    ),
                    return_exceptions=True,
                )

    about = {"node": settings.node, "app": settings.ari_app, "version": version("ariswitch")}
    measuring = Measuring(measure)
    if settings.redis_url is not None:
        url = settings.redis_url.get_secret_value()
        relay = TapRelay(tap, settings.node, bus, lambda: _publisher(url), measuring, about)
        relay.start()
        stack.push_async_callback(relay.close)
    server = TapServer(tap, settings.tap_socket, measuring, about)
    try:
        await server.start()
    except OSError as error:
        log.error("tap.unavailable", socket=str(settings.tap_socket), error=str(error))
        return
    stack.push_async_callback(server.close)


@asynccontextmanager
async def _publisher(url: str) -> AsyncIterator[RedisBus]:
    """A connection of the tap's own: orders to calls wait for no story."""
    bus = RedisBus(url)
    try:
        yield bus
    finally:
        await bus.close()
