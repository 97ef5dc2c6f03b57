"""The first part of an outbound call: from INVITE to the answer (ARI: originate)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog

from ari_app.ari.errors import AriError
from ari_app.call.dial.credentials import Credentials, endpoint_for
from ari_app.call.leg import Leg
from ari_app.call.outcome import End
from ari_app.call.progress import Progress
from ari_app.call.sip import OUTBOUND, caller_id
from ari_app.call.whole import whole
from ari_app.model import CallStatus

log = structlog.get_logger(__name__)

#: Twilio adds some seconds to the ring time asked for.
GRACE = 5
#: Seconds later than we Asterisk ends the ringing: only ours can be told from a refusal (487).
SPARE = 5
#: Seconds that a new channel may take into the application before it is dialled all the same.
ENTER_SECONDS = 5.0
#: How SIP ends an INVITE that was cancelled (RFC 3261, 487 Request Terminated).
CANCELLED = 487
CODECS = ("ulaw", "alaw")
CODEC_VARIABLE = "CHANNEL(audionativeformat)"


@dataclass(frozen=True, slots=True)
class Dialing:
    """How to reach the callee: a PJSIP dial string, ring time and keys after the answer.

    ``headers`` are added to the INVITE; ``codec`` is offered first.
    """

    app: str
    endpoint: str
    caller_id: str
    ring_seconds: int
    send_digits: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    codec: str = CODECS[0]
    credentials: Credentials | None = None
    #: Whether the channel is to be in the application while it rings, so that what the callee
    #: sends before he answers can be heard.
    early: bool = False

    async def run(self, leg: Leg, progress: Progress) -> End | None:
        """Dial and wait for the answer; returns how the call ends when there is none."""
        own = endpoint_for(leg.ari, leg.channel_id, self.credentials)
        async with AsyncExitStack() as stack:
            try:
                through = await stack.enter_async_context(own)
            except AriError as error:
                log.warning("dial.failed", call_sid=leg.channel_id, error=str(error))
                return End(status=CallStatus.FAILED)
            return await self._dial(leg, progress, through)

    async def _dial(self, leg: Leg, progress: Progress, through: str) -> End | None:
        begin = self._create if self.early else self._originate
        try:
            await begin(leg, self.endpoint.replace(OUTBOUND, f"PJSIP/{through}/", 1))
        except AriError as error:
            log.warning("dial.refused", call_sid=leg.channel_id, error=str(error))
            return End(status=CallStatus.FAILED)
        progress.initiated()
        rings = asyncio.create_task(_tell_ringing(leg, progress))
        up = leg.up if self.early else leg.entered
        answered = asyncio.create_task(up.wait())
        try:
            either: set[asyncio.Future[Any]] = {answered, leg.gone}
            done, _ = await asyncio.wait(
                either,
                timeout=self.ring_seconds + GRACE,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            rings.cancel()
            answered.cancel()
        if up.is_set():
            if leg.ringing.is_set():
                progress.ringing()
            leg.answered = True
            leg.codec = await codec_of(leg)
            return None
        return End(status=CallStatus.NO_ANSWER, sip_code=CANCELLED) if not done else End()

    async def _originate(self, leg: Leg, endpoint: str) -> None:
        """Dial; the channel comes into the application when it is answered. Raises AriError."""
        # Seen through: a hang-up that overtook it would leave a telephone ringing.
        await whole(
            leg.ari.channels.originate_with_id(
                channel_id=leg.channel_id,
                endpoint=endpoint,
                app=self.app,
                app_args=f"outbound,{leg.channel_id}",
                caller_id=caller_id(self.caller_id),
                timeout=self.ring_seconds + GRACE + SPARE,
                formats=self._formats(),
                variables=self._variables(),
            )
        )

    async def _create(self, leg: Leg, endpoint: str) -> None:
        """Have the channel in the application, then dial. Raises AriError."""
        channels = leg.ari.channels
        leg.dialled_here = True
        shown = caller_id(self.caller_id)
        await whole(
            channels.create(
                channel_id=leg.channel_id,
                endpoint=endpoint,
                app=self.app,
                app_args=f"outbound,{leg.channel_id}",
                formats=self._formats(),
                # Create takes no caller ID: what is connected to a channel is what it shows.
                variables=self._variables() | {"CONNECTEDLINE(all,i)": shown},
            )
        )
        entered = asyncio.ensure_future(leg.entered.wait())
        try:
            either: set[asyncio.Future[Any]] = {entered, leg.gone}
            # Not there by then, what told of it was lost; Asterisk knows better.
            await asyncio.wait(either, timeout=ENTER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            entered.cancel()
        spare = self.ring_seconds + GRACE + SPARE
        await whole(channels.dial(channel_id=leg.channel_id, timeout=spare))

    def _formats(self) -> str:
        return ",".join(sorted(CODECS, key=lambda codec: codec != self.codec))

    def _variables(self) -> dict[str, str]:
        # The far end's REFER is the app's affair, never Asterisk's.
        return {"PJSIP_TRANSFER_HANDLING()": "ari-only"} | {
            f"PJSIP_HEADER(add,{name})": value for name, value in self.headers.items()
        }


async def codec_of(leg: Leg) -> str:
    """Ask for the codec of an answered leg: "ulaw" or "alaw"."""
    # "(alaw)" when the far end took A-law alone; "(ulaw|alaw)" may be spoken to as µ-law.
    codec = (await leg.variable(CODEC_VARIABLE)).strip("()")
    return codec if codec in CODECS else "ulaw"


async def _tell_ringing(leg: Leg, progress: Progress) -> None:
    await leg.ringing.wait()
    progress.ringing()
