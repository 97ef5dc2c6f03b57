"""One SIP channel under the call's control.

A leg turns ARI's events into what verbs wait for: the end of a playback, a key, the end of
the channel. Its route is registered before the first request, so no event is missed
(ARI: Channels, Playbacks).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError, NotFound
from ari_app.ari.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelStateChange,
    ChannelTransfer,
    Dial,
    Event,
    PlaybackFinished,
    StasisEnd,
    StasisStart,
)
from ari_app.ari.models import Channel
from ari_app.ari.special import ChannelGone
from ari_app.call.absence import Absence
from ari_app.call.whole import whole
from ari_app.errors import TwilioError

log = structlog.get_logger(__name__)

#: Length of a key and of the pause behind it when we send digits, milliseconds.
DIGIT_MS = 100
PAUSE_MS = 100
#: Seconds that the characters wait which are no keys.
DIGIT_WAITS = {"w": 0.5, "W": 1.0}

#: Dial states of a far end that has answered 180 or 183.
RINGS = ("RINGING", "PROGRESS")

#: Seconds within which the channel's end follows the playback that a hang-up made fail.
END_DELAY = 1.0
#: Ids that the playbacks of a channel take in turn: few, so that a later process can find them.
PLAYBACKS = 8
#: Longest wait for the end of a playback that was stopped, seconds.
STOP_WAIT = 1.0
#: A hang-up is asked for so often, and its effect awaited so long each time (seconds).
HANGUP_TRIES = 3
HANGUP_WAIT = 2.0


@dataclass(frozen=True, slots=True)
class Gone:
    """Why the channel ended: Q.850 cause and, where SIP said one, its response code."""

    cause: int
    sip_code: int | None


class Leg:
    """A channel: answer, play, listen for keys, hang up."""

    def __init__(
        self,
        ari: AriClient,
        channel_id: str,
        *,
        codec: str = "ulaw",
        answered: bool = False,
        entered: bool = False,
    ) -> None:
        self.ari = ari
        self.channel_id = channel_id
        self.codec = codec
        self.answered = answered
        #: Set when the channel is in our Stasis application (an outbound call: answered).
        self.entered = asyncio.Event()
        if entered:
            self.entered.set()
        #: Set at the far end's first sign of life (180 or 183).
        self.ringing = asyncio.Event()
        #: Set at its 183, which may come with audio.
        self.progress = asyncio.Event()
        #: Set when it has answered.
        self.up = asyncio.Event()
        #: Whether the channel is in the application while it is dialled: its end is told late.
        self.dialled_here = False
        #: Done when the channel is no more.
        self.gone: asyncio.Future[Gone] = asyncio.get_running_loop().create_future()
        #: SIP's Call-ID, as soon as Asterisk has told of it.
        self.sip_call_id = ""
        self._sip_code: int | None = None
        self._keys: list[Callable[[str], None]] = []
        self._playbacks: dict[str, asyncio.Future[str]] = {}
        #: Those that Asterisk has confirmed; it may not know the others yet.
        self._playing: set[str] = set()
        self._counter = itertools.count(1)
        self._on_refer: Callable[[str], bool] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        #: Away in the dialplan for a REFER, or not.
        self.absence = Absence(ari, channel_id, self.gone)
        self._route = ari.route(channel_id, self._on_event)

    def listen(self, on_key: Callable[[str], None]) -> Callable[[], None]:
        """Call ``on_key`` with each key pressed; returns what ends that."""
        self._keys.append(on_key)
        return lambda: self._keys.remove(on_key)

    def listen_refer(self, on_refer: Callable[[str], bool]) -> Callable[[], None]:
        """Ask ``on_refer`` about each REFER of the far end; returns what ends that.

        It gets the user of the Refer-To address, which is all that ARI tells of it, and says
        whether the REFER is taken. One that nobody takes is declined.
        """
        self._on_refer = on_refer

        def unlisten() -> None:
            self._on_refer = None

        return unlisten

    async def ring(self) -> None:
        """Tell the caller that it rings (SIP 180); a channel that has gone is no error."""
        try:
            await self.ari.channels.ring(channel_id=self.channel_id)
        except AriError as error:
            log.info("leg.ring_failed", channel_id=self.channel_id, error=str(error))

    async def early_media(self) -> None:
        """Let an unanswered caller hear what is sent to him (SIP 183); raises AriError."""
        await self.ari.channels.progress(channel_id=self.channel_id)

    async def answer(self) -> None:
        """Answer the call (SIP 200)."""
        await self.ari.channels.answer(channel_id=self.channel_id)
        self.answered = True

    async def play(self, path: str) -> None:
        """Play a file (absolute path, no extension) as `play_media` does."""
        await self.play_media(f"sound:{path}")

    async def play_media(self, media: str) -> None:
        """Play an ARI media URI (``sound:…``, ``tone:…``) to its end; stopped when cancelled.

        Raises TwilioError 13420 when Asterisk could not play it: ARI reports that only in the
        final state of the playback (B-29).
        """
        playback_id = self._playback_id(next(self._counter))
        finished = self._expect(playback_id)
        try:
            await whole(
                self.ari.channels.play_with_id(
                    channel_id=self.channel_id, playback_id=playback_id, media=[media]
                )
            )
            self._playing.add(playback_id)
            state = await self._unless_gone(finished)
        except asyncio.CancelledError:
            await self._stop_playback(playback_id)
            raise
        finally:
            self._playing.discard(playback_id)
            self._playbacks.pop(playback_id, None)
        # A caller who hangs up makes the playback fail before the channel's end is told.
        if state == "failed" and not await self.gone_within(END_DELAY):
            raise TwilioError(13420, f"Asterisk could not play {media}")

    async def stop_left(self) -> None:
        """Stop what an earlier process had the channel play, and wait for its end."""
        await asyncio.gather(*(self._stop_left(self._playback_id(n)) for n in range(PLAYBACKS)))

    async def _stop_left(self, playback_id: str) -> None:
        finished = self._expect(playback_id)
        try:
            await self.ari.playbacks.stop(playback_id=playback_id)
            await asyncio.wait({finished}, timeout=STOP_WAIT)
        except NotFound:
            pass
        finally:
            self._playbacks.pop(playback_id, None)

    def _playback_id(self, number: int) -> str:
        return f"{self.channel_id}-play-{number % PLAYBACKS}"

    def _expect(self, playback_id: str) -> asyncio.Future[str]:
        finished: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._playbacks[playback_id] = finished
        return finished

    async def send_digits(self, digits: str) -> None:
        """Send keys to the far end, ``w`` and ``W`` waiting 0.5 s and 1 s; returns at the end.

        One by one: Asterisk does nothing else for a channel until all that it was given is sent.
        """
        for digit in digits:
            if digit in DIGIT_WAITS:
                await asyncio.sleep(DIGIT_WAITS[digit])
                continue
            await self.ari.channels.send_dtmf(
                channel_id=self.channel_id, dtmf=digit, between=PAUSE_MS, duration=DIGIT_MS
            )
            # ARI has no event for the end of a sent key: wait out its known length.
            await asyncio.sleep((DIGIT_MS + PAUSE_MS) / 1000)

    async def variable(self, name: str) -> str:
        """Return a channel variable or dialplan function, '' when it has no value."""
        try:
            if self.absence.away:  # ARI asks channels of the application alone
                return await self.ari.manager.variable(self.channel_id, name)
            answer = await self.ari.channels.get_channel_var(
                channel_id=self.channel_id, variable=name
            )
        except NotFound:
            return ""
        return answer.value

    async def hangup(self, cause: int = 16) -> None:
        """Hang up and wait for the end, at most ``HANGUP_TRIES`` times ``HANGUP_WAIT`` seconds.

        A channel that has gone already is what was wanted. One that Asterisk will not let go
        is left to the sweep after the next reconnect.
        """
        for _ in range(HANGUP_TRIES):
            try:
                await self.ari.channels.hangup(channel_id=self.channel_id, reason_code=str(cause))
            except NotFound:
                self._end(Gone(cause, self._sip_code))
            except AriError as error:
                log.warning("leg.hangup_failed", channel_id=self.channel_id, error=str(error))
            if await self.gone_within(HANGUP_WAIT):
                return
        log.error("leg.left_behind", channel_id=self.channel_id)

    async def gone_within(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the channel's end; tell whether it came."""
        await asyncio.wait({self.gone}, timeout=seconds)
        return self.gone.done()

    async def catch_up(self, channel: Channel) -> None:
        """Learn what happened while events were lost; ``channel`` is how it is now (B-24)."""
        if channel.state == "Up" and channel.dialplan.app_name == "Stasis":
            self.entered.set()
            self.up.set()
        playing = [(playback_id, self._playbacks[playback_id]) for playback_id in self._playing]
        for playback_id, finished in playing:
            try:
                await self.ari.playbacks.get(playback_id=playback_id)
            except NotFound:
                if not finished.done():
                    finished.set_result("done")
            except AriError as error:
                log.warning("leg.playback_unknown", playback_id=playback_id, error=str(error))

    def close(self) -> None:
        """Stop listening to the channel's events."""
        self._route.close()

    async def _unless_gone(self, future: asyncio.Future[str]) -> str:
        """Wait for ``future``; 'gone' when the channel ends before it."""
        either: set[asyncio.Future[Any]] = {future, self.gone}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return future.result() if future.done() else "gone"

    async def _stop_playback(self, playback_id: str) -> None:
        try:
            await self.ari.playbacks.stop(playback_id=playback_id)
        except AriError as error:
            log.debug("leg.stop_playback_failed", playback_id=playback_id, error=str(error))

    def _end(self, gone: Gone) -> None:
        if not self.gone.done():
            self.gone.set_result(gone)

    def _referred(self, event: ChannelTransfer) -> None:
        """The far end wants to be replaced by somebody else (SIP REFER): answer at once."""
        target = event.refer_to.requested_destination.destination or ""
        taken = self._on_refer is not None and self._on_refer(target)
        log.info("leg.refer", channel_id=self.channel_id, target=target, taken=taken)
        task = asyncio.create_task(
            self._tell_transfer("channel_answered" if taken else "channel_declined")
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell_transfer(self, state: str) -> None:
        try:
            await self.ari.channels.transfer_progress(channel_id=self.channel_id, states=state)
        except AriError as error:
            log.info("leg.refer_unanswered", channel_id=self.channel_id, error=str(error))

    def _on_event(self, event: Event) -> None:
        """Take one event of the channel; called in arrival order, must not block."""
        channel = getattr(event, "peer" if isinstance(event, Dial) else "channel", None)
        if isinstance(channel, Channel) and channel.id == self.channel_id:
            self.sip_call_id = channel.protocol_id or self.sip_call_id
        match event:
            case ChannelDtmfReceived():
                for on_key in tuple(self._keys):
                    on_key(event.digit)
            case PlaybackFinished():
                finished = self._playbacks.get(event.playback.id)
                if finished is not None and not finished.done():
                    finished.set_result(event.playback.state)
            case StasisStart():
                self.entered.set()
                self.absence.back(event.args)
                if event.channel.state == "Up":
                    self.up.set()
            case ChannelStateChange():
                if event.channel.state in ("Ringing", "Ring"):
                    self.ringing.set()
                elif event.channel.state == "Up":
                    self.up.set()
            case Dial():
                # A 183 changes no channel's state: this is all that tells of it.
                if event.peer.id == self.channel_id and event.dialstatus in RINGS:
                    self.ringing.set()
                    if event.dialstatus == "PROGRESS":
                        self.progress.set()
            case ChannelTransfer(state=None):  # with a state it is the echo of our own answer
                if event.referred_by.source_channel.id == self.channel_id:
                    self._referred(event)
            case ChannelHangupRequest():
                self._sip_code = event.tech_cause or self._sip_code
                if self.absence.away:
                    # It will not be back; a REFER that goes on keeps it for some time.
                    self._end(Gone(event.cause or 16, self._sip_code))
            case ChannelDestroyed():
                self._end(Gone(event.cause, event.tech_cause or self._sip_code))
            case StasisEnd() if self.absence.left():
                pass
            case StasisEnd() if self.dialled_here and not self.up.is_set():
                pass  # why, its ChannelDestroyed tells
            case StasisEnd() | ChannelGone():
                self._end(Gone(16, self._sip_code))
            case _:
                pass
