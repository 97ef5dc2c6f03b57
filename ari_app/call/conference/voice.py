"""The voice that speaks to a whole conference, in a leg's place: what verbs play, all hear."""

from __future__ import annotations

import asyncio

from ari_app.call.absence import Absence
from ari_app.call.bridge import Bridge
from ari_app.call.leg import Leg


class RoomVoice(Leg):
    """A leg without a channel of its own, answered for ever; it can only play."""

    def __init__(self, bridge: Bridge) -> None:
        # Not the leg's own: there is no channel whose events could be listened to.
        self._bridge = bridge
        self.ari = bridge.ari
        self.channel_id = bridge.bridge_id
        self.answered = True
        self.gone = asyncio.get_running_loop().create_future()
        self.absence = Absence(bridge.ari, bridge.bridge_id, self.gone)

    async def play(self, path: str) -> None:
        """Play a file (absolute path, no extension) to all; stopped when cancelled.

        Raises TwilioError 13420 when Asterisk could not play it, and AriError.
        """
        await self._bridge.play(path)

    async def send_digits(self, digits: str) -> None:
        """Send nothing: keys have no place in a mix."""
