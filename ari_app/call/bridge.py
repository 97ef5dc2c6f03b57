"""Mixing bridges: made with ids of our own, known while they live, destroyed in the end.

ARI: Bridges. Ids are a SID, a hyphen and a word (``CA…-dial``), so that the sweep after a
restart can tell ours from others'.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError, NotFound
from ari_app.ari.events import BridgeDestroyed, PlaybackFinished
from ari_app.call.whole import whole
from ari_app.errors import TwilioError

log = structlog.get_logger(__name__)


class Bridge:
    """A living bridge: who is in it, and what is played to all of them."""

    def __init__(self, ari: AriClient, bridge_id: str) -> None:
        self.ari = ari
        self.bridge_id = bridge_id
        self._counter = itertools.count(1)

    async def add(self, *channel_ids: str, mute: bool = False, absorb_dtmf: bool = False) -> None:
        """Take channels in, out of any other bridge; each must have had its StasisStart.

        Raises AriError: BadRequest for a channel that has gone, Conflict and Unprocessable for
        one that is not in our application.
        """
        await whole(
            self.ari.bridges.add_channel(
                bridge_id=self.bridge_id,
                channel=list(channel_ids),
                mute=mute or None,
                absorb_dtmf=absorb_dtmf or None,
            )
        )

    async def remove(self, channel_id: str) -> None:
        """Take a channel out; one that is not there (any more) is what was wanted."""
        try:
            await whole(
                self.ari.bridges.remove_channel(bridge_id=self.bridge_id, channel=[channel_id])
            )
        except AriError as error:
            log.debug("bridge.not_removed", bridge_id=self.bridge_id, error=str(error))

    async def play(self, path: str) -> None:
        """Play a file (absolute path, no extension) to all; stopped when cancelled.

        Returns at its end or the bridge's. Raises TwilioError 13420 when Asterisk could not
        play it, and AriError.
        """
        if await self._play(f"sound:{path}") == "failed":
            raise TwilioError(13420, f"Asterisk could not play {path}")

    async def start_moh(self, moh_class: str | None = None) -> None:
        """Play music on hold to all; raises AriError."""
        await whole(self.ari.bridges.start_moh(self.bridge_id, moh_class=moh_class))

    async def stop_moh(self) -> None:
        """End the music; none is what was wanted."""
        with suppress(AriError):
            await whole(self.ari.bridges.stop_moh(self.bridge_id))

    async def _play(self, media: str) -> str:
        """Play to the end; returns the playback's final state, 'gone' without the bridge."""
        playback_id = f"{self.bridge_id}-play-{next(self._counter)}"
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def finished(event: PlaybackFinished) -> None:
            if event.playback.id == playback_id and not ended.done():
                ended.set_result(event.playback.state)

        def destroyed(event: BridgeDestroyed) -> None:
            if event.bridge.id == self.bridge_id and not ended.done():
                ended.set_result("gone")

        # A playback on a bridge concerns no channel: no channel's route is told of it.
        undo = [
            self.ari.on_event(PlaybackFinished, finished),
            self.ari.on_event(BridgeDestroyed, destroyed),
        ]
        try:
            await whole(
                self.ari.bridges.play_with_id(
                    bridge_id=self.bridge_id, playback_id=playback_id, media=[media]
                )
            )
            return await ended
        except asyncio.CancelledError:
            with suppress(AriError):
                await self.ari.playbacks.stop(playback_id=playback_id)
            raise
        finally:
            for one in undo:
                one()


class Bridges:
    """The bridges of this process; what is not among them belongs to nobody."""

    def __init__(self) -> None:
        self._living: set[str] = set()

    def owns(self, bridge_id: str) -> bool:
        """Whether somebody here uses the bridge, or is going to."""
        return bridge_id in self._living

    def claim(self, bridge_id: str) -> None:
        """Keep an earlier process's bridge until it is taken over by `adopted`."""
        self._living.add(bridge_id)

    @asynccontextmanager
    async def mixing(
        self, ari: AriClient, bridge_id: str, kind: str = "mixing"
    ) -> AsyncIterator[Bridge]:
        """Make a bridge and destroy it at the end; ``kind`` is ARI's type, e.g. ``holding``.

        Raises AriError when it cannot be made.
        """
        self._living.add(bridge_id)
        try:
            # Seen through: one that is made after it was to be destroyed would stay.
            await whole(ari.bridges.create_with_id(bridge_id=bridge_id, type=kind, name=bridge_id))
            yield Bridge(ari, bridge_id)
        finally:
            await self._destroy(ari, bridge_id)

    @asynccontextmanager
    async def adopted(self, ari: AriClient, bridge_id: str) -> AsyncIterator[Bridge]:
        """Take over a bridge of an earlier process, its channels in it; destroyed at the end."""
        self._living.add(bridge_id)
        try:
            yield Bridge(ari, bridge_id)
        finally:
            await self._destroy(ari, bridge_id)

    async def _destroy(self, ari: AriClient, bridge_id: str) -> None:
        try:
            await whole(ari.bridges.destroy(bridge_id=bridge_id))
        except NotFound:
            pass
        except AriError as error:  # left to the sweep after the next connect
            log.warning("bridge.left", bridge_id=bridge_id, error=str(error))
        finally:
            self._living.discard(bridge_id)
