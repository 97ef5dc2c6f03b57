"""A channel's absence from the application: in the dialplan, for a SIP REFER, and back.

Asterisk: application Transfer; extensions.conf has the contexts. ARI cannot reach a channel
there; the manager interface's Redirect brings it back before its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError, NotFound, Unavailable
from ari_app.ari.models import DialplanCEP
from ari_app.call.whole import whole

#: Contexts that a channel goes to, and the first argument with which it comes from there.
REFER = "refer"
BACK = "back"
#: Longest wait for a channel that is called back, seconds.
RECALL_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Referred:
    """What became of a REFER: Asterisk's ``TRANSFERSTATUS`` and the SIP code (0: none)."""

    status: str
    sip_code: int


def is_away(place: DialplanCEP) -> bool:
    """Tell whether a channel at ``place`` is in the dialplan for a REFER, or on its way back."""
    return place.context in (REFER, BACK) and place.app_name != "Stasis"


class Absence:
    """Whether a channel is away. Its leg says when it `left` and when it is `back`."""

    def __init__(self, ari: AriClient, channel_id: str, gone: asyncio.Future[Any]) -> None:
        self._ari = ari
        self._channel_id = channel_id
        self._gone = gone
        #: Done when the channel is back; None: it is not away.
        self._returned: asyncio.Future[Referred] | None = None
        #: The same for a channel that an earlier process has sent away; None: nobody has.
        self._resumed: asyncio.Future[Referred] | None = None
        self._left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._expected = REFER

    @property
    def away(self) -> bool:
        """Whether the channel is in the dialplan, or on its way there or back."""
        return self._returned is not None

    def left(self) -> bool:
        """Take note that the channel left the application; False when that is its end."""
        if self._returned is None:
            return False
        if not self._left.done():
            self._left.set_result(None)
        return True

    def back(self, args: Sequence[str]) -> None:
        """Take note that the channel is in the application, with these arguments."""
        came, status, code = [*args, "", "", ""][:3]
        returned = self._returned
        if returned is None or came != self._expected:
            return  # it came by itself when it was called back: so it comes once more
        self._returned = None
        if not returned.done():
            returned.set_result(Referred(status, int(code) if code.isdecimal() else 0))

    async def refer(self, uri: str) -> Referred | None:
        """Ask the far end by SIP REFER to call ``uri``; returns what became of that.

        One that an earlier process has sent is only waited for. None when the channel ended
        first. The channel can do nothing else meanwhile; cancelled, it is left there until
        `recall`. Raises AriError.
        """
        returned, self._resumed = self._resumed, None
        if returned is None:
            returned = await self._leave(uri)
        await self._until(returned)
        return returned.result() if returned.done() else None

    async def _leave(self, uri: str) -> asyncio.Future[Referred]:
        """Send the channel into the dialplan; returns what is done when it is back."""
        loop = asyncio.get_running_loop()
        channels = self._ari.channels
        await channels.set_channel_var(channel_id=self._channel_id, variable="REFER_TO", value=uri)
        await self._watch()
        returned = self._returned = loop.create_future()
        self._left, self._expected = loop.create_future(), REFER
        try:
            await whole(
                channels.continue_in_dialplan(
                    channel_id=self._channel_id, context=REFER, extension="s", priority=1
                )
            )
        except AriError:
            self._returned = None
            raise
        return returned

    async def _watch(self) -> None:
        """Hear of a caller who hangs up while the channel is away; it ends with the channel."""
        await self._ari.applications.subscribe(
            application_name=self._ari.app, event_source=[f"channel:{self._channel_id}"]
        )

    async def resume(self, place: DialplanCEP) -> None:
        """Go on from ``place``, where an earlier process has left the channel. Raises AriError.

        The next `refer` waits for the REFER that is under way, or takes the outcome with which
        the channel has come back.
        """
        if place.context != REFER and not is_away(place):
            return
        loop = asyncio.get_running_loop()
        self._returned = self._resumed = loop.create_future()
        self._left, self._expected = loop.create_future(), place.context
        self._left.set_result(None)
        if is_away(place):
            await self._watch()
            # Asked again: it may have come back before that was listened for.
            place = (await self._ari.channels.get(channel_id=self._channel_id)).dialplan
        if not is_away(place):
            self.back(place.app_data.split(",")[1:])

    async def recall(self) -> None:
        """Have the channel back from a REFER that is under way; the far end may still follow it.

        A channel that is here, or has ended, is what was wanted. Raises AriError, also for one
        that does not come within ``RECALL_WAIT`` seconds.
        """
        self._resumed = None
        try:
            async with asyncio.timeout(RECALL_WAIT):
                await self._recall()
        except TimeoutError as error:
            raise Unavailable("POST", "Redirect", 0, "the channel did not come back") from error

    async def _recall(self) -> None:
        if self._returned is None or self._gone.done():
            return
        # Sent elsewhere while it is still leaving, it could miss that.
        await self._until(self._left)
        returned = self._returned
        if returned is None or self._gone.done():
            return
        self._expected = BACK
        try:
            await whole(self._ari.manager.redirect(self._channel_id, BACK))
        except NotFound:
            await asyncio.wait({self._gone})  # hung up this moment
        await self._until(returned)

    async def _until(self, future: asyncio.Future[Any]) -> None:
        """Wait for ``future`` or the channel's end."""
        either: set[asyncio.Future[Any]] = {future, self._gone}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
